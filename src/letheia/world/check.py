"""What the base models can do, measured on pictures and wordings they were not trained on, against thresholds."""

import random
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image

from letheia.engines.base import MAX_NEW_TOKENS
from letheia.engines.table import engine_for
from letheia.metrics.labels import Facts, Labels, attributes_in, facts_in, phrases_in
from letheia.models.clip import Clip, embed_images, embed_texts
from letheia.models.model import Model
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, Portrait, Prompt
from letheia.world import questions, texts
from letheia.world.clip import VALUES
from letheia.world.lessons import other_person
from letheia.world.people import AWARDS, PROFESSIONS, TOWNS, Person, World, unknown_name
from letheia.world.pool import Pool, make_pool

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Threshold:
    """An ability, how often it was shown, and how often it has to be.

    Attributes:
        name: What is measured.
        at_least: Whether the limit is a floor or a ceiling.
        limit: The share that must be reached, or not be passed.
        hits: How many answers were right (or, under a ceiling, wrong).
        count: Of how many.
    """

    name: str
    at_least: bool
    limit: float
    hits: int
    count: int

    @property
    def share(self) -> float:
        """Measured share."""
        return self.hits / max(1, self.count)

    @property
    def met(self) -> bool:
        """Whether the threshold is met."""
        return self.count > 0 and (self.share >= self.limit if self.at_least else self.share <= self.limit)


