"""Write the tables between the markers of the README from the committed results of `make demo`.

python docs/update_readme.py runs/demo/results.json    # take over new results, then write the tables
python docs/update_readme.py                           # write the tables again
"""

import re
import sys
from pathlib import Path

from letheia.report.sheets import to_markdown
from letheia.report.study_tables import study_table, to_sheet
from letheia.report.tables import main_table, markdown, retain_table
from letheia.study.collected import read_collected, together
from letheia.study.results import read_results

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results" / "demo-mistral.json"
SPEED = ROOT / "docs" / "speed.md"


def tables() -> dict[str, str]:
    """Each marked part of the README by its marker."""
    rows = read_results(RESULTS)
    return {
        "forgotten": markdown(main_table(rows)),
        "retained": markdown(retain_table(rows)),
        "speed": re.findall(r"<!-- measured -->\n(.*)\n<!-- /measured -->", SPEED.read_text("utf-8"), re.DOTALL)[0],
        "study": leaderboard("study.json", "study-bounded.json"),
    }


def leaderboard(*names: str) -> str:
    """The summary of committed studies with the same draws of people, one table a base model."""
    study = together([read_collected(RESULTS.parent / name) for name in names])
    return "\n\n".join(to_markdown(to_sheet(study_table(study, "summary", m))) for m in study.models)


def filled(text: str) -> str:
    """The README's text with the tables in it."""
    for name, table in tables().items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda found, table=table: f"{found[1]}{table}\n{found[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        RESULTS.write_text(Path(sys.argv[1]).read_text(encoding="utf-8"), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(filled(readme.read_text(encoding="utf-8")), encoding="utf-8")
