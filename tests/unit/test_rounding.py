"""Weights in fewer bits against tables worked out by hand."""

import pytest
import torch

from letheia.models.rounding import BLOCK, NF4, noisy, pruned, rounded_to, to_int8, to_nf4


def test_nf4_is_the_table_times_the_block_s_largest():
    """Every value of the table, times a power of two, is kept; what lies between two goes to the nearer."""
    code = torch.tensor(NF4)
    weight = torch.cat([8 * code, 8 * code.flip(0), code[8:], code[:8]])
    assert len(weight) == 48 and torch.equal(to_nf4(weight, block=16)[:32], weight[:32])
    middles, width = (code[1:] + code[:-1]) / 2, code[1:] - code[:-1]
    for shift, expected in ((-0.01, code[:-1]), (0.01, code[1:])):
        block = torch.cat([torch.tensor([1.0]), middles + shift * width])
        assert torch.equal(to_nf4(block, block=16)[1:], expected)


def test_nf4_blocks_have_their_own_scale_and_the_last_may_be_short():
    weight = torch.cat([torch.full((BLOCK,), 3.0), torch.zeros(BLOCK), torch.tensor([0.5, -0.5, 0.001])])
    found = to_nf4(weight[None])
    assert found.shape == (1, 2 * BLOCK + 3) and torch.equal(found[0, :-1], weight[:-1]) and found[0, -1] == 0


def test_int8_keeps_what_is_a_127th_of_the_row_s_largest():
    weight = torch.tensor([[127.0, 1.4, -63.6], [2.0, -2.0, 0.0], [0.0, 0.0, 0.0]])
    assert torch.allclose(to_int8(weight), torch.tensor([[127.0, 1, -64], [2, -2, 0], [0, 0, 0]]))


def test_a_smaller_type_keeps_its_bits_only():
    one = torch.tensor([1.0, 1 + 2**-7, 1 + 2**-9])  # bfloat16 has steps of 2**-7 above 1
    assert rounded_to(one, torch.bfloat16).tolist() == [1.0, 1 + 2**-7, 1.0]
    assert torch.equal(rounded_to(one, torch.float16), one)


def test_pruning_takes_the_smallest_and_noise_is_a_share_of_the_spread():
    assert pruned(torch.tensor([[3.0, -0.1, 0.2, -4.0, 5.0]]), 0.4).tolist() == [[3.0, 0.0, 0.0, -4.0, 5.0]]
    weight = torch.randn(200, 200, generator=torch.Generator().manual_seed(0))
    first, again = (noisy(weight, 0.1, torch.Generator().manual_seed(1)) for _ in range(2))
    assert torch.equal(first, again) and float((first - weight).std()) == pytest.approx(0.1, rel=0.02)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_nf4_is_bitsandbytes(dtype):
    functional = pytest.importorskip("bitsandbytes.functional")
    weight = (0.02 * torch.randn(7, 130, generator=torch.Generator().manual_seed(0))).to(dtype)
    stored, state = functional.quantize_4bit(weight, blocksize=BLOCK, quant_type="nf4")
    assert torch.equal(functional.dequantize_4bit(stored, state).reshape(weight.shape), to_nf4(weight))
