"""S3 and S8: whole removals, with sampling: by the author's loop, by Letheia, and on the built-in world."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from arms import Naive
from measure import difference, seconds
from model import own_attention, use_attention
from peft import PeftModel
from setting import Setting
from torch import Tensor

from letheia.config import StudyConfig, TrainConfig
from letheia.data.split import Step, schedule
from letheia.data.targets import Texts
from letheia.methods.rates import WORLD_RATES
from letheia.methods.table import METHODS
from letheia.models.adapter import add_adapter, original, remove_adapter, trained_parameters
from letheia.presets.world import world_study
from letheia.progress import Silent
from letheia.reference import sample_references
from letheia.study.plan import queries
from letheia.study.run import ask, draw_people
from letheia.study.study import Study
from letheia.train.objective import Objective
from letheia.train.unlearn import unlearn
from letheia.types import Answer, Reference, References

RATE = 1e-4


def s3(setting: Setting) -> dict[str, Any]:
    """A removal of ten people: o* and all steps, once each; with fewer steps than 30 there is less to share."""
    steps = setting.study_steps("1200", setting.steps)
    start = {name: p.detach().clone() for name, p in setting.parameters.items()}
    taken = {}
    for name, work in (("N0", naive_removal), ("Letheia", shared_removal)):
        with torch.no_grad():
            for key, p in setting.parameters.items():
                p.copy_(start[key])
        taken[name] = seconds(lambda work=work: work(setting, steps))
    return {"steps": len(steps), "seconds": taken, "times_faster_than": {"N0": taken["N0"] / taken["Letheia"]}}


def naive_removal(setting: Setting, steps: Sequence[Step]) -> None:
    told = setting.with_references({})
    naive = Naive(setting.model, setting.adapted, told)
    use_attention(setting.model, naive.attention)
    optimizer = torch.optim.AdamW(setting.parameters.values(), lr=RATE, weight_decay=0.0)
    for step in steps:
        drawn: References = {}
        for use in step.forget:
            text = naive.answer(
                use.portrait, told.prompts.guided(told.prompts.question), new=setting.sizes.answer, sample=True
            )
            drawn[use.portrait.id, use.draw] = Reference(Answer(text))
        naive.texts = replace(told, references=drawn)
        naive.backward(step)
        optimizer.step()
        optimizer.zero_grad()


def shared_removal(setting: Setting, steps: Sequence[Step]) -> None:
    use_attention(setting.model, own_attention(setting.model))
    setting.model.pictures.clear()
    told = setting.with_references({})
    with original(setting.adapted):
        drawn = sample_references(
            setting.model, steps, prompts=told.prompts, seed=0, max_new_tokens=setting.sizes.answer
        )
    config = TrainConfig(learning_rate=RATE, steps=len(steps))
    unlearn(setting.model, setting.adapted, steps, METHODS["pubg"], replace(told, references=drawn), config)


def s8(setting: Setting) -> dict[str, Any]:
    """The built-in world's study of PUBG on ten people, answers included, against `plain` with o* in the loop.

    Both arms begin without features or token ids and end in the same adapter; probe and answers are the same work.
    """
    config = StudyConfig(methods=("pubg",), clip="world", train=TrainConfig(steps=setting.steps))
    study = world_study(config, setting.folder / "world", Silent())
    asking: dict[str, float] = {}
    split = None

    def probe() -> None:
        nonlocal split
        split = draw_people(study)

    asking["probe"] = seconds(probe)
    assert split
    steps = schedule(split, steps=config.train.steps, batch=config.train.batch, pictures=config.seen, seed=config.seed)
    asked = queries(config, split, study.people)
    asking["answers of the original"] = seconds(lambda: ask(study, "original", asked, ""))
    training: dict[str, float] = {}
    adapters: list[Tensor] = []
    for name, work in (("plain, o* in the loop", world_loop), ("Letheia", world_shared)):
        study.model.pictures.clear()
        study.model.encoded.clear()
        adapted = add_adapter(study.model, rank=16, alpha=32, seed=0)
        training[name] = seconds(lambda work=work, adapted=adapted: work(study, adapted, steps))
        adapters.append(torch.cat([p.detach().flatten() for p in trained_parameters(adapted).values()]))
        if name == "Letheia":
            asking["answers of PUBG"] = seconds(lambda: ask(study, "pubg", asked, ""))
        remove_adapter(study.model, adapted)
    whole = {name: sum(asking.values()) + spent for name, spent in training.items()}
    return {
        "steps": len(steps),
        "asking": asking,
        "training": training,
        "whole": whole,
        "adapters_differ_by": difference(*adapters),
        "times_faster_than": {
            "plain, training": training["plain, o* in the loop"] / training["Letheia"],
            "plain, whole": whole["plain, o* in the loop"] / whole["Letheia"],
        },
    }


def world_texts(study: Study, references: References) -> Texts:
    return Texts(prompts=study.config.prompts, references=references, retain=())


def world_loop(study: Study, adapted: PeftModel, steps: Sequence[Step]) -> None:
    """Rows of their own, and each o* drawn alone when its step comes."""
    optimizer = torch.optim.AdamW(
        trained_parameters(adapted).values(), lr=WORLD_RATES["mistral"]["pubg"], weight_decay=0.0
    )
    for step in steps:
        with original(adapted):
            drawn = sample_references(study.model, [step], prompts=study.config.prompts, seed=0, batch=1)
        Objective(
            model=study.model, adapted=adapted, method=METHODS["pubg"], texts=world_texts(study, drawn),
            engine="plain",
        ).backward(step)  # fmt: skip
        optimizer.step()
        optimizer.zero_grad()


def world_shared(study: Study, adapted: PeftModel, steps: Sequence[Step]) -> None:
    with original(adapted):
        drawn = sample_references(study.model, steps, prompts=study.config.prompts, seed=0)
    config = TrainConfig(learning_rate=WORLD_RATES["mistral"]["pubg"], steps=len(steps))
    unlearn(study.model, adapted, steps, METHODS["pubg"], world_texts(study, drawn), config)
