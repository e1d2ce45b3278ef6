"""Facts of a person by rules: the phrasings of `phrasings.py` found in an English summary. Pure, and works offline."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from letheia.data.facts import phrasings as say
from letheia.data.facts import words
from letheia.types import Entity


@dataclass(frozen=True, kw_only=True)
class Found:
    """A fact in a summary.

    Attributes:
        kind: Such as `birthplace`.
        phrase: The fact, as it stands in the summary.
        text: The words that it came from.
        of: For the year of an award, the award.
    """

    kind: str
    phrase: str
    text: str
    of: str = ""


LONGEST = 800  # characters of a sentence that are read
Part = tuple[str, str]
"""A kind and a phrase."""
SUBJECT = rf"(?<![\w'’-])(?P<who>(?:[Hh]e|[Ss]he|[Tt]hey|(?:{say.CAPITAL} ){{0,5}}{say.CAPITAL}))"
PRONOUNS: Mapping[str, tuple[str, ...]] = {
    "she": ("she", "her", "hers"),
    "he": ("he", "his", "him"),
    "they": ("they", "their", "them"),
}
# may stand before the name at the beginning of a sentence
_OPENERS = "While When After Before In For As Although Though By Later Then Dr Sir Lady Dame Because Since"
_BEFORE = frozenset(_OPENERS.split())
_SENTENCE = re.compile(
    rf"(?<!\b[A-Za-z]\.)(?<!\b(?:St|Dr|Mr|Jr|Sr|Mt)\.)(?<!\bMrs\.)(?<=[.!?])[\s]+(?=[\"“‘(]?{say.UPPER}|\d)"
)
_STOP = re.compile(
    r",? (?:who|whom|whose|which|that|where|when|known|best|chiefly|widely|noted|famous|famed|remembered|renowned|from"
    r"|of|in|at|with|for|on|by|active|working|during|based|born|and (?:is|was|the|one)|but|because|until|after|before"
    r"|against|almost|to|since|as|under|whilst|while|specializing|specialising)\b"
)
_SPLIT = re.compile(r",? and (?:an? |the )?|, (?:an? )?| & |-turned-| turned |/")
_NO_AWARD = re.compile(
    r"\b(?:Battle|War|Universit\w+|College|Senate|Republic|Doctor|Bachelor|Master|Congress|Parliament|Party|House)\b"
)
_SCHOOL = re.compile(rf"\b{say.SCHOOL}")
_HONOUR = re.compile(rf"\b{say.HONOUR}\b")
_LATE = re.compile(rf" (?:in|at|with|for|from|by) {say.UPPER}")
_ADJECTIVE = re.compile(r"(?:al|ic|ive|ous|ful|less|ed|ing|ary|ish|an|ese|ist|ly|ern)$")
_MONTH = re.compile(rf"^{say.MONTH}\b")
_FROM = re.compile("|".join(rf"\b{w}\b" for w in (*words.TWO_WORDS, *sorted(words.DEMONYMS))))


def by_rules(entity: Entity) -> list[Found]:
    """Every fact that the phrasings find in the person's summary, in their order; some may be doubled."""
    sentences = sentences_of(entity.summary)
    if not sentences:
        return []
    opening = sentences[0]
    scopes = ((say.LIFE, [_brackets(opening)]), (say.OPENING, [opening]), (say.ANYWHERE, sentences))
    return [
        fact
        for rows, texts in scopes
        for pattern in _compiled(rows)
        for text in texts
        for match in pattern.finditer(text)
        if _is_about(match, entity)
        for fact in _facts(match, text if rows is say.LIFE else "")
    ]


def sentences_of(text: str) -> list[str]:
    """The sentences of a text, as far as they are read; initials and `St.` end none.

    >>> sentences_of("J. K. Varga was born in St. Ives. She died there.")
    ['J. K. Varga was born in St. Ives.', 'She died there.']
    """
    return [s[:LONGEST] for s in _SENTENCE.split(text.strip()) if s]


