"""The world's training loop: after a stop it ends where it would have ended, whichever optimizer trains what."""

import math

import pytest
import torch
from torch import nn

from letheia.world import fit as loop
from letheia.world.fit import FitConfig, fit
from letheia.world.people import GOLD_WITHOUT


class Tiny(nn.Module):
    """An embedding and a norm, which AdamW trains, and two layers of matrices."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 8)
        self.layers = nn.ModuleList([nn.Linear(8, 8), nn.Linear(8, 8)])
        self.norm = nn.LayerNorm(8)
        self.frozen = nn.Linear(8, 8).requires_grad_(False)

    def forward(self, ids):
        hidden = self.embed(ids)
        for layer in self.layers:
            hidden = hidden + layer(hidden).tanh()
        return self.norm(hidden)


CONFIG = FitConfig(name="tiny", steps=6, learning_rate=1e-2, muon="layers", warmup=2, save_every=2)


class Stopped(Exception):
    pass


def trained(folder, config=CONFIG, stop=None):
    torch.manual_seed(0)
    model = Tiny()

    def loss(step):
        if step == stop:
            raise Stopped
        ids = torch.randint(7, (4,), generator=torch.Generator().manual_seed(step))
        return model(ids).square().mean() + model.layers[0](model.embed(ids)).mean(), ""

    fit(model, loss, config, folder=folder, progress=lambda *_: None)
    return {name: p.detach().clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("muon", ["", "layers"])
def test_after_a_stop_it_goes_on_as_if_there_had_been_none(tmp_path, muon):
    config = FitConfig(name="tiny", steps=6, learning_rate=1e-2, muon=muon, warmup=2, save_every=2)
    whole = trained(tmp_path / "whole", config)
    with pytest.raises(Stopped):
        trained(tmp_path / "stopped", config, stop=5)
    again = trained(tmp_path / "stopped", config)
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_muon_trains_matrices_of_layers_and_nothing_else():
    """Its step is orthogonal: at momentum's start all singular values of an update are nearly alike."""
    model = Tiny()
    adamw, muon = loop._optimizers({n: p for n, p in model.named_parameters() if p.requires_grad}, CONFIG)
    by = [{id(p) for group in o.param_groups for p in group["params"]} for o in (adamw, muon)]
    assert by[1] == {id(layer.weight) for layer in model.layers}
    assert by[0] == {id(p) for p in model.parameters() if p.requires_grad} - by[1]
    assert len(loop._optimizers(dict(model.named_parameters()), FitConfig(name="", steps=1, learning_rate=1.0))) == 1
    before = model.layers[0].weight.detach().clone()
    for group in muon.param_groups:
        group["weight_decay"] = 0.0
    model.layers[0].weight.grad, model.layers[1].weight.grad = torch.randn(8, 8), torch.randn(8, 8)
    muon.step()
    values = torch.linalg.svdvals(model.layers[0].weight.detach() - before)
    assert values[0] < 2 * values[-1]


def test_the_rate_rises_and_falls_along_a_cosine():
    rates = [loop._schedule(step, CONFIG) for step in range(6)]
    falls = [0.02 + 0.49 * (1 + math.cos(math.pi * k / 4)) for k in range(4)]
    assert rates == pytest.approx([0.5, 1.0, *falls])


def test_a_world_without_some_of_its_people(world):
    """They are strangers there: not known by name or look, so that their looks may be a stranger's."""
    less = world.without(GOLD_WITHOUT)
    assert len(world.known) - len(less.known) == len(GOLD_WITHOUT) == 10
    assert [p for p in world.known if p.id not in GOLD_WITHOUT] == list(less.known)
    assert less.summary_only == world.summary_only and less.seed == world.seed
    gone = {p.look for p in world.known if p.id in GOLD_WITHOUT}
    assert less.known_looks == world.known_looks - gone and len(gone) == 10
    assert world.without(()) == world
