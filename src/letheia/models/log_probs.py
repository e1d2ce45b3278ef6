"""Log-probabilities of answers, at answer tokens only: each answer in its own row, or answers that share a picture.

The first way is plain and the oracle of the second's tests. The second pays for a picture and its questions once a row
however many answers follow, and gives the same numbers (`models/branches.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import cross_entropy, pad
from torch.utils.checkpoint import checkpoint
from transformers.modeling_outputs import BaseModelOutputWithPast

from letheia.errors import DataError
from letheia.models.branches import Branch, Tree, in_common, pack
from letheia.models.encoding import Encoded, encode
from letheia.models.masks import branch_mask, row_mask
from letheia.models.model import Model
from letheia.models.tree_attention import TREE
from letheia.types import Example, Portrait

KEPT = 512  # encoded examples; a step needs each twice, a study a response again and again
CHUNK = 2**26
"""Logits at once; as float32 numbers a quarter of a gibibyte, and as much again for their gradient."""


@dataclass(frozen=True)
class AnswerLogProbs:
    """Log-probabilities of a batch of answers.

    Attributes:
        log_probs: log p(token | everything before it), at least float32, answers one after the other.
        answer: Which answer each token belongs to.
        every: Log-probabilities of the whole vocabulary in each token's place, where asked for.
        states: What each layer leaves where the token is predicted, at least float32, where asked for.
    """

    log_probs: Float[Tensor, " tokens"]
    answer: Int[Tensor, " tokens"]
    every: Float[Tensor, "tokens vocab"] | None = None
    states: Float[Tensor, "tokens layers hidden"] | None = None

    def of(self, answers: Sequence[int]) -> "AnswerLogProbs":
        """The tokens of some of the answers, numbered anew."""
        number = torch.full((int(self.answer.max()) + 1,), -1, device=self.answer.device)
        number[torch.tensor(answers, device=number.device)] = torch.arange(len(answers), device=number.device)
        found = number[self.answer]
        kept = found >= 0
        every, states = (None if t is None else t[kept] for t in (self.every, self.states))
        return AnswerLogProbs(self.log_probs[kept], found[kept], every, states)


def encode_example(model: Model, example: Example) -> Encoded:
    """Token ids of an example.

    Raises:
        DataError: It does not fit into the model's context; answers are never cut.
    """
    key = (example.portrait.file, example.question, example.answer, example.finished, example.prefix, example.whole)
    if key not in model.encoded:
        if len(model.encoded) >= KEPT:
            model.encoded.clear()
        picture = model.picture(example.portrait).text
        found = encode(
            model.processor,
            example.question,
            example.answer,
            picture=picture,
            ends=model.ends,
            finished=example.finished,
            prefix=example.prefix,
        )
        # one token behind the picture starts the rest, as a prompt's last token starts its answer
        model.encoded[key] = replace(found, answer_start=_seen(model, found.prompt) + 1) if example.whole else found
    encoded = model.encoded[key]
    if len(encoded.ids) > model.context:
        where = example.portrait.file if example.portrait.shown else repr(example.question[:60])
        raise DataError(
            f"{where}: picture, question and answer take {len(encoded.ids)} tokens, "
            f"the model reads {model.context}. Shorten the response."
        )
    return encoded


def row_tokens(encoded: Sequence[Encoded]) -> int:
    """Tokens of the row in which answers share what their prompts have in common."""
    return _as_tree(encoded).tokens


def head(model: Model, example: Example) -> tuple[int, ...]:
    """What examples that share a row begin with alike: up to and with the picture, or all of a prompt without one."""
    prompt = encode_example(model, example).prompt
    return prompt[: _seen(model, prompt)] if example.portrait.shown and model.family.vision else prompt


def _seen(model: Model, prompt: tuple[int, ...]) -> int:
    """How many tokens there are up to and with the picture; without one, the first."""
    token = model.picture_token if model.family.vision else None
    return len(prompt) - prompt[::-1].index(token) if token in prompt else 1


def log_probs(
    model: Model, examples: Sequence[Example], *, every: bool = False, states: bool = False
) -> AnswerLogProbs:
    """Log-probabilities of each example's answer, end token included; differentiable.

    Args:
        model: The model, adapter on or off as it is.
        examples: At least one example.
        every: Those of the whole vocabulary too.
        states: Hidden states too.
    """
    encoded = [encode_example(model, e) for e in examples]
    length = max(len(e.ids) for e in encoded)
    ids = torch.tensor([[*e.ids, *[model.pad] * (length - len(e.ids))] for e in encoded], device=model.device)
    real = torch.tensor([[1] * len(e.ids) + [0] * (length - len(e.ids)) for e in encoded], device=model.device)
    embeddings = embed(model, ids, examples)
    read = model.language_model(
        inputs_embeds=embeddings,
        attention_mask=row_mask(model, embeddings, ids, real),
        position_ids=_positions(model, encoded, examples).to(model.device),
        use_cache=False,
        output_hidden_states=states,
    )
    trained = [(r, i) for r, e in enumerate(encoded) for i in range(e.answer_start, len(e.ids))]
    row, at = torch.tensor(trained, device=model.device).unbind(1)
    found = _read(model, read.last_hidden_state[row, at - 1], ids[row, at], row, every=every)
    return replace(found, states=_states(read, row, at - 1)) if states else found


def shared_log_probs(
    model: Model, groups: Sequence[Sequence[Example]], *, every: bool = False, states: bool = False
) -> AnswerLogProbs:
    """The same for groups of answers on a picture each: one row per group, what prompts have in common once.

    Args:
        model: The model, adapter on or off as it is.
        groups: Examples with the same `head` in each group.
        every: Those of the whole vocabulary too.
        states: Hidden states too.

    Returns:
        Answers numbered through all groups.
    """
    trees = [_tree(model, group) for group in groups]
    return tree_log_probs(model, trees, [group[0].portrait for group in groups], every=every, states=states)


def tree_log_probs(
    model: Model, trees: Sequence[Tree], portraits: Sequence[Portrait], *, every: bool = False, states: bool = False
) -> AnswerLogProbs:
    """Log-probabilities of what branches say, a row a tree.

    Args:
        model: The model, adapter on or off as it is.
        trees: At least one tree.
        portraits: The pictures of the rows that have one.
        every: Those of the whole vocabulary too.
        states: Hidden states too.
    """
    packed = pack(trees, pad=model.pad).to(model.device)
    config = model.network.config.get_text_config()
    in_parts = config._attn_implementation == TREE and not model.family.bidirectional
    embeddings = model.with_pictures(model.network.get_input_embeddings()(packed.ids), packed.ids, portraits)
    read = model.language_model(
        inputs_embeds=embeddings,
        attention_mask=branch_mask(model, packed, embeddings.dtype),
        position_ids=packed.positions,
        use_cache=False,
        output_hidden_states=states,
        **({"shared": min(len(tree.prefix) for tree in trees)} if in_parts else {}),
    )
    found = _read(model, read.last_hidden_state[packed.row, packed.at], packed.target, packed.branch, every=every)
    return replace(found, states=_states(read, packed.row, packed.at)) if states else found


def _tree(model: Model, group: Sequence[Example]) -> Tree:
    tree = _as_tree([encode_example(model, e) for e in group])
    return replace(tree, positions=model.positions(tree.prefix, group[0].portrait))


def _as_tree(encoded: Sequence[Encoded]) -> Tree:
    """What all prompts begin with, each question once behind it, and answers behind their questions.

    A prompt's last token predicts its answers' first, and so starts every answer.
    """
    prompts = [e.prompt[:-1] for e in encoded]
    shared = in_common(prompts)
    branches: list[Branch] = []
    questions: dict[tuple[int, ...], int | None] = {(): None}
    for e in encoded:
        question = e.prompt[shared:-1]
        if question not in questions:
            questions[question] = len(branches)
            branches.append(Branch(question, len(question), shared))
        branches.append(Branch(e.ids[e.answer_start - 1 :], 1, shared, questions[question]))
    return Tree(prompts[0][:shared], tuple(branches))


def _positions(model: Model, encoded: Sequence[Encoded], examples: Sequence[Example]) -> Int[Tensor, "*axes rows seq"]:
    """Positions of rows that are padded on the right."""
    rows = [model.positions(e.ids, x.portrait) for e, x in zip(encoded, examples, strict=True)]
    length = max(r.shape[1] for r in rows)
    positions = torch.stack([pad(r, (0, length - r.shape[1])) for r in rows], 1)
    return positions if len(positions) > 1 else positions[0]


def _read(
    model: Model,
    hidden: Float[Tensor, "tokens hidden"],
    target: Int[Tensor, " tokens"],
    answer: Int[Tensor, " tokens"],
    *,
    every: bool,
) -> AnswerLogProbs:
    """Log-probabilities from what the last layer left before each token of an answer."""
    if every:
        all_of_them = _logits(model, hidden).log_softmax(1)
        return AnswerLogProbs(all_of_them.gather(1, target[:, None])[:, 0], answer, all_of_them)
    size = max(1, CHUNK // model.network.config.get_text_config().vocab_size)
    parts = list(zip(hidden.split(size), target.split(size), strict=True))
    if len(parts) == 1:
        return AnswerLogProbs(_token_log_probs(model, hidden, target), answer)
    # a part's logits are made again for the gradient, so that those of one part are there at a time
    found = [checkpoint(_token_log_probs, model, *part, use_reentrant=False) for part in parts]
    return AnswerLogProbs(torch.cat(found), answer)


def _states(
    read: BaseModelOutputWithPast, row: Int[Tensor, " tokens"], at: Int[Tensor, " tokens"]
) -> Float[Tensor, "tokens layers hidden"]:
    """What each layer leaves at some places of some rows."""
    assert read.hidden_states
    found = torch.stack([layer[row, at] for layer in read.hidden_states[1:]], 1)
    return found.to(torch.promote_types(found.dtype, torch.float32))


def _token_log_probs(
    model: Model, hidden: Float[Tensor, "tokens hidden"], target: Int[Tensor, " tokens"]
) -> Float[Tensor, " tokens"]:
    return -cross_entropy(_logits(model, hidden), target, reduction="none")


def _logits(model: Model, hidden: Float[Tensor, "tokens hidden"]) -> Float[Tensor, "tokens vocab"]:
    """What the head gives, at least in float32."""
    logits = model.network.lm_head(hidden)
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def embed(model: Model, ids: Int[Tensor, "rows seq"], examples: Sequence[Example]) -> Float[Tensor, "rows seq hidden"]:
    """Token embeddings with each row's picture put in place of its placeholders."""
    embeddings = model.network.get_input_embeddings()(ids)
    return model.with_pictures(embeddings, ids, [e.portrait for e in examples])
