"""The import direction; only presets, the command line and tests know the world."""

import ast
from pathlib import Path

import letheia

SOURCE = Path(letheia.__file__).parent
COMMANDS = ("cli_options", "cli_models", "cli_people", "cli_facts", "cli_rates", "cli_study", "cli_world")
STUDY_REPORT = ("report.study_tables", "report.sheets", "report.plots", "report.study_report")
LAYERS = [
    ("foundations", ("types", "errors", "config", "files", "prompts", "progress")),
    (
        "pure core",
        (
            "methods",
            "metrics",
            "study.plan",
            "study.results",
            "study.verdict",
            "data.split",
            "data.targets",
            "data.wordings",
            "report.tables",
        ),
    ),
    (
        "adapters",
        (
            "models",
            "data.facts",
            "data.folder",
            "data.pictures",
            "data.notices",
            "data.augment",
            "data.imports",
            "data.summaries",
            "data.responses",
            "clients",
            "study.store",
            "train.checkpoint",
            "report.drawing",
            "report.html",
            "report.terminal",
            "console",
        ),
    ),
    (
        "stages",
        ("reference", "train", "study", *STUDY_REPORT),
    ),
    ("world", ("world",)),
    (
        "command line",
        (
            "cli",
            "doctor",
            "cli_options",
            "cli_models",
            "cli_people",
            "cli_facts",
            "cli_rates",
            "cli_study",
            "cli_world",
            "__main__",
            "__init__",
        ),
    ),
]
# the configuration checks method names against the table; the references' type is a dictionary that the store writes
EXCEPTIONS = {("config", "methods.table"), ("errors", ""), ("study.store", "reference")}


def level(module: str) -> int:
    inside = f"{module}."
    found = [(len(p), i) for i, (_, names) in enumerate(LAYERS) for p in names if inside.startswith(f"{p}.")]
    assert found, f"{module} stands in no layer"
    return max(found)[1]


def imports(file: Path):
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("letheia."):
            yield node.module.removeprefix("letheia.")


def modules():
    for file in sorted(SOURCE.rglob("*.py")):
        parts = file.relative_to(SOURCE).with_suffix("").parts
        name = ".".join(p for p in parts if p != "__init__") or "__init__"
        yield name, file


def test_imports_point_down():
    for name, file in modules():
        if name in {"data", "study", "report"}:
            continue
        for target in imports(file):
            if target in {"world", "data", "study", "report"} or (name, target) in EXCEPTIONS:
                continue
            if name.startswith("world") or (name in {"study.presets", "study.paper"} and target.startswith("world")):
                continue
            assert level(target) <= level(name), f"{name} imports {target}"


def test_only_presets_and_the_command_line_know_the_world():
    for name, file in modules():
        if not name.startswith("world") and name not in {
            "study.presets",
            "study.paper",
            "cli",
            "cli_options",
            "doctor",
            "cli_people",
            "cli_world",
            "__init__",
        }:
            assert not [t for t in imports(file) if t.startswith("world")], name


def test_files_stay_small():
    for name, file in modules():
        assert len(file.read_text().splitlines()) <= 320, name
