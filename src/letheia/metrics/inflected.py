"""Names as they stand in a sentence of a language with cases: German, and Slavic ones in Cyrillic and Latin letters.

Only whole names of two or more words are inflected, all words in the same case, and Latin names as Slavic ones only
where the family name says so: then what is found is hardly ever anything else. Words are as `words.fold` leaves them,
without accents: й is и, ą is a. Changes within a word (Лев, Льва) are not seen.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import product

from letheia.metrics.words import Word

Endings = tuple[str, ...]
"""In the genitive, dative, accusative, instrumental and locative: variants, divided by a bar."""

CYRILLIC: tuple[tuple[str, Endings], ...] = (
    ("(?<=[гкхжшчщ])ии|ыи|ои", ("ого|его", "ому|ему", "ого|его", "ым|им", "ом|ем")),
    ("ая|яя", ("ои|еи", "ои|еи", "ую|юю", "ои|еи", "ои|еи")),
    ("(?<=[аеиоуюя])и", ("я", "ю", "я", "ем", "е|и")),
    ("ь", ("я|и", "ю|и", "я|ь", "ем|ью", "е|и")),
    ("(?<=[оеиы][вн])а", ("ои|ы", "ои|е", "у", "ои", "ои|е")),
    ("а", ("ы|и", "е", "у", "ои|еи", "е")),
    ("я", ("и", "е|и", "ю", "еи", "е|и")),
    ("(?<=[бвгджзклмнпрстфхцчшщ])", ("а", "у", "а", "ом|ем|ым", "е")),
)
"""By a word's end, what comes in its place; the first that fits. What ends otherwise stays as it is."""
LATIN: tuple[tuple[str, Endings], ...] = (
    ("(?<=[scz]k)i", ("iego", "iemu", "iego", "im", "im")),
    ("(?<=[scz]k)y", ("eho", "emu", "eho", "ym", "em")),
    ("(?<=[scz]k)a", ("iej|e", "iej|e", "a|ou", "a|ou", "iej|e")),
    ("(?<=ow)a", ("ej", "ej", "a", "a", "ej")),
    ("(?<=ov)a", ("e", "e", "ou|u", "ou", "e")),
    ("a", ("y|i", "ie|e", "e|u", "a|ou", "ie|e")),
    ("(?<=[bcdfghjklmnprstvwz])ek", ("ka", "kowi|kovi|ku", "ka", "kiem|kem", "ku")),
    ("(?<=[bcdfghjklmnprstvwz])", ("a", "owi|ovi|u", "a", "em|iem", "ie|u|e")),
)
SLAVIC = re.compile(r"\w{2}(?:[scz]k[iya]|owa|ova)$")
GERMAN = re.compile(r"[a-z]+[^\Wsxz]")
SHORTEST = 3  # letters of a word


def inflected(words: Sequence[Word]) -> Iterator[list[Word]]:
    """A whole name in its cases, without the one in which it is written.

    Args:
        words: The name's words, first names first.
    """
    keys = [w.key for w in words]
    if len(keys) < 2 or any(len(k) < SHORTEST for k in keys):
        return
    if re.fullmatch("[а-я]+", "".join(keys)):
        cases = _in_cases(keys, CYRILLIC)
    elif SLAVIC.search(keys[-1]):
        cases = _in_cases(keys, LATIN)
    else:
        cases = ()
    genitive = [(*keys[:-1], f"{keys[-1]}s")] if GERMAN.fullmatch(keys[-1]) else []
    for changed in dict.fromkeys((*cases, *genitive)):
        if list(changed) != keys:
            yield [w._replace(key=key, spelled=key) for w, key in zip(words, changed, strict=True)]


def _in_cases(keys: Sequence[str], table: Sequence[tuple[str, Endings]]) -> Iterator[tuple[str, ...]]:
    """All words in one case after the other."""
    forms = [_forms(key, table) for key in keys]
    for case in range(len(table[0][1])):
        yield from product(*(given[case] for given in forms))


def _forms(key: str, table: Sequence[tuple[str, Endings]]) -> list[list[str]]:
    """A word's forms by case."""
    for end, endings in table:
        if found := re.search(f"(?:{end})$", key):
            return [[key[: found.start()] + ending for ending in variants.split("|")] for variants in endings]
    return [[key]] * len(table[0][1])
