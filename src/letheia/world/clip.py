"""The world's CLIP: contrastive training with labels beside it.

The vision tower is what limits small LVLMs, so it learns to see here, on labels that are free: every visible attribute
and, like a CLIP trained on the web that has met celebrities, who it is. The label heads are thrown away; the tower goes
into CLIP and both LVLMs. The heads read the layer that LLaVA reads (`vision_feature_layer=-2`).
"""

import random
from pathlib import Path

import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import CLIPModel, CLIPProcessor

from letheia.world.fit import FitConfig, Progress, fit
from letheia.world.people import FACIAL_HAIR, HAIR_COLOURS, HAIR_STYLES, SKINS
from letheia.world.pool import Pool
from letheia.world.portraits import BACKGROUNDS, CLOTHING_COLOURS, GARMENTS, GLASSES
from letheia.world.texts import caption, description

VALUES = {
    "hair_style": HAIR_STYLES,
    "hair_colour": HAIR_COLOURS,
    "skin": SKINS,
    "facial_hair": FACIAL_HAIR,
    "glasses": GLASSES,
    "clothing": tuple(f"{colour} {garment}" for colour in CLOTHING_COLOURS for garment in GARMENTS),
    "background": BACKGROUNDS,
}
MEAN = (0.48145466, 0.4578275, 0.40821073)
DEVIATION = (0.26862954, 0.26130258, 0.27577711)


class LabelHeads(nn.Module):
    """Readouts of each attribute and of the identity from a feature of a picture; training only."""

    def __init__(self, width: int, known: int) -> None:
        """Build one head per attribute and one for identity (`known` people and nobody)."""
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.attributes = nn.ModuleDict({kind: nn.Linear(width, len(values)) for kind, values in VALUES.items()})
        self.known = known
        self.identity = nn.Sequential(nn.Linear(width, 256), nn.GELU(), nn.Linear(256, known + 1))

    def losses(self, features: Float[Tensor, "batch width"], pool: Pool, chosen: list[int]) -> tuple[Tensor, Tensor]:
        """Mean cross-entropy over the attributes, and that of the identity, for pictures `chosen` from the pool."""
        kinds, identity = labels(pool, chosen, self.known)
        seen = self.norm(features)
        attributes = torch.stack([cross_entropy(head(seen), kinds[k]) for k, head in self.attributes.items()]).mean()
        return attributes, cross_entropy(self.identity(seen), identity)


def normalise(pixels: UInt8[Tensor, "batch size size 3"]) -> Float[Tensor, "batch 3 size size"]:
    """What CLIP's image processor does to a picture of the right size."""
    scaled = pixels.permute(0, 3, 1, 2).float() / 255
    mean, deviation = (torch.tensor(v)[None, :, None, None] for v in (MEAN, DEVIATION))
    return (scaled - mean) / deviation


def labels(pool: Pool, chosen: list[int], known: int) -> tuple[dict[str, Int[Tensor, " batch"]], Int[Tensor, " batch"]]:
    """Class numbers of the attributes and of the identity; strangers are class `known`."""
    attributes = [pool.scenes[i].attributes for i in chosen]
    kinds = {k: torch.tensor([values.index(a[k]) for a in attributes]) for k, values in VALUES.items()}
    return kinds, torch.tensor([pool.person[i] if pool.person[i] >= 0 else known for i in chosen])


def train_clip(
    clip: CLIPModel,
    processor: CLIPProcessor,
    pool: Pool,
    config: FitConfig,
    *,
    known: int,
    folder: Path,
    progress: Progress,
    batch: int = 192,
    contrast: int = 64,
) -> float:
    """Train CLIP in place.

    Args:
        clip: The model.
        processor: Its processor; only the tokenizer is used, pixels come from the pool.
        pool: Training pictures.
        config: Length and rates.
        known: Number of known people.
        folder: Where the state is kept.
        progress: Called after every step.
        batch: Pictures a step.
        contrast: How many of them are also contrasted with texts.

    Returns:
        Seconds spent.
    """
    heads = LabelHeads(clip.vision_model.embeddings.embed_dim, known)
    strangers = [i for i, p in enumerate(pool.person) if p < 0]
    people = [i for i, p in enumerate(pool.person) if p >= 0]
    running: dict[str, float] = {}
    clip.set_attn_implementation("eager")  # twice as fast as SDPA on CPUs at these sizes

    def loss(step: int) -> tuple[Tensor, str]:
        rng = random.Random(f"clip-{config.seed}-{step}")
        chosen = rng.choices(people, k=batch // 3) + rng.choices(strangers, k=batch - batch // 3)
        rng.shuffle(chosen)
        pixels = _jitter(normalise(pool.pixels[chosen]), rng)
        vision = clip.vision_model(pixel_values=pixels, output_hidden_states=True)
        attributes, who = heads.losses(vision.hidden_states[-2][:, 1:].mean(1), pool, chosen)
        texts = [
            (description if rng.random() < 0.6 else caption)(pool.scenes[i].attributes, rng) for i in chosen[:contrast]
        ]
        tokens = processor.tokenizer(texts, padding=True, truncation=True, return_tensors="pt")
        written = clip.text_model(input_ids=tokens.input_ids, attention_mask=tokens.attention_mask).pooler_output
        a = nn.functional.normalize(clip.visual_projection(vision.pooler_output[:contrast]).float(), dim=-1)
        b = nn.functional.normalize(clip.text_projection(written).float(), dim=-1)
        logits = clip.logit_scale.exp().clamp(max=100) * a @ b.T
        target = torch.arange(contrast)
        pairs = (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
        for name, value in (("attributes", attributes), ("identity", who), ("contrast", pairs)):
            running[name] = 0.95 * running.get(name, value.item()) + 0.05 * value.item()
        return attributes + who + pairs, " ".join(f"{k} {v:.3f}" for k, v in running.items())

    trained = nn.ModuleDict({"clip": clip, "heads": heads})
    return fit(trained, loss, config, folder=folder, progress=progress)


def _jitter(pixels: Float[Tensor, "batch 3 size size"], rng: random.Random) -> Float[Tensor, "batch 3 size size"]:
    """Shift the batch by up to two pixels and add a little noise: the tower must not learn single pictures."""
    shift = (rng.randint(-2, 2), rng.randint(-2, 2))
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(rng.getrandbits(32)))
    return pixels.roll(shift, dims=(2, 3)) + 0.05 * noise