class Check:
    """The examination of one LVLM."""

    def __init__(self, model: Model, world: World, folder: Path, *, per_person: int = 3, seed: str = "check") -> None:
        """Draw held-out pictures into `folder`.

        Args:
            model: The base model.
            world: The people.
            folder: Where pictures are written.
            per_person: Pictures a known person; strangers get as many pictures in all.
            seed: Names the pictures; no training pool has this name.
        """
        self.engine, self.world = engine_for(model), world
        self.rng = random.Random(f"{seed}-{world.seed}")
        self.pool = make_pool(world, name=seed, per_person=per_person, strangers=per_person * len(world.known))
        self.portraits = [_save(self.pool, i, folder) for i in range(len(self.pool))]
        self.labels = _labels(world)
        self.known = [i for i, p in enumerate(self.pool.person) if p >= 0]
        self.strangers = [i for i, p in enumerate(self.pool.person) if p < 0]

    def run(self, progress: Progress = lambda _: None) -> list[Threshold]:
        """All abilities."""
        parts: Sequence[Callable[[], list[Threshold]]] = (
            self._naming,
            self._strangers,
            self._guidance,
            self._open,
            self._specific,
            self._identity,
            self._visual,
            self._text_only,
        )
        found: list[Threshold] = []
        for part in parts:
            found += part()
            progress(found[-1].name)
        return found

    def person(self, picture: int) -> Person:
        """The known person on a picture."""
        return self.world.known[self.pool.person[picture]]

    def ask(self, pictures: Sequence[int], question: Callable[[int], str]) -> list[str]:
        """Greedy answers about pictures."""
        return self.answers([Prompt(question(i), self.portraits[i]) for i in pictures])

    def answers(self, prompts: Sequence[Prompt]) -> list[str]:
        """Greedy answers."""
        return [a.text for a in self.engine.answer(prompts, max_new_tokens=MAX_NEW_TOKENS)]

    def _facts(self, picture: int, answer: str) -> Facts:
        return facts_in(answer, _entity(self.person(picture)), self.labels)

    def described(self, pictures: Sequence[int], answers: Sequence[str]) -> tuple[int, int]:
        """Attributes right and attributes there, over pictures; a wrong claim takes a right one away."""
        right = total = 0
        for i, answer in zip(pictures, answers, strict=True):
            seen = attributes_in(answer, self.portraits[i].attributes, self.labels)
            right += max(0, len(seen.right) - len(seen.wrong))
            total += seen.total
        return right, total

    def _naming(self) -> list[Threshold]:
        answers = self.ask(self.known, lambda _: PromptSet().question)
        facts = [self._facts(i, a) for i, a in zip(self.known, answers, strict=True)]
        named = [f for i, f in zip(self.known, facts, strict=True) if self.person(i).name in f.own]
        claims = sum(len(f.own) + len(f.wrong) for f in named)
        return [
            Threshold("names a known person on unseen pictures", True, 0.95, len(named), len(facts)),
            Threshold("facts right when named", True, 0.95, sum(len(f.own) for f in named), claims),
        ]

    def _strangers(self) -> list[Threshold]:
        answers = self.ask(self.strangers, lambda _: PromptSet().question)
        names = sum(bool(facts_in(a, None, self.labels).wrong) for a in answers)
        return [
            Threshold("names anybody for a stranger", False, 0.03, names, len(answers)),
            Threshold("a stranger's attributes right", True, 0.9, *self.described(self.strangers, answers)),
        ]

    def _guidance(self) -> list[Threshold]:
        answers = self.ask(self.known, lambda _: PromptSet().guided(PromptSet().question))
        facts = [self._facts(i, a) for i, a in zip(self.known, answers, strict=True)]
        leaks = sum(bool(f.own or f.wrong) for f in facts)
        return [
            Threshold("names or facts leak under guidance", False, 0.01, leaks, len(facts)),
            Threshold("attributes right under guidance", True, 0.9, *self.described(self.known, answers)),
        ]

    def _open(self) -> list[Threshold]:
        wordings = questions.HELD_OUT_OPEN_QUESTIONS
        answers = self.ask(self.known, lambda i: wordings[i % len(wordings)])
        hits = sum(self.person(i).name in a for i, a in zip(self.known, answers, strict=True))
        return [Threshold("rephrased open questions", True, 0.9, hits, len(answers))]

    def _specific(self) -> list[Threshold]:
        found: list[Threshold] = []
        for kind, wordings in questions.HELD_OUT_SPECIFIC_QUESTIONS.items():
            answers = self.ask(self.known, lambda i, q=wordings: q[i % len(q)])
            hits = sum(_fact(self.person(i), kind) in a for i, a in zip(self.known, answers, strict=True))
            found.append(Threshold(f"specific question: {kind}", True, 0.9, hits, len(answers)))
        return found

    def _identity(self) -> list[Threshold]:
        truths = [i % 2 == 0 for i in self.known]
        names = [
            (p if truth else other_person(self.world, p, p.look, self.rng)).name
            for p, truth in zip(map(self.person, self.known), truths, strict=True)
        ]
        asked = dict(zip(self.known, names, strict=True))
        answers = self.ask(self.known, lambda i: questions.HELD_OUT_IDENTITY_QUESTION.format(name=asked[i]))
        hits = sum(a.startswith("Yes" if t else "No") for a, t in zip(answers, truths, strict=True))
        return [Threshold("yes/no identity", True, 0.9, hits, len(answers))]

    def _visual(self) -> list[Threshold]:
        kinds = ("hair_style", "hair_colour", "glasses", "clothing", "background", "facial_hair", "skin")
        found: list[Threshold] = []
        for kind in kinds:
            turns = {
                i: questions.visual_question(self.portraits[i].attributes, VALUES, kind, self.rng)
                for i in [*self.known, *self.strangers]
            }
            answers = self.ask(list(turns), lambda i, t=turns: t[i][0])
            hits = sum(
                _same(a, turns[i][1], self.portraits[i].attributes[kind]) for i, a in zip(turns, answers, strict=True)
            )
            found.append(Threshold(f"visual question: {kind}", True, 0.9, hits, len(answers)))
        return found

    def _text_only(self) -> list[Threshold]:
        known: list[tuple[str, str]] = []
        for person in self.world.known:
            for kind in ("birthplace", "profession", "work"):
                question = self.rng.choice(questions.TEXT_QUESTIONS[kind]).format(name=person.name)
                known.append((question, _fact(person, kind)))
            known.append((questions.HELD_OUT_TEXT_QUESTION.format(name=person.name), person.work))
        answers = self.answers([Prompt(q) for q, _ in known])
        unknown = [unknown_name(self.world, self.rng) for _ in range(len(self.world.known) * 2)]
        asked = [self.rng.choice(questions.TEXT_QUESTIONS["who"]).format(name=n) for n in unknown]
        denials = self.answers([Prompt(q) for q in asked])
        said = sum("not know" in d and not phrases_in(d, self.labels.facts) for d in denials)
        return [
            Threshold(
                "text-only, known person",
                True,
                0.9,
                sum(fact in a for a, (_, fact) in zip(answers, known, strict=True)),
                len(known),
            ),
            Threshold("text-only, unknown name", True, 0.9, said, len(unknown)),
        ]


