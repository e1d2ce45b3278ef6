"""A finished grid as one compact file: every person's mean of every metric, from which all tables are made again."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from statistics import fmean
from typing import Any

from letheia.config import SCORING, StudyConfig, read_yaml
from letheia.errors import ConfigError, DataError
from letheia.files import read_json, read_jsonl, write_text
from letheia.grid.grid import DONE, Cell, cell_record
from letheia.methods.table import in_order
from letheia.metrics.aggregate import crossed_estimate, crossed_interval, too_few
from letheia.metrics.results import Place, Row
from letheia.metrics.table import METRICS
from letheia.study import store
from letheia.types import ORIGINAL, PLAIN, Generation

CELL = {"model": str, "n": int, "seed": int, "values": dict}
"""What a cell of the file must have."""
EXAMPLES = 0  # the seed whose answers are kept
FICTIONAL, UNKNOWN = "fictional", "unknown"
"""Whose people a study's are, as the file says; those of an unknown kind are shown to nobody."""


@dataclass(frozen=True)
class Collected:
    """The file's content."""

    value: Mapping[str, Any]

    @property
    def models(self) -> list[str]:
        """Base models, in the order of the runs."""
        return list(dict.fromkeys(cell["model"] for cell in self.value["cells"]))

    @property
    def methods(self) -> list[str]:
        """Methods in the order of the method table, the original first."""
        there = {m for cell in self.value["cells"] for m in cell["values"]}
        return [ORIGINAL] * (ORIGINAL in there) + in_order(there - {ORIGINAL})

    @property
    def counts(self) -> list[int]:
        """How many people are forgotten, in ascending order."""
        return sorted({cell["n"] for cell in self.value["cells"]})

    @property
    def ways(self) -> list[str]:
        """Ways of asking, the study's own question first."""
        keys = (k for cell in self.value["cells"] for given in cell["values"].values() for k in given)
        return list(dict.fromkeys((PLAIN, *(k.split("/", 3)[3] for k in keys if k.count("/") > 2))))

    @property
    def of_world(self) -> bool:
        """Whether the people are the built-in world's: only if the file says so."""
        return self.value.get("people") == FICTIONAL

    def cells(self, model: str, n: int) -> list[Mapping[str, Any]]:
        """The cells of one model and count, one a seed."""
        return [c for c in self.value["cells"] if (c["model"], c["n"]) == (model, n)]

    def with_examples(self, model: str) -> Mapping[str, Any] | None:
        """The cell of one model whose answers are kept; that with most methods."""
        there = [c for c in self.value["cells"] if c["model"] == model and "examples" in c]
        return max(there, key=lambda c: len(c["examples"]), default=None)

    def draws(self, model: str, n: int, method: str, place: Place) -> list[dict[str, float | None]]:
        """Each person's mean by cell, None where unscored and empty where a cell lacks it.

        Strangers go by their place: they are the same in all draws.
        """
        cells = [(c, c["values"].get(method, {}).get(place.key)) for c in self.cells(model, n)]
        return [dict(zip(c.get(place.people, map(str, range(len(v)))), v, strict=True)) if v else {} for c, v in cells]

    def row(self, model: str, n: int, method: str, place: Place) -> Row | None:
        """Mean and interval over people and seeds; none where nothing was measured."""
        draws = [d for d in self.draws(model, n, method, place) if d]
        return _row(draws, model=model, n=n, method=method, place=place) if draws else None

    def difference(self, model: str, n: int, methods: tuple[str, str], place: Place) -> tuple[float, float] | None:
        """Interval of the paired difference of two methods: first less second, person by person, where both were."""
        first, second = (self.draws(model, n, m, place) for m in methods)
        pairs = [
            {who: a - b for who, a in x.items() if a is not None and (b := y.get(who)) is not None}
            for x, y in zip(first, second, strict=True)
        ]
        pairs = [p for p in pairs if p]
        return crossed_interval(pairs) if pairs else None