@cache
def _compiled(rows: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    pieces = {**say.PIECES, "SUBJECT": SUBJECT}
    return tuple(re.compile(row.format_map(pieces)) for row in rows)


def _brackets(opening: str) -> str:
    """What stands in the first parenthesis, those inside it included."""
    depth, start = 0, opening.find("(")
    for i, letter in enumerate(opening[start:] if start >= 0 else "", start):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return opening[start + 1 : i]
    return ""


def _is_about(match: re.Match[str], entity: Entity) -> bool:
    """Whether the words are about the person: by their subject, or by that of the sentence where they go on."""
    groups = match.groupdict()
    if groups.get("who") is None and groups.get("same") is None:
        return True
    who = groups.get("who") or _first_subject(match.string)
    if who.lower() in PRONOUNS:
        return who.lower() == _pronoun(entity.summary)
    said = [w.strip(".").removesuffix("'s").removesuffix("’s") for w in who.split()]
    while len(said) > 1 and said[0] in _BEFORE:
        said.pop(0)
    own = {w.strip(".,") for name in entity.names for w in name.split()}
    return all(w in own for w in said)


def _first_subject(sentence: str) -> str:
    """The subject behind an opening such as `Born in Lima, she …`, else the sentence's first name or pronoun."""
    opened = re.match(r"[^,;]+(?:, [^,;]+)?, (he|she|they)\b", sentence)
    if opened:
        return opened[1]
    found = (m["who"] for m in re.finditer(SUBJECT, sentence) if m["who"] not in _BEFORE)
    return next(found, "")


@cache
def _pronoun(summary: str) -> str:
    """The pronoun that the summary uses most."""
    used = re.findall(r"\w+", summary.lower())
    counts = {name: sum(used.count(w) for w in forms) for name, forms in PRONOUNS.items()}
    return max(counts, key=lambda name: counts[name])


def _facts(match: re.Match[str], around: str = "") -> Iterator[Found]:
    """The facts of a match, with the words up to them, or those around."""
    award = ""
    groups = [
        (name.partition("__")[0], text)
        for name, text in match.groupdict().items()
        if text and name not in ("who", "same")
    ]
    sure = any(kind == "award_year" for kind, _ in groups) or "award__sure" in match.groupdict()
    for kind, text in sorted(groups, key=lambda group: group[0] == "award_year"):  # the award before its year
        whole, parts = match.group(), _READ.get(kind, _plain(kind))(text)
        end = max((whole.find(phrase) + len(phrase) for _, phrase in parts), default=0)
        end += whole[end : end + 1] in ('"', "”", "’")
        for part, phrase in parts:
            if part == "award" and not (sure or _HONOUR.search(phrase)):
                continue
            award = phrase if part == "award" else award
            if part == "award_year" and not award:
                continue
            yield Found(
                kind=part,
                phrase=phrase,
                text=around or whole[:end].strip(" ,"),
                of=award if part == "award_year" else "",
            )


def _plain(kind: str) -> Callable[[str], list[Part]]:
    return lambda text: [(kind, text.strip(" ,"))]


def _date(which: str) -> Callable[[str], list[Part]]:
    """A date, and its year."""
    return lambda text: [(f"{which}_date", text), (f"{which}_year", text[-4:])]


def _place(kind: str) -> Callable[[str], list[Part]]:
    return lambda text: [] if _MONTH.match(text) or text in words.DEMONYMS else [(kind, text.strip(" ,"))]


def _professions(text: str) -> list[Part]:
    """Nationalities and professions of a phrase such as `Polish and French physicist and chemist who`."""
    text = _STOP.split(f" {text}", maxsplit=1)[0].strip()
    parts: list[Part] = []
    for piece in _SPLIT.split(text):
        nations = [("nationality", n) for n in _FROM.findall(piece)]
        left = [w for w in _FROM.sub(" ", piece).replace("-born", " ").split() if not w.endswith("-")]
        job = _job(left)
        if len([w for w in left if w not in words.LOOSE and w.islower()]) > 1 and not job:
            break
        parts += nations
        if job and job in piece:
            parts.append(("profession", job))
    return parts if any(kind == "profession" for kind, _ in parts) else []


def _job(said: Sequence[str]) -> str:
    """The profession at the end of some words, with the words that belong to it."""
    if not said or not _is_job(said[-1].strip(",")):
        return ""
    kept = [said[-1].strip(",")]
    for word in reversed(said[:-1]):
        if word.lower() in words.LOOSE or not re.fullmatch(r"[a-z][a-z-]+", word):
            break
        if word not in words.COMPOUND and _ADJECTIVE.search(word):
            break
        kept.insert(0, word)
    return "" if kept[0] in words.NEEDS_A_WORD else " ".join(kept)


def _is_job(word: str) -> bool:
    return word in words.JOBS or (word.islower() and word.endswith(words.JOB_ENDINGS))


def _titles(text: str) -> list[Part]:
    """The titles in a list: `The Quiet Tide, Emma and War and Peace`."""
    found = [q[1:-1].strip(" ,.") for q in re.findall(say.QUOTED, text)]
    pieces = re.split(r" \(\d{4}[^)]*\)", re.sub(say.QUOTED, "", text))
    for number, piece in enumerate(pieces, 1):
        items = [item.strip(" ,") for item in re.split(r", (?!and )|(?=, and )", piece)]
        for item in items:
            last = re.sub(r"^(?:and|the) (?=\w)", "", item)
            titles = _parted(last, listed=len(items) > 1 and last == item == items[-1])
            dated = number < len(pieces) and item == items[-1]  # a year behind it says where it ends
            found += titles if dated else map(_shorn, titles)
    return [("work", title) for title in found if _is_title(title)]


def _parted(item: str, *, listed: bool) -> list[str]:
    """Titles joined by `and`: two single words are one title, such as `War and Peace`, unless they end a list."""
    halves = re.split(r",? and (?:the (?=[A-Z]))?", item)
    if len(halves) == 2 and (listed or any(len(half.split()) > 1 for half in halves)):
        return halves
    if len(halves) > 2 and len(halves[-1].split()) == len(halves[-2].split()) == 1:
        return [" and ".join(halves[:-2]), " and ".join(halves[-2:])]
    if len(halves) > 2:
        return [" and ".join(halves[:-1]), halves[-1]]
    return [item]


def _shorn(title: str) -> str:
    """Without a place or a person behind a title that is long enough by itself: `The Quiet Tide in Paris`."""
    title = re.sub(r" of \d{4}$", "", title)
    late = _LATE.search(title)
    if late and sum(w[:1].isupper() for w in title[: late.start()].split() if w not in ("The", "A", "An")) > 1:
        return title[: late.start()]
    return title


def _is_title(title: str) -> bool:
    if len(title) < 3 or title.endswith("ism") or not re.match(rf"{say.UPPER}|\d", title):
        return False
    return not (_HONOUR.search(title) or _MONTH.match(title) or title in words.DEMONYMS)


def _award(text: str) -> list[Part]:
    if len(text.split()) < 2 or _NO_AWARD.search(text) or _FROM.fullmatch(text):
        return []
    return [("award", text)]


def _schools(text: str) -> list[Part]:
    halves = text.split(" and ")
    many = len(halves) > 1 and all(_SCHOOL.search(half) for half in halves)
    return [("education", half) for half in (halves if many else [text])]


_READ: Mapping[str, Callable[[str], list[Part]]] = {
    "profession": _professions,
    "birth_date": _date("birth"),
    "death_date": _date("death"),
    "birthplace": _place("birthplace"),
    "deathplace": _place("deathplace"),
    "team": _place("team"),
    "work": _titles,
    "award": _award,
    "education": _schools,
}
"""How what a phrasing found is read, by kind; any other kind is the phrase itself."""
