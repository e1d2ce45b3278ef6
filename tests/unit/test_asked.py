"""Ways of asking: a second one goes through a run's files, tables and page, and never mixes with the study's own."""

import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from commands import fails, letheia
from letheia.config import StudyConfig
from letheia.errors import ConfigError
from letheia.files import read_json, write_json
from letheia.grid.collected import Collected, collect, write_collected
from letheia.grid.grid import Cell
from letheia.metrics.results import Place, read_results
from letheia.metrics.scorer import Scorer
from letheia.models.loading import load_model
from letheia.models.shipped import weights_folder
from letheia.progress import Silent
from letheia.report.deliver import deliver
from letheia.report.redaction import HIDDEN
from letheia.report.study_page import write_study_report
from letheia.report.study_tables import study_table
from letheia.report.tables import run_tables
from letheia.report.terminal import print_table
from letheia.study import run, store
from letheia.study.build import build
from letheia.study.notes import notes
from letheia.study.plan import Query, jobs
from letheia.study.verdict import verdict
from letheia.types import ORIGINAL, PLAIN, Portrait, plain
from letheia.world.questions import HELD_OUT_OPEN_QUESTIONS

pytestmark = pytest.mark.slow

WAY, QUESTION = "held-out", HELD_OUT_OPEN_QUESTIONS[0]


@pytest.fixture(scope="module")
def done(people, tmp_path_factory):
    """The built-in model forgets two people it knows, and is asked plainly and in a wording kept out of training."""
    root = tmp_path_factory.mktemp("asked")
    known = tuple(e.id for e in people.pictured)
    config = StudyConfig.create(
        {"model": "mistral", "methods": ("bg",), "candidates": known, "forget": known[:2], "people": 6, "n": 2,
         "unseen": 1, "strangers": 2, "train": {"steps": 2}, "rates": {"bg": 1e-3}, "max_new_tokens": 40,
         "prompts": {"asked": {WAY: QUESTION}}}
    )  # fmt: skip
    (job,) = jobs(config, {})
    cell = Cell(config=config, jobs={job.name: job.key})
    model = load_model(weights_folder() / "mistral")
    study = build(config, people, model, Scorer(people), folder=root / cell.name, bars=Silent())
    outcome = run.run_study(study)
    deliver(study, outcome, command="letheia")
    write_json(study.folder / "cell.json", {"jobs": dict(cell.jobs), "scoring": cell.scoring})
    write_collected(root / "study.json", collect([cell], root, command="letheia"))
    return root, study, outcome


def test_answers_say_how_they_were_asked(done):
    _, study, outcome = done
    lines = [json.loads(line) for line in (study.folder / "bg" / "answers.jsonl").read_text().splitlines()]
    count = len(lines) // 2
    assert not any("asked" in line for line in lines[:count])  # as before there were ways of asking
    assert all((line["asked"], line["question"]) == (WAY, QUESTION) for line in lines[count:])
    assert [a.portrait for a in outcome.answers["bg"][:count]] == [a.portrait for a in outcome.answers["bg"][count:]]
    assert store.read_answers(study.folder / "bg" / "answers.jsonl") == outcome.answers["bg"]


def test_plain_numbers_are_those_of_a_run_without_other_ways(done):
    _, study, outcome = done
    file = study.folder / "results.json"
    with_ways = read_json(file)
    rows = read_results(file)
    alone = run.conclude(study, outcome.split, {m: plain(given) for m, given in outcome.answers.items()}, keep=False)
    without = read_json(file)
    write_json(file, with_ways)
    assert [r for r in with_ways if "asked" not in r] == without
    assert {r["asked"] for r in with_ways if "asked" in r} == {WAY}
    assert [r for r in rows if r.asked == PLAIN] == alone.rows and len(rows) == 2 * len(alone.rows)
    assert alone.measured == outcome.measured and alone.notes == outcome.notes