def collect(
    cells: Sequence[Cell], root: Path, *, command: str, weights: Sequence[Path] = (), people: str = UNKNOWN
) -> dict[str, Any]:
    """Gather what is done: the cells, and what else earlier runs with the same settings left in the folder.

    Args:
        cells: The grid's cells.
        root: Its folder.
        command: The command line.
        weights: Weight files whose hashes are kept.
        people: Whose people they are: `FICTIONAL` where everybody may see them.
    """
    done = {cell.name: cell.config for cell in cells if cell.is_done(root)}
    settings, scoring = _settings(cells[0].config), cells[0].scoring
    weights_of = {cell.config.model: cell.config.weights for cell in cells}
    for file in sorted(root.glob(f"*/n*/seed*/{DONE}")):
        written = read_yaml(file.with_name("config.yaml"))
        config = StudyConfig.check({k: v for k, v in written.items() if k not in ("methods", "rates")})
        same_model = weights_of.get(config.model, config.weights) == config.weights
        if _settings(config) == settings and cell_record(file.parent).get("scoring", "") == scoring and same_model:
            done.setdefault(file.parent.relative_to(root).as_posix(), config)
    return {
        "people": people,
        **store.provenance(command=command, files=weights),
        "settings": settings,
        "cells": [_cell(config, root / name) for name, config in done.items()],
    }


def _settings(config: StudyConfig) -> dict[str, Any]:
    """What all cells of a grid have in common."""
    own = {"model", "weights", "methods", "n", "seed", "rates", "bystanders", "verdict"}  # two change no number here
    values = config.model_dump(mode="json", exclude=own)
    return {**values, "train": config.train.result}


