"""The ways in which a name can be written, and who is meant by one.

How a name counts:

- A full name or an alias counts in any spelling that `words` holds for the same, in any case.
- A name of one word needs its capital, unless the text has no capitals at all.
- A name made of ordinary words only (Will, Rose, The Boulder) counts where each word has its capital and not all of
  them begin a sentence, a line or a point of a list; or where the text is nothing but the name. Ordinary are numbers,
  words of one or two letters, those listed in `ordinary.txt`, and those that the folder's texts write in lower case.
- A shorter or turned form (without title, initials, Jr. or middle names; family name first) counts with its capitals,
  unless it is somebody else's name.
- A family name alone counts with its capital where it is distinctive: no ordinary word, in no name, summary or fact of
  anybody else in the folder, and not part of a longer name that is not the person's.
- In scripts without blanks between words a name counts wherever its characters stand; one of a single character can't
  be told from the word that it is, and never counts.
- "I don't know NAME" does not tell the name.

- A whole name counts in the cases of German and of Slavic languages (`inflected`), with its capitals, unless it is
  somebody else's name. Other inflected names (Finnish and Latin ones, say) are not seen.
"""

import difflib
import re
from collections.abc import Iterable, Sequence

from letheia.errors import DataError
from letheia.metrics.inflected import inflected
from letheia.metrics.matcher import PARTICLES, SUFFIXES, TITLES, Form, capitals_of, gaps_of
from letheia.metrics.words import DIVIDED, JOINED, Word, fold, is_ordinary, key_of, plain, words_in
from letheia.types import Entity, People

_BRACKET = re.compile(r"\s*\([^()]*\)")


def name_forms(name: str, owner: str, common: frozenset[str] = frozenset()) -> list[Form]:
    """The ways to write a name, without the family name alone.

    >>> sorted({" ".join(f.keys) for f in name_forms("Bo T. Lind Jr.", "bo")})
    ['bo lind', 'bo t lind', 'bo t lind jr', 'botlindjr', 'lind bo', 'lind bo t']
    """
    parts = _parts(name)
    if not any(parts) or (len(parts) == 1 and len(parts[0]) == 1 and parts[0][0].sign):
        return []
    forms = [_form(name, owner, words, common, exact=True) for words in _spellings(parts)]
    core = _core(parts)
    if len(core) > 1:
        last = len(core) - 1
        while last > 1 and _is_particle(core[last - 1]):
            last -= 1
        middle = [p for p in core[1:last] if len(p) > 1 or len(p[0].key) > 1]
        shorter = (core, [core[0], *middle, *core[last:]], [core[0], *core[last:]], [core[0], core[-1]])
        turned = ([core[-1], *core[:-1]], [*core[last:], *core[:last]], [core[-1], core[0]])
        forms += [_form(name, owner, _flat(some), common, exact=False) for some in shorter]
        whole_names = (_flat(core), [*core[0], *core[-1]])
        forms += [_form(name, owner, w, common, exact=False) for some in whole_names for w in inflected(some)]
        forms += [
            _form(name, owner, [w._replace(gap=DIVIDED) for w in _flat(some)], common, exact=False) for some in turned
        ]
    whole = {f.keys for f in forms if f.exact}
    return [f for f in forms if f.exact or f.keys not in whole]


def family_forms(name: str, owner: str) -> list[Form]:
    """The family name alone, for names of several words; the folder decides whether only one person has it."""
    core = _core(_parts(name))
    if len(core) < 2 or any(w.sign for w in core[-1]):
        return []
    bare = core[-1][1:] if core[-1][0].key in PARTICLES else core[-1]
    found: list[Form] = []
    for words in (core[-1], bare):
        keys = tuple(w.key for w in words)
        capitals = tuple(w.text[0].isupper() or len(words) == 1 for w in words)
        found.append(Form(name, keys, gaps_of(words), capitals, owner=owner, exact=False, family=core[0][0].key))
    return found


