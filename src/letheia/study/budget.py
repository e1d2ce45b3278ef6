"""What memory a study takes, part by part, and whether there is as much; if not, a CPU's process would be killed."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import psutil

from letheia.config import StudyConfig
from letheia.data.lessons import as_steps, to_draw
from letheia.data.split import Step
from letheia.data.targets import Texts
from letheia.engines.own import ROWS, rows_within
from letheia.errors import ConfigError
from letheia.methods.losses import loss_of
from letheia.methods.table import method as method_row
from letheia.methods.terms import Recipe
from letheia.models.adapter import fresh_adapter
from letheia.models.features import LIMIT
from letheia.models.footprint import (
    Footprint,
    Training,
    footprint,
    reading_bytes,
    seeing_bytes,
    weight_bytes,
)
from letheia.models.loading import device_of
from letheia.models.memory import cache_bytes, free_bytes, give_back
from letheia.models.model import Model
from letheia.models.reading import encoded_prompt
from letheia.study.lessons import planned
from letheia.study.plan import Job, Query, jobs, plan_steps, queries
from letheia.study.study import Study
from letheia.train.objective import largest_micro_batch
from letheia.types import Answer, Prompt, Reference, Split

log = logging.getLogger("letheia")

LOOKED_INTO = 3  # steps whose micro-batches are measured
LOOKED_AT = 64  # pictures whose prompts are measured before a run
GIB = 2**30
MARGIN = 1.15  # what a plan may be off by; beyond it a run is refused
NOTHING = Training(0, 0, 0)

Plans = Sequence[tuple[Job, list[Step]]]


@dataclass(frozen=True, kw_only=True)
class Budget:
    """Memory of a study in bytes.

    Attributes:
        program: The process without model and pictures; on a GPU nothing.
        weights: The base model.
        adapter: The adapter with gradient and AdamW's moments; nothing where nothing is trained.
        features: Features of pictures that are kept; on a GPU they wait in the machine's memory.
        seeing: The vision tower at work.
        reading: Prompts of answers that are read at once, with their keys and values.
        training: The largest micro-batch.
        recomputed: The same when layers are computed twice.
    """

    program: int
    weights: int
    adapter: int
    features: int
    seeing: int
    reading: int
    training: Training
    recomputed: Training

    def most(self, *, recompute: bool) -> int:
        """What there is at most, at any time of the study."""
        trained = self.recomputed if recompute else self.training
        at_work = max(self.seeing, self.reading, self.adapter + trained.most)
        return self.program + self.weights + self.features + at_work


def budget(study: Study, split: Split, plans: Plans, asked: Sequence[Query]) -> Budget:
    """The memory of a study.

    Args:
        study: The study; its model has no weights (`loading.plan_model`).
        split: Who is forgotten and who is retained.
        plans: Jobs with what their steps train on.
        asked: What is asked.
    """
    model, config = study.model, study.config
    device = device_of(config.load, planned=True)
    on_cpu = device.type == "cpu"
    pictures = list({q.portrait.id: q.portrait for q in asked}.values())
    prompts = [Prompt(config.prompts.with_guidance(p.asked(study.question), p), p) for p in pictures[:LOOKED_AT]]
    longest = max(prompts, key=lambda prompt: _tokens(model, prompt))
    weights = weight_bytes(model)
    rows = min(ROWS, len(pictures))
    if on_cpu:
        rows = rows_within(model, rows, _tokens(model, longest) + config.max_new_tokens, free_bytes(device) - weights)
    give_back(device)
    trained = _training(study, split, plans) if plans else None
    extra = 1 + max((method_row(job.method).recipe.augmented for job, _ in plans), default=0)
    width = model.picture(longest.portrait).features.nbytes if longest.portrait else 0
    return Budget(
        program=psutil.Process().memory_info().rss if on_cpu else 0,
        weights=weights,
        adapter=trained.adapter if trained else 0,
        features=min(LIMIT, extra * len(pictures) * width) if on_cpu else 0,
        seeing=seeing_bytes(model, pictures[: model.pictures_at_once]),
        reading=_reading(model, longest, rows, config.max_new_tokens),
        training=trained.training if trained else NOTHING,
        recomputed=trained.recomputed if trained else NOTHING,
    )


def machine_bytes(study: Study, split: Split, *, gpu: bool) -> int:
    """Bytes of a machine's memory that a process takes for a study at most.

    Args:
        study: The planned study.
        split: Who is forgotten and who is retained.
        gpu: Whether the model lies on a GPU: weights pass through the machine's memory, and features wait there.
    """
    config = study.config
    chosen = [(job, plan_steps(config, split, method_row(job.method).recipe)) for job in jobs(config, study.rates)]
    found = budget(study, split, chosen, queries(config, split, study.people))
    if gpu:
        return psutil.Process().memory_info().rss + found.weights + LIMIT
    return found.most(recompute=config.train.recompute)


def _tokens(model: Model, prompt: Prompt) -> int:
    return len(encoded_prompt(model, prompt))


def _reading(model: Model, longest: Prompt, rows: int, new: int) -> int:
    """What rows of the longest prompt take while they are read and answered."""
    return reading_bytes(model, [longest] * rows) + rows * cache_bytes(model, tokens=new)


def _training(study: Study, split: Split, plans: Plans) -> Footprint:
    model, config = study.model, study.config
    device = device_of(config.load, planned=True)
    with fresh_adapter(model, rank=config.train.rank, alpha=config.train.alpha, seed=config.seed) as adapted:
        sizes = [
            (*largest_micro_batch(model, adapted, step, row, _texts(study, split, step), device=device), row)
            for job, steps in plans
            for row in [method_row(job.method)]
            for step in _steps(study, split, row.recipe, steps)[:LOOKED_INTO]
        ]
        _, groups, row = max(sizes, key=lambda size: size[0])
        every, states = (any(getattr(loss_of(term), n) for term in row.terms) for n in ("vocabulary", "states"))
        return footprint(model, adapted, groups, every=every, states=states)


def _steps(study: Study, split: Split, recipe: Recipe, steps: list[Step]) -> list[Step]:
    """What a method trains on; of one that asks in many ways lessons, with texts of full length in place of answers."""
    if not recipe.ways:
        return steps
    chosen = planned(study, split, recipe.ways, len(steps))[:LOOKED_INTO]
    response = next(text for e in (*split.forget, *split.retain) for text in e.responses)
    text = _of_length(study.model, response, study.config.max_new_tokens)
    draws = to_draw(chain.from_iterable(chosen))
    said = {key: Answer(f"{draw.prompt.prefix} {text}".lstrip()) for key, draw in draws.items()}
    return as_steps(chosen, said, study.config.prompts, lambda *_: True)


def _texts(study: Study, split: Split, step: Step) -> Texts:
    """What a step trains on; texts of full length stand in for o*, not drawn yet."""
    limit = study.config.max_new_tokens
    return Texts(
        prompts=study.config.prompts,
        references={
            (use.portrait.id, use.draw): Reference(Answer(_of_length(study.model, use.response, limit)))
            for use in (*step.forget, *step.retain)
        },
        retain=split.retain,
    )


def _of_length(model: Model, text: str, tokens: int) -> str:
    """A text over and over again until it has so many tokens."""
    tokenizer = model.processor.tokenizer
    ids = tokenizer(f"{text} ", add_special_tokens=False).input_ids
    return tokenizer.decode((ids * (tokens // max(1, len(ids)) + 1))[: tokens - 1], skip_special_tokens=True)


def within_memory(study: Study, split: Split, *, anyway: bool = False) -> StudyConfig:
    """The settings, with layers computed twice where memory asks for it.

    Args:
        study: The planned study.
        split: Who is forgotten and who is retained.
        anyway: Start where the plan says that memory does not suffice.

    Raises:
        ConfigError: It clearly does not suffice.
    """
    config = study.config
    device = device_of(config.load)
    there = free_bytes(device)
    chosen = [(job, plan_steps(config, split, method_row(job.method).recipe)) for job in jobs(config, study.rates)]
    found = budget(study, split, chosen, queries(config, split, study.people))
    if device.type == "cpu":
        there += found.program  # it is there already
    recomputing = config.model_copy(update={"train": config.train.model_copy(update={"recompute": True})})
    plain, twice = (found.most(recompute=on) for on in (config.train.recompute, True))
    if plain <= there:
        return config
    if twice <= there:
        log.warning(
            "%.1f GiB are planned with and %s has %.1f: layers are computed twice (--recompute), which takes %.1f GiB "
            "and about a third longer.", plain / GIB, device, there / GIB, twice / GIB,
        )  # fmt: skip
        return recomputing
    told = f"{twice / GIB:.1f} GiB are needed with layers computed twice, and {device} has {there / GIB:.1f}"
    if anyway or device.type != "cpu" or twice <= there * MARGIN:
        log.warning("%s: it may run out of memory.", told)
        return recomputing
    raise ConfigError(
        f"{told}: the operating system would kill the run. Use a smaller --rank, --dtype bfloat16, smaller pictures "
        "or another --device; --dry-run shows every part, --anyway starts all the same."
    )
