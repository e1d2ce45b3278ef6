"""A text as comparable words: one normalisation for names, facts, attributes, refusals and summaries.

Two spellings of one thing give the same words: composed and decomposed letters, accents (also ł, ø, ß, đ, æ, ı), case,
all apostrophes and hyphens, white space of all kinds, characters without width, Markdown and HTML emphasis.
Chinese, Japanese, Korean, Thai, Lao, Khmer and Burmese set no blanks where words end, so each of their characters is a
word here, and `terms` puts them together to bigrams.
"""

import html
import re
import unicodedata
from functools import cache, lru_cache
from importlib.resources import files
from typing import NamedTuple

JOINED, DASHED, DIVIDED, ENDED = range(4)
"""How far a word stands from the one before it: blank, hyphen, apostrophe or emphasis alone; a dash without blanks; a
comma, quote, bracket or spaced dash; the end of a sentence or paragraph."""

_LETTERS = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "ŧ": "t", "ŋ": "n"}
    | {"ə": "a", "ĸ": "k", "ى": "ي", "ی": "ي", "ک": "ك", "ة": "ه"}
)
_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_ACCENTS = r"\u0300-\u036F\u1AB0-\u1AFF\u1DC0-\u1DFF\u20D0-\u20FF"
_MARKS = re.compile(rf"[{_ACCENTS}\u0653-\u0655]")
_POINTS = re.compile(
    r"[\u0591-\u05C7\u0610-\u061A\u064B-\u0652\u0656-\u065F\u0670\u06D6-\u06ED]"
)  # vowels of Hebrew, Arabic
_SIGNS = {
    **dict.fromkeys(map(ord, "’‘‛ʼʻʹʽ′‵`´՚ꞌ＇"), "'"),
    **dict.fromkeys(map(ord, "‐‑‒–−﹣－⁃־᠆⸗"), "-"),
    0x2028: "\n",
    0x2029: "\n\n",
}
_INVISIBLE = re.compile(
    r"[\u00AD\u034F\u061C\u0640\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFE00-\uFE0F\uFEFF\U000E0000-\U000E0FFF]"
)
_TAG = re.compile(r"</?(?:b|i|em|strong|u|mark|span)(?:\s[^<>]{0,80})?>", re.IGNORECASE)
_BREAK = re.compile(r"</?(?:br|p|li|ul|div|h[1-6])\s*/?>", re.IGNORECASE)
_UNSPACED = (
    r"\u0E01-\u0E3A\u0E40-\u0E4E\u0E81-\u0EDF\u1000-\u109F\u1780-\u17D3\u3005-\u3007\u3041-\u309F\u30A1-\u30FA"
    r"\u30FC-\u30FF\u31F0-\u31FF\u3400-\u9FFF\uAC00-\uD7A3\uF900-\uFAFF\U00020000-\U0003FFFF"
)
_MARK = r"\u0E31\u0E34-\u0E3A\u0E47-\u0E4E\u0EB1\u0EB4-\u0EBC\u0EC8-\u0ECE\u102B-\u103E\u1056-\u1059\u17B6-\u17D3\u30FC"
_WORD = re.compile(
    rf"(?P<sign>[{_UNSPACED}][{_MARK}]*)|[^\W_{_UNSPACED}](?:(?![{_UNSPACED}])(?:[^\W_]|[{_ACCENTS}\u0653-\u0655\u0900-\u0963\u0966-\u0DFF]))*"
)
_KATAKANA, _HANGUL = re.compile(r"[\u30A1-\u30FA\u31F0-\u31FF]"), re.compile(r"[\uAC00-\uD7A3]")
_SHORT = frozenset({"jr", "sr", "st", "dr", "mr", "mrs", "ms", "prof"})
_END = re.compile(r"[.!?:;。…।؟۔|•●▪◦‣⁇]|\n\s*(?:\n|[-*+>#]\s)")
_DIVISION = re.compile(r"[,、،؛()\[\]{}\"“”„«»‹›「」『』《》〈〉【】/\\]|\s-+\s|^-{2,}|(?<!\S)'|'(?!\S)")
_OPENING = re.compile(r"[\"“„«‹「『(\[']")


class Word(NamedTuple):
    """A word of a text.

    Attributes:
        key: What is compared.
        spelled: The key with ä as ae, ü as ue and so on; the same as `key` where there is none.
        text: The word as written.
        gap: How far it stands from the word before: JOINED, DASHED, DIVIDED or ENDED.
        capital: Whether it begins with a capital that says something, or its script has none.
        opens: Whether it begins a sentence, a line or a point of a list.
        sign: Whether it is one character of a script that sets no blanks between words.
        follows: Whether such a character stands right after another one.
        inside: Whether a phrase can't begin here: within a word of Korean or of Japanese katakana.
    """

    key: str
    spelled: str
    text: str
    gap: int
    capital: bool
    opens: bool
    sign: bool
    follows: bool
    inside: bool

    @property
    def katakana(self) -> bool:
        """Whether it is a character of Japanese katakana."""
        return bool(_KATAKANA.match(self.key))


