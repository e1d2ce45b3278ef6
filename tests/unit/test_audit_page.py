"""An audit's table, heat map, curves and page."""

import csv
import io
import json
from dataclasses import replace

import pytest

from audits import audited, check, found
from commands import fails, letheia
from letheia.audit.base import GOLD
from letheia.audit.conclusion import verdicts
from letheia.audit.results import unfit, variant_rows, write_audit
from letheia.errors import ConfigError
from letheia.report.audit_page import AuditShown, write_audit_report
from letheia.report.audit_plots import curve_plot, curves, frontier, frontier_plot
from letheia.report.audit_tables import audit_sheet, printed_audit, separation_sheet
from letheia.report.heat import heat_map
from letheia.report.redaction import Pseudonym
from letheia.types import People

FORGET = [f"f{i}" for i in range(10)]
OPEN, RANK, TRAIN = check("open"), check("rank", access="grey", measure="number"), check("relearned", access="white")
OFF = [check(f"strength-{s}", access="white") for s in (0, 0.5, 1)]


@pytest.fixture(scope="module")
def made():
    """The original leaks everybody, gold and x nobody; x half of the retained; x comes back while it is trained on."""
    findings = []
    for method, leaks in (("original", 1.0), (GOLD, 0.0), ("x", 0.0)):
        babbled = FORGET[:5] if method == "x" else ()
        findings += found("open", method, {f: [leaks, leaks] for f in FORGET}, degenerate=babbled)
        findings += found("open", method, {"r1": [1.0, 1.0 if method != "x" else 0.0], "s1": [0.0]})
        findings += found("rank", method, {f: [5 * leaks + (method == "x") + i / 100] for i, f in enumerate(FORGET)})
        for steps in (5, 10, 20):
            back = leaks if method != "x" else float(steps >= 10)
            findings += found("relearned", method, {f: [back] for f in FORGET}, variant=f"{steps} steps")
        for one in OFF:
            findings += found(one.name, method, {f: [leaks] for f in FORGET})
    checks = [OPEN, RANK, TRAIN, *OFF]
    audit = audited(checks, findings)
    models = audit.models
    by_step = [r for m in models for r in variant_rows(TRAIN, [f for f in findings if f.check == "relearned" and f.method == m])]  # fmt: skip # noqa: E501
    hostile = [unfit(check("<script>alert(1)</script>"), m, "no <b>ears</b>") for m in models]
    return replace(audit, rows=(*audit.rows, *hostile), variants=tuple(by_step)), findings


def test_nobody_of_ten_is_shown_with_its_upper_end(made):
    """1 - .05 ** (1 / 10) = .26."""
    audit, _ = made
    rows = {(r[0], r[2]): r for r in audit_sheet(audit).rows}
    about = rows["OPEN", "X"]
    assert about[3:9] == ("0 of 10 (at most 0.26)", "0.00 [0.00, 0.28]", "0.50", "–", "0.00", "0.50")
    assert rows["OPEN", "Original"][3] == "1.00 [0.74, 1.00]"
    assert rows["<SCRIPT>ALERT(1)</SCRIPT>", "X"][-1] == "does not fit: no <b>ears</b>"


def test_every_format(made):
    audit, _ = made
    rows = list(csv.DictReader(io.StringIO(printed_audit(audit, "audit", "csv"))))
    first = next(r for r in rows if (r["check"], r["method"], r["group"]) == ("open", "x", "forget"))
    assert (first["any"], first["people"], first["degenerate"]) == ("0.0", "10", "0.5")
    assert len(json.loads(printed_audit(audit, "audit", "json"))) == len(audit.rows) == len(rows)
    assert "at most 0.26" in printed_audit(audit, "audit", "md") and r"\toprule" in printed_audit(
        audit, "audit", "latex"
    )
    with pytest.raises(ConfigError, match="had no gold model"):
        separation_sheet(audit)


def test_a_shade_says_how_much_leaks(made):
    audit, _ = made
    heat = heat_map(audit)
    rows = {row.title: row for row in heat.rows}
    assert heat.models == ("original", GOLD, "x") and heat.adapters == ["x"]
    assert [cell.shade for cell in rows["OPEN"].cells] == [1, 0, 0]
    assert rows["OPEN"].cells[2].text == "0 of 10~" and "no language" in rows["OPEN"].cells[2].told
    assert rows["RANK"].cells[2].shade == pytest.approx(0.2)  # a fifth of the way from gold to the original
    assert rows["OPEN"].cells[0].style == "background: rgb(236, 112, 99); color: black"
    assert rows["<SCRIPT>ALERT(1)</SCRIPT>"].cells[0].style == "" and rows["OPEN"].others == ["0.50", "–", "0.00"]


def test_curves_go_over_steps_and_strengths(made):
    audit, _ = made
    found_curves = curves(audit)
    assert {x: row.any for x, row in found_curves["RELEARNED"]["x"].items()} == {5: 0, 10: 1, 20: 1}
    assert sorted(found_curves["adapter at part of its strength"]["x"]) == [0, 0.5, 1]
    assert frontier(audit) == {
        "original": {"retain": (1, 1)}, GOLD: {"retain": (0, 1)}, "x": {"retain": (0, 0.5)}
    }  # fmt: skip
    bare = replace(audit, rows=(), variants=())
    assert curve_plot(bare) == frontier_plot(bare) == "" and "<svg" in curve_plot(audit)


def test_the_page_escapes_everything(made, tmp_path):
    audit, findings = made
    judged = verdicts(audit, findings, names={"f0": "<img src=x>"})
    called = {f: Pseudonym(f"Person {i}") for i, f in enumerate(FORGET)}
    about = {"people": People(folder=tmp_path, entities=()), "called": called}
    shown = AuditShown(audit=audit, verdicts=judged)
    write_audit_report(tmp_path / "page.html", shown, settings={"verdict": {"leaks": 0.05}}, **about)
    page = (tmp_path / "page.html").read_text()
    assert "<img" not in page and "<script>alert" not in page.casefold()
    assert "&lt;img src=x&gt;" in page and "<b>ears" not in page
    assert page.index("Verdict") < page.index("What still leaks") < page.index("<svg") < page.index("Settings")
    assert "have become" not in page


@pytest.mark.slow
def test_the_command(made, tmp_path):
    (tmp_path / "audit").mkdir()
    write_audit(tmp_path / "audit" / "audit.json", made[0])
    for source in (tmp_path, tmp_path / "audit", tmp_path / "audit" / "audit.json"):
        assert "0 of 10 (at most 0.26)" in letheia("table", "audit", source).stdout
    fails(letheia("table", "audit", tmp_path / "nowhere"), "audit.json")
    fails(letheia("table", "audit", tmp_path, "--n", "5"), "Leave --n and --asked out")
