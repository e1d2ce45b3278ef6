"""Where the Hub can't be reached: told at once, with what to do; the paper's models are planned all the same."""

import socket
import time

import pytest
from huggingface_hub import constants

from commands import letheia
from letheia.config import LoadConfig
from letheia.data.folder import write_people
from letheia.errors import CheckpointError
from letheia.methods.paper import KNOWN_SHAPES
from letheia.models.clip import load_clip
from letheia.models.families import read_family
from letheia.models.hub import check_reachable
from letheia.models.loading import load_model


@pytest.fixture(autouse=True)
def away(monkeypatch, tmp_path):
    """A Hub at a port of this machine where nobody listens, and an empty cache."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{port}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("use", [lambda s: read_family(s, LoadConfig()), load_model, load_clip])
def test_it_is_told_in_seconds_with_what_to_do(use, away):
    began = time.monotonic()
    with pytest.raises(CheckpointError) as told:
        use("team/model")
    assert time.monotonic() - began < 5  # the Hub's own client asks six times, for 23 seconds
    assert all(w in str(told.value) for w in ("team/model", away, "HF_ENDPOINT", "hf download", "folder"))


def test_what_is_kept_from_being_asked_says_so(monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(CheckpointError, match=r"team/model: is not on this machine, and HF_HUB_OFFLINE is set"):
        check_reachable("team/model")


def test_a_folder_is_no_matter_of_the_hub(tmp_path):
    check_reachable(tmp_path)


@pytest.mark.slow
def test_a_removal_from_a_known_model_is_planned_without_a_network(people, tmp_path):
    write_people(people)
    name = people.entities[0].name.upper()
    asked = ("unlearn", "--people", people.folder, "--forget", name, "--output", tmp_path / "run")
    done = letheia(*asked, "--model", next(iter(KNOWN_SHAPES)), "--dry-run")
    assert done.returncode == 0, done.stderr
    lines = dict(line.split(maxsplit=1) for line in done.stdout.splitlines() if line.strip())
    assert lines["model"] == f"{next(iter(KNOWN_SHAPES))}: can't be reached; planned from its known shapes"
    assert lines["people"].startswith("1 to forget") and "r 128, alpha 256" in lines["adapter"]
    assert 12 < float(lines["weights"].split()[0]) < 16  # 7.6 billion numbers of 2 bytes are 14 GiB
    assert not (tmp_path / "run").exists()
