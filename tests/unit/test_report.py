"""Tables and report: numbers in their places, and nothing from a model is taken for HTML."""

import dataclasses
import html

import pytest

from letheia.errors import DataError
from letheia.metrics.results import Row, read_results, write_results
from letheia.report.drawing import privacy_plot
from letheia.report.formats import rows_in_markdown
from letheia.report.tables import number_text, run_table, run_tables, to_sheet


def test_rows_and_tables(small_run, tmp_path):
    rows, _ = small_run
    write_results(tmp_path / "results.json", rows)
    assert read_results(tmp_path / "results.json") == rows
    table = run_table(rows, "1")
    assert table.methods == ("original", "bg", "pubg")
    assert number_text(table.entries[0][0].row) == "0.00"
    assert rows_in_markdown(to_sheet(table)).count("\n") == 4
    assert [t.number for t in run_tables(rows)] == ["1", "3", "9", "strangers"]
    unscored = [r for r in rows if r.people == "stranger" and r.metric == "usr"]
    assert {(r.mean, r.count, r.unscored) for r in unscored} == {(None, 0, 2)}
    assert number_text(unscored[0]) == "–"


def test_a_damaged_results_file_is_named(tmp_path):
    (tmp_path / "results.json").write_text('[{"model": "m"}]')
    with pytest.raises(DataError, match=r"results\.json: not a results file"):
        read_results(tmp_path / "results.json")
    with pytest.raises(DataError, match="can't be read"):
        read_results(tmp_path / "missing.json")


def test_model_text_is_escaped(small_run):
    html = small_run[1].read_text()
    assert html.count("<script>") == 1
    assert "onerror=alert(2)&gt;" in html and "<img src=x" not in html


def test_a_row_has_the_documented_fields():
    assert [f.name for f in dataclasses.fields(Row)] == [
        "model", "method", "n", "seed", "people", "pictures", "metric", "mean", "low", "high", "count", "unscored",
        "reason", "asked",
    ]  # fmt: skip


def test_without_unseen_pictures_the_table_says_so():
    row = Row(
        model="m", method="bg", n=1, seed=0, people="forget", pictures="seen", metric="usr", mean=1.0, low=1.0,
        high=1.0, count=1, unscored=0,
    )  # fmt: skip
    assert "no unseen pictures" in run_table([row], "1").note
    assert "no unseen pictures" not in run_table([row, dataclasses.replace(row, pictures="unseen")], "1").note


@pytest.mark.parametrize("name", [r"$\frac$", "$x$ $", "模型", "a\x01b", "<b>&", "%s {x}", "x" * 300, "_x", "_^\\"])
def test_a_model_may_have_any_name(name):
    """Matplotlib reads neither mathematics nor markup in it; all of it stands in the drawing."""
    row = Row(model=name, method=name, n=1, seed=0, people="forget", pictures="unseen", metric="usr_strict", mean=0.5,
              low=0.4, high=0.6, count=3, unscored=0)  # fmt: skip
    drawn = privacy_plot({name: [row, dataclasses.replace(row, metric="attributes"), row]}, f"{name}, n = 1")
    assert html.unescape(drawn).count(name) >= 1
