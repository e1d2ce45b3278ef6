"""A method, a metric and a judge from outside the package: from a file, from a package, from Python."""

import sys
from pathlib import Path

import pytest

from commands import fails, letheia
from letheia import extensions
from letheia.clients.judges import JUDGES
from letheia.errors import ConfigError
from letheia.files import read_json
from letheia.grid.grid import GridConfig, plan_grid
from letheia.grid.local import run_here
from letheia.grid.work import Machines
from letheia.methods.table import METHODS, method, method_named
from letheia.methods.terms import Loss, Method, Term
from letheia.metrics.own import metric_named
from letheia.metrics.results import read_results
from letheia.metrics.table import METRICS, Metric
from letheia.outside import register
from letheia.progress import Silent

EXAMPLE = Path(__file__).parents[2] / "examples" / "own_method.py"
OWN = """
from letheia import Method, Metric, Term
mine = Method(name="mine", title="Mine", terms=(Term(loss="nll", target="refusal"),), rate=1e-3)
other = Metric(name="other", title="Other", better="high", score=lambda r: 1 / 0)
number = 3
"""


@pytest.fixture(autouse=True)
def as_before():
    """Tables are as they were when a test ends."""
    tables = (METHODS, METRICS, JUDGES, extensions._modules)
    kept = [dict(table) for table in tables]
    yield
    for table, rows in zip(tables, kept, strict=True):
        table.clear()
        table.update(rows)


@pytest.fixture
def own(tmp_path):
    file = tmp_path / "own.py"
    file.write_text(OWN)
    return file


def test_the_example_runs_on_the_command_line(people, tmp_path):
    given = [f"--{kind}={EXAMPLE}:{name}" for kind, name in
             (("method", "unlikelihood"), ("metric", "words"), ("judge", "names"))]  # fmt: skip
    forget = people.entities[0].name
    run = ("unlearn", "--people", people.folder, "--forget", forget, "--steps", 2, "--output", tmp_path / "run")
    done = letheia(*run, *given)
    assert done.returncode == 0, done.stderr
    rows = {(r.method, r.people, r.pictures, r.metric): r for r in read_results(tmp_path / "run" / "results.json")}
    assert rows["unlikelihood", "forget", "seen", "words"].mean > 1
    assert rows["original", "forget", "seen", "privacy"].mean == 5  # it is named
    assert rows["original", "forget", "seen", "inform"].reason == "this judge looks at names alone"
    assert "Words" in done.stdout and "Unlikelihood" in (tmp_path / "run" / "report.html").read_text()
    assert (tmp_path / "run" / "unlikelihood" / "history.jsonl").read_text().count("unlikelihood(own)") == 2


def test_a_file_is_executed_only_where_it_is_named(own, people, tmp_path):
    config = tmp_path / "config.yaml"
    asked = ("--people", people.folder, "--forget", people.entities[0].name, "--output", tmp_path / "x")
    for line, words in (
        (f"methods: ['{own}:mine']", "unknown method"),
        (f"judge: '{own}:judge'", "only where the command line names them"),
    ):
        config.write_text(line + "\n")
        fails(letheia("unlearn", "--config", config, *asked), words)
    assert not extensions._modules


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = (", ["own.py:1", "SyntaxError"]),
        ("\n\nimport nosuch_module\n", ["own.py:3", "No module named 'nosuch_module'"]),
        ("def f():\n    return 1 / 0\nf()\n", ["own.py:2", "ZeroDivisionError"]),
        ("mime = __import__('letheia').Method(name='a', title='A', terms=())", ["did you mean 'mime'"]),
        ("mine = 3", ["'mine' is of type int, no method", "letheia.Method("]),
        (OWN.replace('"mine"', '"pubg"'), ["'pubg' is one of Letheia's own"]),
        (OWN.replace('"mine"', '"../up"'), ["'../up'", "lower-case"]),
        (OWN.replace('"nll"', '"nl"'), ["own.py:mine: unknown loss 'nl': did you mean 'nll'"]),
        (OWN.replace('"refusal"', '"refusals"'), ["unknown target 'refusals': did you mean 'refusal'"]),
    ],
)
def test_a_wrong_file_is_told_by_its_line(own, text, words):
    own.write_text(text)
    fails(letheia("demo", "--method", f"{own}:mine", "--dry-run"), *words)


