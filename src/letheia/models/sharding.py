"""Models that outgrow one card: the layers' frozen weights are distributed over processes (PyTorch's FSDP2).

A layer's weights are gathered while it computes and given back afterwards. The adapter stays whole in every process, so
training, saving and answering are as before.
"""

import torch
from peft import PeftModel
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import FSDPModule, fully_shard

from letheia.errors import ConfigError
from letheia.models.model import Model


def shard(model: Model, adapted: PeftModel, device: torch.device | None = None) -> None:
    """Distribute the layers' frozen weights over the processes that `torchrun` has started.

    Every process has to do the same from here on, answering included: each gathers what the others need.

    Args:
        model: The model with the adapter in it, loaded in each process; on the CPU if a card can't hold it whole.
        adapted: peft's wrapper of the same network.
        device: The process's own device; the model's if left out. What is not shared out is moved there.

    Raises:
        ConfigError: There is one process only.
    """
    if not torch.distributed.is_initialized() or torch.distributed.get_world_size() < 2:
        raise ConfigError(
            "weights can be distributed over several processes only. Start with torchrun --nproc_per_node 2."
        )
    device = device or model.device
    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    whole = {p for p in adapted.parameters() if p.requires_grad}
    for layer in model.language_model.layers:
        fully_shard(layer, mesh=mesh, ignored_params=whole)
    model.network.to(device)


def is_sharded(model: Model) -> bool:
    """Whether `shard` has been called."""
    return isinstance(model.language_model.layers[0], FSDPModule)
