"""Training pictures of the world: scenes of known people and of strangers, drawn once and kept as bytes."""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from safetensors.torch import load_file, save_file
from torch import Tensor

from letheia.files import write_atomic
from letheia.world.people import World, stranger_looks
from letheia.world.portraits import Scene, draw, random_scene


@dataclass(frozen=True)
class Pool:
    """Pictures with their scenes; `person[i]` is the index of the known person, or -1 for a stranger."""

    scenes: tuple[Scene, ...]
    person: tuple[int, ...]
    pixels: UInt8[Tensor, "pictures size size 3"]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.scenes)


def make_pool(
    world: World, *, name: str, per_person: int, strangers: int, hard: float = 0.5, cache: Path | None = None
) -> Pool:
    """Draw `per_person` pictures of every known person and `strangers` pictures of strangers.

    Args:
        world: The people.
        name: Part of the seed: pools of different names share no picture.
        per_person: Pictures a known person.
        strangers: Pictures of strangers, each of another look drawn anew.
        hard: Share of strangers that differ from a known person in one trait.
        cache: Folder where the pixels are kept.
    """
    rng = random.Random(f"pool-{world.seed}-{name}")
    person = [i for i in range(len(world.known)) for _ in range(per_person)] + [-1] * strangers
    looks = stranger_looks(world, rng, hard=hard)
    scenes = [random_scene(world.known[i].look if i >= 0 else next(looks), rng) for i in person]
    file = cache / f"pool-{name}.safetensors" if cache else None
    if file and file.exists():
        pixels = load_file(file)["pixels"]
    else:
        pixels = draw_all(scenes)
        if file:
            write_atomic(file, lambda path: save_file({"pixels": pixels}, path))
    assert len(pixels) == len(scenes)
    return Pool(tuple(scenes), tuple(person), pixels)


def draw_all(scenes: Sequence[Scene]) -> UInt8[Tensor, "pictures size size 3"]:
    """Draw many scenes on all cores."""
    if len(scenes) < 400:
        return torch.from_numpy(np.stack([_pixels(scene) for scene in scenes]))
    with ProcessPoolExecutor(os.cpu_count(), mp_context=get_context("spawn")) as executor:
        return torch.from_numpy(np.stack(list(executor.map(_pixels, scenes, chunksize=200))))


def _pixels(scene: Scene) -> np.ndarray:
    return np.asarray(draw(scene))
