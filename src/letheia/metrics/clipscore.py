"""CLIPScore, Hessel et al. 2021: how well a text fits a picture.

Two forms. `clipscore` is the raw cosine of picture and answer, the scale of the unlearning paper's tables (0.18 to
0.30). `clipscore_scaled` is the published number of the original article: 2.5 * max(cosine, 0), with the words that its
public code puts before every text.
"""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity

SCALE = 2.5

PREFIX = "A photo depicts "
"""What the original article's code puts before a text."""


def cosines(images: Float[Tensor, "pairs width"], texts: Float[Tensor, "pairs width"]) -> Float[Tensor, " pairs"]:
    """Cosine of each pair of embeddings.

    >>> import torch
    >>> cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([0.6000])
    """
    return cosine_similarity(images, texts, dim=-1)


def scaled(cosine: float) -> float:
    """The original article's form.

    >>> scaled(0.3), scaled(-0.1)
    (0.75, 0.0)
    """
    return SCALE * max(cosine, 0.0)
