"""A half-precision model computes in its own type, adapter included; the adapter's weights stay float32."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from letheia.config import LoadConfig, TrainConfig
from letheia.data.split import schedule
from letheia.data.targets import Texts
from letheia.methods.table import METHODS
from letheia.models.adapter import add_adapter, remove_adapter, trained_parameters
from letheia.models.loading import load_model
from letheia.prompts.prompt_set import PromptSet
from letheia.train.objective import Objective
from letheia.types import Split

PRODUCTS = {torch.ops.aten.mm, torch.ops.aten.addmm, torch.ops.aten.bmm}


class Products(TorchDispatchMode):
    """Counts matrix products by their type."""

    def __init__(self):
        super().__init__()
        self.counts = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        if func.overloadpacket in PRODUCTS:
            self.counts[out.dtype] = self.counts.get(out.dtype, 0) + 1
        return out


@pytest.mark.parametrize("recompute", [False, True])
def test_no_product_in_float32(checkpoints, people, recompute):
    model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="bfloat16", attn="sdpa"))
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    split = Split(forget=people.pictured[:2], retain=people.pictured[2:4])
    (step,) = schedule(split, steps=1, batch=2, pictures=1, seed=0)
    texts = Texts(prompts=PromptSet(question="Who is this?", refusals=("No.",)), references={}, retain=split.retain)
    config = TrainConfig(learning_rate=1e-3)
    objective = Objective(
        model=model, adapted=adapted, method=METHODS["reject"], texts=texts, micro_batch=8, engine=config.engine,
        recompute=recompute,
    )  # fmt: skip
    model.load_pictures([u.portrait for u in (*step.forget, *step.retain)])
    with Products() as products:
        objective.backward(step)
    assert set(products.counts) <= {torch.bfloat16}, products.counts
    trained = trained_parameters(adapted)
    assert {p.dtype for p in trained.values()} == {torch.float32} == {p.grad.dtype for p in trained.values()}
    assert all(p.grad.isfinite().all() for p in trained.values())
    assert any(p.grad.abs().max() > 0 for p in trained.values())
    remove_adapter(model, adapted)
