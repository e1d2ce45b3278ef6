"""The precision in which an adapter computes: the model's, though the adapter's weights are float32.

peft turns a half-precision activation into float32 before each LoRA product unless told otherwise, which keeps a
second, twice as large copy of every activation and runs the products at a fraction of the speed.
"""

import contextlib
from collections.abc import Iterator

import torch
from peft.helpers import disable_input_dtype_casting

from letheia.models.model import Model

HALF = (torch.bfloat16, torch.float16)


@contextlib.contextmanager
def own_precision(model: Model) -> Iterator[None]:
    """Inside, all matrix products are in the type of the model's weights; a float32 model is left alone."""
    if model.network.dtype not in HALF:
        yield
        return
    with disable_input_dtype_casting(model.network), torch.autocast(model.device.type, model.network.dtype):
        yield
