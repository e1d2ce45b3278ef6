"""How long a large people folder takes to read and to draw a request from; pictures are not opened.

`python benchmarks/people.py 1000 10000`
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from letheia.config import StudyConfig
from letheia.data.folder import read_people
from letheia.metrics.scorer import Scorer
from letheia.study.plan import candidates, named_split, queries
from letheia.study.request import request
from letheia.types import Generation

PICTURES = ("seen", "unseen", "unseen", "unseen")
ANSWERS = 200


def write_folder(folder: Path, people: int, *, prefix: str = "p", text: str = "grew up by the sea") -> Path:
    """A people folder without picture files: four pictures, a summary and five responses a person."""
    folder.mkdir(parents=True, exist_ok=True)
    entities: list[dict[str, Any]] = []
    pictures: list[dict[str, str]] = []
    for i in range(people):
        id_, name = f"{prefix}{i}", f"{prefix.upper()}ame{i} Family{i}"
        told = f"{name} {text}, and wrote work{i} in town{i % 97}. " * 4
        entities.append({"id": id_, "name": name, "summary": told, "responses": [f"{k}: {told}" for k in range(5)]})
        pictures += [
            {"file_name": f"images/{id_}-{k}.png", "entity": id_, "role": role} for k, role in enumerate(PICTURES)
        ]
    for name, rows in (("entities", entities), ("metadata", pictures)):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def measure(people: int, root: Path) -> dict[str, float]:
    """Seconds of each thing."""
    first, second = (write_folder(root / f"{prefix}{people}", people, prefix=prefix) for prefix in "ab")
    found: dict[str, float] = {}

    def timed(what: str, work: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        made = work()
        found[what] = time.perf_counter() - began
        return made

    folder = timed("read", lambda: read_people(first, check_pictures=False))
    keep = read_people(second, check_pictures=False)
    ids = [e.id for e in folder.entities[: people // 10]]
    timed("a request, others kept", lambda: request(folder, ids))
    everybody, split = timed("a request, kept from elsewhere", lambda: request(folder, ids, keep=keep))
    chosen = [e.id for e in (*split.forget, *split.retain)]
    config = StudyConfig.create({"n": len(ids), "people": len(chosen), "forget": ids, "candidates": chosen})
    timed("who is who", lambda: named_split(config, candidates(config, everybody)))
    asked = timed("what is asked", lambda: queries(config, split, everybody))
    scorer = timed("a scorer", lambda: Scorer(folder))
    answers = [
        Generation(
            model="m", method="original", portrait=q.portrait.id, entity=q.portrait.entity, group=q.group, role=q.role,
            question="Who is this?", answer=f"This is somebody who grew up by the sea in town{i}.",
        )
        for i, q in enumerate([q for q in asked if q.group == "forget"][:ANSWERS])
    ]  # fmt: skip
    timed(f"scores of {len(answers)} answers", lambda: scorer.score(answers))
    return found


def main(sizes: list[int]) -> None:
    """Print a line for each thing, a column for each number of people."""
    with tempfile.TemporaryDirectory() as root:
        columns = [measure(people, Path(root)) for people in sizes]
    print(f"{'seconds, people:':<34}" + "".join(f"{n:>10,}" for n in sizes))
    for what in columns[0]:
        print(f"{what:<34}" + "".join(f"{column[what]:>10.2f}" for column in columns))


if __name__ == "__main__":
    main([int(n) for n in sys.argv[1:]] or [1000, 10000])
