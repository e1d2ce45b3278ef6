"""How likely texts are under the original: the numbers behind the label *garbled* (`metrics/language.py`)."""

from collections.abc import Sequence
from dataclasses import replace

from letheia.errors import DataError
from letheia.metrics.aftermath import is_repetitive
from letheia.metrics.chance import evenly
from letheia.metrics.language import (
    COVERED,
    Language,
    Likelihood,
    Yardstick,
    judge,
    known_language,
    spans,
    with_floor,
    words,
)
from letheia.models.encoding import Encoded
from letheia.models.log_probs import encode_example, log_probs
from letheia.models.model import Model, evaluating
from letheia.models.precision import own_precision
from letheia.prompts.prompt_set import PromptSet
from letheia.types import Entity, Example, Generation, People

TOKENS = 8192  # of rows that are computed at once
REFERENCES = 48  # original's answers, and as many texts of the folder, that the floor rests on


def likelihoods(model: Model, examples: Sequence[Example]) -> list[Likelihood | None]:
    """How likely the model finds each text, given its picture and its question.

    Args:
        model: The original: no adapter may be on.
        examples: Texts as answers.

    Returns:
        None for a text that can't be read: without a word, too long, or with the model's own signs in it.
    """
    encoded = {i: e for i, x in enumerate(examples) if (e := _encoded(model, x))}
    model.load_pictures([examples[i].portrait for i in encoded])
    found: list[Likelihood | None] = [None] * len(examples)
    left = sorted(encoded, key=lambda i: len(encoded[i].ids))
    with evaluating(model.network), own_precision(model):
        while left:
            rows = max(1, TOKENS // len(encoded[left[-1]].ids))
            part, left = left[-rows:], left[:-rows]
            read = log_probs(model, [examples[i] for i in part])
            for row, i in enumerate(part):
                found[i] = _likelihood(model, encoded[i], read.log_probs[read.answer == row].tolist())
    return found


def _encoded(model: Model, example: Example) -> Encoded | None:
    if not words(example.answer):
        return None
    try:
        return encode_example(model, example)
    except DataError:
        return None


def _likelihood(model: Model, encoded: Encoded, log_probs: Sequence[float]) -> Likelihood | None:
    """By words: a token belongs to the word that its text reaches into."""
    decode = model.processor.tokenizer.decode
    ids = encoded.answer[:-1]  # the end is no word
    ends = [len(decode(ids[: n + 1], skip_special_tokens=True)) for n in range(len(ids))]
    text = decode(ids, skip_special_tokens=True)
    tokens = list(zip([0, *ends[:-1]], ends, log_probs[:-1], strict=True))
    lowest = [
        min((value for start, end, value in tokens if start < right and end > left), default=0.0)
        for left, right in spans(text)
    ]
    if not lowest:
        return None
    return Likelihood(words(text), tuple(lowest), sum(log_probs) / len(log_probs))


def yardstick(model: Model, people: People, answers: Sequence[Generation], prompts: PromptSet) -> Yardstick | None:
    """The yardstick for answers about these people.

    Args:
        model: The original: no adapter may be on.
        people: The folder; its texts are known to be language.
        answers: The original's own answers.
        prompts: The study's; its refusals are known to be language too.

    Returns:
        None where there are too few texts to judge by.
    """
    known: dict[str, list[str]] = {e.id: _texts(e) for e in people.entities}
    for a in answers:
        known.setdefault(a.entity or a.portrait, []).append(a.answer)
    known |= {f"refusal {i}": [line] for i, line in enumerate(prompts.refusals)}
    found = known_language(known)
    if found.coverage >= COVERED:
        return found
    read = likelihoods(model, _misplaced(people, answers))
    return with_floor(found, [r.mean for r in read if r])


def _misplaced(people: People, answers: Sequence[Generation]) -> list[Example]:
    """The original's answers and the folder's texts, each beside the picture and question of another person."""
    texts = [(a.entity or a.portrait, a.answer) for a in evenly(answers, REFERENCES)]
    texts += evenly([(e.id, t) for e in people.entities for t in _texts(e)], REFERENCES)
    found: list[Example] = []
    for i, (who, text) in enumerate(texts):
        order = (answers[(i + 1 + k) % len(answers)] for k in range(len(answers)))
        place = next((a for a in order if (a.entity or a.portrait) != who), None)
        if place:
            found.append(replace(as_examples(people, [place])[0], answer=text))
    return found


def _texts(entity: Entity) -> list[str]:
    return [t for t in (entity.summary, *entity.responses) if t]


def as_examples(people: People, answers: Sequence[Generation]) -> list[Example]:
    """Answers as examples, for `garbled`."""
    portraits = people.portraits
    return [Example(portrait=portraits[a.portrait], question=a.question, answer=a.answer, key="") for a in answers]


def garbled(model: Model, examples: Sequence[Example], by: Yardstick | None, prompts: PromptSet) -> list[Language]:
    """Whether each text is garbled, and why.

    Texts that repeat themselves have a label of their own and are not read. A text that is garbled as an answer to its
    question is read again as one under the guidance prompt, which is what a model that forgot is to sound like;
    language in either is language.

    Args:
        model: The original: no adapter may be on.
        examples: Texts as answers about somebody, whoever gave them.
        by: The yardstick.
        prompts: The study's, for its guidance.
    """
    if by is None:
        return [Language(None, "too few texts of the original to tell language by")] * len(examples)
    found = [Language(False, "known words in a known order")] * len(examples)
    left = [i for i, x in enumerate(examples) if by.doubtful(x.answer) and not is_repetitive(x.answer)]
    for reading in (list(examples), [_guided(x, prompts) for x in examples]):
        read = likelihoods(model, [reading[i] for i in left])
        for i, r in zip(left, read, strict=True):
            found[i] = judge(r, by)
        left = [i for i in left if found[i].garbled]
    return found


def _guided(example: Example, prompts: PromptSet) -> Example:
    question = prompts.with_guidance(example.question, example.portrait)
    return replace(example, question=question)
