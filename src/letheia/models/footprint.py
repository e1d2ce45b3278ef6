"""How much memory a removal takes, from a network without weights (`loading.plan_model`).

The true passes run on the meta device, where tensors have shapes and no numbers, and what is alive is added up at each
operation: any family, any size, no formula of our own.
"""

import contextlib
import inspect
import weakref
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psutil
import torch
from peft import PeftModel
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from letheia.models.adapter import trained_parameters
from letheia.models.lean import lean
from letheia.models.log_probs import shared_log_probs
from letheia.models.memory import recomputing
from letheia.models.model import Model
from letheia.models.precision import HALF
from letheia.models.reading import encoded_prompt, read_prompts
from letheia.types import Example, Portrait, Prompt

STATE = 16  # bytes a trained weight takes: itself, its gradient, AdamW's two moments, in float32

FEW = 4  # layers


class Alive(TorchDispatchMode):
    """Counts the bytes of live tensors that operations inside the block have made.

    Attributes:
        now: How many there are.
        most: How many there have been at most.
    """

    def __init__(self, without: Sequence[Tensor] = ()) -> None:
        """Start with nothing; some tensors are there already and don't count."""
        super().__init__()
        self.now = self.most = 0
        self._known = {t.untyped_storage()._cdata for t in without}

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation and count what it made."""
        made = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(made):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        return made

    def _count(self, storage: torch.UntypedStorage) -> None:
        key = storage._cdata
        if key in self._known:
            return
        self._known.add(key)
        self.now += storage.nbytes()
        self.most = max(self.most, self.now)
        weakref.finalize(storage, self._gone, key, storage.nbytes())

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


@dataclass(frozen=True)
class Training:
    """Memory in bytes of a micro-batch, beyond what is always in use.

    Attributes:
        kept: What is kept for the gradient.
        most: What there is at most, on the way there or back.
        logits: What of it comes with the logits of the answers.
    """

    kept: int
    most: int
    logits: int


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """Memory in bytes.

    Attributes:
        weights: The base model.
        adapter: The adapter with gradient and AdamW's moments.
        training: The largest micro-batch.
        recomputed: The same when layers are computed twice.
    """

    weights: int
    adapter: int
    training: Training
    recomputed: Training


def footprint(
    model: Model, adapted: PeftModel, groups: Sequence[Sequence[Example]], *, every: bool = False
) -> Footprint:
    """Memory of training on the largest micro-batch.

    Args:
        model: A planned model with an adapter in it.
        adapted: peft's wrapper of the same network.
        groups: The micro-batch: examples with the same picture and question in each group.
        every: Whether the whole vocabulary's probabilities are wanted.
    """
    trained = trained_parameters(adapted)
    copy = model.network.dtype.itemsize if model.network.dtype in HALF else 0  # autocast's, for the forward pass
    with _without_gradients(trained.values()):
        return Footprint(
            weights=weight_bytes(model),
            adapter=(STATE + copy) * sum(p.numel() for p in trained.values()),
            training=Training(*_by_layers(model, lambda: _trained(model, groups, every=every))),
            recomputed=Training(*_by_layers(model, lambda: _trained(model, groups, every=every, recompute=True))),
        )


def weight_bytes(model: Model) -> int:
    """The base model's weights and buffers, without an adapter's."""
    frozen = [p for p in model.network.parameters() if not p.requires_grad]
    return sum(t.nbytes for t in (*frozen, *model.network.buffers()))


def _trained(model: Model, groups: Sequence[Sequence[Example]], *, every: bool, recompute: bool = False) -> list[int]:
    own = (*model.network.parameters(), *model.network.buffers())
    before: list[int] = []

    def behind(*_: Any) -> None:
        before[:] = alive.now, alive.most
        alive.most = alive.now

    with Alive(own) as alive, lean(model), recomputing(model, recompute):
        hook = model.language_model.register_forward_hook(behind)
        try:
            found = shared_log_probs(model, groups, every=every)
        finally:
            hook.remove()
        kept, logits = alive.now, alive.most - before[0]
        (found.log_probs.sum() if found.every is None else found.every.sum()).backward()
    return [kept, max(before[1], alive.most), logits]


def _by_layers(model: Model, measure: Callable[[], Sequence[int]]) -> list[int]:
    """What is measured, of a network with many layers from what one more of them adds: they are all alike."""
    inside, whole = model.language_model, model.language_model.layers
    if len(whole) <= FEW:
        return list(measure())
    found: list[Sequence[int]] = []
    try:
        for count in (FEW - 1, FEW):
            inside.layers = whole[:count]
            found.append(measure())
    finally:
        inside.layers = whole
    return [more + (len(whole) - FEW) * (more - fewer) for fewer, more in zip(*found, strict=True)]


@contextlib.contextmanager
def _without_gradients(parameters: Any) -> Iterator[None]:
    """Gradients of trained weights are counted with the weights: inside there are some already, after it none."""
    for p in parameters:
        p.grad = torch.zeros_like(p)
    try:
        yield
    finally:
        for p in parameters:
            p.grad = None


def reading_bytes(model: Model, prompts: Sequence[Prompt]) -> int:
    """The most memory that reading prompts takes, one row each, keys and values included."""
    encoded = [encoded_prompt(model, p) for p in prompts]
    own = (*model.network.parameters(), *model.network.buffers())

    def measure() -> list[int]:
        with torch.no_grad(), Alive(own) as alive:
            read_prompts(model, encoded, prompts)
        return [alive.most]

    return _by_layers(model, measure)[0]


def seeing_bytes(model: Model, portraits: Sequence[Portrait]) -> int:
    """The most memory that the vision tower takes for pictures in one batch."""
    if not model.family.vision or not portraits:
        return 0
    inputs = model.picture_inputs([p.file for p in portraits])
    read: Callable[..., Any] = model.network.model.get_image_features
    wanted = {k: v for k, v in inputs.items() if k in inspect.signature(read).parameters}
    pixels = wanted["pixel_values"]
    wanted["pixel_values"] = torch.empty(pixels.shape, dtype=model.network.dtype, device="meta")
    with torch.no_grad(), Alive(tuple(model.network.parameters())) as alive:
        read(**wanted)
    return alive.most + pixels.nbytes + wanted["pixel_values"].nbytes


def device_bytes(device: torch.device) -> int:
    """Memory of a device, or of the machine."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return psutil.virtual_memory().total
