"""Patterns in a tokenizer's file: its engine tries every way to match, and some patterns have more ways than atoms."""

import re
from collections.abc import Iterator
from typing import Any

PARTS = ("normalizer", "pre_tokenizer", "post_processor", "decoder")
"""Where a tokenizer's file has patterns."""
LONGEST = 10_000
_TOKEN = re.compile(r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\(|\)|\||[+*]|\{\d+,(\d*)\}|.", re.DOTALL)
FEW = 10  # repetitions that cost little


def endless(tokenizer: dict[str, Any]) -> str:
    """A pattern of a tokenizer that may take for ever; empty where there is none.

    Args:
        tokenizer: What `tokenizer.json` says.
    """
    found = (p for part in PARTS for p in _patterns(tokenizer.get(part)))
    return next((p for p in found if len(p) > LONGEST or repeats_choices(p)), "")


def repeats_choices(pattern: str) -> bool:
    r"""Whether a group that may be repeated without end holds another repetition, or a choice.

    Only then can a text be matched in a number of ways that grows exponentially with its length. No tokenizer that is
    known needs it.

    >>> [repeats_choices(p) for p in (r"(a+)+$", r"(?:a|aa)*b", r"(?i:'s|'t)|[^\r\n]?\p{L}+|\s+(?!\S)")]
    [True, True, False]
    """
    open_groups: list[bool] = []  # by open group, whether it holds a repetition or a choice
    closed = False  # whether the group that has just been closed does
    for token in _TOKEN.finditer(pattern):
        text, most = token[0], token[1]
        repeated = text in ("+", "*") or (most is not None and (not most or int(most) > FEW))
        if repeated and closed:
            return True
        closed = text == ")" and bool(open_groups) and open_groups.pop()
        if text == "(":
            open_groups.append(False)
        elif open_groups and (repeated or text == "|" or closed):
            open_groups[-1] = True
    return False


def _patterns(value: Any) -> Iterator[str]:
    """Every pattern in a part, wherever it stands."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "Regex" and isinstance(inner, str):
                yield inner
            else:
                yield from _patterns(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _patterns(inner)
