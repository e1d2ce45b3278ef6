"""A study's tables and page come from one file; best is what the pairs say."""

import copy
import csv
import io
import json
import random
from pathlib import Path

import pytest

from letheia.data.folder import read_people
from letheia.errors import ConfigError, DataError
from letheia.grid.collected import Collected, read_collected, together, write_collected
from letheia.metrics.results import Place
from letheia.report.formats import FORMATS, Sheet
from letheia.report.layouts import LAYOUTS
from letheia.report.paper_numbers import paper_number
from letheia.report.study_page import write_study_report
from letheia.report.study_tables import SHEETS, study_table
from letheia.report.tables import printed, records

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "study.json"


def synthetic():
    """PUBG is better than BG by .1 for everybody; REJECT ties with PUBG on average."""
    rng = random.Random(1)
    made = []
    for seed in range(4):
        base = [rng.random() * 0.5 for _ in range(10)]
        values = {
            "original": [0.0] * 10,
            "bg": base,
            "pubg": [b + 0.1 for b in base],
            "reject": [b + 0.1 + (0.2 if i % 2 else -0.2) for i, b in enumerate(base)],
        }
        key = Place("forget", "unseen", "attributes").key
        made.append({"model": "mistral", "n": 10, "seed": seed, "values": {m: {key: v} for m, v in values.items()}})
    return {"command": "test", "cells": made}


def cell_of(table, method, pictures, metric):
    return next(r for r in records(table) if (r["method"], r["pictures"], r["metric"]) == (method, pictures, metric))


def test_best_is_what_the_pairs_say(tmp_path):
    value = synthetic()
    place = Place("forget", "unseen", "attributes")
    study = Collected(value)
    low, high = study.difference("mistral", 10, ("pubg", "bg"), place)
    assert low == pytest.approx(0.1) and high == pytest.approx(0.1)
    table = study_table(study, "1", "mistral")
    assert not cell_of(table, "pubg", "unseen", "attributes")["best"]  # the difference from REJECT takes in zero
    for cell in value["cells"]:
        del cell["values"]["reject"]
    table = study_table(Collected(value), "1", "mistral")
    assert cell_of(table, "pubg", "unseen", "attributes")["best"]
    assert not cell_of(table, "original", "unseen", "attributes")["best"]
    # intervals overlap, the pairs do not: means alone could not tell
    bg, pubg = (cell_of(table, m, "unseen", "attributes") for m in ("bg", "pubg"))
    assert bg["high"] > pubg["low"]
    write_collected(tmp_path / "study.json", value)
    assert read_collected(tmp_path).value == value == read_collected(tmp_path / "study.json").value


def test_studies_side_by_side():
    """Methods of the same draws stand in one table; a cell that only one study has counts for its methods alone."""
    value = synthetic()
    other = copy.deepcopy(value)
    for cell in value["cells"]:
        del cell["values"]["reject"], cell["values"]["bg"]
    for cell in other["cells"]:
        del cell["values"]["pubg"]
    other["cells"].append({**copy.deepcopy(other["cells"][0]), "seed": 9})
    study = together([Collected(value), Collected(other)])
    place = Place("forget", "unseen", "attributes")
    assert [len(study.cells("mistral", 10)), study.methods] == [5, ["original", "reject", "bg", "pubg"]]
    assert [sum(map(bool, study.draws("mistral", 10, m, place))) for m in ("bg", "pubg")] == [5, 4]
    assert study.difference("mistral", 10, ("pubg", "bg"), place) == pytest.approx((0.1, 0.1))
    for cell in other["cells"]:  # better in the draw that only it has, worse in those that both have
        cell["values"]["bg"][place.key] = [
            0.9 if cell["seed"] == 9 else b - 0.2 for b in cell["values"]["bg"][place.key]
        ]
    value["cells"][0]["values"]["pubg"][place.key][0] -= 0.01
    worse = study_table(together([Collected(value), Collected(other)]), "1", "mistral")
    assert not cell_of(worse, "bg", "unseen", "attributes")["best"]
    other["cells"][0]["forget"] = ["p1"]
    with pytest.raises(DataError, match=r"mistral, n = 10, seed 0: .* other people"):
        together([Collected(value), Collected(other)])
    with pytest.raises(DataError, match="other settings"):
        together([Collected({**value, "settings": {"steps": 30}}), Collected({**value, "settings": {"steps": 60}})])


