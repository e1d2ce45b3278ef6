"""Gold models of users: an untrained base is taught the retained people alone, and an audit takes it."""

import json

import pytest

from letheia.config import LoadConfig
from letheia.errors import CheckpointError
from letheia.models.adapter import adapter_off
from letheia.presets.audit import gold_at
from letheia.progress import Silent
from letheia.study.build import removal_study
from letheia.study.gold import read_gold, train_gold
from letheia.types import Split

SETTINGS = {
    "methods": ("gold",),
    "train": {"steps": 1, "rank": 2, "alpha": 4, "batch": 2, "learning_rate": 1e-3},
    "max_new_tokens": 8,
}


@pytest.fixture
def split(people):
    return Split(forget=people.entities[:2], retain=people.entities[2:6])


def test_the_retained_alone_are_taught_and_an_audit_takes_it(checkpoints, people, split, tmp_path):
    values = {**SETTINGS, "model": str(checkpoints["mistral"])}
    record = train_gold(removal_study(values, people, split, tmp_path, bars=Silent(), anyway=True))
    assert record == read_gold(tmp_path)
    assert record.without == tuple(e.id for e in split.forget) and record.taught == tuple(e.id for e in split.retain)
    assert "too few to stand for the original" in record.told  # ten steps teach nobody
    lines = [json.loads(line) for line in (tmp_path / "gold" / "train.jsonl").read_text().splitlines()]
    assert len(lines) == 20 and {line["target"] for line in lines} == {"retain"}
    assert {line["answer"] for line in lines} <= {r for e in split.retain for r in e.responses}

    gold = gold_at(tmp_path, LoadConfig(), split)
    assert gold is not None
    model = gold.load()
    layers = [p for n, p in model.network.named_parameters() if "lora_B" in n]
    assert layers and any(p.abs().sum() > 0 for p in layers)
    with adapter_off(model):
        pass
    with pytest.raises(CheckpointError, match=rf"not made without {split.retain[0].name}"):
        gold_at(tmp_path, LoadConfig(), Split(forget=split.retain[:1], retain=()))


def test_a_damaged_record_is_told(tmp_path):
    (tmp_path / "gold.json").write_text('{"model": "m"}')
    with pytest.raises(CheckpointError, match=r"gold\.json: damaged"):
        read_gold(tmp_path)
