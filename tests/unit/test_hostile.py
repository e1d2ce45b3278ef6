"""Hostile and damaged checkpoints and adapters end in one line that names the file or its folder, and run nothing."""

import shutil
import time

import pytest
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForImageTextToText

import families
import hostile
from letheia.errors import CheckpointError
from letheia.models.adapter import load_adapter
from letheia.models.loading import load_model
from letheia.models.quiet import quiet_libraries
from samples import corpus

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def good(world, tmp_path_factory):
    """A checkpoint and an adapter of it."""
    root = tmp_path_factory.mktemp("good")
    base = families.make("llava", root / "model", corpus(world))
    with quiet_libraries():
        network = AutoModelForImageTextToText.from_pretrained(base)
        get_peft_model(network, LoraConfig(r=4, target_modules=r".*language_model.*q_proj")).save_pretrained(
            root / "adapter"
        )
    load_adapter(load_model(base), root / "adapter")
    return root


@pytest.fixture(scope="module")
def model(good):
    return load_model(good / "model")


def changed(good, tmp_path, kind, change):
    folder = tmp_path / kind
    shutil.copytree(good / kind, folder)
    change(folder)
    return folder


def refused(folder, act):
    began = time.monotonic()
    with pytest.raises(CheckpointError) as told:
        act()
    line = str(told.value)
    assert str(folder) in line and "\n" not in line and len(line) < 700
    assert time.monotonic() - began < 90
    assert not list(folder.parent.rglob("ran"))


@pytest.mark.parametrize("name", hostile.CHECKPOINT)
def test_a_checkpoint(good, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    folder = changed(good, tmp_path, "model", hostile.CHECKPOINT[name])
    refused(folder, lambda: load_model(folder))


@pytest.mark.parametrize("name", hostile.ADAPTER)
def test_an_adapter(good, model, tmp_path, name):
    folder = changed(good, tmp_path, "adapter", hostile.ADAPTER[name])
    refused(folder, lambda: load_adapter(model, folder))


@pytest.mark.parametrize("name", hostile.HARMLESS)
def test_what_is_never_read(good, tmp_path, name):
    load_adapter(load_model(good / "model"), changed(good, tmp_path, "adapter", hostile.HARMLESS[name]))
