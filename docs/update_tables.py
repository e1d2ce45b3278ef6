"""Write the tables between the markers of README and docs from the committed results.

python docs/update_tables.py runs/demo/results.json    # take over a new demo's results, then write the tables
python docs/update_tables.py                           # write the tables again
"""

import json
import re
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from typer.main import get_command

from letheia.audit.results import read_audit
from letheia.audit.table import checks
from letheia.cli.app import app
from letheia.grid.collected import Collected, read_collected, together
from letheia.methods.table import METHODS, PAPER_METHODS, SHOWN
from letheia.methods.terms import Term
from letheia.methods.variants import BOUNDED, VARIANTS
from letheia.metrics.results import Place, read_results
from letheia.metrics.table import METRICS
from letheia.presets.table import PRESETS
from letheia.report.formats import Sheet, rows_in_markdown, to_markdown
from letheia.report.study_tables import study_table
from letheia.report.tables import method_title, run_table, to_sheet

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "docs" / "results"
DEMO = RESULTS / "demo-mistral.json"
DECISIONS = ROOT / "docs" / "decisions"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), DECISIONS / "README.md"]
MODELS = ("mistral", "llama")
AUDITS = {"mistral": ("audit-mistral.json", "audit-white-mistral.json"), "llama": ("audit-llama.json",)}
KEPT = ("original", "bounded", "thorough")
STUDIES = ("study", "study-bounded", "confirm-bounded")
GOAL = (
    ("USR strict", "at least .98", Place("forget", "unseen", "usr_strict")),
    ("attributes right", "at least .85", Place("forget", "unseen", "attributes")),
    ("inform", "", Place("forget", "unseen", "inform")),
    ("retained named, facts right", "at least .95", Place("retain", "unseen", "named_right")),
    ("strangers' attributes right", "as the original", Place("stranger", "stranger", "attributes")),
    ("strangers named", "as the original", Place("stranger", "stranger", "named")),
)

FRONT = (GOAL[0][2], GOAL[1][2], GOAL[3][2])


@cache
def tables() -> dict[str, str]:
    """Each marked part by its marker."""
    rows = read_results(DEMO)
    paper, bounded, fresh = (read_collected(RESULTS / f"{name}.json") for name in STUDIES)
    study = together([paper, bounded])
    return {
        "front": front(study),
        "forgotten": rows_in_markdown(to_sheet(run_table(rows, "1"), intervals=False)),
        "retained": rows_in_markdown(to_sheet(run_table(rows, "3"), intervals=False)),
        "commands": commands(),
        "reference": "\n\n".join(map(reference, commands_listed())),
        "metrics": metrics(),
        "decisions": decisions(),
        "methods": methods(),
        "checks": checks_listed(),
        "presets": presets(),
        "quickstart": example("quickstart"),
        "own": example("own_method"),
        "study": "\n\n".join(to_markdown(to_sheet(study_table(study, "summary", m))) for m in study.models),
        "goal": goal(bounded, fresh),
        "against-pubg": against_pubg(study),
        "sweep": "\n\n".join(sweep(model) for model in MODELS),
        "variants": variants(),
        "audit": audit("mistral"),
        "audit-llama": audit("llama"),
    }


def front(study: Collected) -> str:
    """The front page's table: n = 10, unseen pictures; Mistral / Llama text model."""
    header = (
        "Method",
        "Forgotten, in sensible language ↑",
        "Visible attributes described ↑",
        "Retained people named, facts right ↑",
    )
    lines = [(method_title(m), *(both(study, 10, m, at, digits=2) for at in FRONT)) for m in study.methods]
    return table(header, lines)


def commands_listed() -> list[tuple[str, Any]]:
    """Every command by its name."""
    found: list[tuple[str, Any]] = []
    for name, command in get_command(app).commands.items():
        nested = getattr(command, "commands", {None: command})
        found += [(f"letheia {' '.join(filter(None, (name, sub)))}", c) for sub, c in nested.items()]
    return found


