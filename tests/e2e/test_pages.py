"""Pages in a real browser: nothing is asked of a network, nothing is complained about, tables sort.

Chromium is a package of the system; where it is not installed these tests are skipped.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from letheia.data.folder import read_people
from letheia.grid.collected import read_collected
from letheia.report.study_page import write_study_report

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "study.json"
SCRIPT = """<script>
const table = document.querySelector("table"), head = table.querySelectorAll("th")[2];
const column = i => [...table.tBodies[0].rows].map(r => r.cells[i].textContent);
head.click(); const once = column(2); head.click(); const twice = column(2);
document.body.dataset.found = JSON.stringify({once, twice, wide: document.documentElement.scrollWidth,
  pictures: [...document.images].map(i => i.complete && i.naturalWidth),
  plots: document.querySelectorAll("svg").length, requests: performance.getEntriesByType("resource").length});
</script></body>"""


@pytest.fixture(scope="module")
def study_page(world_folder, tmp_path_factory):
    """The committed study's page."""
    folder = tmp_path_factory.mktemp("page")
    write_study_report(folder / "study.html", read_collected(RESULTS), read_people(world_folder, check_pictures=False))
    return folder / "study.html"


@pytest.fixture(params=["study", "run"])
def page(request):
    """That page, and that of a small run."""
    return (
        request.getfixturevalue("study_page") if request.param == "study" else request.getfixturevalue("small_run")[1]
    )


def test_the_page_names_no_network(page):
    text = page.read_text()
    assert "default-src 'none'" in text
    links = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", text)
    assert all(link.startswith("data:") for link in links), links


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("width", [390, 1200])
def test_in_a_browser(page, tmp_path, width):
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", SCRIPT))
    result = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
         f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},900", "--dump-dom", probed.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in result.stderr, result.stderr
    found = json.loads(re.search(r'data-found="([^"]*)"', result.stdout)[1].replace("&quot;", '"'))
    plots, pictures = (6, 20) if page.name == "study.html" else (1, 6)
    assert found["requests"] == 0 and found["plots"] >= plots
    assert len(found["pictures"]) >= pictures and all(found["pictures"])
    assert sorted(found["once"]) == sorted(found["twice"]) and found["once"] != found["twice"]
    assert found["wide"] <= max(width, 500)  # wide tables scroll inside their frame; 500 is chromium's least width
