"""What a command would do, before it does it: people, tokens, steps, memory, calls. Needs no weights."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from letheia.clients.chat import Call, Endpoint, estimate
from letheia.clients.judge import BUILT_IN, expected_calls
from letheia.config import StudyConfig
from letheia.data.split import Step
from letheia.data.targets import Texts, to_draw
from letheia.methods.table import method as method_row
from letheia.models.adapter import add_adapter, remove_adapter
from letheia.models.encoding import encode_prompt
from letheia.models.footprint import cache_bytes, device_bytes, footprint
from letheia.models.loading import device_of
from letheia.prompts import guided, read_prompt
from letheia.study.plan import BATCH, Job, Query, candidates, jobs, plan_steps, queries
from letheia.study.run import Study
from letheia.train.objective import largest_micro_batch
from letheia.types import Answer, People, Portrait, Reference, Split

ROWS = 64  # answers at once; `models/generation.py`
GIB = 2**30


@dataclass(frozen=True)
class Line:
    """One line of a plan: what it is about, and what there will be."""

    about: str
    what: str


def forecast(
    study: Study, split: Split, *, judge: str = "exact", prompts: Path | None = None, times: int | None = None
) -> list[Line]:
    """Everything a study with a planned model would do.

    Args:
        study: The study; its model has no weights (`loading.plan_model`).
        split: Who is forgotten and who is retained.
        judge: The judge's name.
        prompts: Folder of rubrics that replace Letheia's own.
        times: How many models answer; the original and one a method if left out.

    Raises:
        DataError: A picture can't be read, or an example is longer than the model's context.
    """
    config, asked = study.config, queries(study.config, split, study.people)
    chosen = jobs(config, dict(study.rates))
    plans = [(job, plan_steps(config, split, method_row(job.method).recipe)) for job in chosen]
    times = times or 1 + len(chosen)
    compared = sum(bool(e.summary) for e in study.people.entities)
    return [
        Line("people", f"{len(split.forget)} to forget, {len(split.retain)} retained; {compared} summaries to compare"),
        *_prompts(study, asked),
        *(_training(study, split, plans) if chosen else []),
        Line("answers", f"{len(asked) * times:,}: {len(asked)} by each of {times} models, the original among them"),
        *(_memory(study, split, plans, asked)),
        Line("judge", _judge(study, split, judge, times, prompts)),
    ]


def any_split(study: Study) -> Split:
    """As many people as the settings say, whoever: who is drawn shows only once the original has answered."""
    return split_of(study.config, study.people)


def split_of(config: StudyConfig, everybody: People) -> Split:
    """The same without a study."""
    people = candidates(config, everybody)[: config.people]
    return Split(forget=people[: config.n], retain=people[config.n :])


def judge_calls(
    config: StudyConfig, people: People, split: Split, *, times: int, prompts: Path | None = None
) -> list[Call]:
    """What an LVLM judge will be asked.

    Args:
        config: The study's settings.
        people: The people folder.
        split: Who is forgotten and who is retained.
        times: How many models answer.
        prompts: Folder of rubrics that replace Letheia's own.
    """
    by_id = {e.id: e for e in people.entities}
    asked = [(q.portrait, by_id.get(q.portrait.entity)) for q in queries(config, split, people)]
    return expected_calls(asked, config.max_new_tokens, prompts=prompts) * times


def _prompts(study: Study, asked: Sequence[Query]) -> list[Line]:
    pictures = {q.portrait.id: q.portrait for q in asked}.values()
    study.model.load_pictures(pictures)
    lengths = [_length(study, p, p.asked(study.question)) for p in pictures]
    by = study.people.asked_by
    roles = {role: sum(q.role == role for q in asked) for role in ("seen", "unseen", "stranger")}
    return [
        Line(f"{by}s", ", ".join(f"{count} {role}" for role, count in roles.items() if count)),
        Line(
            "prompt",
            f"{min(lengths):,} to {max(lengths):,} tokens: {'the' if by == 'question' else 'picture and'} question",
        ),
    ]


def _length(study: Study, portrait: Portrait, question: str) -> int:
    return len(encode_prompt(study.model.processor, question, picture=study.model.picture(portrait).text))


Plans = Sequence[tuple[Job, list[Step]]]


def _training(study: Study, split: Split, plans: Plans) -> list[Line]:
    settings = plans[0][0].train
    drawn: set[tuple[str, int]] = set()
    for job, steps in plans:
        drawn |= to_draw(steps, method_row(job.method)).keys()
    retain = f" and {BATCH} of retained ones" if split.retain else ""
    lengths = sorted({len(steps) for _, steps in plans})
    return [
        Line("methods", ", ".join(f"{job.method} at {job.train.learning_rate:g}" for job, _ in plans)),
        Line(
            "training",
            f"{' or '.join(map(str, lengths))} steps, each {BATCH} uses of forgotten people{retain}; "
            f"seed {settings.seed}",
        ),
        Line("adapter", f"LoRA r {settings.rank}, alpha {settings.alpha}; AdamW"),
        *([Line("o*", f"{len(drawn)} draws from the original")] if drawn else []),
    ]


def _memory(study: Study, split: Split, plans: Plans, asked: Sequence[Query]) -> list[Line]:
    model, config = study.model, study.config
    portraits = {q.portrait.id: q.portrait for q in asked}.values()
    longest = max(_length(study, p, guided(p.asked(study.question), words=bool(p.words))) for p in portraits)
    cache = cache_bytes(model, tokens=longest + config.max_new_tokens)
    device = device_of(config.load)
    there = device_bytes(device)
    lines: list[Line] = []
    if plans:
        adapted = add_adapter(model, rank=config.rank, alpha=config.alpha, seed=config.seed)
        sizes = [
            largest_micro_batch(model, adapted, step, method_row(job.method), _texts(study, split, step), device=device)
            for job, steps in plans
            for step in steps[:3]
        ]
        found = footprint(model, adapted, max(sizes, key=lambda size: size[0])[1])
        remove_adapter(model, adapted)
        ways = (
            ("", found.activations),
            (f", the answers on one {study.people.asked_by} at a time", found.one),
            (", and layers computed twice", found.recomputed),
        )
        sums = [(what, (found.resident + kept) / GIB) for what, kept in ways]
        fitting = next((i for i, (_, total) in enumerate(sums) if total * GIB < there), len(sums) - 1)
        lines = [
            Line("weights", f"{found.weights / GIB:.2f} GiB"),
            Line("adapter, AdamW", f"{found.adapter / GIB:.2f} GiB"),
            Line("activations", f"{found.activations / GIB:.2f} GiB"),
            *(Line("in training", f"{total:.2f} GiB{what}") for what, total in sums[: fitting + 1]),
            *([Line("", "is more than the device has")] if sums[fitting][1] * GIB > there else []),
        ]
    return [
        *lines,
        Line("keys and values", f"{ROWS * cache / GIB:.2f} GiB for {ROWS} answers at once; fewer where too much"),
        Line("device", f"{device}: {there / GIB:.1f} GiB"),
    ]


def _texts(study: Study, split: Split, step: Step) -> Texts:
    """What a step trains on; own responses stand in for o*, not drawn yet."""
    return Texts(
        question=study.question,
        references={
            (use.portrait.id, use.draw): Reference(Answer(use.response)) for use in (*step.forget, *step.retain)
        },
        refusals=read_prompt("refusals").splitlines(),
        retain=split.retain,
    )


def _judge(study: Study, split: Split, judge: str, times: int, prompts: Path | None) -> str:
    if judge in BUILT_IN:
        return f"{judge}: no calls"
    endpoint = Endpoint.parse(judge)
    calls = judge_calls(study.config, study.people, split, times=times, prompts=prompts)
    return f"{endpoint.model}: {estimate(calls, endpoint)}"
