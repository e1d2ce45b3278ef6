"""README and docs say what the committed results say, and the README's example is the one that runs."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_tables_are_those_of_the_results():
    spec = importlib.util.spec_from_file_location("update_tables", ROOT / "docs" / "update_tables.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "README.md").read_text(encoding="utf-8").count("| PUBG |") == 2 + 2
    marked = set()
    for page in module.PAGES:
        text = page.read_text(encoding="utf-8")
        assert module.filled(text) == text, page
        marked |= {name for name in module.tables() if f"<!-- {name} -->" in text}
    assert marked == set(module.tables())


def test_the_example_is_the_quickstart():
    code = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8").split("\n\n", 1)[1]
    assert code.strip() in (ROOT / "README.md").read_text(encoding="utf-8")
