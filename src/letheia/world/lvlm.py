"""Training of the world's LVLMs on lessons: the picture once, all its questions as branches.

The vision tower comes from CLIP and stays as it is, so its features are computed once for the whole pool. Most of the
loss is the wording of the answers; what the picture has to say is a few bits of it, and comes late. So the middle layer
is also trained, through label heads that are thrown away, to hold at the last image token what is seen and who it is.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from transformers import LlavaNextForConditionalGeneration, LlavaNextProcessor

from letheia.models.attention import GROUPED
from letheia.models.branches import Branch, Tree, pack
from letheia.models.encoding import encode
from letheia.world.checkpoints import PATCH
from letheia.world.clip import LabelHeads, normalise
from letheia.world.fit import FitConfig, Progress, fit
from letheia.world.lessons import Turn, lesson
from letheia.world.people import World
from letheia.world.pool import Pool
from letheia.world.portraits import SIZE

SIDE = SIZE // PATCH
FIRST = 3.0  # weight of an answer's first token, which decides between yes and no, a name and a description
HEADS = 0.5  # weight of the label heads beside the answers
IMAGE_TOKENS = SIDE * SIDE + SIDE * (SIDE + 1)  # the base view, then one tile with a newline after each row


def vision_features(
    model: LlavaNextForConditionalGeneration, pool: Pool, *, batch: int = 256
) -> Float[Tensor, "pictures patches width"]:
    """Features of every picture as LLaVA selects them, in half precision; the projector comes later."""
    tower, layer = model.model.vision_tower, model.config.vision_feature_layer
    parts = []
    with torch.inference_mode():
        for chunk in pool.pixels.split(batch):
            states = tower(pixel_values=normalise(chunk), output_hidden_states=True).hidden_states
            parts.append(states[layer][:, 1:].half())
    return torch.cat(parts).clone()


def image_embeddings(
    model: LlavaNextForConditionalGeneration, features: Float[Tensor, "rows patches width"]
) -> Float[Tensor, "rows tokens hidden"]:
    """Project features and lay them out as LLaVA-NeXT does for one tile: base view, then tile with newlines."""
    projected = model.model.multi_modal_projector(features)
    grid = projected.unflatten(1, (SIDE, SIDE))
    newline = model.model.image_newline.to(grid.dtype).expand(len(grid), SIDE, 1, -1)
    return torch.cat([projected, torch.cat([grid, newline], 2).flatten(1, 2)], 1)


def train_lvlm(
    model: LlavaNextForConditionalGeneration,
    processor: LlavaNextProcessor,
    world: World,
    pool: Pool,
    config: FitConfig,
    *,
    folder: Path,
    progress: Progress,
    rows: int = 24,
) -> float:
    """Train projector and language model in place.

    Args:
        model: A LLaVA-NeXT with a trained vision tower.
        processor: Its processor.
        world: The people.
        pool: Training pictures.
        config: Length and rates.
        folder: Where the state is kept.
        progress: Called after every step.
        rows: Pictures a step.

    Returns:
        Seconds spent.
    """
    model.model.vision_tower.requires_grad_(False)
    features = vision_features(model, pool)
    model.set_attn_implementation(GROUPED)
    heads = LabelHeads(model.config.get_text_config().hidden_size, len(world.known))
    strangers = [i for i, p in enumerate(pool.person) if p < 0]
    known = [i for i, p in enumerate(pool.person) if p >= 0]
    running: dict[str, float] = {}

    def loss(step: int) -> tuple[Tensor, str]:
        rng = random.Random(f"lvlm-{config.seed}-{step}")
        chosen = rng.choices(known, k=rows // 3) + rng.choices(strangers, k=rows - rows // 3)
        trees = [tree(processor, lesson(world, pool, i, rng)) for i in chosen]
        value, seen = lesson_loss(model, trees, features[chosen], pad=processor.tokenizer.pad_token_id)
        attributes, who = heads.losses(seen.float(), pool, chosen)
        for name, part in (("answers", value), ("attributes", attributes), ("identity", who)):
            running[name] = 0.97 * running.get(name, part.item()) + 0.03 * part.item()
        return value + HEADS * (attributes + who), " ".join(f"{k} {v:.3f}" for k, v in running.items())

    return fit(nn.ModuleDict({"model": model, "heads": heads}), loss, config, folder=folder, progress=progress)


def tree(processor: LlavaNextProcessor, turns: list[Turn]) -> Tree:
    """Encode a lesson; turns without a picture share the start token alone."""
    prefix: tuple[int, ...] = ()
    branches = []
    for turn in turns:
        picture = processor.image_token * IMAGE_TOKENS if turn.image else ""
        encoded = encode(processor, turn.question, turn.answer, picture=picture)
        if turn.image and not prefix:
            last = len(encoded.ids) - 1 - encoded.ids[::-1].index(processor.image_token_id)
            prefix = encoded.ids[: last + 1]
        shared = len(prefix) if turn.image else 1
        assert encoded.ids[:shared] == prefix[:shared]
        branches.append(Branch(encoded.ids[shared:], encoded.answer_start - shared, shared))
    return Tree(prefix, tuple(branches))


def lesson_loss(
    model: LlavaNextForConditionalGeneration,
    trees: list[Tree],
    features: Float[Tensor, "rows patches width"],
    *,
    pad: int,
) -> tuple[Tensor, Float[Tensor, "rows hidden"]]:
    """Loss and what the middle layer holds at the last image token.

    The loss is the mean negative log-likelihood where an answer of n tokens weighs as much as the root of n, and its
    first token `FIRST` times as much as another.
    """
    packed = pack(trees, pad=pad)
    embeddings = model.get_input_embeddings()(packed.ids)
    pictures = image_embeddings(model, features.float())
    embeddings = embeddings.masked_scatter(
        (packed.ids == model.config.image_token_index)[..., None], pictures.to(embeddings.dtype)
    )
    mask = torch.zeros(packed.allowed.shape).masked_fill(~packed.allowed, torch.finfo(torch.bfloat16).min)
    states = model.model.language_model(
        inputs_embeds=embeddings,
        attention_mask=mask,
        position_ids=packed.positions,
        use_cache=False,
        output_hidden_states=True,
    ).hidden_states
    logits = model.lm_head(states[-1][packed.row, packed.at])
    losses = cross_entropy(logits.float(), packed.target, reduction="none")
    lengths = torch.bincount(packed.branch)
    weights = lengths[packed.branch].float().rsqrt()
    weights[lengths.cumsum(0) - lengths] *= FIRST
    middle = states[len(states) // 2]
    seen = middle[range(len(trees)), [len(t.prefix) - 1 for t in trees]]
    return (losses * weights).sum() / weights.sum(), seen


def tokenizer_texts(world: World, pool: Pool) -> Iterator[str]:
    """A sample of everything the models read and say."""
    rng = random.Random(f"lvlm-texts-{world.seed}")
    for picture in range(0, len(pool), 5):
        for turn in lesson(world, pool, picture, rng):
            yield f"[INST] \n{turn.question} [/INST] {turn.answer}"
            yield f"USER: \n{turn.question} ASSISTANT: {turn.answer}"
