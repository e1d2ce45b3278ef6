"""What a study consists of, as values: the questions to ask and the jobs to do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar

from letheia.config import StudyConfig, TrainConfig
from letheia.data.split import Step, schedule
from letheia.errors import ConfigError
from letheia.files import fingerprint
from letheia.methods.table import method as method_row
from letheia.methods.terms import Recipe
from letheia.prompts.prompt_set import TRAINED
from letheia.types import PLAIN, Entity, Generation, Group, People, Portrait, Role, Split


@dataclass(frozen=True, kw_only=True)
class Query:
    """A picture to ask about, with what it stands for in the evaluation.

    Attributes:
        portrait: The picture, or the words in its place.
        group: Whether the person is forgotten or retained, is known and in neither set, or is a stranger.
        role: Whether the picture was seen in training.
        asked: The way of asking.
        question: What is asked in this way; empty for the study's own question.
    """

    portrait: Portrait
    group: Group
    role: Role
    asked: str = PLAIN
    question: str = ""

    def text(self, own: str) -> str:
        """What the model reads.

        A model without vision reads the portrait's words, which say who is meant, and then the question of this way.

        Args:
            own: The study's own question.
        """
        if not self.question:
            return self.portrait.asked(own)
        return f"{self.portrait.words} {self.question}".strip()


T = TypeVar("T", Query, Generation)


@dataclass(frozen=True, kw_only=True)
class Job:
    """One method's work.

    Attributes:
        name: What the job's results are called, and its folder; the method's name unless it runs several times.
        method: The method.
        train: How it is trained.
        key: Whether what lies in the folder is this job's.
    """

    name: str
    method: str
    train: TrainConfig
    key: str


def jobs(config: StudyConfig, rates: Mapping[str, float]) -> list[Job]:
    """One job a method.

    Args:
        config: The study.
        rates: Learning rate by method, for methods the configuration gives none.

    Raises:
        ConfigError: A method has no rate, or can't do what the scope asks for.
    """
    check_scope(config)
    return [plan_job(config, name, rate_for(name, rates, config)) for name in config.methods]


def check_scope(config: StudyConfig, people: People | None = None) -> None:
    """Whether every method can do what the scope asks for.

    Args:
        config: The settings.
        people: The people folder, where it is at hand.

    Raises:
        ConfigError: A method can't, or people are known by name alone.
    """
    lone = next((name for name in config.methods if "names" not in method_row(name).recipe.ways), None)
    if config.scope == "person" and lone:
        raise ConfigError(
            f"--scope person: '{lone}' never trains on questions that give the name, so the facts behind it stay. "
            "Use --method thorough, or --scope recognition."
        )
    if config.scope == "recognition" and people and people.asked_by == "question":
        raise ConfigError(
            "--scope recognition: a model without vision recognises nobody by their face. Leave it out, so that the "
            "facts behind the name are unlearned."
        )


def rate_for(method: str, rates: Mapping[str, float], config: StudyConfig) -> float:
    """A method's learning rate: the settings' own, else what is known for the model, else the method's row.

    Raises:
        ConfigError: None says one.
    """
    if config.train.learning_rate:
        return config.train.learning_rate
    row = method_row(method)
    rate = {**rates, **config.rates}.get(method) or row.rate
    if rate is None:
        shown = (row.origin.text if row.origin else "") or method
        raise ConfigError(
            f"{method}: has no learning rate. 'letheia rates --method {shown}' finds one; give it as 'rate' of its "
            f"row, or with --set rates.{method}=RATE."
        )
    return rate


def plan_job(config: StudyConfig, method: str, rate: float, *, name: str | None = None) -> Job:
    """The job of one method at one learning rate."""
    row = method_row(method)
    train = TrainConfig.create(
        {
            **config.train.model_dump(),
            "learning_rate": rate,
            "steps": config.train.steps * row.recipe.step_factor,
            "decay": config.train.decay or row.recipe.decay,
        }
    )
    texts = [getattr(config.prompts, name) for name in TRAINED] if row.recipe.ways else []
    if config.scope == "recognition" and "names" in row.recipe.ways:
        texts.append(config.scope)
    key = fingerprint([config.key, row.does, train.result, *texts])
    return Job(name=name or method, method=method, train=train, key=key)


def plan_steps(config: StudyConfig, split: Split, recipe: Recipe) -> list[Step]:
    """What each step of a method trains on."""
    pictures = config.seen * (1 + recipe.augmented)  # altered copies stand behind their picture
    if recipe.all_pictures:
        pictures = max(len(e.pictures("seen")) for e in (*split.forget, *split.retain))
    steps = config.train.steps * recipe.step_factor
    return schedule(split, steps=steps, batch=config.train.batch, pictures=pictures, seed=config.seed)


def queries(
    config: StudyConfig, split: Split, people: People, bystanders: Sequence[Entity] | None = None
) -> list[Query]:
    """Every picture that is asked about: forgotten and retained people's, strangers', and after all these bystanders'.

    All are asked about with the study's question, and again in each further way of asking (`prompts.asked`).

    Args:
        config: The settings.
        split: Who is forgotten and who is retained.
        people: The people folder.
        bystanders: Known people in neither set; whoever may turn out to be one, if left out.
    """
    if bystanders is None:
        bystanders = in_neither(people, (*split.forget, *split.retain)) if config.bystanders else ()
    plain: list[Query] = []
    groups: tuple[tuple[Group, tuple[Entity, ...]], ...] = (("forget", split.forget), ("retain", split.retain))
    counts: tuple[tuple[Role, int], ...] = (("seen", config.seen), ("unseen", config.unseen))
    for group, entities in groups:
        for entity in entities:
            for role, count in counts:
                plain += [Query(portrait=p, group=group, role=role) for p in entity.pictures(role)[:count]]
    plain += [Query(portrait=p, group="stranger", role="stranger") for p in people.strangers[: config.strangers]]
    beside = [
        Query(portrait=p, group="bystander", role="unseen")
        for e in bystanders
        for p in e.pictures("unseen")[: config.bystanders]
    ]
    return [*_in_every_way(plain, config), *_in_every_way(beside, config)]


def _in_every_way(plain: Sequence[Query], config: StudyConfig) -> list[Query]:
    ways = config.prompts.asked.items()
    return [*plain, *(replace(q, asked=way, question=text) for way, text in ways for q in plain)]


def in_neither(people: People, chosen: Sequence[Entity]) -> tuple[Entity, ...]:
    """Who may be a bystander: people outside a study who have a seen picture, to be recognised on, and an unseen one.

    Args:
        people: The people folder.
        chosen: Who is forgotten or retained.
    """
    inside = {e.id for e in chosen}
    return tuple(e for e in people.entities if e.id not in inside and e.pictures("seen") and e.pictures("unseen"))


def apart(asked: Sequence[T]) -> list[list[T]]:
    """The same in order, with bystanders by themselves.

    Numbers depend in their last digits on who shares a batch, and those of the others must not change with bystanders.
    """
    return [list(part) for _, part in groupby(asked, key=lambda q: q.group == "bystander")]


def candidates(config: StudyConfig, people: People) -> tuple[Entity, ...]:
    """People whose recognition is probed."""
    if config.candidates is None:
        return people.pictured
    wanted = set(config.candidates)
    all_there("candidates", config.candidates, [e.id for e in people.entities])
    return tuple(e for e in people.entities if e.id in wanted)


def named_split(config: StudyConfig, people: Sequence[Entity]) -> Split:
    """Who is forgotten by the settings' own word; all others are retained."""
    by_id = {e.id: e for e in people}
    all_there("forget", config.forget, [e.id for e in people])
    gone = set(config.forget)
    return Split(forget=tuple(by_id[i] for i in config.forget), retain=tuple(e for e in people if e.id not in gone))


def all_there(field: str, ids: Sequence[str], people: Sequence[str]) -> None:
    """Whether settings name only people who are there; those of another study would silently leave others out.

    Raises:
        ConfigError: An id is nobody's.
    """
    there = set(people)
    if missing := [i for i in ids if i not in there]:
        raise ConfigError(
            f"{field}: nobody has the id '{missing[0]}'. Are these the settings of a run on another people folder?"
        )
