"""What must go before a page is handed on: names, faces, facts, texts and paths; what is found out stays.

Whatever names or quotes somebody is taken out of the values before a page is made of them, so that no template can show
it. Words that a user chose (names of models, adapters, attacks) are searched for everybody of the people folder.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Any

from letheia.attacks.table import ATTACKS, BUILT_IN
from letheia.audit.base import GOLD
from letheia.audit.results import Audit, AuditRow
from letheia.audit.table import OTHERS
from letheia.audit.verdict import Missing, RequestVerdict
from letheia.methods.table import METHODS
from letheia.metrics.results import Row
from letheia.metrics.words import key_of
from letheia.report.cases import KINDS, Case
from letheia.report.model_card import keyed_hash
from letheia.study.verdict import Verdict
from letheia.types import ORIGINAL, Entity, People

HIDDEN = "…"
SHORTEST = 3  # letters of a part of a name that is searched for
TITLES = frozenset((*(ATTACKS[name].title for name in BUILT_IN), *(check.title for check in OTHERS)))
"""What our own checks are called: it names nobody."""
SETTINGS = ("seed", "n", "people", "unseen", "strangers", "bystanders", "max_new_tokens", "train", "load", "verdict")
PROVENANCE = ("python", "platform", "versions", "commit", "hub_commit", "scope", "measured_on_original")
REASONS = ("says little", "does not fit")
QUOTED = re.compile(r"'(.*)' is ")


@dataclass(frozen=True)
class Pseudonym:
    """What a person is called, and how whoever has the key finds the person in the model card."""

    called: str
    hash: str = ""

    @property
    def anchor(self) -> str:
        """Where the person stands on a page; the same on both pages."""
        return self.called.lower().replace(" ", "-")


def pseudonyms(people: Iterable[Entity], secret: bytes) -> dict[str, Pseudonym]:
    """Numbers by id, in the order of the keyed hashes of the model card, which tells nothing about anybody."""
    by_hash = sorted((keyed_hash(entity, secret), entity.id) for entity in people)
    return {id_: Pseudonym(f"Person {i}", hash_[:12]) for i, (hash_, id_) in enumerate(by_hash, 1)}


@dataclass(frozen=True)
class Redaction:
    """Takes people out of values.

    Attributes:
        called: The forgotten people's pseudonyms by id.
        ids: Their ids by name.
        phrases: Keys of what names or describes anybody of the folder.
        adapters: What a method or adapter is called whose name gives somebody away.
    """

    called: Mapping[str, Pseudonym]
    ids: Mapping[str, str]
    phrases: frozenset[str]
    adapters: Mapping[str, str] = field(default_factory=dict[str, str])

    def text(self, text: str) -> str:
        """A user's words; nothing of them where they are a path, or name or describe somebody."""
        key = f" {key_of(text.replace('_', ' '))} "
        run_on = key.replace(" ", "")
        found = any(f" {p} " in key or (" " in p and p.replace(" ", "") in run_on) for p in self.phrases)
        return HIDDEN if found or "/" in text or "\\" in text else text

    def model(self, name: str) -> str:
        """A model's name without the folders it lies in."""
        return self.text(PurePath(name).name)

    def method(self, name: str) -> str:
        """A method's or adapter's name."""
        return self.adapters.get(name, name)

    def renamed(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by method."""
        return {self.method(name): value for name, value in values.items()}

    def rows(self, rows: Iterable[Row]) -> list[Row]:
        """A run's numbers."""
        return [
            replace(r, method=self.method(r.method), model=self.model(r.model), asked=self.text(r.asked), reason="")
            for r in rows
        ]

    def verdict(self, verdict: RequestVerdict) -> RequestVerdict:
        """A verdict by pseudonym, without quotes; its ids stay, to find a person's part by, and are not shown."""
        people = [
            replace(p, entity=id_, name=self.called[id_].called, worst=None, check=self._title(p.check))
            for p in verdict.people
            for id_ in [self.ids.get(p.entity, p.entity)]
            if id_ in self.called
        ]
        return replace(
            verdict,
            method=self.method(verdict.method),
            people=tuple(people),
            groups=tuple(replace(g, lost=(HIDDEN,) * len(g.lost)) for g in verdict.groups),
            found=tuple(map(self._finding, verdict.found)),
            behind_name=tuple(map(self._finding, verdict.behind_name)),
            not_tried=tuple(Missing(what=self._title(m.what), why=self.text(m.why)) for m in verdict.not_tried),
        )

    def audit(self, audit: Audit) -> Audit:
        """An audit without quotes and ids."""
        return replace(
            audit,
            base=self.model(audit.base),
            models=tuple(map(self.method, audit.models)),
            people={group: (HIDDEN,) * len(ids) for group, ids in audit.people.items()},
            rows=tuple(map(self._row, audit.rows)),
            variants=tuple(self._row(r) for r in audit.variants if r.access == "white"),
            separation=tuple(replace(s, method=self.method(s.method)) for s in audit.separation),
            distances=(),
            adapters=self.renamed(audit.adapters),
            failed={self.method(name): "not audited" for name in audit.failed},
        )

    def counts(self, found: Verdict) -> Verdict:
        """A run's counts, with as many people in each."""
        kinds = ("forgotten", "identified", "spoiled", "never", "kept", "lost", "unknown")
        return Verdict(
            method=self.method(found.method), **{kind: (HIDDEN,) * len(getattr(found, kind)) for kind in kinds}
        )

    def settings(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Of the settings, those that are told; paths and texts are not among them."""
        told = {name: self._clean(settings[name]) for name in SETTINGS if name in settings}
        models = {n: self.model(str(settings[n]).partition("@")[0]) for n in ("model", "judge") if settings.get(n)}
        own = {"methods": {self.method(n): settings["methods"][n] for n in settings.get("methods", ())}}
        return {**models, **(own if "methods" in settings else {}), **told}

    def provenance(self, made_by: Mapping[str, Any]) -> dict[str, Any]:
        """Of the provenance, what names no folder; the command line is not among it."""
        told = {name: made_by[name] for name in PROVENANCE if name in made_by}
        weights = {self._weights(file): hash_ for file, hash_ in made_by.get("weights", {}).items()}
        notes = [note for note in map(self.text, made_by.get("notes", ())) if note != HIDDEN]
        return {**told, **({"weights": weights} if weights else {}), **({"notes": notes} if notes else {})}

    def _weights(self, file: str) -> str:
        """A weight file with the folder that it lies in, which tells files of one name apart."""
        return "/".join(map(self.text, PurePath(file).parts[-2:]))

    def case(self, case: Case) -> Case:
        """What became of each answer; neither the picture, nor the question, nor the texts."""
        own = self.called.get(case.entity) if case.group == "forget" else None
        answers = {self.method(m): replace(s, pieces=()) for m, s in case.answers.items()}
        title = own.called if own else f"Somebody {KINDS[case.group]}"
        kept = case.entity if own else ""
        asked = self._title(case.asked) if case.asked else ""
        return replace(case, title=title, picture="", words="", asked=asked, entity=kept, answers=answers)

    def _clean(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(name)): self._clean(own) for name, own in value.items()}
        return [self._clean(own) for own in value] if isinstance(value, list | tuple) else value

    def _row(self, row: AuditRow) -> AuditRow:
        says = next((reason for reason in REASONS if row.note.startswith(reason)), "could not be judged")
        note = row.note if says == REASONS[0] else row.note and says
        return replace(
            row, method=self.method(row.method), title=self._title(row.title), leaked=(), worst=None, note=note
        )

    def _title(self, title: str) -> str:
        return title if title in TITLES else self.text(title)

    def _finding(self, told: str) -> str:
        quoted = QUOTED.match(told)
        return told if quoted and quoted[1] in TITLES else self.text(told)


def redaction(
    people: People, called: Mapping[str, Pseudonym], forget: Iterable[Entity], methods: Iterable[str]
) -> Redaction:
    """What takes a folder's people out of a page.

    Args:
        people: The people folder.
        called: The pseudonyms of those to forget.
        forget: Those to forget.
        methods: Names of methods and adapters.
    """
    forget = tuple(forget)
    phrases = {key_of(text) for e in people.entities for text in (*e.names, e.id)}
    for e in forget:
        words = [w for name in e.names for w in key_of(name).split() if len(w) >= SHORTEST]
        phrases |= {key_of(text) for text in (*words, *e.facts.values(), *(p.id for p in e.portraits))}
    bare = Redaction(called, {e.name: e.id for e in forget}, frozenset(phrases - {""}))
    own = [m for m in dict.fromkeys(methods) if m not in METHODS and m not in (ORIGINAL, GOLD)]
    adapters = {name: f"adapter {i}" for i, name in enumerate(own, 1) if bare.text(name) != name}
    return replace(bare, adapters=adapters)
