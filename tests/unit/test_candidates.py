"""The probability of given texts, in one row, equals a row for each through the whole network."""

from pathlib import Path

import pytest
import torch

import families
from letheia.errors import DataError
from letheia.models import candidates as own
from letheia.models.candidates import candidate_log_probs
from letheia.models.loading import load_model
from letheia.models.reading import encoded_prompt
from letheia.types import Portrait, Prompt
from samples import corpus

NAMES = (" Una Varga", " Bo", " Una Lind, a painter from the north", ", I think, nobody", "ful")


def plain(model, prompt, text):
    """The oracle: one row, read from left to right, all logits."""
    before = encoded_prompt(model, prompt)
    ids = encoded_prompt(
        model, Prompt(prompt.question, prompt.portrait, prefix=prompt.prefix + text, turns=prompt.turns)
    )
    start = next((i for i, (a, b) in enumerate(zip(before, ids, strict=False)) if a != b), len(before))
    row = torch.tensor([ids])
    embeddings = model.network.get_input_embeddings()(row)
    embeddings = model.with_pictures(embeddings, row, [prompt.portrait] if prompt.portrait else [])
    positions = model.positions(ids, prompt.portrait)[:, None]
    extra = {"attention_mask": own_mask(model, embeddings, row)} if model.family.bidirectional else {}
    hidden = model.language_model(
        inputs_embeds=embeddings, position_ids=positions if len(positions) > 1 else positions[0], **extra
    ).last_hidden_state
    logits = model.network.lm_head(hidden)[0].log_softmax(-1)
    at = torch.arange(start, len(ids))
    return logits[at - 1, row[0, at]]


def own_mask(model, embeddings, row):
    return model.network.create_masks_for_generate(
        config=model.network.config, inputs_embeds=embeddings, attention_mask=torch.ones_like(row),
        past_key_values=None, position_ids=None, token_type_ids=(row == model.picture_token).long(),
    )  # fmt: skip


def asked(portrait):
    named = Portrait(id="words", file=Path(), entity="", role="seen", words="Who is Una Varga?")
    return [
        Prompt("Who is this?", portrait, prefix="This is"),
        Prompt("Who is this?", portrait),
        Prompt("Is it Una?", portrait, prefix="I say", turns=(("Who is this?", "A poet."),)),
        Prompt(named.words, named, prefix="They are"),
        Prompt("Who is Una Varga?", prefix="She is"),
    ]


def compare(model, prompts):
    with torch.no_grad():
        found = candidate_log_probs(model, prompts, [NAMES] * len(prompts))
        for prompt, row in zip(prompts, found, strict=True):
            for text, candidate in zip(NAMES, row, strict=True):
                wanted = plain(model, prompt, text)
                torch.testing.assert_close(torch.tensor(candidate.log_probs), wanted, atol=2e-5, rtol=1e-5)
                assert candidate.log_prob == pytest.approx(wanted.sum().item(), abs=1e-4)
                assert candidate.mean == pytest.approx(wanted.mean().item(), abs=1e-4)


def test_candidates_equal_rows_of_their_own(either_model, people):
    compare(either_model, asked(people.entities[0].portraits[0]))


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gemma3", "qwen2_vl", "llava", "idefics3"])
def test_candidates_of_other_families(family, people, world, tmp_path):
    compare(load_model(families.make(family, tmp_path / family, corpus(world))), asked(people.entities[0].portraits[0]))


def test_sixty_four_candidates_take_one_row(model, people, monkeypatch):
    rows = []
    whole = own.tree_log_probs

    def counted(model, trees, portraits):
        rows.append(len(trees))
        return whole(model, trees, portraits)

    monkeypatch.setattr(own, "tree_log_probs", counted)
    prompt, texts = (
        Prompt("Who is this?", people.entities[0].portraits[0], prefix="This is"),
        [f" Una {i}" for i in range(65)],
    )
    found = candidate_log_probs(model, [prompt, prompt], [texts[:64], texts])
    assert rows == [1, 1, 1] and [len(each) for each in found] == [64, 65]
    torch.testing.assert_close(found[0][9].log_probs, found[1][9].log_probs, atol=2e-5, rtol=1e-5)
    assert candidate_log_probs(model, [prompt], [[]]) == [[]]


def test_candidates_that_can_not_be_scored(model):
    for text, told in (("", "adds nothing"), (" word" * 1200, "Shorten it")):
        with pytest.raises(DataError, match=told):
            candidate_log_probs(model, [Prompt("Who?", prefix="This is")], [[" Una", text]])