def _complete(written: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as a file has them; one from before a setting existed was made with what is its default now."""
    values = _settings(StudyConfig.check(dict(written)))
    return {k: v for k, v in values.items() if k in written or k not in SCORING}  # were not written down


def _equal(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    return all(first[k] == second[k] for k in first.keys() & second.keys())


def together(studies: Sequence[Collected]) -> Collected:
    """Several studies as one: all their cells, with the methods of each; what several have, from the first.

    Raises:
        DataError: The same cell has other people, or the studies other settings.
    """
    settings = [_complete(study.value["settings"]) for study in studies if "settings" in study.value]
    if not all(_equal(a, b) for a, b in combinations(settings, 2)):
        raise DataError(
            "the studies have other settings (steps, pictures, people …), so they can't stand in one table."
        )
    cells: dict[tuple[Any, ...], dict[str, Any]] = {}
    for cell in (c for study in studies for c in study.value["cells"]):
        known = cells.setdefault((cell["model"], cell["n"], cell["seed"]), dict(cell))
        if "bystander" in cell:  # an earlier study asked about none
            known.setdefault("bystander", cell["bystander"])
        if any(known.get(k) != cell.get(k, known.get(k)) for k in ("forget", "retain", "bystander")):
            raise DataError(
                f"{cell['model']}, n = {cell['n']}, seed {cell['seed']}: the studies have drawn other people, "
                "so their methods can't stand in one table."
            )
        for part in ("values", "rates", "history", "examples"):
            if part in cell or part in known:
                known[part] = {**cell.get(part, {}), **known.get(part, {})}
    first = studies[0].value
    observed = [study.value.get("observation", {}) for study in reversed(studies)]
    commands = " && ".join(study.value.get("command", "") for study in studies)
    merged = {k: v for found in observed for k, v in found.items()}
    people = FICTIONAL if all(study.of_world for study in studies) else UNKNOWN
    changed = {"people": people, "command": commands, "observation": merged, "cells": list(cells.values())}
    return Collected({**first, **changed})


def write_study(folder: Path, found: Mapping[str, Any], observed: Mapping[str, Any]) -> Path:
    """Write a grid's `study.json`; what earlier runs of the folder came from, and observed of such people, stays.

    Args:
        folder: The grid's folder.
        found: What `collect` gathered.
        observed: Appendix A by base model.

    Returns:
        The file.
    """
    file = folder / "study.json"
    before = read_json(file) if file.exists() else {}
    commands = dict.fromkeys([*before.get("command", "").split(" && "), found["command"]])
    command = " && ".join(filter(None, commands))
    weights = {**before.get("weights", {}), **found["weights"]}
    if all(before.get(k) == found.get(k) for k in ("people", "settings")):
        observed = {**before.get("observation", {}), **observed}
    write_collected(file, {**found, "command": command, "weights": weights, "observation": observed})
    return file


def write_collected(path: Path, value: Mapping[str, Any]) -> None:
    """Write it: one line per method, so that two versions can be compared."""
    head = {k: v for k, v in value.items() if k != "cells"}
    lines = [json.dumps(head)[:-1] + ', "cells": [']
    for i, cell in enumerate(value["cells"]):
        inner = {k: v for k, v in cell.items() if k != "values"}
        methods = [f"{json.dumps(m)}: {_compact(v)}" for m, v in cell["values"].items()]
        end = "" if i == len(value["cells"]) - 1 else ","
        lines += [_compact(inner)[:-1] + ', "values": {', ",\n".join(methods), "}}" + end]
    write_text(path, "\n".join([*lines, "]}"]) + "\n")


def read_collected(path: Path) -> Collected:
    """Read it, from the file or from the folder of the grid.

    Raises:
        DataError: It is missing, damaged or something else.
    """
    file = path / "study.json" if path.is_dir() else path
    value = read_json(file)
    if not isinstance(value, dict) or not isinstance(value.get("cells"), list) or not value["cells"]:
        raise DataError(f"{file}: is no study, or has no cell. 'letheia run world/study' writes one.")
    for number, cell in enumerate(value["cells"], start=1):
        if not isinstance(cell, dict) or not all(isinstance(cell.get(k), kind) for k, kind in CELL.items()):
            raise DataError(f"{file}: cell {number} is damaged: it needs {', '.join(CELL)}. Run the study again.")
    settings = value.get("settings", {})
    if not isinstance(settings, dict):
        raise DataError(f"{file}: settings: must have fields and values. Run the study again.")
    try:
        _complete(settings)
    except ConfigError as error:
        raise DataError(f"{file}: settings: {error} Run the study again.") from error
    return Collected(value)


def _cell(config: StudyConfig, folder: Path) -> dict[str, Any]:
    trained = in_order(cell_record(folder)["jobs"])
    methods = (ORIGINAL, *trained)
    answers = {m: store.read_answers(folder / m / "answers.jsonl") for m in methods}
    found: dict[str, Any] = {"model": Path(config.model).name, "n": config.n, "seed": config.seed}
    found |= read_json(folder / "split.json")
    if bystanders := dict.fromkeys(a.entity for a in answers[ORIGINAL] if a.group == "bystander"):
        found["bystander"] = list(bystanders)
    found["values"] = {m: _values(answers[m], folder / m / "scores.jsonl") for m in methods}
    found["rates"] = {m: read_json(folder / m / "trained.json")["learning_rate"] for m in trained}
    found["history"] = {m: _history(folder / m / "history.jsonl") for m in trained}
    if config.seed == EXAMPLES:
        shown = _examples(answers[ORIGINAL], found["forget"][0], found["retain"][0])
        found["examples"] = {m: [[a.portrait, a.group, a.role, a.answer] for a in map(answers[m].__getitem__, shown)]
                             for m in methods}  # fmt: skip
    return found


def _values(answers: Sequence[Generation], scores: Path) -> dict[str, list[float | None]]:
    people: dict[str, dict[str, list[float]]] = {}
    for answer, given in zip(answers, read_jsonl(scores), strict=True):
        for score in given:
            row = METRICS.get(score["metric"])
            if row is None or not row.shown:  # in no table: nothing is made of it
                continue
            key = Place(answer.group, answer.role, score["metric"], answer.asked).key
            who = people.setdefault(key, {}).setdefault(answer.entity or answer.portrait, [])
            if score["value"] is not None:
                who.append(score["value"])
    rounded = {k: [_short(fmean(v)) if v else None for v in p.values()] for k, p in people.items()}
    return {k: v for k, v in rounded.items() if any(x is not None for x in v)}


def _short(value: float) -> float:
    """Three digits, and none behind a whole number."""
    return int(value) if value == int(value) else round(value, 3)


def _history(path: Path) -> dict[str, list[float]]:
    steps = read_jsonl(path)
    return {term: [round(s[term], 3) for s in steps] for term in steps[0] if term != "step"}


def _examples(asked: Sequence[Generation], *people: str) -> list[int]:
    """One seen and one unseen picture of each person, and one stranger if there are any; the study's own question."""
    first: dict[tuple[str, str], int] = {}
    for i, a in enumerate(asked):
        if a.asked == PLAIN:
            first.setdefault((a.entity, a.role), i)
    wanted = [*((p, role) for p in people for role in ("seen", "unseen")), ("", "stranger")]
    return [first[w] for w in wanted if w in first]


def _row(draws: Sequence[Mapping[str, float | None]], *, model: str, n: int, method: str, place: Place) -> Row:
    groups = [{who: x for who, x in d.items() if x is not None} for d in draws]
    groups = [g for g in groups if g]
    count = sum(map(len, groups))
    row = Row(
        model=model, method=method, n=n, seed=0, **vars(place), mean=None, low=None, high=None, count=count,
        unscored=sum(map(len, draws)) - count,
    )  # fmt: skip
    if not groups:
        return row
    metric = METRICS[place.metric]
    mean, low, high = crossed_estimate(groups, share=metric.share, bounds=metric.bounds)
    return replace(row, mean=mean, low=low, high=high, reason="" if low is not None else too_few())


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
