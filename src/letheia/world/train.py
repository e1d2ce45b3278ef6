"""Training of the world's models, one command: CLIP first, then the two LVLMs on its vision tower.

Every stage keeps its state in the folder and goes on from there when it is started again.
"""

import random
from pathlib import Path

from transformers import CLIPModel, CLIPProcessor

from letheia.world.checkpoints import make_clip
from letheia.world.clip import train_clip
from letheia.world.fit import FitConfig, Progress
from letheia.world.people import World
from letheia.world.pool import Pool, make_pool
from letheia.world.texts import caption, description


def training_pool(world: World, folder: Path) -> Pool:
    """The pictures all stages train on."""
    return make_pool(world, name="train", per_person=120, strangers=14_000, cache=folder)


def clip_stage(
    world: World, folder: Path, *, steps: int, progress: Progress
) -> tuple[CLIPModel, CLIPProcessor, float]:
    """Train CLIP, or take up its finished state.

    Returns:
        Model, processor and the seconds spent now.
    """
    pool = training_pool(world, folder)
    rng = random.Random(f"clip-texts-{world.seed}")
    texts = [write(scene.attributes, rng) for scene in pool.scenes[::4] for write in (description, caption)]
    clip, processor = make_clip(texts, seed=world.seed)
    config = FitConfig(name="clip", steps=steps, learning_rate=1e-3, seed=world.seed)
    seconds = train_clip(
        clip, processor, pool, config, known=len(world.known), folder=folder, progress=progress
    )
    return clip, processor, seconds
