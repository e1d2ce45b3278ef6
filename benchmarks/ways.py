"""S9: a picture asked in many ways: answers, training and candidates, with the picture in each row and with it once."""

from collections.abc import Callable
from itertools import islice
from typing import Any
from unittest.mock import patch

import torch
from measure import clear, difference, interleave, ratio, summary
from model import own_attention, texts, use_attention
from setting import Setting
from torch import Tensor

from letheia.engines.own import generate
from letheia.models import reading
from letheia.models.candidates import candidate_log_probs
from letheia.models.log_probs import shared_log_probs
from letheia.types import Example, Portrait, Prompt

QUESTIONS, CANDIDATES = 16, 64
Work = Callable[[], Any]


def s9(setting: Setting) -> dict[str, Any]:
    """16 questions on each picture, and 64 candidates behind one question; before: a row for each, picture and all."""
    use_attention(setting.model, own_attention(setting.model))
    pictures = [e.portraits[0] for e in setting.people("1200", 2, 1, seed=5)]
    questions = list(islice(texts(setting.model.processor, 12, seed=5), QUESTIONS))
    return {
        "first token of answers": answers(setting, pictures, questions, new=1),
        "answers": answers(setting, pictures, questions, new=setting.sizes.answer),
        "training": training(setting, pictures, questions),
        "candidates": candidates(setting, pictures[0], questions[0]),
    }


def answers(setting: Setting, pictures: list[Portrait], questions: list[str], *, new: int) -> dict[str, Any]:
    prompts = [Prompt(q, p) for p in pictures for q in questions]

    def once() -> list[str]:
        return [a.text for a in generate(setting.model, prompts, max_new_tokens=new)]

    def each() -> list[str]:
        with patch.object(reading, "_on_one_picture", lambda _model, encoded, _: [[i] for i in range(len(encoded))]):
            return once()

    return {**compare(setting, each, once), "same_answers": sum(map(str.__eq__, each(), once())) / len(prompts)}


def training(setting: Setting, pictures: list[Portrait], questions: list[str]) -> dict[str, Any]:
    """The gradient of an answer to each question; before: a row a question."""
    told = texts(setting.model.processor, setting.sizes.answer // 2, seed=6)
    asked = [[Example(portrait=p, question=q, answer=next(told), key="own") for q in questions] for p in pictures]
    weights = setting.parameters

    def gradient(groups: list[list[Example]]) -> Tensor:
        clear(weights)
        for group in groups:
            shared_log_probs(setting.model, [group]).log_probs.sum().backward()
        return torch.cat([p.grad.double().flatten() for p in weights.values() if p.grad is not None])

    def each() -> Tensor:
        return gradient([[example] for group in asked for example in group])

    def once() -> Tensor:
        return gradient(asked)

    found = {**compare(setting, each, once), "gradient_differs_by": difference(once(), each())}
    clear(weights)
    return found


def candidates(setting: Setting, picture: Portrait, question: str) -> dict[str, Any]:
    prompt, names = Prompt(question, picture), list(islice(texts(setting.model.processor, 6, seed=7), CANDIDATES))

    def once() -> list[float]:
        return [c.log_prob for c in candidate_log_probs(setting.model, [prompt], [names])[0]]

    def each() -> list[float]:
        return [candidate_log_probs(setting.model, [prompt], [[name]])[0][0].log_prob for name in names]

    apart = max(abs(a - b) for a, b in zip(each(), once(), strict=True))
    return {**compare(setting, each, once), "log_probs_differ_by": apart}


def compare(setting: Setting, each: Work, once: Work) -> dict[str, Any]:
    taken = interleave({"each": each, "once": once}, steps=setting.steps)
    return {
        "seconds": {name: summary(values) for name, values in taken.items()},
        "times_faster": ratio(taken["each"], taken["once"]),
    }
