"""A LLaVA-NeXT of any size with random weights, and people to forget: same classes, same tiles, nothing downloaded.

The small sizes keep the 7B's proportions (an eighth of its widths, the same 576 tokens a tile), so that what costs
there costs here.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from transformers import (
    CLIPVisionConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

from letheia.models.attention import GROUPED
from letheia.models.families import family_of
from letheia.models.model import Model
from letheia.models.quiet import quiet_libraries
from letheia.models.shapes import CHAT_TEMPLATES, train_tokenizer
from letheia.types import Entity, Portrait

PATCH = 14
SHAPES = {"1200": (1.0, 1.0), "2300": (1.5, 2.0), "2928": (2.0, 2.0)}
"""Width and height of a picture in tiles by the prefix it makes with 336-pixel tiles: 1,176, 2,352 and 2,928 tokens."""


@dataclass(frozen=True)
class Sizes:
    """Sizes of a model and of what it trains on; `tile` is the side of a tile in pixels."""

    hidden: int
    layers: int
    heads: int
    groups: int
    intermediate: int
    vocabulary: int
    vision: dict[str, int]
    tile: int = 336
    rank: int = 16
    answer: int = 100
    micro_batch: int = 4


SIZES = {
    "cpu-tiny": Sizes(
        hidden=512, layers=2, heads=4, groups=1, intermediate=1792, vocabulary=512,
        vision={
            "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 3, "num_attention_heads": 2,
        },
    ),
    "7b": Sizes(
        hidden=4096, layers=32, heads=32, groups=8, intermediate=14336, vocabulary=32064, rank=128, micro_batch=8,
        vision={
            "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
        },
    ),
    "smoke": Sizes(
        hidden=64, layers=2, heads=4, groups=1, intermediate=96, vocabulary=512, tile=56, rank=4, answer=12,
        vision={"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 2},
    ),
}  # fmt: skip


def make_model(sizes: Sizes, *, device: str, dtype: torch.dtype, seed: int = 0) -> Model:
    """The model on its device, its weights drawn there."""
    torch.manual_seed(seed)
    processor = make_processor(sizes)
    with torch.device(device), quiet_libraries():
        network = LlavaNextForConditionalGeneration._from_config(make_config(sizes), dtype=dtype)
    network.eval().requires_grad_(False)
    return Model("benchmark", network, processor, family_of("llava_next", "benchmark"))


def make_config(sizes: Sizes) -> LlavaNextConfig:
    text = MistralConfig(
        vocab_size=sizes.vocabulary, hidden_size=sizes.hidden, intermediate_size=sizes.intermediate,
        num_hidden_layers=sizes.layers, num_attention_heads=sizes.heads, num_key_value_heads=sizes.groups,
        head_dim=sizes.hidden // sizes.heads, max_position_embeddings=32768, rope_theta=1e6, sliding_window=None,
        bos_token_id=1, eos_token_id=2, pad_token_id=3,
    )  # fmt: skip
    vision = CLIPVisionConfig(**sizes.vision, image_size=sizes.tile, patch_size=PATCH, projection_dim=768)
    return LlavaNextConfig(
        vision_config=vision.to_dict(), text_config=text.to_dict(), image_token_index=4, tie_word_embeddings=False,
        image_grid_pinpoints=pinpoints(sizes), image_seq_length=(sizes.tile // PATCH) ** 2,
    )  # fmt: skip


def pinpoints(sizes: Sizes) -> list[list[int]]:
    """The resolutions of llava-v1.6, in tiles of this size."""
    return [[h * sizes.tile, w * sizes.tile] for h, w in ((1, 2), (2, 1), (2, 2), (3, 1), (1, 3))]


def make_processor(sizes: Sizes) -> LlavaNextProcessor:
    specials = ["<unk>", "<s>", "</s>", "<pad>", "<image>"]
    rng = random.Random(0)
    corpus = [" ".join(f"{word(rng)}" for _ in range(40)) for _ in range(sizes.vocabulary // 2)]
    trained = train_tokenizer(corpus, specials=specials, vocabulary=sizes.vocabulary)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=["<image>"], padding_side="left",
    )  # fmt: skip
    side = {"height": sizes.tile, "width": sizes.tile}
    return LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": sizes.tile}, crop_size=side, image_grid_pinpoints=pinpoints(sizes)
        ),
        tokenizer=tokenizer,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template="<s>" + CHAT_TEMPLATES["mistral"],
        num_additional_image_tokens=1,
    )


def word(rng: random.Random) -> str:
    return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(rng.randint(1, 4)))


def texts(processor: Any, tokens: int, *, seed: int) -> Iterator[str]:
    """Texts without meaning of so many tokens, the end token included."""
    rng = random.Random(seed)
    tokenizer = processor.tokenizer
    while True:
        words: list[str] = []
        while count(tokenizer, words) < tokens:
            words.append(word(rng))
        while count(tokenizer, words) > tokens:  # the last word was too long: single letters fit
            words[-1:] = [words[-1][:-1]] if len(words[-1]) > 1 else []
        yield " ".join(words)


def count(tokenizer: Any, words: list[str]) -> int:
    return len(tokenizer(f" {' '.join(words)}</s>", add_special_tokens=False).input_ids)


def make_people(
    model: Model, sizes: Sizes, folder: Path, *, prefix: str, people: int, responses: int, seed: int = 0
) -> list[Entity]:
    """People with one picture of noise each, of the shape that makes the prefix, and so many responses."""
    generator = torch.Generator().manual_seed(seed)
    told = texts(model.processor, sizes.answer, seed=seed)
    width, height = (round(sizes.tile * side) for side in SHAPES[prefix])
    found = []
    for number in range(people):
        name = f"{prefix}-{responses}-{seed}-{number}"
        pixels = torch.randint(0, 256, (height, width, 3), generator=generator, dtype=torch.uint8)
        Image.fromarray(pixels.numpy()).save(folder / f"{name}.png")
        portrait = Portrait(id=name, file=folder / f"{name}.png", entity=name, role="seen")
        own = tuple(next(told) for _ in range(responses))
        found.append(Entity(id=name, name=name, summary=own[0], responses=own, portraits=(portrait,)))
    return found


def use_attention(model: Model, name: str) -> None:
    """Attention of the text model; the vision tower keeps what its device is best at."""
    tower = "eager" if model.device.type == "cpu" else "sdpa"
    model.network.set_attn_implementation({"": tower, "text_config": name})


def own_attention(model: Model) -> str:
    """What Letheia's loader chooses on this device."""
    return GROUPED if model.device.type == "cpu" else "sdpa"
