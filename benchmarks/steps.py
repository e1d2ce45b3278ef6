"""S1, S2 and S5: gradients of PUBG steps, how fast they come and what arithmetic they take."""

from itertools import cycle
from typing import Any

from arms import Peer, rows_of, shared
from measure import difference, flops, interleave, peak, ratio, summary
from model import own_attention
from setting import Arm, Setting, distinct_step

from letheia.data.split import Step
from letheia.data.targets import Texts
from letheia.models.attention import BLOCK, GROUPED


def s1(setting: Setting) -> dict[str, Any]:
    """Forget part of a step: K answers on each picture, four answers in all."""
    found = {}
    for prefix in ("1200", "2300"):
        for k in (2, 4):
            name = f"prefix {prefix}, K {k}"
            if setting.only not in name:
                continue
            people = setting.people(prefix, 4 // k, k // 2)
            step = distinct_step(people, [])
            told = setting.targets([step])
            arms = setting.arms(told, step)
            del arms["N0"]
            entry = compare(setting, arms, [step])
            plain, once = tokens(setting, step, told)
            entry["token_ratio"] = plain / once
            entry["achieved"] = entry["times_faster_than"]["N1"]["median"] / entry["token_ratio"]
            found[name] = entry
    return found


def s2(setting: Setting) -> dict[str, Any]:
    """Whole steps: eight pictures of their own on either side, and the order that a study draws. o* is given."""
    forget, retain = (setting.people("1200", 8, 1, seed=seed) for seed in (1, 2))
    plans = {
        "16 pictures": [distinct_step(forget, retain)],
        "a study's steps": setting.study_steps("1200", setting.steps),
    }
    found = {}
    for name, steps in plans.items():
        if setting.only not in name:
            continue
        told = setting.targets(steps)
        entry = compare(setting, setting.arms(told, steps[0]), steps)
        counted = [tokens(setting, step, told) for step in steps]
        entry["token_ratio"] = sum(plain for plain, _ in counted) / sum(once for _, once in counted)
        found[name] = entry
    return found


def s12(setting: Setting) -> dict[str, Any]:
    """A whole step of 16 different pictures against a public trainer's way: padded batches of 4, all logits."""
    forget, retain = (setting.people("1200", 8, 1, seed=seed) for seed in (1, 2))
    step = distinct_step(forget, retain)
    told = setting.targets([step])
    letheia = shared(setting.model, setting.adapted, told, attention=own_attention(setting.model))
    return compare(setting, {"peer": Peer(setting.model, setting.adapted, told), "Letheia": letheia}, [step])


def s5(setting: Setting) -> dict[str, Any]:
    """Arithmetic of Letheia's step as counted, against the formula."""
    step = distinct_step(setting.people("1200", 2, 1, seed=1), setting.people("1200", 2, 1, seed=2))
    told = setting.targets([step])
    attention = own_attention(setting.model)
    arm = shared(setting.model, setting.adapted, told, micro_batch=2, attention=attention)
    setting.run(arm, step)  # pictures go through the tower once
    counted, expected = flops(lambda: setting.run(arm, step)), formula(setting, step, told)
    return {
        "counted": counted,
        "formula": expected,
        "counted_by_formula": counted / sum(expected.values()),
        "linear_alone": counted / expected["base 4PT"],
    }


def compare(setting: Setting, arms: dict[str, Arm], steps: list[Step]) -> dict[str, Any]:
    """Gradients of the first step against the last arm's, then times, arithmetic and memory."""
    wanted = setting.gradient(arms["Letheia"], steps[0])
    apart = {name: difference(setting.gradient(arm, steps[0]), wanted) for name, arm in arms.items()}
    rounds = {name: cycle(steps) for name in arms}
    work = {name: lambda n=name, a=arm: setting.run(a, next(rounds[n])) for name, arm in arms.items()}
    first = {name: lambda a=arm: setting.run(a, steps[0]) for name, arm in arms.items()}
    taken = interleave(work, steps=setting.steps)
    return {
        "seconds": {name: summary(t) for name, t in taken.items()},
        "times_faster_than": {name: ratio(t, taken["Letheia"]) for name, t in taken.items() if name != "Letheia"},
        "gradient_differs_by": {name: value for name, value in apart.items() if name != "Letheia"},
        "flops": {name: flops(w) for name, w in first.items()},
        "peak_bytes": {name: peak(w) for name, w in first.items()},
        "choices": dict(setting.best),
    }


def tokens(setting: Setting, step: Step, told: Texts) -> tuple[int, int]:
    """Tokens that a step computes with a row for each answer, and with a row for each picture."""
    rows = list(rows_of(setting.model, step, told))
    plain = sum(prompt + answer for prompt, answers in rows for answer in answers)
    return plain, sum(prompt - 1 + sum(answer + 1 for answer in answers) for prompt, answers in rows)


def formula(setting: Setting, step: Step, told: Texts) -> dict[str, float]:
    """Operations of a step without recomputing, from the model's sizes.

    With frozen weights a token costs 2 P forwards and 2 P for the gradient of what goes in: 4 P T. The parts that are
    not in it, each on its own: LoRA's matrices also get gradients (6 each), the head sees answers alone (4 each), and
    attention multiplies queries with keys and weights with values (2 + 2 forwards, twice that backwards). On CPUs
    attention leaves out the keys behind a block of queries.
    """
    rows = list(rows_of(setting.model, step, told))
    lengths = [prompt - 1 + sum(answer + 1 for answer in answers) for prompt, answers in rows]
    answered = sum(sum(answers) for _, answers in rows)
    layers = list(setting.model.language_model.layers.named_parameters())
    base = sum(p.numel() for name, p in layers if p.ndim == 2 and "lora" not in name)
    lora = sum(p.numel() for name, p in layers if "lora" in name)
    pairs = sum(seen(setting, length) for length in lengths)
    head = setting.model.network.lm_head.weight.numel()
    return {
        "base 4PT": 4.0 * base * sum(lengths),
        "LoRA 6PT": 6.0 * lora * sum(lengths),
        "head": 4.0 * head * answered,
        "attention": 12.0 * setting.sizes.hidden * setting.sizes.layers * pairs,
    }


def seen(setting: Setting, length: int) -> int:
    """Pairs of query and key that attention computes in a row."""
    if setting.model.language_model.config._attn_implementation != GROUPED:
        return length * length
    ends = [min(start + BLOCK, length) for start in range(0, length, BLOCK)]
    return sum((end - start) * end for start, end in zip([0, *ends], ends, strict=False))