def test_a_page_of_uneven_cells(world_folder, tmp_path):
    """A model without the main count, a method without a curve, a cell without answers: there is a page."""
    value = read_collected(RESULTS).value
    wanted = (("mistral", 10), ("llama", 5))
    first, other = (next(c for c in value["cells"] if (c["model"], c["n"]) == at) for at in wanted)
    other = {k: v for k, v in {**other, "history": {}}.items() if k != "examples"}
    for people in (None, read_people(world_folder, check_pictures=False)):
        write_study_report(tmp_path / "page.html", Collected({**value, "cells": [first, other]}), people)
        page = (tmp_path / "page.html").read_text()
        assert "Table 7" in page and ("n = 5; every draw" in page) == bool(people)


def test_every_format_says_the_same():
    table = study_table(Collected(synthetic()), "9", "mistral")
    assert table.methods == ("original", "bg", "pubg")
    pubg = cell_of(table, "pubg", "unseen", "usr")
    assert pubg["paper"] == 1.0 and pubg["mean"] is None
    assert next(csv.DictReader(io.StringIO(printed(table, "csv"))))["method"] == "original"
    assert json.loads(printed(table, "json")) == records(table)
    assert "| PUBG |" in printed(table, "md") and r"\begin{tabular}{lrr" in printed(table, "latex")
    assert printed(table, "latex").count(r"\\") == 4


def test_texts_stay_in_their_cells():
    sheet = Sheet("T", ("A", "B"), (("a|b\nc", r"50% of \x & {y}"),), frozenset({(0, 0)}))
    assert FORMATS["md"](sheet).splitlines()[-1] == r"| **a\|b c** | 50% of \x & {y} |"
    assert r"\textbf{a|b c} & 50\% of \textbackslash{}x \& \{y\} \\" in FORMATS["latex"](sheet)
    assert json.loads(FORMATS["json"](sheet)) == [{"A": "a|b\nc", "B": r"50% of \x & {y}"}]


def test_the_papers_numbers():
    at = Place("forget", "unseen", "usr")
    assert paper_number("7", "mistral", "pubg", at) == 0.8 and paper_number("1", "mistral", "pubg", at) == 1.0
    assert paper_number("9", "llava-v1.6-mistral-7b-hf", "bg", at) == 0.0
    assert paper_number("1", "llama", "npo", Place("forget", "seen", "hall")) == 3.4
    assert paper_number("1", "llama", "npo", Place("forget", "seen", "attributes")) is None
    assert paper_number("1", "qwen2.5-vl-7b-instruct", "pubg", at) is None


CELL = {"model": "mistral", "n": 10, "seed": 0, "values": {}}


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"cells": []}, "has no cell"),
        ({"cells": [CELL, 3]}, "cell 2 is damaged"),
        ({"cells": [{**CELL, "values": 3}]}, "cell 1 is damaged"),
        ({"cells": [CELL], "settings": [3]}, "settings: must have fields"),
        ({"cells": [CELL], "settings": {"stepz": 3}}, "settings: stepz"),
    ],
)
def test_a_damaged_study_is_told_by_its_file(tmp_path, value, words):
    file = tmp_path / "study.json"
    file.write_text(json.dumps(value))
    with pytest.raises(DataError, match=f"study.json: .*{words}"):
        read_collected(file)


def test_a_file_from_before_a_setting_stands_beside_a_new_one():
    def of(seed, **settings):
        return Collected({"settings": {"steps": 30, **settings}, "cells": [{**CELL, "seed": seed}]})

    both = together([of(0), of(1, checked=False, recompute=False)])
    assert len(both.value["cells"]) == 2
    with pytest.raises(DataError, match="other settings"):
        together([of(0), of(1, checked=True)])


def test_wrong_tables(tmp_path):
    study = Collected(synthetic())
    with pytest.raises(ConfigError, match=r"table 8: .*n = 20"):
        study_table(study, "8", "mistral")
    with pytest.raises(ConfigError, match="6x"):
        study_table(study, "6x", "mistral")
    (tmp_path / "study.json").write_text("[]")
    with pytest.raises(DataError, match="no study"):
        read_collected(tmp_path)
    assert {*LAYOUTS, *SHEETS} >= set("123456789")


def test_whose_people_they_are_is_said_by_the_file():
    """Neither a command nor a folder's name says it; of several studies, all must."""
    world, real = synthetic() | {"people": "fictional"}, synthetic() | {"command": "letheia run world/study"}
    assert Collected(world).of_world and not Collected(real).of_world
    assert together([Collected(world), Collected(world)]).of_world
    assert not together([Collected(world), Collected(real)]).of_world
    for name in ("study", "study-bounded", "study-five-pictures", "confirm-bounded"):
        assert read_collected(RESULTS.with_name(f"{name}.json")).of_world
