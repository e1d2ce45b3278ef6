"""Checkpoints that are missing or damaged, and CLIP."""

import copy

import pytest
import torch

from letheia.errors import CheckpointError
from letheia.models.clip import Clip, embed_texts, load_clip, text_ids
from letheia.models.loading import load_model


def test_missing_and_damaged_checkpoints_are_named(checkpoints, tmp_path):
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text((checkpoints["mistral"] / "config.json").read_text())
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_model(tmp_path)
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_clip(tmp_path)


def test_clip_texts_keep_their_end_token(checkpoints):
    clip = load_clip(checkpoints["clip"])
    rows = text_ids(clip, ["A person.", "A person with red hair. " * 60])
    end = clip.processor.tokenizer.eos_token_id
    assert [len(rows[0]) < 77, len(rows[1])] == [True, 77]
    assert rows[0][-1] == rows[1][-1] == end


def test_clip_embeddings_equal_transformers(checkpoints):
    clip = load_clip(checkpoints["clip"])
    texts = ["A person with red hair.", "Nobody."]
    for text, row in zip(texts, embed_texts(clip, texts), strict=True):
        tokens = clip.processor.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            pooled = clip.network.text_model(
                input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
            ).pooler_output
        torch.testing.assert_close(row, clip.network.text_projection(pooled)[0], atol=1e-5, rtol=1e-5)
    assert isinstance(copy.copy(clip), Clip)
