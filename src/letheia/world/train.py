"""Training of the world's models, one command: CLIP first, then the two LVLMs on its vision tower.

Every stage keeps its state in the folder and goes on from there when it is started again.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import CLIPModel, CLIPProcessor, LlavaNextForConditionalGeneration, LlavaNextProcessor

from letheia.world.checkpoints import make_clip, make_lvlm
from letheia.world.clip import train_clip
from letheia.world.fit import FitConfig, Progress
from letheia.world.lvlm import tokenizer_texts, train_lvlm
from letheia.world.people import World
from letheia.world.pool import Pool, make_pool
from letheia.world.texts import caption, description

CLIP_STEPS = 2400
LVLM_STEPS = {"mistral": 4400, "llama": 500}


@dataclass(frozen=True)
class TrainedClip:
    """CLIP with its processor and the seconds spent now."""

    model: CLIPModel
    processor: CLIPProcessor
    seconds: float


@dataclass(frozen=True)
class TrainedLvlm:
    """A LLaVA-NeXT with its processor and the seconds spent now."""

    model: LlavaNextForConditionalGeneration
    processor: LlavaNextProcessor
    seconds: float


def clip_pool(world: World, folder: Path) -> Pool:
    """The pictures that the tower learns to see on."""
    return make_pool(world, name="train", per_person=120, strangers=14_000, cache=folder)


def lvlm_pool(world: World, folder: Path) -> Pool:
    """The pictures that LVLMs learn to tell about: none of the tower's, on which it is surer than on any other."""
    return make_pool(world, name="lvlm", per_person=120, strangers=12_000, hard=0.7, cache=folder)


def clip_stage(world: World, folder: Path, *, progress: Progress, steps: int = CLIP_STEPS) -> TrainedClip:
    """Train CLIP, or take up its state."""
    pool = clip_pool(world, folder)
    rng = random.Random(f"clip-texts-{world.seed}")
    texts = [write(scene.attributes, rng) for scene in pool.scenes[::4] for write in (description, caption)]
    clip, processor = make_clip(texts, seed=world.seed)
    config = FitConfig(name="clip", steps=steps, learning_rate=1e-3, seed=world.seed)
    seconds = train_clip(clip, processor, pool, config, known=len(world.known), folder=folder, progress=progress)
    return TrainedClip(clip, processor, seconds)


def lvlm_stage(
    world: World,
    folder: Path,
    family: str,
    clip: CLIPModel,
    *,
    progress: Progress,
    start: TrainedLvlm | None = None,
) -> TrainedLvlm:
    """Train one LVLM on CLIP's vision tower, or take up its state.

    Args:
        world: The people.
        folder: Where states are kept.
        family: `mistral` or `llama`.
        clip: The trained CLIP.
        progress: Called after every step.
        start: A trained LVLM of another family with the same sizes, whose weights are taken to start with.
    """
    pool = lvlm_pool(world, folder)
    model, processor = make_lvlm(family, tokenizer_texts(world, pool), seed=world.seed + (family == "llama"))
    tower = {k: v.half().float() for k, v in clip.vision_model.state_dict().items()}  # as it will be shipped
    model.model.vision_tower.load_state_dict(tower)
    if start:
        model.load_state_dict(start.model.state_dict())
        processor.tokenizer = start.processor.tokenizer
    rate = 8e-4 if start else 2e-3
    config = FitConfig(name=family, steps=LVLM_STEPS[family], learning_rate=rate, seed=world.seed)
    seconds = train_lvlm(model, processor, world, pool, config, folder=folder, progress=progress)
    return TrainedLvlm(model, processor, seconds)


def save_pretrained(trained: TrainedClip | TrainedLvlm, folder: Path) -> None:
    """Write a checkpoint in the Hub's layout, in half precision as LLaVA's are."""
    model: Any = trained.model
    model.to(torch.float16).save_pretrained(folder)
    model.to(torch.float32)
    trained.processor.save_pretrained(folder)