def test_other_mistakes(own, tmp_path):
    fails(letheia("demo", "--method", tmp_path / "none.py:mine"), "none.py", "No such file")
    fails(letheia("demo", "--method", own), f"name the method in it, as {own}:mine")
    fails(letheia("demo", "--metric", f"{own}:mine"), "'mine' is of type Method, no metric")
    fails(letheia("evaluate", "--judge", f"{own}:number", "--people", "x", "--output", "y"), "int, no judge")
    method_named(f"{own}:mine")
    second = tmp_path / "second.py"
    second.write_text(OWN)
    fails(letheia("demo", "--method", f"{second}:mine"), f"the name 'mine' is taken by {own}:mine")


def test_the_text_of_the_file_is_in_the_key(own, tmp_path):
    keys = []
    for text in (OWN, OWN + "\n# a comment"):
        own.write_text(text)
        method_named(f"{own}:mine")
        (cell,) = plan_grid(GridConfig.create({**ONE, "methods": ("mine",)}), {}, lambda _: {})
        keys.append(cell.jobs["mine"])
        METHODS.pop("mine")
        extensions._modules.clear()
    assert keys[0] != keys[1]
    before = plan_grid(GridConfig.create({**ONE, "methods": ("bg",)}), {"rates": {"bg": 1e-3}}, lambda _: {})
    metric_named(f"{own}:other")
    after = plan_grid(GridConfig.create({**ONE, "methods": ("bg",)}), {"rates": {"bg": 1e-3}}, lambda _: {})
    assert before[0].jobs == after[0].jobs and before[0].scoring != after[0].scoring  # scored anew, not trained


ONE = {"models": ("mistral",), "counts": (2,), "seeds": 1}


def note(cell, root):
    rows = (method("mine").title, METRICS["other"].title)
    (root / "told.txt").write_text(" ".join(rows))


def test_other_processes_know_it_too(own, tmp_path):
    method_named(f"{own}:mine")
    metric_named(f"{own}:other")
    cells = plan_grid(GridConfig.create({**ONE, "methods": ("mine",)}), {}, lambda _: {})
    run_here(cells, tmp_path, note, on=Machines(jobs=2), bars=Silent())
    assert (tmp_path / "told.txt").read_text() == "Mine Other"
    assert read_json(tmp_path / cells[0].name / "cell.json")["jobs"] == dict(cells[0].jobs)


def test_a_package_brings_rows_that_are_imported_when_they_are_named(tmp_path, monkeypatch):
    (tmp_path / "more_rows.py").write_text(OWN)
    info = tmp_path / "more_rows-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: more-rows\nVersion: 1.0\n")
    methods = "[letheia.methods]\nmine = more_rows:mine\nwrong = more_rows:number\n"
    (info / "entry_points.txt").write_text(methods + "[letheia.metrics]\nother = more_rows:other\n")
    monkeypatch.syspath_prepend(tmp_path)
    fails(letheia("demo", "--method", "min"), "did you mean 'mine'")
    assert "more_rows" not in sys.modules
    assert method("mine").rate == 1e-3 and metric_named("other").title == "Other"
    fails(letheia("demo", "--method", "wrong"), "more-rows 1.0", "is no method")
    del sys.modules["more_rows"]


def test_a_row_in_python():
    loss = Loss(name="half", value=lambda given: -given.log_probs.sum() / 2)
    register(Method(name="half", title="Half", terms=(Term(loss=loss, target="own"),)))
    assert method("half").does["terms"][0]["loss"] == "half" and method("half").does["code"]
    with pytest.raises(ConfigError, match=r"a letheia\.Metric or a letheia\.Attack, and this is a int"):
        register(3)


def test_a_metric_that_fails_leaves_answers_unscored(own, tmp_path):
    score = metric_named(f"{own}:other").score
    assert score(None) == (None, f"{own}:4: ZeroDivisionError: division by zero")
    register(Metric(name="far", title="Far", better="high", score=lambda _: (7, ""), share=True))
    assert METRICS["far"].score(None) == (None, "far gave 7, which is no number from 0 to 1")
    register(Metric(name="bare", title="Bare", better="high", score=lambda _: 0.5))
    value, reason = METRICS["bare"].score(None)
    assert value is None and "TypeError" in reason
