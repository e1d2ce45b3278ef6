"""A study of many cells: what is done is skipped, tables come from one file, best is what the pairs say."""

import copy
import csv
import io
import json
import random
import shutil
from pathlib import Path

import pytest

from commands import fails, letheia
from letheia.config import StudyConfig
from letheia.errors import ConfigError, DataError
from letheia.grid.collected import Collected, read_collected, together, write_collected
from letheia.grid.grid import Cell, GridConfig, plan_grid
from letheia.grid.local import run_cells
from letheia.methods.rates import rates_for
from letheia.metrics.aggregate import bootstrap_interval, crossed_interval
from letheia.metrics.results import Place
from letheia.metrics.scorer import Scorer
from letheia.models.loading import load_model
from letheia.models.shipped import weights_folder
from letheia.progress import Silent
from letheia.report.formats import FORMATS, Sheet
from letheia.report.layouts import LAYOUTS
from letheia.report.paper_numbers import paper_number
from letheia.report.study_page import write_study_report
from letheia.report.study_tables import SHEETS, study_table
from letheia.report.tables import printed, records
from letheia.study import run
from letheia.study.plan import jobs, plan_job
from letheia.train.unlearn import unlearn
from letheia.world.make import make_people
from letheia.world.people import make_world

RESULTS = Path(__file__).parents[2] / "docs" / "results" / "study.json"
RATES = {"mistral": rates_for("mistral"), "llama": rates_for("llama")}


def cells(**values):
    return plan_grid(GridConfig.create(values), {}, RATES)


def test_the_papers_grid():
    planned = cells()
    assert len(planned) == 2 * 3 * 5 and len({c.jobs["ga"] for c in planned}) == 30
    assert [c.name for c in planned[:2]] == ["mistral/n5/seed0", "mistral/n10/seed0"]
    assert {c.config.seed for c in planned[:6]} == {0}
    assert cells(methods=("ga",))[0].jobs == {"ga": planned[0].jobs["ga"]}


def note(cell, root):
    """Does nothing but leave its name; `broken` fails at the third cell, as a killed run would."""
    done = list(root.rglob("note.txt"))
    if (root / "broken").exists() and len(done) == 2:
        raise RuntimeError("killed")
    folder = root / cell.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "note.txt").write_text((folder / "note.txt").read_text() + "x" if (folder / "note.txt").exists() else "x")


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_is_done_is_skipped(tmp_path, jobs):
    planned = cells(seeds=2, models=("mistral",), counts=(5, 10))
    if jobs == 1:
        (tmp_path / "broken").touch()
        with pytest.raises(RuntimeError, match="killed"):
            run_cells(planned, tmp_path, note, bars=Silent())
        assert [c.is_done(tmp_path) for c in planned] == [True, True, False, False]
        (tmp_path / "broken").unlink()
    run_cells(planned, tmp_path, note, jobs=jobs, bars=Silent())
    run_cells(planned, tmp_path, note, jobs=jobs, bars=Silent())
    assert all(c.is_done(tmp_path) for c in planned)
    assert [p.read_text() for p in tmp_path.rglob("note.txt")] == ["x"] * 4
    assert not Cell(config=planned[0].config, jobs={"ga": "other"}).is_done(tmp_path)
    more = cells(seeds=2, models=("mistral",), counts=(5, 10), methods=("bounded",))
    run_cells(more, tmp_path, note, jobs=jobs, bars=Silent())
    assert all(c.is_done(tmp_path) for c in (*planned, *more))  # the first run's methods are still done


def test_crossed_intervals():
    """One draw: the bootstrap over its people. The same people in all draws count once, other people each time."""
    rng = random.Random(0)
    people = [rng.gauss(0, 1) for _ in range(30)]
    once = {str(i): x for i, x in enumerate(people)}
    plain = pytest.approx(bootstrap_interval(people, seed=2), abs=0.08)
    assert crossed_interval([once], seed=1) == plain
    assert crossed_interval([once] * 5, seed=1) == plain
    low, high = crossed_interval([{f"{draw}-{i}": rng.gauss(0, 1) for i in range(30)} for draw in range(5)])
    width = 2 * 1.96 / (5 * 30) ** 0.5
    assert width < high - low < 1.75 * width  # on the wide side, as drawing both ways is
    same = [{"a": x, "b": x} for x in people]
    assert crossed_interval(same) == pytest.approx(bootstrap_interval(people), abs=0.08)
    assert crossed_interval([{"a": 2.0, "b": 2.0}, {"c": 2.0}]) == (2.0, 2.0)


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


def test_a_page_of_uneven_cells(tmp_path):
    """A model without the main count, a method without a curve, a cell without answers: there is a page."""
    value = read_collected(RESULTS).value
    wanted = (("mistral", 10), ("llama", 5))
    first, other = (next(c for c in value["cells"] if (c["model"], c["n"]) == at) for at in wanted)
    other = {k: v for k, v in {**other, "history": {}}.items() if k != "examples"}
    for people in (None, make_people(make_world(), tmp_path / "people")):
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


