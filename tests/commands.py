"""The command line as users meet it: in this process, which is faster, or as a process of its own."""

import contextlib
import io
import logging
import os
import subprocess
import sys
from subprocess import CompletedProcess
from unittest.mock import patch


def letheia(*arguments, cwd=None, **environment) -> CompletedProcess[str]:
    """The command line in this process: nothing is imported anew, and what is not caught is raised."""
    from letheia.cli.app import run

    words = ["letheia", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    told = logging.StreamHandler(err)  # as logging's last resort, which pytest's own handlers stand before
    told.setLevel(logging.WARNING)
    logging.getLogger().addHandler(told)
    try:
        with (
            contextlib.chdir(cwd or "."),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            patch.object(sys, "argv", words),
            patch.object(sys, "stdin", io.StringIO()),
            patch.dict(os.environ, environment),
        ):
            run()
    except SystemExit as end:
        code = end.code
    finally:
        logging.getLogger().removeHandler(told)
    return CompletedProcess(words, code, out.getvalue(), err.getvalue())


def process(*arguments, cwd=None, **environment) -> CompletedProcess[str]:
    """A process of its own: for what happens before, beside and after the commands."""
    return subprocess.run(
        [sys.executable, "-m", "letheia", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, **environment},
        timeout=600,
        check=False,
    )


def fails(result, *words):
    assert result.returncode == 2, result
    assert "Traceback" not in result.stderr
    lines = [line for line in result.stderr.strip().splitlines() if not line.startswith("note: ")]
    assert len(lines) == 1, result.stderr
    for word in words:
        assert word in lines[0]
