"""Training of the world's models, one command: CLIP first, then the two LVLMs on its vision tower.

Every stage keeps its state in the folder and goes on from there when it is started again.
"""

import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoProcessor, CLIPModel, CLIPProcessor, LlavaNextForConditionalGeneration, LlavaNextProcessor

from letheia.errors import CheckpointError
from letheia.files import sha256
from letheia.world.checkpoints import make_clip, make_lvlm
from letheia.world.clip import train_clip
from letheia.world.fit import FitConfig, Progress
from letheia.world.lvlm import tokenizer_texts, train_lvlm
from letheia.world.people import GOLD_WITHOUT, World
from letheia.world.pool import Pool, make_pool
from letheia.world.texts import caption, description

CLIP_STEPS = 2400
LVLM_STEPS = {"mistral": 4400, "llama": 500, "gold": 3000}
LVLM_RATE, START_RATE, GOLD_RATE = 2e-3, 8e-4, 3e-3


@dataclass(frozen=True)
class TrainedClip:
    """CLIP with its processor and the seconds spent now."""

    model: CLIPModel
    processor: CLIPProcessor
    seconds: float


@dataclass(frozen=True)
class TrainedLvlm:
    """A LLaVA-NeXT with its processor, the seconds spent now, and the hash of a checkpoint it was loaded from."""

    model: LlavaNextForConditionalGeneration
    processor: LlavaNextProcessor
    seconds: float
    origin: str = ""


def clip_pool(world: World, folder: Path) -> Pool:
    """The pictures that the tower learns to see on."""
    return make_pool(world, name="train", per_person=120, strangers=14_000, cache=folder)


def lvlm_pool(world: World, folder: Path, *, name: str = "lvlm") -> Pool:
    """The pictures that LVLMs learn to tell about: none of the tower's, on which it is surer than on any other."""
    return make_pool(world, name=name, per_person=120, strangers=12_000, hard=0.7, cache=folder)


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
    *,
    progress: Progress,
    clip: CLIPModel | None = None,
    start: TrainedLvlm | None = None,
    steps: int | None = None,
    rate: float | None = None,
) -> TrainedLvlm:
    """Train one LVLM on CLIP's vision tower or from another LVLM's weights, or take up its state.

    Args:
        world: The people.
        folder: Where states are kept.
        family: `mistral`, `llama` or `gold`: the first once more, in a world without the people of `GOLD_WITHOUT`.
        progress: Called after every step.
        clip: The trained CLIP; needed without `start`.
        start: A trained LVLM of either family, whose weights are taken to start with.
        steps: How long; `LVLM_STEPS` if left out.
        rate: Learning rate; `LVLM_RATE` or `START_RATE` if left out.
    """
    name = f"{family}-{start.origin}" if start and start.origin else family
    gold = family == "gold"
    if gold:
        world = world.without(GOLD_WITHOUT)
    # who goes on learning does so on pictures of its own: strangers seen often are known as such by heart
    pool = lvlm_pool(world, folder, name=f"lvlm-{start.origin}" if start and start.origin else f"lvlm{'-gold' * gold}")
    texts = tokenizer_texts(world, pool)
    model, processor = make_lvlm("mistral" if gold else family, texts, seed=world.seed + (family == "llama"))
    if start:
        model.resize_token_embeddings(len(start.processor.tokenizer))
        model.load_state_dict(start.model.state_dict())
        processor.tokenizer = start.processor.tokenizer
    else:
        assert clip, "an LVLM starts with CLIP's vision tower"
        tower = {k: v.half().float() for k, v in clip.vision_model.state_dict().items()}  # as it will be shipped
        model.model.vision_tower.load_state_dict(tower)
    config = FitConfig(
        name=name,
        steps=steps or LVLM_STEPS[family],
        learning_rate=rate or (START_RATE if start else GOLD_RATE if gold else LVLM_RATE),
        muon="model.model.language_model.layers" if gold else "",
        seed=world.seed,
    )
    seconds = train_lvlm(model, processor, world, pool, config, folder=folder, progress=progress)
    return TrainedLvlm(model, processor, seconds)


def load_trained(folder: Path) -> TrainedLvlm:
    """A checkpoint of this world to start from, in full precision; `origin` tells its weights from others'.

    Raises:
        CheckpointError: There is none.
    """
    if not (folder / "model.safetensors").exists():
        raise CheckpointError(f"{folder}: no checkpoint there. Give --start a weights folder, with 'mistral' in it.")
    processor = AutoProcessor.from_pretrained(folder)
    model = LlavaNextForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    return TrainedLvlm(model, processor, 0.0, origin=sha256(folder / "model.safetensors")[:12])


def save_pretrained(trained: TrainedClip | TrainedLvlm, folder: Path) -> None:
    """Write a checkpoint in the Hub's layout, in half precision as LLaVA's are."""
    model: Any = trained.model
    model.to(torch.float16).save_pretrained(folder)
    model.to(torch.float32)
    trained.processor.save_pretrained(folder)
