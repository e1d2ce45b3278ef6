"""A short training: three steps on six people, a method with every loss, and the adapter that it gives."""

import pytest
import torch

from letheia.config import LoadConfig, TrainConfig
from letheia.data.split import schedule
from letheia.data.targets import Texts
from letheia.methods.table import METHODS
from letheia.methods.terms import Method, Term
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.prompts.prompt_set import PromptSet
from letheia.train.unlearn import unlearn
from letheia.types import Answer, Reference, Split

PROMPTS = PromptSet(question="Who is this?")
CONFIG = TrainConfig(learning_rate=1e-3, steps=3, batch=3, rank=4, alpha=8)


@pytest.fixture
def split(people):
    return Split(forget=people.entities[:3], retain=people.entities[3:6])


@pytest.fixture
def steps(split):
    return schedule(split, steps=3, batch=3, pictures=1, seed=0)


@pytest.fixture
def texts(split, steps):
    drawn = {
        (u.portrait.id, u.draw): Reference(Answer(f"Someone, drawn {u.draw}."))
        for s in steps
        for u in (*s.forget, *s.retain)
    }
    return Texts(
        prompts=PROMPTS,
        references=drawn,
        retain=split.retain,
    )


VARIANTS = Method(
    name="variants",
    title="",
    terms=(
        Term(loss="dpo", target="reference", over="own"),
        Term(loss="kl", target="reference"),
        Term(loss="kl", target="retain", weight=2.0),
        Term(loss="nll", target="described"),
        Term(loss="anchor", target="retain", weight=5.0),
    ),
)
EACH_LOSS = ("npo", "random", "pubg", "variants")
"""Methods that have every loss and, but for refusals, every target between them."""


@pytest.fixture
def all_losses(monkeypatch):
    monkeypatch.setitem(METHODS, "variants", VARIANTS)


def run(checkpoint, name, steps, texts, dtype="float32", **changes):
    model = load_model(checkpoint, load=LoadConfig(dtype=dtype))
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    history = unlearn(
        model, adapted, steps, METHODS[name], texts, CONFIG.model_copy(update={"steps": len(steps), **changes})
    )
    return torch.cat([p.detach().flatten() for p in trained_parameters(adapted).values()]), history
