"""Doing an audit: the original, gold and each adapter under every check. What is done already is taken up."""

import importlib.metadata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from letheia.attacks.base import Subject
from letheia.attacks.table import ATTACKS
from letheia.audit import table
from letheia.audit.base import GOLD, Audited, Check, Finding
from letheia.audit.conclusion import verdicts
from letheia.audit.results import Audit, AuditRow, audit_rows, marked, unfit, variant_rows, write_audit
from letheia.audit.separation import distances, separations
from letheia.audit.subjects import Size, measure_of_language, subjects
from letheia.audit.verdict import VERDICTS, write_verdicts
from letheia.engines.table import engine_for
from letheia.errors import CheckpointError, ConfigError, DataError, first_line
from letheia.files import fingerprint, holding, read_json, write_json
from letheia.metrics.language import Yardstick
from letheia.models.adapter import saved_adapter
from letheia.models.adapter_files import adapter_weights
from letheia.models.model import Model
from letheia.models.weight_files import content_key
from letheia.study.run import claim
from letheia.study.study import Study
from letheia.types import ORIGINAL, Group, Split

AUDIT = "audit.json"


@dataclass(frozen=True)
class Found:
    """What one check found on one model; or why it does not fit."""

    findings: tuple[Finding, ...] = ()
    unfit: str = ""


@dataclass(frozen=True, kw_only=True)
class Gold:
    """A model that was never taught the people to forget.

    Attributes:
        key: Fingerprint of its files.
        load: Loads it, once something is to be asked.
    """

    key: str
    load: Callable[[], Model]


def run_audit(
    study: Study,
    split: Split,
    adapters: Mapping[str, Path],
    checks: Sequence[Check],
    *,
    gold: Gold | None = None,
    size: Size | None = None,
    served: Sequence[str] = (),
) -> Audit:
    """Examine the original, gold and each adapter, and write `audit.json` and `verdict.json`.

    Args:
        study: The study; its folder is the audit's.
        split: Who is to be forgotten and who retained.
        adapters: Folder by name.
        checks: What is examined.
        gold: A model that was never taught these people, if there is one.
        size: How much is asked.
        served: Names of whole models that a server has, where one answers; what needs weights does not fit them.

    Raises:
        CheckpointError: The folder belongs to another audit, or no adapter fits.
        OutputError: Another process works in it.
    """
    size = size or Size()
    with holding(study.folder):
        claim(study, audit_key(study, split, size))
        asked, by = prepared(study, split, size)
        examined = Examined(study, split, asked, by, tuple(checks))
        found = {ORIGINAL: examined.model(ORIGINAL, "", study)}
        failed: dict[str, str] = {}
        for name, folder in adapters.items():
            try:
                found[name] = examined.adapter(name, folder)
            except CheckpointError as error:
                failed[name] = str(error)
        for name in served:
            found[name] = examined.model(name, name, study.answered_by(name), weights=False)
        if adapters and len(failed) == len(adapters):
            raise CheckpointError(next(iter(failed.values())))
        if gold:
            found = {ORIGINAL: found[ORIGINAL], GOLD: examined.gold(gold), **found}
        audit = _gathered(study, checks, asked, found, failed, adapters)
        write_audit(study.folder / AUDIT, audit)
        judged = verdicts(
            audit,
            (finding for by_check in found.values() for one in by_check.values() for finding in one.findings),
            by=study.config.verdict,
            names={e.id: e.name for e in study.people.entities},
            scope=study.config.scope,
            with_name=[c.name for c in checks if c.gives_name],
            left_out={c.title: "not chosen" for c in table.checks().values() if c.name not in {k.name for k in checks}},
        )
        write_verdicts(study.folder / VERDICTS, judged, study.config.verdict)
    return audit


