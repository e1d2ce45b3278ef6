"""Which people look similar, by the features that the model itself sees."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from letheia.models.model import Model
from letheia.types import Entity, Split


def hard_negatives(model: Model, split: Split) -> tuple[Entity, ...]:
    """The half of the retained people who look most like somebody to be forgotten, in the order of the split.

    Args:
        model: The model; the mean feature of people's first seen pictures is compared, without what all have in common.
        split: Who is forgotten and who is retained.

    Returns:
        Nobody where the model sees no pictures.
    """
    if not model.family.vision:
        return ()
    people = (*split.forget, *split.retain)
    model.load_pictures([e.pictures("seen")[0] for e in people])
    means = torch.stack([model.picture(e.pictures("seen")[0]).features.float().mean(0).cpu() for e in people])
    closest = likeness(means)[len(split.forget) :, : len(split.forget)].amax(1)
    chosen = set(closest.topk(len(split.retain) // 2).indices.tolist())
    return tuple(e for i, e in enumerate(split.retain) if i in chosen)


def likeness(means: Float[Tensor, "people hidden"]) -> Float[Tensor, "people people"]:
    """Cosine similarity of every two people's features, after subtracting the mean."""
    directions = normalize(means - means.mean(0), dim=1)
    return directions @ directions.T