def find(people: People, name: str) -> Entity:
    """The person of that id, name or alias; if there is none, the person of a name in another spelling.

    Raises:
        DataError: Nobody bears it, and the nearest name is suggested; or several do, and their ids are listed.
    """
    by_id = [e for e in people.entities if e.id == name]
    as_is = by_id or [e for e in people.entities if name in e.names]
    wanted = key_of(name)
    found = as_is or [e for e in people.entities if wanted and wanted in {key_of(n) for n in e.names}]
    if len(found) > 1:
        ids = ", ".join(e.id if e.name == name else f"{e.id} ({e.name})" for e in found)
        raise DataError(f"{people.folder}: {len(found)} people are called '{name}': {ids}. Give the id of one.")
    if found:
        return found[0]
    names = [n for e in people.entities for n in e.names]
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise DataError(f"{people.folder}: nobody is called '{name}'.{hint}")


def _parts(name: str) -> list[list[Word]]:
    """A name's words, those without a blank between them together; 'Varga, Una' is turned round, '(singer)' dropped."""
    bare = _BRACKET.sub("", plain(name)).strip() or plain(name)
    last, comma, first = bare.partition(",")
    if comma and "," not in first and key_of(first) not in SUFFIXES and key_of(first):
        bare = f"{first.strip()} {last.strip()}"
    parts: list[list[Word]] = []
    words = iter(words_in(bare))
    for part in re.split(r"[\s·・‧]+", bare):
        count = len(words_in(part))
        if count:
            parts.append([next(words) for _ in range(count)])
    if parts:
        parts[0][0] = parts[0][0]._replace(gap=JOINED)
    return parts


def _flat(parts: Iterable[Sequence[Word]]) -> list[Word]:
    return [word for part in parts for word in part]


def _core(parts: list[list[Word]]) -> list[list[Word]]:
    """A name without title and suffix."""
    core = parts[1:] if len(parts) > 2 and parts[0][0].key in TITLES else parts
    return core[:-1] if len(core) > 2 and core[-1][0].key in SUFFIXES else core


def _spellings(parts: list[list[Word]]) -> list[list[Word]]:
    """All words; those of a part as one (obrannan); initials as one and apart; all as one (#UnaVarga)."""
    plainly = _flat(parts)
    if any(w.sign for w in plainly):
        return [plainly]
    found = [plainly, [_joined(part) for part in parts], _joined_initials(plainly)]
    if len(parts) > 1 and 1 < len(parts[0][0].text) < 4 and parts[0][0].text.isupper() and len(parts[0]) == 1:
        letters = [parts[0][0]._replace(key=fold(c), spelled=fold(c), text=c) for c in parts[0][0].text]
        found.append([*letters, *plainly[1:]])
    if len(parts) > 1 and sum(len(w.key) for w in plainly) > 7:
        found.append([_joined(plainly)])
    found += [[w._replace(key=w.spelled) for w in words] for words in found]
    return found


def _joined(words: Sequence[Word]) -> Word:
    return words[0]._replace(key="".join(w.key for w in words), spelled="".join(w.spelled for w in words))


def _joined_initials(words: Sequence[Word]) -> list[Word]:
    found: list[Word] = []
    for word in words:
        initials = found and len(word.key) == 1 and len(found[-1].text) == 1
        if initials:
            found[-1] = _joined([found[-1], word])
        else:
            found.append(word)
    return found


def _form(name: str, owner: str, words: Sequence[Word], common: frozenset[str], *, exact: bool) -> Form:
    keys = tuple(w.key for w in words)
    cased = any(w.text.lower() != w.text.upper() for w in words)
    written_together = any(w.gap > JOINED for w in words[1:])  # will.i.am, P!nk
    ordinary = cased and not written_together and all(is_ordinary(k, common) for k in keys)
    alone = len(words) == 1 and fold(words[0].text) == keys[0]
    lower = len(words) > 1 and not any(w.text[0].isupper() for w in words)
    needed = cased and not lower and (ordinary or alone or not exact)
    capitals = capitals_of(words) if needed else ()
    return Form(name, keys, gaps_of(words), capitals, ordinary, owner, exact)


def _is_particle(part: Sequence[Word]) -> bool:
    return all(w.key in PARTICLES for w in part)
