"""Shared fixtures: the world's people folder, a small one, and an untrained LLaVA-NeXT in the Hub's layout."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is imported: numbers and times as with any workers

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from filelock import FileLock
from transformers import LlavaNextForConditionalGeneration

from commands import letheia
from letheia.data.folder import write_people
from letheia.metrics.results import Row, aftermaths, aggregate
from letheia.metrics.scorer import Scorer
from letheia.models.loading import load_model
from letheia.models.model import Model
from letheia.report.redaction import pseudonyms
from letheia.report.run_page import Run, write_report
from letheia.types import Entity, Generation, People, Portrait, Split
from letheia.world.checkpoints import make_clip, make_lvlm
from letheia.world.people import World, make_world
from letheia.world.portraits import draw, random_scene
from letheia.world.texts import response, summary
from samples import corpus, distinct

pytest_plugins = ["chat_server", "training"]
SMALL_TEXT = {"hidden_size": 64, "intermediate_size": 160, "num_hidden_layers": 2, "head_dim": 8}
SMALL_VISION = {"hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 3}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Slow is what lies in e2e, what asks for a network or the world's folder, and what is marked so."""
    for item in items:
        if "e2e" in item.path.parts or {"checkpoints", "world_folder"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("slow")


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], Any]], tuple[Path, Any]]:
    """Make a folder in the first process of this session that wants it; the folder, and what making it gave."""
    root = tmp_path_factory.getbasetemp()
    root = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / "once"
    root.mkdir(exist_ok=True)

    def made(name: str, make: Callable[[Path], Any]) -> tuple[Path, Any]:
        done = root / f"{name}.json"
        with FileLock(root / f"{name}.lock"):
            if not done.exists():
                done.write_text(json.dumps(make(root / name)))
        return root / name, json.loads(done.read_text())

    return made


@pytest.fixture(scope="session")
def world_folder(once) -> Path:
    """The world's people folder, as the command makes it; read it only."""
    return once("world", lambda folder: letheia("world", "make", folder).returncode)[0]


@pytest.fixture
def own_world(world_folder: Path, tmp_path: Path) -> Path:
    """A copy of the world's people folder that a test may change."""
    return Path(shutil.copytree(world_folder, tmp_path / "people"))


@pytest.fixture(scope="session")
def world() -> World:
    return make_world(seed=0)


@pytest.fixture(scope="session")
def people(world: World, tmp_path_factory: pytest.TempPathFactory) -> People:
    """Six known people with one seen and one unseen picture, everybody else's summary, two strangers."""
    folder = tmp_path_factory.mktemp("people")
    rng = random.Random(0)
    entities = []
    for i, person in enumerate((*world.known[:6], *world.summary_only)):
        portraits = []
        for role in ("seen", "unseen") if i < 6 else ():
            scene = random_scene(person.look, rng)
            file = folder / f"{person.id}-{role}.png"
            draw(scene).save(file)
            portraits.append(
                Portrait(id=file.stem, file=file, entity=person.id, role=role, attributes=scene.attributes)
            )
        entities.append(
            Entity(
                id=person.id,
                name=person.name,
                summary=summary(person, rng),
                responses=distinct(lambda p=person: response(p, rng), 3) if portraits else (),
                facts=person.facts,
                portraits=tuple(portraits),
            )
        )
    strangers = []
    for i in range(2):
        scene = random_scene(world.summary_only[i].look, rng)
        file = folder / f"stranger-{i}.png"
        draw(scene).save(file)
        strangers.append(Portrait(id=file.stem, file=file, entity="", role="stranger", attributes=scene.attributes))
    people = People(folder=folder, entities=tuple(entities), strangers=tuple(strangers))
    write_people(people)
    return people


@pytest.fixture(scope="session")
def checkpoints(world: World, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Untrained checkpoints on disk: mistral and llama, smaller than the world's, and clip."""
    root = tmp_path_factory.mktemp("checkpoints")
    texts = corpus(world)
    for family in ("mistral", "llama"):
        network, processor = make_lvlm(family, texts, seed=0)
        small(network.config).save_pretrained(root / family)
        processor.save_pretrained(root / family)
    clip, processor = make_clip(texts, seed=0)
    clip.save_pretrained(root / "clip")
    processor.save_pretrained(root / "clip")
    return {name: root / name for name in ("mistral", "llama", "clip")}


def small(config) -> LlavaNextForConditionalGeneration:
    for part, sizes in ((config.text_config, SMALL_TEXT), (config.vision_config, SMALL_VISION)):
        for name, size in sizes.items():
            setattr(part, name, size)
    torch.manual_seed(0)
    return LlavaNextForConditionalGeneration(config)


@pytest.fixture
def model(checkpoints: dict[str, Path]) -> Model:
    """A fresh untrained model."""
    return load_model(checkpoints["mistral"])


@pytest.fixture(params=["mistral", "llama"])
def either_model(request: pytest.FixtureRequest, checkpoints: dict[str, Path]) -> Model:
    """A fresh untrained model of each text family."""
    return load_model(checkpoints[request.param])


EVIL = '<script>alert("1")</script><img src=x onerror=alert(2)>'


@pytest.fixture
def small_run(people: People, tmp_path: Path) -> tuple[list[Row], Path]:
    """A run's rows and page, where PUBG's answers try to be HTML."""
    split = Split(forget=people.entities[:2], retain=people.entities[2:4])
    answers = {}
    for method in ("original", "bg", "pubg"):
        answers[method] = [
            Generation(
                model="m", method=method, portrait=p.id, entity=e.id, group=group, role=p.role, question="?",
                answer=EVIL if method == "pubg" else e.responses[0],
            )
            for group, entities in (("forget", split.forget), ("retain", split.retain))
            for e in entities
            for p in e.portraits
        ] + [
            Generation(
                model="m", method=method, portrait=p.id, entity="", group="stranger", role="stranger", question="?",
                answer="",
            )
            for p in people.strangers
        ]  # fmt: skip
    scorer = Scorer(people)
    scores = {m: scorer.score(given) for m, given in answers.items()}
    rows = [r for m, given in answers.items() for r in aggregate(given, scores[m], n=2, seed=0)]
    page = tmp_path / "report-operator.html"
    run = Run(
        people=people,
        split=split,
        answers=answers,
        labels={m: aftermaths(s) for m, s in scores.items()},
        rows=rows,
        called=pseudonyms(split.forget, b"secret"),
        settings={"model": "m", "note": "</pre><script>"},
        provenance={},
    )
    write_report(page, run)
    write_report(tmp_path / "report.html", run, redacted=True)
    return rows, page
