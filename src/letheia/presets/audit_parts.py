"""An audit in parts, for other machines: each check on each model by itself; gold, which is loaded for it, in one part.

Findings lie where an audit in one process leaves them, so that it takes them up, whoever found them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from letheia.audit.base import GOLD, Check
from letheia.audit.run import Examined, adapter_key, audit_key, found_in, prepared
from letheia.audit.subjects import Size
from letheia.audit.table import chosen
from letheia.config import StudyConfig, merged
from letheia.data.wordings import people_for
from letheia.errors import ConfigError
from letheia.files import fingerprint, holding
from letheia.grid.executors import compute
from letheia.grid.work import Machines, placed
from letheia.presets.audit import audit_split, gold_at
from letheia.progress import Bars, Silent
from letheia.study.budget import machine_bytes
from letheia.study.build import plain_study
from letheia.study.run import claim
from letheia.study.study import Study
from letheia.types import ORIGINAL, Split


@dataclass(frozen=True, kw_only=True)
class AuditRequest:
    """What is audited, as it was asked for: another process makes the same of it.

    Attributes:
        values: Fields of the configuration that differ from the model's own.
        people: The people folder.
        output: The audit's folder.
        forget: Names of people to forget.
        retain: Names of people to keep.
        split: The `split.json` of a run in place of names.
        adapters: Folder by name.
        gold: Folder of a model that was never taught the people to forget.
        size: How much is asked.
    """

    values: Mapping[str, Any]
    people: Path
    output: Path
    forget: tuple[str, ...]
    retain: tuple[str, ...]
    split: Path | None
    adapters: Mapping[str, Path]
    gold: Path | None
    size: Size

    def study(self, *, bars: Bars, planned: bool = False) -> tuple[Study, Split]:
        """The study, with weights or without; its key is the same."""
        values = merged(self.values, {"clip": None})
        folder = people_for(self.people, StudyConfig.check(values))
        study = plain_study(values, folder, self.output, bars=bars, planned=planned, keyed=True)
        return study, audit_split(study, self.forget, self.split, self.retain)


@dataclass(frozen=True)
class AuditPart:
    """Checks on one model; none for what all others rest on: who is asked about, and what language is.

    Attributes:
        request: What is audited.
        model: What the model is called.
        key: Fingerprint of its adapter, or of gold's files.
        checks: Names of checks.
    """

    request: AuditRequest
    model: str
    key: str
    checks: tuple[str, ...]

    @property
    def name(self) -> str:
        """The model, and the check if it is one."""
        return f"{self.model}/{self.checks[0]}" if len(self.checks) == 1 else self.model

    def is_done(self, root: Path) -> bool:
        """Whether the findings are there."""
        if not self.checks:
            return (root / ORIGINAL / "plain.jsonl").exists()
        return all(found_in(root, self.model, self.key, check) for check in self.rows)

    @property
    def rows(self) -> list[Check]:
        """The checks."""
        return chosen(only=self.checks, access="white")

    def carry_out(self, root: Path, do: Any) -> None:
        """Do it."""
        do(self, root)


_opened: dict[str, tuple[Study, Split]] = {}
"""The study that this process has open: one part after the other is of the same."""


def examine_part(part: AuditPart, root: Path) -> None:
    """Do a part, in a process that loads the model once."""
    request = part.request
    key = fingerprint(vars(request))
    if key not in _opened:
        _opened.clear()
        _opened[key] = request.study(bars=Silent())
    study, split = _opened[key]
    asked, by = prepared(study, split, request.size)
    examined = Examined(study, split, asked, by, tuple(part.rows) if part.checks else ())
    if part.model == GOLD:
        gold = gold_at(request.gold, study.config.load, split)
        assert gold
        examined.gold(gold)
    elif part.model == ORIGINAL:
        examined.model(ORIGINAL, "", study)
    else:
        examined.adapter(part.model, request.adapters[part.model])


def compute_audit(request: AuditRequest, checks: Sequence[Check], *, on: Machines, bars: Bars) -> None:
    """Have every check done that is not done yet, on many machines; the audit itself then takes all of them up.

    Args:
        request: What is audited.
        checks: What is examined.
        on: The machines.
        bars: Where progress is shown.

    Raises:
        CheckpointError: The folder belongs to another audit, an adapter does not fit, or there is no gold.
        ConfigError: No machine can do it.
        OutputError: Another process works in the folder.
    """
    if on.executor == "local":
        raise ConfigError("an audit in parts is for a cluster: on one machine, one process does all of it.")
    sketch, split = request.study(bars=bars, planned=True)
    names = tuple(check.name for check in checks)
    parts = [AuditPart(request, ORIGINAL, "", (name,)) for name in names]
    for adapter, folder in request.adapters.items():
        parts += [AuditPart(request, adapter, adapter_key(folder), (name,)) for name in names]
    if gold := gold_at(request.gold, sketch.config.load, split):
        parts.append(AuditPart(request, GOLD, gold.key, names))
    on = placed(on, sketch.config.load, lambda gpu: machine_bytes(sketch, split, gpu=gpu))
    with holding(sketch.folder):
        claim(sketch, audit_key(sketch, split, request.size))
        first = [AuditPart(request, ORIGINAL, "", ())]
        compute(first, sketch.folder, examine_part, title="what the audit rests on", on=on, bars=bars)
        compute(parts, sketch.folder, examine_part, title="checks of the audit", on=on, bars=bars)
