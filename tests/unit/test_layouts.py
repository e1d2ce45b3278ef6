"""Tables of a run and of a study: columns come from metrics' rows, and any number of people has its table."""

import dataclasses
import io
import re

import pytest
from rich.console import Console

from letheia.errors import ConfigError
from letheia.grid.collected import Collected
from letheia.metrics.results import Place, Row, aggregate
from letheia.metrics.scorer import Scorer
from letheia.metrics.table import METRICS, Metric
from letheia.report.layouts import LAYOUTS
from letheia.report.study_page import write_study_report
from letheia.report.study_tables import study_table
from letheia.report.tables import number_text, run_table, to_sheet
from letheia.report.terminal import print_table
from letheia.types import Generation

ROW = Row(
    model="m", method="bg", n=2, seed=0, people="stranger", pictures="stranger", metric="named", mean=0.5, low=None,
    high=None, count=2, unscored=0,
)  # fmt: skip


def metrics_of(number):
    """Of the people whom the table is about."""
    plan = LAYOUTS[number]
    return list(dict.fromkeys(place.metric for place in plan.columns() if place not in plan.beside))


def test_the_columns_of_the_papers_tables():
    assert metrics_of("1") == ["usr", "usr_strict", "privacy", "clipscore", "inform", "hall", "attributes"]
    assert metrics_of("3") == ["clipscore", "inform", "hall", "named", "named_right", "attributes"]
    assert metrics_of("strangers") == ["named", "attributes", "inform", "hall"]
    assert len(LAYOUTS["1"].columns()) == 14 + 1 and len(metrics_of("aftermaths-retain")) == 9


def test_a_metric_appears_by_its_row_alone(people, monkeypatch):
    row = Metric(name="words", title="Words", better="none", digits=0, shown=("forget",),
                 score=lambda r: (float(len(r.answer.split())), ""))  # fmt: skip
    monkeypatch.setitem(METRICS, row.name, row)
    answers = [
        Generation(model="m", method="bg", portrait=p.id, entity=e.id, group="forget", role=p.role, question="?",
                   answer="one two three")
        for e in people.entities[:2] for p in e.portraits
    ]  # fmt: skip
    table = run_table(aggregate(answers, Scorer(people).score(answers), n=2, seed=0), "1")
    at = table.columns.index(Place("forget", "unseen", "words"))
    assert at == len(table.columns) - 1 and number_text(table.entries[0][at].row) == "3"
    assert to_sheet(table).header[-1] == "Words (unseen)"
    assert not any(place.metric == "words" for place in LAYOUTS["3"].columns())


def test_a_terminal_of_eighty_columns_shows_whole_headings():
    rows = [
        dataclasses.replace(ROW, method=m, people="forget", pictures="seen", metric=metric)
        for m in ("original", "pubg") for metric in metrics_of("1")
    ]  # fmt: skip
    console = Console(file=io.StringIO(), force_terminal=True, width=80)
    print_table(run_table(rows, "1"), console)
    shown = console.file.getvalue()
    assert "…" not in shown and all(word in shown for word in ("CLIPScore", "Attributes", "Original"))


def study(*counts, people="forget", metric="attributes", pictures="unseen"):
    key = Place(people, pictures, metric).key
    cells = [
        {"model": "mistral", "n": n, "seed": 0, "values": {m: {key: [0.5] * n} for m in ("bg", "pubg")}} for n in counts
    ]
    return Collected({"command": "test", "cells": cells})


def test_any_number_of_people():
    found = study(3, 7)
    assert study_table(found, "1", "mistral").title.startswith("Forgotten people, n = 7")
    assert study_table(found, "1", "mistral", n=3).n == 3
    assert study_table(study(3, 10), "1", "mistral").n == 10
    with pytest.raises(ConfigError, match=r"table 1: .*n = 4"):
        study_table(found, "1", "mistral", n=4)
    with pytest.raises(ConfigError, match=r"table 7: .*n = 5"):
        study_table(found, "7", "mistral")


def papers(table):
    at = table.columns.index(Place("forget", "unseen", "usr"))
    return table.entries[table.methods.index("pubg")][at].paper


def test_the_papers_numbers_stand_beside_as_many_people():
    found = study(5, 7, 10)
    assert papers(study_table(found, "1", "mistral")) == 1.0
    assert papers(study_table(found, "1", "mistral", n=5)) == papers(study_table(found, "7", "mistral")) == 0.8
    assert not any(e.paper for row in study_table(found, "1", "mistral", n=7).entries for e in row)


def test_the_page_has_every_count(tmp_path):
    write_study_report(tmp_path / "page.html", study(3, 5, 7))
    page = (tmp_path / "page.html").read_text()
    captions = re.findall(r"<caption>Table . · Forgotten people, n = (\d+)", page)
    assert set(captions) == {"3", "5", "7"} and "Table 7" in page
    assert "Table strangers" not in page  # nothing is known of strangers


def test_nothing_to_fill_a_table_is_told():
    with pytest.raises(ConfigError, match=r"table strangers: .*no number"):
        study_table(study(10), "strangers", "mistral")


def test_clipscore_stands_in_where_there_are_no_labels():
    unlabelled = dataclasses.replace(ROW, metric="attributes", mean=None, reason="no labels")
    seen = dataclasses.replace(ROW, metric="clipscore", mean=0.25)
    table = run_table([ROW, unlabelled, seen], "strangers")
    assert [place.metric for place in table.columns] == ["named", "clipscore"]
    assert "Attributes right (no labels)" in table.note
    labelled = run_table([ROW, dataclasses.replace(unlabelled, mean=0.75), seen], "strangers")
    assert [place.metric for place in labelled.columns] == ["named", "attributes"]
