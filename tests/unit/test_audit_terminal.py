"""An audit's table on a terminal: what leaked, how far that can be trusted, and what others have lost."""

from letheia.audit.results import Audit, AuditRow, Worst
from letheia.report.audit_terminal import audit_lines


def row(method: str, group: str = "forget", check: str = "text", **fields: object) -> AuditRow:
    common = {"check": check, "title": "", "access": "black", "measure": "leak", "method": method, "group": group}
    return AuditRow(**{**common, **fields})  # pyright: ignore[reportArgumentType]


def lines(*rows: AuditRow) -> list[str]:
    people = {"forget": ("a",)}
    return audit_lines(Audit(base="m", models=("original", "mine"), gold=False, people=people, rows=rows))


def test_a_line_has_the_share_with_its_upper_end_and_what_others_lose() -> None:
    worst = Worst(entity="a", variant="1", question="Who is A?", answer="A is a poet. " * 30)
    given = lines(
        row("original", any=1.0, any_high=1.0, mean=1.0),
        row("mine", any=0.0, any_high=0.259, mean=0.0, worst=worst),
        row("mine", "retain", any=1.0, mean=0.9),
        row("mine", "stranger", any=0.2, mean=0.1),
    )
    assert given[0].startswith("Audit of Mine")
    assert given[2].split() == ["text", "1.00", ".00", "(≤.26)", ".90", "–", ".20"]
    assert given[3].startswith("worst: text: “Who is A?” “A is a poet.") and len(given[3]) < 160
    assert all(len(line) <= 100 for line in given[4:])


def test_marks_say_what_shows_little() -> None:
    given = lines(
        row("original", any=0.1, note="says little: …"),
        row("mine", any=0.0, any_high=0.259, degenerate=0.5, note="says little: …"),
        row("original", check="flip", note="does not fit: the model has no vision"),
        row("mine", check="flip"),
        row("original", check="yes-no", measure="accuracy", mean=0.95),
        row("mine", check="yes-no", measure="accuracy", mean=0.5, high=0.7),
    )
    assert given[2].split()[1:4] == [".10*", ".00", "(≤.26)*~"]
    assert given[3].split()[1:3] == ["n/a", "–"]
    assert given[4].split()[1:3] == [".95", ".50"]