def commands() -> str:
    """Every command with the first line of its help."""
    return table(("command", "does"), [(f"`{name}`", first_line(c.help)) for name, c in commands_listed()])


def reference(listed: tuple[str, Any]) -> str:
    """A command as its `--help` tells it: usage, what it does, arguments and options."""
    name, command = listed
    context = command.context_class(command, info_name=name)
    told = [p.get_help_record(context) for p in command.get_params(context) if p.name != "help"]
    usage = command.get_usage(context).removeprefix("Usage: ")
    options = table(("argument or option", "what it is"), [(f"`{what}`", text) for what, text in told])
    return f"## {name}\n\n```\n{usage}\n```\n\n{command.help}\n\n{options}"


def metrics() -> str:
    """Every metric but the aftermaths' shares."""
    lines = [
        (f"`{m.name}`", m.title, {"high": "↑", "low": "↓", "none": "–"}[m.better], ", ".join(m.shown) or "files only")
        for m in METRICS.values()
        if m.kind == "score"
    ]
    return table(("name", "title", "better", "shown for"), lines)


def decisions() -> str:
    """Every decision by its heading."""
    pages = sorted(DECISIONS.glob("0*.md"))
    heads = [re.sub(r"^\W*\d+[ :·]+", "", p.read_text("utf-8").splitlines()[0]) for p in pages]
    return table(("", "decision"), [(f"[{p.name[:3]}]({p.name})", head) for p, head in zip(pages, heads, strict=True)])


def first_line(text: str | None) -> str:
    """The first line of a text."""
    return (text or "").strip().splitlines()[0]


def methods() -> str:
    """Every method but the variants of `bounded`: what it minimises."""
    lines = [
        (f"`{m.name}`", m.title, " + ".join(map(term, m.terms)), m.source) for m in map(METHODS.__getitem__, SHOWN)
    ]
    return table(("name", "title", "minimises", "source"), lines)


def checks_listed() -> str:
    """Every check of an audit."""
    lines = [(f"`{c.name}`", c.title, c.access, c.source) for c in checks().values()]
    return table(("check", "what it does", "access", "source"), lines)


def presets() -> str:
    """Every ready-made study with the first line of its class."""
    return table(("`letheia run`", "what it is"), [(f"`{name}`", first_line(p.__doc__)) for name, p in PRESETS.items()])


def term(one: Term) -> str:
    """A term as in training curves, with its weight."""
    return f"{'' if one.weight == 1 else f'{one.weight:g} '}{one.name}"


def example(name: str) -> str:
    """An example that the tests run."""
    return f"```python\n{(ROOT / 'examples' / f'{name}.py').read_text(encoding='utf-8').strip()}\n```"


def goal(first: Collected, fresh: Collected) -> str:
    """What `bounded` was made for, on the draws it was first measured on and on others; Mistral / Llama text model."""
    header = ("n = 10", "goal", "draws 0 to 4", "draws 5 to 9", "all ten", "original, all ten")
    ten = together([first, fresh])
    columns = [(first, "bounded"), (fresh, "bounded"), (ten, "bounded"), (ten, "original")]
    return table(
        header, [(what, aim, *(both(s, 10, m, at, interval=True) for s, m in columns)) for what, aim, at in GOAL if aim]
    )


def against_pubg(study: Collected) -> str:
    """The other counts; Mistral / Llama text model."""
    header = ("unseen pictures", *(f"{name}, n = {n}" for n in (5, 20) for name in ("`bounded`", "PUBG", "original")))
    lines = [
        (name, *(both(study, n, m, place) for n in (5, 20) for m in ("bounded", "pubg", "original")))
        for name, _, place in GOAL
    ]
    return table(header, lines)


def both(study: Collected, n: int, method: str, place: Place, *, digits: int = 3, interval: bool = False) -> str:
    """A number of both base models."""
    rows = [study.row(model, n, method, place) for model in MODELS]
    return " / ".join(f"{r.mean:.{digits}f}{f' [{r.low:.2f}, {r.high:.2f}]' if interval else ''}" for r in rows if r)