@lru_cache(maxsize=256)
def words_in(text: str) -> tuple[Word, ...]:
    """The words of a text.

    >>> [w.key for w in words_in("**Zoë** O’Brannan-Łuk, J.K.")]
    ['zoe', 'o', 'brannan', 'luk', 'j', 'k']
    """
    text = plain(text)
    shouted = text.upper() == text
    found: list[Word] = []
    end = 0
    for match in _WORD.finditer(text):
        word, between = match.group(), text[end : match.start()]
        last = found[-1] if found else None
        gap = _gap(between, last)
        sign = match["sign"] is not None
        follows = sign and not between and last is not None and last.sign
        found.append(
            Word(
                key=fold(word),
                spelled=fold(word if word.isascii() else word.casefold().translate(_SPELLED)),
                text=word,
                gap=gap,
                capital=not word[0].islower() and not (shouted and word[0].isupper()),
                opens=_opens(between, gap, last),
                sign=sign,
                follows=follows,
                inside=follows and last is not None and _same_run(last.text, word),
            )
        )
        end = match.end()
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def key_of(text: str) -> str:
    """A text's key: equal for spellings of the same thing.

    >>> key_of("J. K.  Müller") == key_of("j.k. Mu\u0308ller")
    True
    """
    return " ".join(w.key for w in words_in(text))


@lru_cache(maxsize=256)
def terms(text: str) -> tuple[str, ...]:
    """The units that a text is counted by: words, or bigrams of characters in scripts without blanks between words.

    >>> terms("A poet, 李安然")
    ('a', 'poet', '李安', '安然')
    """
    bare = plain(text)
    if bare.isascii():
        return tuple(match.group().lower() for match in _WORD.finditer(bare))
    found: list[str] = []
    words = words_in(text)
    for i, word in enumerate(words):
        if not word.sign:
            found.append(word.key)
        elif word.follows:
            found.append(words[i - 1].key + word.key)
        elif i + 1 == len(words) or not words[i + 1].follows:
            found.append(word.key)
    return tuple(found)


def plain(text: str) -> str:
    """A text with one kind of apostrophe, hyphen and blank, and without emphasis and characters that have no width."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _BREAK.sub("\n\n", _TAG.sub("", text))
    if text.isascii():
        return text.replace("`", "'").replace("\r\n", "\n")
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text).translate(_SIGNS))
    text = unicodedata.normalize("NFKC", text).translate(_SIGNS).replace("\r\n", "\n")
    return _POINTS.sub("", text)


@lru_cache(maxsize=1 << 16)
def fold(word: str) -> str:
    """A word without case and accents."""
    folded = word.casefold()
    if folded.isascii():
        return folded
    bare = _MARKS.sub("", unicodedata.normalize("NFKD", folded))
    return unicodedata.normalize("NFC", bare.translate(_LETTERS))


@cache
def _ordinary() -> frozenset[str]:
    text = (files("letheia.metrics") / "ordinary.txt").read_text(encoding="utf-8")
    return frozenset(w for line in text.splitlines() if not line.startswith("#") for w in line.split())


def is_ordinary(key: str, common: frozenset[str] = frozenset()) -> bool:
    """Whether a word is also an ordinary word, not only a name.

    Args:
        key: The word.
        common: Further words that count as such: those which the folder writes in lower case.
    """
    listed = _ordinary()
    return len(key) < 3 or key.isdigit() or key in listed or key in common or (key[-1] == "s" and key[:-1] in listed)


def _gap(between: str, last: Word | None) -> int:
    if last is None:
        return ENDED
    if between in {" ", ""}:
        return JOINED
    if _END.search(between) and not _after_initial(between, last):
        return ENDED
    if between not in {"'", "' "} and _DIVISION.search(between):
        return DIVIDED
    return DASHED if "—" in between or "―" in between else JOINED


def _after_initial(between: str, last: Word) -> bool:
    """Whether a dot belongs to an initial or a short form, as in J.-L. and Jr."""
    initial = (len(last.key) == 1 and last.key.isalpha()) or last.key in _SHORT
    return initial and re.sub(r"[ \-*_']", "", between) in {".", ".\n"}


def _opens(between: str, gap: int, last: Word | None) -> bool:
    if last is None or "\n" in between:
        return True
    if gap == ENDED:
        return not (last.key == "name" and ":" in between)
    return gap == DIVIDED and "," in between and bool(_OPENING.search(between))


def _same_run(last: str, word: str) -> bool:
    return any(script.match(last) and script.match(word) for script in (_KATAKANA, _HANGUL))
