"""The README says what the committed results say, and its example is the one that runs."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tables_are_those_of_the_results():
    spec = importlib.util.spec_from_file_location("update_readme", ROOT / "docs" / "update_readme.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert module.filled(readme) == readme
    assert readme.count("| PUBG |") == 2 + 2


def test_the_example_is_the_quickstart():
    code = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert code.strip() in (ROOT / "README.md").read_text(encoding="utf-8")