def test_what_is_said_of_the_study_rests_on_its_question(done):
    """Verdicts and who is known do not change when answers in other ways do."""
    _, study, outcome = done
    scores = {m: store.read_scores(study.folder / m / "scores.jsonl") for m in outcome.answers}
    found = verdict("bg", outcome.split, outcome.answers["bg"], scores["bg"], scores[ORIGINAL])
    given = zip(outcome.answers["bg"], scores["bg"], strict=True)
    telling = [score if answer.asked == PLAIN else {"named": 1.0} for answer, score in given]
    assert verdict("bg", outcome.split, outcome.answers["bg"], telling, scores[ORIGINAL]) == found
    assert run.known_by(study, outcome.answers[ORIGINAL]) == run.known_by(study, plain(outcome.answers[ORIGINAL]))
    cut = [replace(a, finished=a.asked == PLAIN) for a in outcome.answers["bg"]]
    told = notes(study, replace(outcome, answers={"bg": cut}))
    assert f"bg: 14 of 14 answers, asked {WAY}, reached the limit of 40 tokens." in told


def test_each_way_has_tables_of_its_own(done):
    _, study, outcome = done
    tables = run_tables(outcome.rows)
    assert [(t.number, t.asked) for t in tables] == [(n, a) for a in (PLAIN, WAY) for n in ("1", "3", "strangers")]
    console = Console(file=io.StringIO(), force_terminal=True, width=200)
    print_table(tables[3], console)
    assert f"asked: {WAY}" in console.file.getvalue()
    page = (study.folder / "report-operator.html").read_text()
    assert page.count(f"n = 2 · asked: {WAY} · unseen pictures</caption>") == 2
    assert f"unseen pictures · asked: {WAY}</h3>" in page
    assert "Answers judged by counting labelled facts and attributes." in page
    card = (study.folder / "bg" / "adapter" / "README.md").read_text()
    assert WAY not in card


def test_a_study_keeps_the_ways_apart(done, people):
    root, _, outcome = done
    value = read_json(root / "study.json")
    study = Collected(value)
    assert study.ways == [PLAIN, WAY]
    place = Place("forget", "seen", "usr", WAY)
    row = next(r for r in outcome.rows if (r.method, r.place) == ("bg", place))
    assert study.row("mistral", 2, "bg", place).mean == row.mean
    table = study_table(study, "1", "mistral", asked=WAY)
    assert table.heading == f"Table 1 · {table.title} · asked: {WAY} · mistral" and "n = 2" in table.title
    write_study_report(root / "page.html", study, people)
    assert f"asked: {WAY} · mistral · unseen pictures</caption>" in (root / "page.html").read_text()
    printed = letheia("table", "1", root, "--asked", WAY, "--n", "2", "--format", "json")
    assert {r["asked"] for r in json.loads(printed.stdout)} == {WAY}
    own = letheia("table", "1", root, "--format", "json")
    assert own.returncode == 0 and "asked" not in own.stdout
    fails(letheia("table", "1", root, "--asked", "held-outt"), WAY)
    fails(letheia("table", "2", root, "--asked", WAY), "own question")


def test_the_question_of_a_way(people):
    picture, words = (
        Portrait(id="p", file=people.folder / "p.png", entity="e", role="seen", words=w) for w in ("", "Who is Una?")
    )
    own, other = "Describe the person.", "Say it in a sentence."
    assert [Query(portrait=p, group="forget", role="seen").text(own) for p in (picture, words)] == [own, "Who is Una?"]
    asked = [Query(portrait=p, group="forget", role="seen", asked="w", question=other) for p in (picture, words)]
    assert [q.text(own) for q in asked] == [other, f"Who is Una? {other}"]


@pytest.mark.parametrize("ways", [{PLAIN: "Who?"}, {"": "Who?"}, {"empty": " "}])
def test_a_way_needs_a_name_and_a_question(ways):
    with pytest.raises(ConfigError, match="asked: "):
        StudyConfig.create({"prompts": {"asked": ways}})


def test_what_is_handed_on_names_nobody_by_the_models_folder(done):
    _, study, outcome = done
    called = f"before-{outcome.split.forget[0].name.replace(' ', '-').lower()}"
    deliver(replace(study, model=replace(study.model, name=called)), outcome, command="letheia")
    for name in ("README.md", "attestations/provenance.json", "attestations/test-result.json"):
        text = (study.folder / "bg" / "adapter" / name).read_text()
        assert called not in text and HIDDEN in text