def audit(base: str) -> str:
    """Forgotten people in every check: the share who leak at least once; of choices the share right; else the mean."""
    audits = [read_audit(RESULTS / name) for name in AUDITS[base]]
    models = audits[0].models
    kept = [model for model in KEPT if model in models]
    header = ("asked or done", *(f"`{m}`" for m in models), *(f"bystanders: `{m}`" for m in kept))
    lines: list[tuple[str, ...]] = []
    for found, check in ((a, check) for a in audits for check in dict.fromkeys(row.check for row in a.rows)):
        rows = [found.row(check, model, "forget") for model in models]
        others = [found.row(check, model, "bystander") for model in kept]
        if rows[0] is None or (rows[0].note and (rows[0].people or not any(row and row.people for row in rows))):
            continue  # it says nothing, since the original withstands it
        shown = [rows[0].title]
        shown += [number(row and (row.any if row.measure == "leak" else row.mean)) for row in rows]
        lines.append((*shown, *(number(row and row.mean) for row in others)))
    return table(header, lines)


def number(value: float | None) -> str:
    """Two digits, or a dash."""
    return "–" if value is None else f"{value:.2f}"


def trials(name: str) -> list[dict[str, Any]]:
    """What `letheia rates` has tried."""
    return json.loads((RESULTS / name).read_text("utf-8"))


def sweep(model: str) -> str:
    """USR strict, attributes right and retained people named rightly of each method at each rate."""
    found = trials(f"sweep-{model}.json")
    rates = sorted({t["rate"] for t in found})
    lines: list[tuple[str, ...]] = []
    for method in PAPER_METHODS:
        cells = {t["rate"]: t for t in found if t["method"] == method}
        texts = {
            rate: f"{t['unseen_strict']:.2f}, {t['unseen_attributes']:.2f}, {t['retained_right']:.2f}"
            for rate, t in cells.items()
        }
        lines.append((method_title(method), *(f"**{texts[r]}**" if cells[r]["chosen"] else texts[r] for r in rates)))
    return table((f"{model} text model", *(f"{rate:g}" for rate in rates)), lines)


def variants() -> str:
    """Each variant at the rate that serves the goal best; Mistral / Llama text model."""
    header = ("", "rate", "USR strict", "attributes", "retained named, right", "strangers named", "their attributes")
    keys = ("unseen_strict", "unseen_attributes", "retained_right", "strangers_named", "strangers_attributes")
    return table(header, list(variant_lines(keys)))


def variant_lines(keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """A line a variant."""
    found = {model: trials(f"variants-{model}.json") for model in MODELS}
    for row in (BOUNDED, *VARIANTS):
        best = [serving_best([t for t in found[m] if t["method"] == row.name]) for m in MODELS]
        rates = " / ".join(f"{t['rate']:g}" for t in best)
        numbers = (" / ".join(f"{t[key]:.3f}" for t in best) for key in keys)
        yield f"{row.title.removeprefix('Bounded, ')} (`{row.name}`)", rates, *numbers


def serving_best(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Of the rates that forget and describe as the goal wants: most retained people named, less strangers named."""
    enough = [t for t in found if t["unseen_strict"] >= 0.98 and t["unseen_attributes"] >= 0.85]
    return max(enough or found, key=lambda t: t["retained_right"] - t["strangers_named"])


def table(header: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """Markdown without a title."""
    return rows_in_markdown(Sheet("", tuple(header), tuple(map(tuple, lines))))


def filled(text: str) -> str:
    """A page's text with the tables in it."""
    for name, content in tables().items():
        text = re.sub(
            rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)",
            lambda marks, content=content: f"{marks[1]}{content}\n{marks[2]}",
            text,
            flags=re.DOTALL,
        )
    return text


if __name__ == "__main__":
    if len(sys.argv) > 1:
        DEMO.write_text(Path(sys.argv[1]).read_text(encoding="utf-8"), encoding="utf-8")
    for page in PAGES:
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")
