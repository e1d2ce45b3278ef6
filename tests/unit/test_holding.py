"""Folders are one process's, and their owner's alone; what a killed process left goes."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from letheia.errors import CheckpointError, OutputError
from letheia.files import LOCK, holding, read_json, whole_folder, write_atomic, write_json, write_text
from letheia.study.store import claim

HOLD = """
import sys, time
from pathlib import Path
from letheia.files import holding
with holding(Path(sys.argv[1]), beside=sys.argv[2] == "beside"):
    print("held", flush=True)
    sys.stdin.readline()
"""


def holder(folder, how="inside"):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder), how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "held\n"
    return process


def modes(folder):
    return {stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.rglob("*")) if path.is_dir()}, {
        stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*") if path.is_file()
    }


@pytest.mark.parametrize("how", ["inside", "beside"])
def test_another_process_is_refused_until_the_first_ends(how, tmp_path):
    folder = tmp_path / "run"
    with holder(folder, how) as process:
        with pytest.raises(OutputError, match="run: another letheia process"), holding(folder, beside=how == "beside"):
            pass
        process.send_signal(signal.SIGKILL)
    with holding(folder, beside=how == "beside"), holding(folder, beside=how == "beside"):
        pass  # the system has let go, and one process may hold it twice
    assert not [path for path in tmp_path.rglob("*") if LOCK in path.name]


def test_one_that_waits_gets_its_turn(tmp_path):
    with holder(tmp_path) as process:
        waiting = subprocess.Popen(
            [sys.executable, "-c", HOLD.replace("beside=sys", "wait=True, beside=sys"), str(tmp_path), "inside"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(1)
        process.communicate("go\n")
        assert waiting.communicate("go\n")[0] == "held\n" and waiting.returncode == 0


def test_names_of_temporary_files_do_not_collide(tmp_path):
    names = []

    def write(path):
        names.append(path.name)
        if len(names) == 1:
            write_atomic(tmp_path / "a.json", write)
        path.write_text(str(len(names)))

    write_atomic(tmp_path / "a.json", write)
    assert len(set(names)) == 2 and [p.name for p in tmp_path.iterdir()] == ["a.json"]
    write_text(tmp_path / ("ü" * 120), "a long name")


def test_what_fails_leaves_nothing(tmp_path):
    for error in (OSError(28, "No space left on device"), KeyboardInterrupt(), SystemExit(1)):

        def fail(path, error=error):
            path.write_text("half")
            raise error

        with pytest.raises(OutputError if isinstance(error, OSError) else type(error)):
            write_atomic(tmp_path / "a", fail)
        with (
            pytest.raises(OutputError if isinstance(error, OSError) else type(error)),
            whole_folder(tmp_path / "b") as b,
        ):
            fail(b / "c")
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_goes(tmp_path):
    """Also where it was killed before `run.json` stood; names of others stay."""
    folder = tmp_path / "run"
    folder.mkdir()
    for name in (".run.json.abcd1234.partial", LOCK):
        (folder / name).touch()
    claim(folder, "key")
    (folder / "ga").mkdir()
    (folder / "ga" / ".adapter.abcd1234.partial").mkdir()
    (folder / "ga" / ".adapter.abcd1234.partial" / "half").touch()
    (folder / ".mine.partial").touch()
    claim(folder, "key")
    assert sorted(p.name for p in folder.rglob("*")) == [LOCK, ".mine.partial", "ga", "run.json"]
    with pytest.raises(CheckpointError, match="other settings"):
        claim(folder, "another")
    for name in (".b.abcd1234.partial", ".b.c.abcd1234.partial", ".a.abcd1234.partial"):
        (tmp_path / name).mkdir()
    with whole_folder(tmp_path / "b"):
        pass
    assert not (tmp_path / ".b.abcd1234.partial").exists() and (tmp_path / ".b.c.abcd1234.partial").exists()
    assert (tmp_path / ".a.abcd1234.partial").exists()


def test_files_are_their_owners_alone(tmp_path):
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "runs" / "mine" / "a.json", 1)
        with whole_folder(tmp_path / "runs" / "adapter") as folder:
            (folder / "deep").mkdir()
            (folder / "deep" / "weights").touch()
        assert modes(tmp_path / "runs") == ({0o700}, {0o600})
        with whole_folder(tmp_path / "merged", private=False) as folder:
            (folder / "weights").touch()
        assert modes(tmp_path / "merged") == ({0o755}, {0o644})
        (tmp_path / "empty").mkdir(mode=0o755)
        claim(tmp_path / "empty", "key")
        assert modes(tmp_path / "empty") == ({0o700}, {0o600})
    finally:
        os.umask(before)


def test_half_a_surrogate_pair_is_read_as_it_was_written(tmp_path):
    write_json(tmp_path / "a.json", {"folder": "a\udc80b"})
    assert read_json(tmp_path / "a.json") == {"folder": "a\udc80b"}
    (tmp_path / "b.json").write_text(json.dumps([1]))
    (tmp_path / "run.json").write_text("[]")
    with pytest.raises(CheckpointError):
        claim(Path(tmp_path), "key")
