"""The command line as users meet it: a process of its own."""

import os
import subprocess
import sys

from typer.testing import CliRunner


def letheia(*arguments, cwd=None, **environment):
    return subprocess.run(
        [sys.executable, "-m", "letheia", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=600,
        check=False,
    )


def here(*arguments):
    """The same in this process, which is faster; what is wrong is raised."""
    from letheia.cli.app import app

    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)


def fails(result, *words):
    assert result.returncode == 2, result
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.strip().splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0]
