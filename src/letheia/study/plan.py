"""What a study consists of, as values: the questions to ask and the jobs to do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from letheia.config import StudyConfig, TrainConfig
from letheia.data.split import Step, schedule
from letheia.errors import ConfigError
from letheia.files import fingerprint
from letheia.methods.table import method as method_row
from letheia.methods.terms import Recipe
from letheia.types import PLAIN, Entity, Group, People, Portrait, Role, Split

BATCH = 8  # forget uses, and as many retain uses, a step: the paper's setting


@dataclass(frozen=True, kw_only=True)
class Query:
    """A picture to ask about, with what it stands for in the evaluation.

    Attributes:
        portrait: The picture, or the words in its place.
        group: Whether the person is forgotten, retained or a stranger.
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


def jobs(config: StudyConfig, rates: dict[str, float]) -> list[Job]:
    """One job a method.

    Args:
        config: The study.
        rates: Learning rate by method, for methods the configuration gives none.

    Raises:
        ConfigError: A method has no rate.
    """
    return [plan_job(config, name, _rate(name, {**rates, **config.rates})) for name in config.methods]


def _rate(method: str, rates: dict[str, float]) -> float:
    if method not in rates:
        raise ConfigError(
            f"{method}: has no learning rate. 'letheia rates --method {method}' finds one; put it beside the others."
        )
    return rates[method]


def plan_job(config: StudyConfig, method: str, rate: float, *, name: str | None = None) -> Job:
    """The job of one method at one learning rate."""
    row = method_row(method)
    train = TrainConfig.create(
        {
            "learning_rate": rate,
            "steps": config.steps * row.recipe.longer,
            "decay": row.recipe.decay,
            "rank": config.rank,
            "alpha": config.alpha,
            "recompute": config.recompute,
            "seed": config.seed,
        }
    )
    does = {name: value for name, value in asdict(row).items() if name not in ("title", "source")}
    results = {**train.model_dump(), "recompute": False}  # which changes none
    key = fingerprint([config.key, does, results])
    return Job(name=name or method, method=method, train=train, key=key)


def plan_steps(config: StudyConfig, split: Split, recipe: Recipe) -> list[Step]:
    """What each step of a method trains on."""
    pictures = config.seen * (1 + recipe.augmented)  # altered copies stand behind their picture
    if recipe.all_pictures:
        pictures = max(len(e.pictures("seen")) for e in (*split.forget, *split.retain))
    return schedule(split, steps=config.steps * recipe.longer, batch=BATCH, pictures=pictures, seed=config.seed)


def queries(config: StudyConfig, split: Split, people: People, asked: Mapping[str, str] | None = None) -> list[Query]:
    """Every picture that is asked about: seen and unseen ones of forgotten and retained people, and strangers'.

    Args:
        config: The study's settings.
        split: Who is forgotten and who is retained.
        people: The people folder.
        asked: The question of each further way of asking; all pictures are asked about in each of them, too.

    Raises:
        ConfigError: A further way of asking is called `plain`, or has no question.
    """
    ways = asked or {}
    for way, question in ways.items():
        if way in ("", PLAIN) or not question.strip():
            raise ConfigError(
                f"asked: {way!r}: needs a question, and a name other than '{PLAIN}', which is the study's own question."
            )
    plain: list[Query] = []
    groups: tuple[tuple[Group, tuple[Entity, ...]], ...] = (("forget", split.forget), ("retain", split.retain))
    counts: tuple[tuple[Role, int], ...] = (("seen", config.seen), ("unseen", config.unseen))
    for group, entities in groups:
        for entity in entities:
            for role, count in counts:
                plain += [Query(portrait=p, group=group, role=role) for p in entity.pictures(role)[:count]]
    plain += [Query(portrait=p, group="stranger", role="stranger") for p in people.strangers[: config.strangers]]
    return plain + [replace(q, asked=way, question=text) for way, text in ways.items() for q in plain]


def candidates(config: StudyConfig, people: People) -> tuple[Entity, ...]:
    """People whose recognition is probed."""
    if config.candidates is None:
        return people.pictured
    wanted = set(config.candidates)
    return tuple(e for e in people.entities if e.id in wanted)


def named_split(config: StudyConfig, people: Sequence[Entity]) -> Split:
    """Who is forgotten by the settings' own word; all others are retained."""
    by_id = {e.id: e for e in people}
    gone = set(config.forget)
    return Split(forget=tuple(by_id[i] for i in config.forget), retain=tuple(e for e in people if e.id not in gone))
