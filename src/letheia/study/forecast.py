"""What a command would do, before it does it: people, tokens, steps, memory, calls. Needs no weights."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import torch

from letheia.clients.chat import Call, cost_estimate
from letheia.clients.judge import expected_calls
from letheia.clients.judges import asked_of
from letheia.config import StudyConfig
from letheia.data.lessons import to_draw as lessons_to_draw
from letheia.data.targets import to_draw
from letheia.methods.table import method as method_row
from letheia.methods.terms import Method
from letheia.models.encoding import encode_prompt
from letheia.models.footprint import device_bytes
from letheia.models.loading import device_of
from letheia.models.memory import free_bytes
from letheia.study.budget import GIB, Plans, budget
from letheia.study.lessons import planned
from letheia.study.plan import Query, candidates, jobs, plan_steps, queries
from letheia.study.study import Study
from letheia.types import PLAIN, People, Portrait, Split


@dataclass(frozen=True)
class Entry:
    """A line of a forecast: what it is about, and what there will be."""

    about: str
    what: str

    def __str__(self) -> str:
        """The line as it is printed."""
        return f"{self.about:<18}{self.what}".rstrip()


def forecast(study: Study, split: Split, *, times: int | None = None, memory: int | None = None) -> list[Entry]:
    """Everything a study with a planned model would do.

    Args:
        study: The study; its model has no weights (`loading.plan_model`).
        split: Who is forgotten and who is retained.
        times: How many models answer; the original and one a method if left out.
        memory: Bytes that the device has; what this machine's has if left out.

    Raises:
        DataError: A picture can't be read, or an example is longer than the model's context.
    """
    config, asked = study.config, queries(study.config, split, study.people)
    chosen = jobs(config, study.rates)
    plans = [(job, plan_steps(config, split, method_row(job.method).recipe)) for job in chosen]
    times = times or 1 + len(chosen)
    compared = sum(bool(e.summary) for e in study.people.entities)
    return [
        *([Entry("model", study.model.note)] if study.model.note else []),
        Entry(
            "people", f"{len(split.forget)} to forget, {len(split.retain)} retained; {compared} summaries to compare"
        ),
        *_prompts(study, asked),
        *(_training(study, split, plans) if chosen else []),
        Entry("answers", f"{len(asked) * times:,}: {len(asked)} by each of {times} models, the original among them"),
        *_memory(study, split, plans, asked, memory),
        Entry("judge", _judge(study, split, times)),
    ]


def any_split(study: Study) -> Split:
    """As many people as the settings say, whoever: who is drawn shows only once the original has answered."""
    return split_of(study.config, study.people)


def split_of(config: StudyConfig, everybody: People) -> Split:
    """The same without a study."""
    people = candidates(config, everybody)[: config.people]
    return Split(forget=people[: config.n], retain=people[config.n :])


def judge_calls(config: StudyConfig, people: People, split: Split, *, times: int) -> list[Call]:
    """What an LVLM judge will be asked.

    Args:
        config: The study's settings.
        people: The people folder.
        split: Who is forgotten and who is retained.
        times: How many models answer.
    """
    by_id = {e.id: e for e in people.entities}
    asked = [(q.portrait, by_id.get(q.portrait.entity)) for q in queries(config, split, people)]
    return expected_calls(asked, config.max_new_tokens, prompts=config.prompts) * times


def _prompts(study: Study, asked: Sequence[Query]) -> list[Entry]:
    pictures = {q.portrait.id: q.portrait for q in asked}.values()
    study.model.load_pictures(pictures)
    lengths = [_length(study, q.portrait, q.text(study.question)) for q in asked]
    by = study.people.asked_by
    plain = [q for q in asked if q.asked == PLAIN]
    others = sum(q.group == "bystander" for q in plain)
    roles = {role: sum(q.role == role for q in plain) for role in ("seen", "unseen", "stranger")}
    roles["unseen"] -= others
    beside = f"; at most {others} of people in neither set, if the model knows them" if others else ""
    return [
        Entry(f"{by}s", ", ".join(f"{count} {role}" for role, count in roles.items() if count) + beside),
        Entry(
            "prompt",
            f"{_range(lengths)} tokens: {'the' if by == 'question' else 'picture and'} question",
        ),
    ]


def _range(counts: Sequence[int]) -> str:
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _length(study: Study, portrait: Portrait, question: str) -> int:
    return len(encode_prompt(study.model.processor, question, picture=study.model.picture(portrait).text))


def _training(study: Study, split: Split, plans: Plans) -> list[Entry]:
    settings = plans[0][0].train
    drawn: set[tuple[str, int]] = set()
    many: list[Entry] = []
    for job, steps in plans:
        row = method_row(job.method)
        if row.recipe.ways:
            many.append(_lessons(study, split, row, len(steps)))
        else:
            drawn |= to_draw(steps, row).keys()
    retain = f" and {settings.batch} of retained ones" if split.retain else ""
    alike = [len(steps) for job, steps in plans if not method_row(job.method).recipe.ways]
    return [
        Entry("methods", ", ".join(f"{job.method} at {job.train.learning_rate:g}" for job, _ in plans)),
        *(
            [
                Entry(
                    "training",
                    f"{' or '.join(map(str, sorted(set(alike))))} steps, each {settings.batch} uses of forgotten "
                    f"people{retain}; seed {study.config.seed}",
                )
            ]
            if alike
            else []
        ),
        Entry("adapter", f"LoRA r {settings.rank}, alpha {settings.alpha}; AdamW"),
        *([Entry("o*", f"{len(drawn)} draws from the original")] if drawn else []),
        *many,
    ]


def _lessons(study: Study, split: Split, row: Method, steps: int) -> Entry:
    chosen = planned(study, split, row.recipe.ways, steps)
    asked = len(lessons_to_draw(chain.from_iterable(chosen)))
    forget = sum(lesson.who == "forget" for lesson in chain.from_iterable(chosen)) / steps
    each = f"{sum(map(len, chosen)) / steps:.0f} lessons a step in {len(row.recipe.ways)} ways of asking"
    return Entry(
        row.name,
        f"{steps} steps; {each}, {forget:.0f} of them about forgotten people; {asked:,} answers of the original",
    )


def _memory(study: Study, split: Split, plans: Plans, asked: Sequence[Query], memory: int | None) -> list[Entry]:
    """Memory part by part, the sum, and what there is."""
    found = budget(study, split, plans, asked)
    there, told = _there(device_of(study.config.load, planned=True), memory)
    recompute = study.config.train.recompute or found.most(recompute=False) > there
    trained = found.recomputed if recompute else found.training
    parts = {
        "program": (found.program, "Python and its libraries"),
        "weights": (found.weights, ""),
        "features": (found.features, "of pictures, stored"),
        "pictures": (found.seeing, "while the vision tower reads them"),
        "answers": (found.reading, "for prompts read at once, keys and values included"),
        "adapter, AdamW": (found.adapter, ""),
        "activations": (trained.kept - trained.logits, "kept for the gradient" + ", layers twice" * recompute),
        "logits": (trained.logits, ""),
        "backward": (trained.most - trained.kept, ""),
    }
    most = found.most(recompute=recompute)
    return [
        *(Entry(name, f"{size / GIB:.2f} GiB {what}".rstrip()) for name, (size, what) in parts.items() if size),
        Entry("at most", f"{most / GIB:.2f} GiB: what stays in memory, and the largest step"),
        *([Entry("", "is more than the device has")] if most > there else []),
        Entry("device", told),
    ]


def _there(device: torch.device, memory: int | None) -> tuple[float, str]:
    """Bytes of a device, and how they are told; without end where nobody knows."""
    if memory:
        return memory, f"{device}: {memory / GIB:.1f} GiB, by --device-memory"
    try:
        there, free = device_bytes(device), free_bytes(device)
    except (RuntimeError, AssertionError):  # no such device, or a PyTorch without any
        return math.inf, f"{device}: is not there; --device-memory 24GiB says what one has"
    return there, f"{device}: {there / GIB:.1f} GiB, {free / GIB:.1f} free"


def _judge(study: Study, split: Split, times: int) -> str:
    judge = study.config.judge
    endpoint = asked_of(judge)
    if endpoint is None:
        return f"{judge}: no calls"
    calls = judge_calls(study.config, study.people, split, times=times)
    return f"{endpoint.model}: {cost_estimate(calls, endpoint)}"
