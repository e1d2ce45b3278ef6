"""S4: drawing o* and answering for an evaluation, against `generate` on one picture after the other."""

from itertools import cycle
from statistics import mean
from typing import Any

from arms import Naive
from measure import interleave, summary
from model import own_attention, use_attention
from setting import Setting

from letheia.data.split import Step, Use
from letheia.engines.own import generate
from letheia.models.adapter import original
from letheia.prompts.prompt_set import PromptSet
from letheia.reference import sample_references
from letheia.types import Prompt

DRAWS = 24
"""What a removal of ten people in thirty steps of eight draws on each picture."""


def s4(setting: Setting) -> dict[str, Any]:
    """Draws and answers a second; what stays in memory between two methods (features of pictures) is there before."""
    return {
        f"prefix {prefix}": {
            "o* draws": draws(setting, prefix, people=2),
            "evaluation answers": evaluation(setting, prefix, people=16),
        }
        for prefix in ("1200",)
    }


def draws(setting: Setting, prefix: str, *, people: int) -> dict[str, Any]:
    entities = setting.people(prefix, people, 1, seed=3)
    uses = [Use(portrait=e.portraits[0], response="", draw=d, seed="") for e in entities for d in range(DRAWS)]
    question, length = PromptSet().question, setting.sizes.answer

    def many() -> None:
        use_attention(setting.model, own_attention(setting.model))
        with original(setting.adapted):
            sample_references(
                setting.model, [Step(tuple(uses), ())], prompts=PromptSet(), seed=0, max_new_tokens=length
            )

    naive = Naive(setting.model, setting.adapted, setting.with_references({}))
    turn = cycle(entities)

    def one() -> None:
        use_attention(setting.model, naive.attention)
        naive.answer(next(turn).portraits[0], PromptSet().guided(question), new=length, sample=True)

    return rates(setting, {"N0": (one, 1), "Letheia": (many, len(uses))})


def evaluation(setting: Setting, prefix: str, *, people: int) -> dict[str, Any]:
    entities = setting.people(prefix, people, 1, seed=4)
    question, length = PromptSet().question, setting.sizes.answer

    def many() -> list[str]:
        use_attention(setting.model, own_attention(setting.model))
        prompts = [Prompt(question, e.portraits[0]) for e in entities]
        return [a.text for a in generate(setting.model, prompts, max_new_tokens=length)]

    naive = Naive(setting.model, setting.adapted, setting.with_references({}))
    turn = cycle(entities)

    def one() -> str:
        use_attention(setting.model, naive.attention)
        return naive.answer(next(turn).portraits[0], question, new=length, sample=False, adapter=True)

    same = mean(ours == theirs for ours, theirs in zip(many(), [one() for _ in entities], strict=True))

    return {**rates(setting, {"N0": (one, 1), "Letheia": (many, len(entities))}), "same_answers": same}


def rates(setting: Setting, arms: dict[str, tuple[Any, int]]) -> dict[str, Any]:
    """Answers a second of each arm."""
    taken = interleave({name: work for name, (work, _) in arms.items()}, steps=max(2, setting.steps // 4))
    each = {name: [count / t for t in taken[name]] for name, (_, count) in arms.items()}
    found = {name: summary(values) for name, values in each.items()}
    return {"a_second": found, "times_faster_than": {"N0": found["Letheia"]["median"] / found["N0"]["median"]}}