def test_a_small_study_and_its_table(tmp_path):
    run = ("run", "world/study", "--model", "mistral", "--method", "bg", "--n", "10", "--seeds", "1")
    result = letheia(*run, "--output", tmp_path / "study")
    assert result.returncode == 0, result.stderr
    again = letheia(*run, "--output", tmp_path / "study", "--dry-run")
    assert again.stdout.startswith("done")
    printed = letheia("table", "1", tmp_path / "study")
    assert printed.returncode == 0 and "| BG | 1.00" in printed.stdout, printed
    for number in "2456":
        made = letheia("table", number, tmp_path / "study")
        assert made.returncode == 0 and f"Table {number}" in made.stdout, made
    history = read_collected(tmp_path / "study").value["cells"][0]["history"]["bg"]
    assert {len(v) for v in history.values()} == {30}
    more = letheia("run", "world/study", "--model", "mistral", "--method", "ga", "--n", "10", "--seeds", "1",
                   "--steps", "30", "--output", tmp_path / "study")  # fmt: skip
    assert more.returncode == 0, more.stderr
    both = read_collected(tmp_path / "study")
    assert both.methods == ["original", "ga", "bg"]  # the first run's stays, and its command
    assert [both.value["command"].count(f"--method {m}") for m in ("bg", "ga")] == [1, 1]
    assert set(both.value["weights"]) == {"mistral/model.safetensors", "clip/model.safetensors"}
    html = (tmp_path / "study" / "report.html").read_text()
    assert html.count("data:image/png") >= 10 and '"settings"' in html
    fails(letheia("table", "1", tmp_path), "study.json")
    fails(letheia("table", "1", tmp_path / "study", "--format", "pdf"), "pdf")


def test_the_papers_study_on_a_checkpoint(tmp_path):
    """The preset's whole way, on a folder and a checkpoint of the world that stand in for real ones.

    That it runs into a folder named world/study makes its people no world's.
    """
    out = tmp_path / "world" / "study"
    people = tmp_path / "people"
    make_people(make_world(), people)
    file = people / "metadata.jsonl"
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join(x for x in lines if '"stranger"' not in x))  # as a folder that was imported
    given = ("--model", weights_folder() / "mistral", "--people", people, "--judge", "exact", "--clip", "none")
    run = ("run", "paper/llava-1.6-mistral", *given, "--n", "5", "--method", "bg", "--steps", "2", "--output",
           out)  # fmt: skip
    planned = letheia(*run, "--dry-run")
    assert planned.returncode == 0 and "bg at 2e-05" in planned.stdout and "r 128" in planned.stdout, planned
    assert not (out).exists()
    result = letheia(*run)
    assert result.returncode == 0, result.stderr
    cell = out / "mistral" / "n5" / "seed0"
    assert (cell / "bg" / "adapter" / "adapter_config.json").exists() and (cell / "report.html").exists()
    found = read_collected(out)
    assert len(found.value["cells"][0]["retain"]) == 20 and not found.of_world
    assert len(found.value["observation"]["mistral"]["recognized"]["proper_nouns"]) == 25
    page = (out / "report.html").read_text()
    names = [json.loads(line)["name"] for line in (people / "entities.jsonl").read_text().splitlines()]
    assert "data:image" not in page and not any(name in page for name in names)  # only with --people


def test_whose_people_they_are_is_said_by_the_file():
    """Neither a command nor a folder's name says it; of several studies, all must."""
    world, real = synthetic() | {"people": "fictional"}, synthetic() | {"command": "letheia run world/study"}
    assert Collected(world).of_world and not Collected(real).of_world
    assert together([Collected(world), Collected(world)]).of_world
    assert not together([Collected(world), Collected(real)]).of_world
    for name in ("study", "study-bounded", "study-five-pictures", "confirm-bounded"):
        assert read_collected(RESULTS.with_name(f"{name}.json")).of_world


def killed(*_, **__):
    raise KeyboardInterrupt


def test_an_adapter_and_answers_of_one_rate_stay_together(checkpoints, people, tmp_path, monkeypatch):
    """Killed with another rate's adapter half saved, or before its answers: the first rate's are made again."""
    known = [e.id for e in people.pictured]
    config = {"candidates": known, "forget": known[:2], "people": 6, "n": 2, "unseen": 1, "strangers": 0, "rank": 2,
              "methods": ("bg",), "steps": 1, "max_new_tokens": 8}  # fmt: skip
    study = run.Study(
        config=StudyConfig.create(config),
        people=people,
        model=load_model(checkpoints["mistral"]),
        scorer=Scorer(people),
        rates={},
        folder=tmp_path,
        bars=Silent(),
    )
    ready = run.prepare(study)
    planned = [plan_job(study.config, "bg", rate) for rate in (1e-3, 2e-3)]
    trained = []
    monkeypatch.setattr(run, "unlearn", lambda *a, **k: trained.append(a[5].learning_rate) or unlearn(*a, **k))
    for broken in ("save_adapter", "ask"):
        trained.clear()
        first = run.do_job(study, planned[0], ready)
        assert run.do_job(study, planned[0], ready) == first and len(trained) == 1
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(run, broken, killed)
            run.do_job(study, planned[1], ready)
        assert run.do_job(study, planned[0], ready) == first
        assert trained == [1e-3, 2e-3, 1e-3]
        shutil.rmtree(tmp_path / "bg")


def test_a_method_without_a_rate_is_told():
    with pytest.raises(ConfigError, match=r"bg: has no learning rate\. 'letheia rates --method bg'"):
        jobs(StudyConfig.create({"methods": ("bg",)}), {})
    assert jobs(StudyConfig.create({"methods": ("bg",), "rates": {"bg": 0.5}}), {})[0].train.learning_rate == 0.5
