"""Weights as they are after storing them in fewer bits, pruning or noise: pure functions of a tensor.

Each gives numbers of the type that it got, so that the network computes on as before, with the rounded weights.
"""

import torch
from jaxtyping import Float
from torch import Tensor

BLOCK = 64
"""Weights that share a scale in NF4: bitsandbytes' own default."""
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)  # fmt: skip
"""The 16 values of a weight in NF4, as shares of its block's largest (Dettmers et al. 2023, appendix E)."""


def to_nf4(weight: Float[Tensor, "*shape"], *, block: int = BLOCK) -> Float[Tensor, "*shape"]:
    """Weights in 4 bits (NF4) and back, as bitsandbytes stores them without double quantisation.

    Blocks are taken along the rows, one after the other; the last may be shorter. Of two values that are as near, the
    smaller is taken.

    >>> to_nf4(torch.tensor([2.0, -1.0, 0.05, 0.0]), block=4)  # -1 is half of the largest: between -.525 and -.395
    tensor([ 2.0000, -1.0501,  0.0000,  0.0000])
    """
    code = torch.tensor(NF4, device=weight.device)
    flat = weight.float().flatten()
    short = -len(flat) % block
    blocks = torch.cat([flat, flat.new_zeros(short)]).reshape(-1, block)
    largest = blocks.abs().amax(1, keepdim=True)
    shares = blocks * torch.where(largest > 0, 1 / largest, largest)
    rounded = code[torch.bucketize(shares, (code[1:] + code[:-1]) / 2)] * largest
    return rounded.flatten()[: len(flat)].reshape(weight.shape).to(weight.dtype)


def to_int8(weight: Float[Tensor, "out in"]) -> Float[Tensor, "out in"]:
    """Weights in 8 bits and back, each row with its largest as 127 (LLM.int8's weights, Dettmers et al. 2022).

    >>> to_int8(torch.tensor([[127.0, 1.4, -63.6], [0.0, 0.0, 0.0]]))
    tensor([[127.,   1., -64.],
            [  0.,   0.,   0.]])
    """
    scale = weight.float().abs().amax(1, keepdim=True) / 127
    return (weight / torch.where(scale > 0, scale, 1)).round().mul(scale).to(weight.dtype)


def rounded_to(weight: Float[Tensor, "*shape"], dtype: torch.dtype) -> Float[Tensor, "*shape"]:
    """Weights in a smaller floating type and back.

    >>> float(rounded_to(torch.tensor(1.001), torch.bfloat16))  # 8 bits of a fraction: steps of 1/128 above 1
    1.0
    """
    return weight.to(dtype).to(weight.dtype)


def pruned(weight: Float[Tensor, "*shape"], share: float) -> Float[Tensor, "*shape"]:
    """Weights whose smallest share by magnitude is zero.

    >>> pruned(torch.tensor([[3.0, -0.1, 0.2, -4.0, 5.0]]), 0.4)
    tensor([[ 3.,  0.,  0., -4.,  5.]])
    """
    gone = weight.abs().flatten().argsort(stable=True)[: round(share * weight.numel())]
    kept = weight.flatten().index_fill(0, gone, 0)
    return kept.reshape(weight.shape)


def noisy(weight: Float[Tensor, "*shape"], share: float, stream: torch.Generator) -> Float[Tensor, "*shape"]:
    """Weights with normal noise whose standard deviation is a share of their own.

    Args:
        weight: The weights.
        share: How much of their standard deviation.
        stream: Where the noise comes from, on the CPU so that every device has the same.
    """
    noise = torch.randn(weight.shape, generator=stream).to(weight)
    return weight + share * weight.std() * noise
