"""Training states on disk: weights, AdamW's moments and the step, in safetensors, written whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from letheia.errors import CheckpointError
from letheia.files import write_atomic

MOMENTS = ("step", "exp_avg", "exp_avg_sq", "momentum_buffer")
"""What AdamW and Muon keep of a tensor."""


@dataclass(frozen=True)
class Restored:
    """A restored state: the steps done, and the text stored with it."""

    step: int
    history: str


def save_state(
    path: Path, parameters: dict[str, Tensor], optimizer: Optimizer, *, step: int, key: str, history: str = ""
) -> None:
    """Save everything that training needs in order to resume.

    Args:
        path: The file.
        parameters: Trained tensors by name.
        optimizer: AdamW over exactly these tensors.
        step: Steps done.
        key: What run the state belongs to; checked on loading.
        history: A text kept with it.
    """
    tensors = {f"weight.{name}": p.detach() for name, p in parameters.items()}
    for name, p in parameters.items():
        for field, value in optimizer.state.get(p, {}).items():
            tensors[f"{field}.{name}"] = torch.as_tensor(value)
    tensors = {name: t.contiguous().cpu() for name, t in tensors.items()}
    write_atomic(
        path, lambda file: save_file(tensors, file, metadata={"step": str(step), "key": key, "history": history})
    )


def load_state(path: Path, parameters: dict[str, Tensor], optimizer: Optimizer, *, key: str) -> Restored:
    """Restore what `save_state` wrote, in place.

    Returns:
        Steps done and the text kept with them; nothing done where there is no file.

    Raises:
        CheckpointError: The file is damaged or belongs to another run.
    """
    if not path.exists():
        return Restored(0, "")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path}: damaged ({error}). Delete it to train from the start.") from error
    if metadata.get("key") != key:
        raise CheckpointError(f"{path}: belongs to a run with other settings. Choose another output folder.")
    with torch.no_grad():
        for name, p in parameters.items():
            p.copy_(tensors[f"weight.{name}"])
            fields = {f: tensors[f"{f}.{name}"] for f in MOMENTS if f"{f}.{name}" in tensors}
            if fields:
                optimizer.state[p] = {f: t if f == "step" else t.to(p.device) for f, t in fields.items()}
    return Restored(int(metadata["step"]), metadata.get("history", ""))


def drop_state(path: Path, *, unless: str) -> int:
    """Delete a state that can't be resumed: it is damaged, or belongs to a run with another key.

    Returns:
        Steps done by the state that is left.
    """
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata()
        if metadata.get("key") == unless:
            return int(metadata["step"])
    except (SafetensorError, OSError):
        pass
    path.unlink()
    return 0
