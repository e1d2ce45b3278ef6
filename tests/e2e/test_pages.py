"""Pages in a real browser: nothing is asked of a network, nothing is complained about or cut off, tables sort.

Chromium is a package of the system; where it is not installed these tests are skipped. A page is opened in a frame as
wide as a screen or a phone, since a window of Chromium is at least 500 pixels wide.
"""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from letheia.audit.results import read_audit
from letheia.data.folder import read_people
from letheia.grid.collected import read_collected
from letheia.report.audit_page import AuditShown, write_audit_report
from letheia.report.study_page import write_study_report
from letheia.types import People

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
RESULTS = Path(__file__).parents[2] / "docs" / "results" / "study.json"
PROBE = Path(__file__).with_name("page_probe.js").read_text()
FRAME = """<!doctype html><iframe src="{page}" width="{width}" height="900"></iframe>
<script>addEventListener("message", e => document.body.dataset.found = e.data)</script>"""


@pytest.fixture(scope="module")
def study_page(world_folder, tmp_path_factory):
    """The committed study's page."""
    folder = tmp_path_factory.mktemp("page")
    write_study_report(folder / "study.html", read_collected(RESULTS), read_people(world_folder, check_pictures=False))
    return folder / "study.html"


@pytest.fixture(params=["study", "run", "shared", "audit"])
def page(request, tmp_path):
    """That page, the operator's of a small run, the one to hand on, and the committed audit: a long heat map."""
    if request.param == "study":
        return request.getfixturevalue("study_page")
    if request.param == "audit":
        shown = AuditShown(audit=read_audit(RESULTS.with_name("audit-mistral.json")), verdicts=())
        nobody = People(folder=tmp_path, entities=())
        write_audit_report(tmp_path / "audit.html", shown, people=nobody, called={}, settings={}, redacted=True)
        return tmp_path / "audit.html"
    own = request.getfixturevalue("small_run")[1]
    return own if request.param == "run" else own.with_name("report.html")


class Outline(HTMLParser):
    """What a reader with a keyboard, or without eyes, goes by."""

    def __init__(self, text):
        super().__init__()
        self.headings, self.faults, self.ids, self.links, self.open = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))
        drawn = tag == "img" or (tag == "svg" and not {"figure", "shares"} & set(self.open))
        if drawn and not given.get("alt") and not given.get("aria-label"):
            self.faults.append(self.get_starttag_text())
        if tag == "th" and "scope" not in given:
            self.faults.append(self.get_starttag_text())
        if tag == "thead" and self.open[-1] != "caption":
            self.faults.append("a table without a caption")
        self.ids += [given["id"]] if "id" in given and "figure" not in self.open else []
        self.links += [given["href"][1:]] if tag == "a" else []
        if tag in ("figure", "table", "caption"):
            self.open.append(tag)
        elif given.get("class") == "shares":
            self.open.append("shares")
        elif tag == "h3":
            self.open = [name for name in self.open if name != "shares"]

    def handle_endtag(self, tag):
        if tag == "figure":
            self.open = [name for name in self.open if name != "figure"]
        if tag == "div":
            self.open = [name for name in self.open if name != "shares"]


def test_the_page_names_no_network(page):
    text = page.read_text()
    assert "default-src 'none'" in text
    links = re.findall(r"""(?:src|href)=["']([^"'#][^"']*)""", text)
    assert all(link.startswith("data:") for link in links), links


def test_a_reader_without_a_mouse_or_eyes_finds_everything(page):
    """One h1, no level left out, captions, heads with a scope, words for what is drawn, links that lead somewhere."""
    outline = Outline(page.read_text())
    assert outline.headings.count(1) == 1 and outline.headings[0] == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False)), outline.headings
    assert not outline.faults, outline.faults[:5]
    assert len(outline.ids) == len(set(outline.ids)) and set(outline.links) <= set(outline.ids)


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_in_a_browser(page, tmp_path, width):
    probed = tmp_path / "probed.html"
    probed.write_text(page.read_text().replace("</body>", f"<script>{PROBE}</script></body>"))
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(page=probed.name, width=width))
    result = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--v=0",
         f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1400,1000", "--hide-scrollbars",
         "--virtual-time-budget=8000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert "CONSOLE" not in result.stderr, result.stderr
    found = json.loads(re.search(r'data-found="([^"]*)"', result.stdout)[1].replace("&quot;", '"'))
    drawn = {"study.html": (6, 20), "report.html": (1, 0), "audit.html": (1, 0)}
    plots, pictures = drawn.get(page.name, (1, 6))
    assert found["requests"] == 0 and found["plots"] >= plots and found["focused"]
    assert len(found["pictures"]) >= pictures and all(found["pictures"])
    assert sorted(found["once"]) == sorted(found["twice"]) and found["once"] != found["twice"]
    assert found["width"] == width and not found["cut"], found["cut"]  # every column is in sight
    assert found["contrast"] >= 4.5  # WCAG AA
