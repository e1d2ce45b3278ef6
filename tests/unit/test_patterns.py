"""Patterns of tokenizers: those in use pass, those with more ways to match than atoms do not."""

import pytest

from letheia.models.patterns import endless, repeats_choices

USED = (
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",  # GPT-2
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+",  # Llama 3
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{M}]*[\p{Ll}\p{M}]+(?i:'s|'t)?|\p{N}{1,3}|[^\s\p{L}\p{N}]+[\r\n/]*|\s+(?!\S)",  # o200k
    r" ?[^(\s|[.,!?…。，、।۔،])]+",  # BLOOM
    r"<\|startoftext\|>|<\|endoftext\|>|'s|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",  # CLIP
    r" {2,}",  # sentencepiece
    r"[^\]\\)]+(?:a|b){1,3}(?:c|d)?",
)
BOMBS = (r"(a+)+$", r"(a|aa)+$", r"((a*))*b", r"(?:x[^)]*){2,}", r"(?:\p{L}+ ?)*!", r"((a|b){1,3})+", r"(a+){1,99}b")


@pytest.mark.parametrize("pattern", USED)
def test_patterns_in_use_pass(pattern):
    assert not repeats_choices(pattern)


@pytest.mark.parametrize("pattern", BOMBS)
def test_bombs_are_found_wherever_they_stand(pattern):
    assert repeats_choices(pattern)
    split = {"type": "Split", "pattern": {"Regex": pattern}}
    assert endless({"pre_tokenizer": {"type": "Sequence", "pretokenizers": [split]}}) == pattern
    assert not endless({"model": {"vocab": {"Regex": pattern}}})


def test_a_pattern_longer_than_any():
    assert endless({"decoder": {"Regex": "a" * 10_001}}) and not endless({"decoder": {"Regex": "a" * 10_000}})