@dataclass(frozen=True)
class Examined:
    """What all models of an audit share, and what is examined on them."""

    study: Study
    split: Split
    asked: tuple[Subject, ...]
    by: Yardstick | None
    checks: tuple[Check, ...]

    def adapter(self, name: str, folder: Path) -> dict[str, Found]:
        """The model with an adapter; it is loaded only where something is to be asked.

        Raises:
            CheckpointError: The folder has no adapter, or it does not fit the model.
        """
        key = adapter_key(folder)
        if all(self._done(name, key, check) for check in self.checks):
            return self.model(name, key, self.study)
        with saved_adapter(self.study.model, folder):
            return self.model(name, key, self.study.answered_by(name, key))

    def gold(self, gold: Gold) -> dict[str, Found]:
        """The model that was never taught these people."""
        if all(self._done(GOLD, gold.key, check) for check in self.checks):
            return self.model(GOLD, gold.key, self.study)
        model = gold.load()
        return self.model(GOLD, gold.key, replace(self.study, model=model, engine=engine_for(model)))

    def model(self, name: str, key: str, study: Study, *, weights: bool = True) -> dict[str, Found]:
        """Every check of one model, those that are done from their files.

        Args:
            name: The model's name.
            key: Fingerprint of its files.
            study: The study with that model.
            weights: Whether its weights are in this process.
        """
        done = {check.name: self._done(name, key, check) for check in self.checks}
        if not all(done.values()):
            _load_pictures(study, self.asked)
        audited = Audited(name=name, study=study, split=self.split, subjects=self.asked, by=self.by)
        return {
            check.name: done[check.name] or self._examine(audited, key, check, weights=weights) for check in self.checks
        }

    def _examine(self, audited: Audited, key: str, check: Check, *, weights: bool) -> Found:
        """One check; what does more than ask looks at the weights in this process, and asks these."""
        asks = check.name in ATTACKS
        if not asks and audited.study.elsewhere:
            audited = replace(audited, study=audited.study.here, known={})
        try:
            if not (asks or weights):
                raise CheckpointError("needs weights or probabilities, and these are with the server")
            found = Found(findings=tuple(check.find(audited)))
        except (CheckpointError, ConfigError, DataError) as error:
            found = Found(unfit=first_line(error))
        values = {"key": _key(key, check), "unfit": found.unfit, "findings": [asdict(f) for f in found.findings]}
        write_json(self._file(audited.name, check), values)
        return found

    def _file(self, name: str, check: Check) -> Path:
        return file_of(self.study.folder, name, check)

    def _done(self, name: str, key: str, check: Check) -> Found | None:
        return found_in(self.study.folder, name, key, check)


def file_of(folder: Path, name: str, check: Check) -> Path:
    """Where a check's findings on a model are kept."""
    return folder / name / f"{check.name}.json"


def found_in(folder: Path, name: str, key: str, check: Check) -> Found | None:
    """What a check has found on a model already.

    Args:
        folder: The audit's.
        name: What the model is called.
        key: Fingerprint of its adapter, or of gold's files; empty for the original.
        check: The check.

    Raises:
        DataError: The file is damaged.
    """
    file = file_of(folder, name, check)
    if not file.exists():
        return None
    value = read_json(file)
    if not isinstance(value, dict) or value.get("key") != _key(key, check):
        return None
    try:
        return Found(tuple(Finding(**f) for f in value["findings"]), value["unfit"])
    except (TypeError, KeyError) as error:
        raise DataError(f"{file}: damaged ({error}). Delete it to have it made again.") from error


def adapter_key(folder: Path) -> str:
    """Fingerprint of an adapter.

    Raises:
        CheckpointError: The folder has none.
    """
    return content_key(adapter_weights(folder).parent)


def audit_key(study: Study, split: Split, size: Size) -> str:
    """What tells an audit from others."""
    return fingerprint([study.config.key, _ids(split), asdict(size), _version(), *study.elsewhere])


def prepared(study: Study, split: Split, size: Size) -> tuple[tuple[Subject, ...], Yardstick | None]:
    """Who is asked about, and what is language: by answers of the original, which are kept."""
    asked = subjects(study, split, size)
    _load_pictures(study, asked)
    return asked, measure_of_language(study, asked)


def _load_pictures(study: Study, asked: Sequence[Subject]) -> None:
    """Compute features in the order of an uninterrupted run: their last digits depend on who shares a batch."""
    study.model.load_pictures(p for s in asked for p in s.portraits)


def _key(model: str, check: Check) -> str:
    """What can change a finding, beside what all of the folder shares."""
    own = ATTACKS[check.name].origin if check.name in ATTACKS else None
    return fingerprint([model, check.name, own.code if own else ""])


def _ids(split: Split) -> list[list[str]]:
    return [[e.id for e in group] for group in (split.forget, split.retain)]


def _version() -> str:
    return importlib.metadata.version("letheia")


def _gathered(
    study: Study,
    checks: Sequence[Check],
    asked: Sequence[Subject],
    found: Mapping[str, Mapping[str, Found]],
    failed: Mapping[str, str],
    adapters: Mapping[str, Path],
) -> Audit:
    """Rows of everything that was found: by check, and in it by model."""
    rows: list[AuditRow] = []
    variants: list[AuditRow] = []
    for check in checks:
        for name in found:
            one = found[name][check.name]
            if one.unfit:
                rows.append(unfit(check, name, one.unfit))
            rows += audit_rows(check, one.findings, seed=study.config.seed)
            variants += variant_rows(check, one.findings, seed=study.config.seed)
    groups: dict[Group, list[str]] = {}
    for subject in asked:
        groups.setdefault(subject.group, []).append(subject.entity.id)
    everything = [f for models in found.values() for one in models.values() for f in one.findings]
    return Audit(
        base=study.model.name,
        models=tuple(found),
        gold=GOLD in found,
        people={group: tuple(ids) for group, ids in groups.items()},
        rows=tuple(marked(rows)),
        variants=tuple(marked(variants)),
        separation=separations(everything),
        distances=distances(everything),
        failed=dict(failed),
        seed=study.config.seed,
        adapters={name: adapter_key(folder) for name, folder in adapters.items() if name in found},
    )