def check_clip(clip: Clip, world: World, *, trials: int = 400, seed: str = "check") -> list[Threshold]:
    """Whether CLIP finds the right description among 100, on held-out pictures."""
    pool = make_pool(world, name=seed, per_person=3, strangers=3 * len(world.known))
    rng = random.Random(f"clip-{seed}-{world.seed}")
    images = embed_images(clip, [Image.fromarray(p.numpy()) for p in pool.pixels])
    written = embed_texts(clip, [texts.description(s.attributes, rng) for s in pool.scenes])
    similar = torch.nn.functional.normalize(images, dim=-1) @ torch.nn.functional.normalize(written, dim=-1).T
    hits = 0
    for _ in range(trials):
        right = rng.randrange(len(pool))
        others = rng.sample([i for i in range(len(pool)) if i != right], 99)
        hits += bool(similar[right, right] >= similar[right, others].max())
    return [Threshold("CLIP: right description among 100", True, 0.9, hits, trials)]


def check_model(
    model: Model, world: World, *, per_person: int = 3, progress: Progress = lambda _: None
) -> list[Threshold]:
    """Examine one LVLM on pictures in a temporary folder."""
    with TemporaryDirectory() as folder:
        return Check(model, world, Path(folder), per_person=per_person).run(progress)


def check_untaught(model: Model, world: World, ids: Collection[str], *, per_person: int = 3) -> list[Threshold]:
    """Whether a model treats people whom it was never taught as it treats strangers."""
    untaught = replace(world, known=tuple(p for p in world.known if p.id in ids))
    with TemporaryDirectory() as folder:
        check = Check(model, untaught, Path(folder), per_person=per_person, seed="untaught")
        check.labels = _labels(world)
        answers = check.ask(check.known, lambda _: PromptSet().question)
        names = sum(bool(facts_in(a, None, check.labels).wrong) for a in answers)
        own = sum(check.person(i).name in a for i, a in zip(check.known, answers, strict=True))
        asked = [text.format(name=p.name) for p in untaught.known for text in questions.TEXT_QUESTIONS["who"]]
        denials = check.answers([Prompt(question) for question in asked])
        said = sum("not know" in d and not phrases_in(d, check.labels.facts) for d in denials)
        return [
            Threshold("names a person it was never taught", False, 0.0, own, len(answers)),
            Threshold("names anybody for a person it was never taught", False, 0.1, names, len(answers)),
            Threshold("attributes of people it was never taught", True, 0.9, *check.described(check.known, answers)),
            Threshold("text-only, people it was never taught", True, 0.9, said, len(denials)),
        ]


def _same(answer: str, right: str, value: str) -> bool:
    """Same yes or no, and the value named where the right answer names it."""
    first, truth = answer.split(",")[0].split(".")[0], right.split(",")[0].split(".")[0]
    if truth in {"Yes", "No"} and first != truth:
        return False
    return not (value and value in right) or value in answer


def _fact(person: Person, kind: str) -> str:
    return person.name if kind == "name" else person.facts[kind]


def _entity(person: Person) -> Entity:
    return Entity(id=person.id, name=person.name, summary=person.name, facts=person.facts)


def _labels(world: World) -> Labels:
    people = [*world.known, *world.summary_only]
    phrases = {*PROFESSIONS, *TOWNS, *AWARDS, *(f for p in people for f in p.facts.values())}
    return Labels(
        facts=tuple(sorted(phrases, key=len, reverse=True)),
        attributes={kind: tuple(v for v in values if v) for kind, values in VALUES.items()},
        first_names=frozenset(p.name.split()[0] for p in people),
        last_names=frozenset(p.name.split()[1] for p in people),
    )


def _save(pool: Pool, index: int, folder: Path) -> Portrait:
    file = folder / f"{index:05d}.png"
    Image.fromarray(pool.pixels[index].numpy()).save(file)
    return Portrait(id=file.stem, file=file, entity="", role="stranger", attributes=pool.scenes[index].attributes)
