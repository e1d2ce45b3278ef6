"""The package as a user installs it: built from the sdist, tried outside the checkout.

`python tests/installed.py dist` tries the wheel that lies there: a new environment, with the dependencies of this one.
"""

import os
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "letheia"
MOST = 60 * 2**20
"""The largest wheel in bytes."""
_BUILD = "import sys; from setuptools import build_meta as b; print(getattr(b, sys.argv[1])(sys.argv[2]))"


def build(folder: Path) -> tuple[Path, Path]:
    """An sdist of the checkout, and a wheel of that sdist alone: nothing else that lies in the checkout gets in."""
    sdist = folder / _built("build_sdist", ROOT, folder)
    with tarfile.open(sdist) as packed:
        packed.extractall(folder, filter="data")
    return sdist, folder / _built("build_wheel", folder / sdist.name.removesuffix(".tar.gz"), folder)


def _built(what: str, source: Path, folder: Path) -> str:
    command = [sys.executable, "-P", "-c", _BUILD, what, str(folder)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def expected() -> set[str]:
    """Every file of the package that git knows, by its name in a wheel."""
    listed = subprocess.run(["git", "ls-files", "."], cwd=PACKAGE, capture_output=True, text=True, check=True)
    return {f"letheia/{name}" for name in listed.stdout.splitlines()}


def contents(wheel: Path) -> set[str]:
    """The package's files in a wheel."""
    with zipfile.ZipFile(wheel) as packed:
        return {name for name in packed.namelist() if name.startswith("letheia/")}


def install(wheel: Path, folder: Path) -> Path:
    """The command of a new environment with this wheel; its dependencies are those of this environment."""
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    pip = [sys.executable, "-m", "pip", f"--python={folder / 'bin' / 'python'}", "--quiet", "install", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")  # after what is installed here
    return folder / "bin" / "letheia"


def tried(command: Path, folder: Path) -> None:
    """What a user does first, in a folder that has nothing to do with the checkout."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    for words in ("--version", "doctor", "demo --method pubg --n 3 --output run", "world make people"):
        subprocess.run([command, *words.split()], cwd=folder, env=environment, check=True)
    where = "import letheia; print(letheia.__file__)"
    python = [command.with_name("python"), "-P", "-c", where]
    said = subprocess.run(python, cwd=folder, env=environment, capture_output=True, text=True, check=True).stdout
    assert said.startswith(str(command.parents[1])), said
    print(f"installed: {said.strip()}")


if __name__ == "__main__":
    (found,) = Path(sys.argv[1]).glob("*.whl")
    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "user").mkdir()
        tried(install(found.resolve(), Path(place) / "venv"), Path(place) / "user")
