"""What is shown while something runs: in 80 columns, from where a stopped run was, and without a terminal."""

import io
import time

import pytest
from rich.console import Console

from letheia.console import Course, TerminalBars

NOTE = "1,234 tokens/s, 45% saved by sharing, 1.2 GiB; forget nll 1.23 retain nll 0.45"


def drawn(width: int, *, total: int, done: int, steps: int, title: str = "bounded: training") -> str:
    """The last picture of a bar on a terminal of this width."""
    told = io.StringIO()
    console = Console(file=told, force_terminal=True, width=width, color_system=None, legacy_windows=False)
    with TerminalBars(console).bar(title, total, done) as advance:
        for _ in range(steps):
            advance(1, NOTE)
    return [line for line in told.getvalue().replace("\x1b[2K", "\n").splitlines() if title[:10] in line][-1]


@pytest.mark.parametrize("title", ["bounded: training", "asking the original in many ways and longer"])
def test_in_80_columns_the_note_gives_way_and_not_the_count(title):
    line = drawn(80, total=1200, done=0, steps=600, title=title)
    assert len(line.rstrip()) <= 80
    assert "600/1200" in line and " left" in line and "a second" in line
    assert NOTE not in line and "…" in line


def test_a_wide_terminal_shows_the_note():
    assert NOTE in drawn(200, total=30, done=0, steps=30)


def test_a_resumed_bar_starts_where_the_run_is():
    assert "20/30" in drawn(80, total=30, done=20, steps=0)
    assert "21/30" in drawn(80, total=30, done=20, steps=1)


def test_pace_is_that_of_the_steps_done_here():
    """10 steps in 40 s are 4 s each; 30 - 10 before - 10 here = 10 are left, 40 s."""
    course = Course(total=30, before=10, began=time.monotonic() - 40, done=10)
    assert str(course) == "4.0 s each, 0:00:40 left"
    assert str(Course(total=30, before=10)) == ""
    quick = Course(total=4000, before=0, began=time.monotonic() - 1, done=2000)
    assert str(quick).startswith(("2,000 a second", "1,99"))


def test_without_a_terminal_a_line_comes_also_while_a_step_takes_long(capsys):
    with TerminalBars(Console(file=io.StringIO()), every=0.05).bar("training", 30, 20) as advance:
        time.sleep(0.12)
        advance(1, "loss 0.5")
        time.sleep(0.12)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "training: 20 of 30"
    assert any(line.startswith("training: 21 of 30, ") and line.endswith(" left, loss 0.5") for line in lines)
    assert lines[-1].startswith("training: 30 in ") and lines[-1].endswith("; loss 0.5")


def test_a_quick_stage_says_one_line(capsys):
    with TerminalBars(Console(file=io.StringIO())).bar("drawing", 2) as advance:
        advance(2, "")
    assert capsys.readouterr().err == "drawing: 2 in 0 s\n"
