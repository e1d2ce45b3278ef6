"""Noise on a picture that makes a text likelier: projected gradient steps on the pixels, through the vision tower."""

import contextlib
import inspect
from collections.abc import Iterator
from dataclasses import replace

import torch
from torch import Tensor

from letheia.errors import ConfigError
from letheia.models.features import Features, Picture
from letheia.models.log_probs import log_probs
from letheia.models.model import Model
from letheia.models.precision import own_precision
from letheia.types import Example


@contextlib.contextmanager
def other_pictures(model: Model) -> Iterator[Features]:
    """Inside, pictures have features of their own, which are forgotten after it."""
    plain = model.pictures
    model.pictures = Features()
    try:
        yield model.pictures
    finally:
        model.pictures = plain


def noised(model: Model, example: Example, *, epsilon: float, step: float, steps: int) -> Picture:
    """A picture with the noise that makes an answer about it likeliest (projected gradient ascent, Madry et al. 2018).

    The noise lies on what the vision tower reads, after the picture was scaled and cut into tiles, and is not rounded.

    Args:
        model: The model, inside `other_pictures`: the picture's features are replaced.
        example: The picture, the question, and the answer.
        epsilon: How much a pixel may change, of a scale from 0 to 1.
        step: How much it changes at a step.
        steps: How many.

    Raises:
        ConfigError: The model sees no pictures, or reads them as something else than pixels in three colours.
    """
    if not model.family.vision:
        raise ConfigError(f"{model.name}: has no vision, so no picture can be noised.")
    file = example.portrait.file
    plain = model.picture(example.portrait)
    inputs = {k: v.to(model.device) for k, v in model.picture_inputs([file]).items() if isinstance(v, Tensor)}
    pixels = inputs["pixel_values"].float()
    low, high, scale = _range(model, pixels)
    read = model.network.model.get_image_features
    told = {k: v for k, v in inputs.items() if k in inspect.signature(read).parameters and k != "pixel_values"}

    def features(changed: Tensor) -> Picture:
        (found,) = read(pixel_values=changed.to(model.network.dtype), **told).pooler_output
        return replace(plain, features=found)

    changed = pixels
    for _ in range(steps):
        changed = changed.detach().requires_grad_()
        with torch.enable_grad(), own_precision(model):
            model.pictures.put(file, features(changed))
            likely = log_probs(model, [example]).log_probs.sum()
            (slope,) = torch.autograd.grad(likely, changed)
        moved = changed.detach() + step * scale * slope.sign()
        moved = moved.clamp(pixels - epsilon * scale, pixels + epsilon * scale)
        changed = moved.clamp(low, high)
    with torch.no_grad():
        found = features(changed)
    model.pictures.put(file, found)
    return found


def _range(model: Model, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Black and white as the tower reads them, and what a picture's scale from 0 to 1 comes to, by colour."""
    processor = model.processor.image_processor
    if pixels.dim() < 4 or pixels.shape[-3] != 3 or not processor.do_normalize:
        raise ConfigError(f"{model.name}: reads patches, not pixels by colour; noise can't be bounded there.")
    mean, spread = (
        torch.tensor(v, device=pixels.device)[:, None, None] for v in (processor.image_mean, processor.image_std)
    )
    return -mean / spread, (1 - mean) / spread, 1 / spread
