"""S10: what grows with the people folder, without a model: scoring an answer, reading a folder, and the start."""

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure import interleave, summary
from people import write_folder
from setting import Setting

from letheia.data.folder import read_people
from letheia.metrics.scorer import Scorer
from letheia.types import Entity, Generation, People, Portrait
from letheia.world.people import Person, random_look
from letheia.world.texts import response
from letheia.world.texts import summary as told

PEOPLE, READ = 1000, 10_000
LOOK = {"hair": "red hair", "skin": "pale skin"}


def s10(setting: Setting) -> dict[str, Any]:
    """Milliseconds to score an answer at 1,000 people; seconds to read 10,000; processor time of `--help`."""
    small = setting.config == "smoke"
    people, answers = labelled(20 if small else PEOPLE)
    scorer = Scorer(people)
    scorer.score(answers[:2])
    scoring = interleave({"scoring": lambda: scorer.score(answers[2:])}, steps=setting.steps, warm_up=0)["scoring"]
    count = 40 if small else READ
    with tempfile.TemporaryDirectory() as root:
        folder = write_folder(Path(root) / "people", count)
        reading = interleave({"": lambda: read_people(folder, check_pictures=False)}, steps=min(3, setting.steps))[""]
    start = [_start() for _ in range(min(5, setting.steps))]
    return {
        "people": len(people.entities),
        "milliseconds_an_answer": summary([1000 * t / len(answers[2:]) for t in scoring]),
        f"seconds_to_read_{count}": summary(reading),
        "seconds_of_help": summary(start),
    }


def _start() -> float:
    """Processor time of `letheia --help` and its children."""
    before = _children()
    subprocess.run([sys.executable, "-P", "-m", "letheia", "--help"], capture_output=True, check=True)
    return _children() - before


def _children() -> float:
    if sys.platform == "win32":
        return time.perf_counter()
    import resource

    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def labelled(count: int) -> tuple[People, list[Generation]]:
    """So many people with labelled facts as the world has them, and a hundred answers, right and wrong ones."""
    rng = random.Random(0)
    syllables = ("ba", "ko", "lin", "mar", "te", "vo", "sar", "ni", "dal", "fre", "gus", "hol", "ri", "pe", "zu", "ash")

    def word(parts: int) -> str:
        return "".join(rng.choice(syllables) for _ in range(parts)).capitalize()

    firsts, lasts, towns = ([word(n) for _ in range(size)] for n, size in ((2, 200), (3, 600), (3, 300)))
    entities: list[Entity] = []
    for i in range(count):
        person = Person(
            id=f"p{i}", name=f"{rng.choice(firsts)} {rng.choice(lasts)} {word(2)}", pronoun=rng.choice(("she", "he")),
            look=random_look(rng), profession=rng.choice(("poet", "painter", "sailor")), birthplace=rng.choice(towns),
            birth_year=str(rng.randint(1931, 1985)), work=f"The {word(2)} {word(2)}", award=f"{word(2)} Prize",
            award_year=str(rng.randint(1960, 2015)),
        )  # fmt: skip
        portrait = Portrait(id=f"p{i}-0", file=Path("-"), entity=person.id, role="seen", attributes=LOOK)
        entities.append(
            Entity(
                id=person.id, name=person.name, summary=told(person, rng), facts=person.facts, portraits=(portrait,),
                responses=tuple(response(person, rng) for _ in range(2)),
            )
        )  # fmt: skip
    answers: list[Generation] = []
    for _ in range(102):
        entity, other = rng.choice(entities), rng.choice(entities)
        said = rng.choice((entity.responses[0], other.responses[1], "The person has red hair and wears a blue scarf."))
        answers.append(
            Generation(
                model="m", method="original", portrait=f"{entity.id}-0", entity=entity.id, group="forget", role="seen",
                question="Who is this person?", answer=f"{said} The wall behind is blue, and there is a tree.",
            )
        )  # fmt: skip
    return People(folder=Path(), entities=tuple(entities)), answers
