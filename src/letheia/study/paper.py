"""The paper's settings, as values, and the shapes of its two models for plans that have no checkpoint at hand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tokenizers import processors
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

from letheia.methods.variants import with_variants
from letheia.world.checkpoints import CHAT_TEMPLATES, train_tokenizer

RATES: Mapping[str, dict[str, float]] = {
    "mistral": with_variants(
        {"ga": 3e-5, "npo": 1e-4, "random": 1e-4, "reject": 1e-5, "bg": 2e-5, "pubg": 2e-5, "bounded": 8e-5}
    ),
    "llama": with_variants(
        {"ga": 1e-4, "npo": 5e-4, "random": 1e-4, "reject": 1e-4, "bg": 3e-5, "pubg": 3e-5, "bounded": 1.2e-4}
    ),
}
"""Table 6 by the type of the text model (llama is Vicuna); BG, which it has none for, has
PUBG's, and Bounded four times that, as in the built-in world."""

LORA = {"rank": 128, "alpha": 256}


@dataclass(frozen=True, kw_only=True)
class PaperPreset:
    """One of the paper's two models with its settings.

    Attributes:
        model: Its id on the Hub.
        text_model: The type of its text model.
        dataset: Where the paper's people are from.
        judge: The LVLM that judges and writes responses.
        clip: The CLIP of CLIPScore.
    """

    model: str
    text_model: str
    dataset: str = "SatyaV/celeb-1000"
    judge: str = "gpt-4.1-mini"
    clip: str = "openai/clip-vit-large-patch14"


PRESETS: Mapping[str, PaperPreset] = {
    "paper/llava-1.6-mistral": PaperPreset(model="llava-hf/llava-v1.6-mistral-7b-hf", text_model="mistral"),
    "paper/llava-1.6-vicuna": PaperPreset(model="llava-hf/llava-v1.6-vicuna-7b-hf", text_model="llama"),
}


def rates_for(text_model: str) -> dict[str, float]:
    """Learning rates for a type of text model; those of Mistral where the paper has none.

    >>> rates_for("llama")["pubg"], rates_for("qwen2")["pubg"]
    (3e-05, 2e-05)
    """
    return RATES.get(text_model, RATES["mistral"])


def write_shapes(folder: Path, text_model: str) -> None:
    """Write a 7B LLaVA-NeXT's configuration and processor, without weights, for `loading.plan_model`.

    Pictures take as many tokens as with the real checkpoint; texts nearly so, as the tokenizer is a small one.

    Args:
        folder: Where to write.
        text_model: `mistral` or `llama`.
    """
    sizes: dict[str, Any] = {
        "hidden_size": 4096,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
        "vocab_size": 32064,
    }
    text = (
        MistralConfig(**sizes, intermediate_size=14336, num_key_value_heads=8, sliding_window=None,
                      max_position_embeddings=32768)
        if text_model == "mistral"
        else LlamaConfig(**sizes, intermediate_size=11008, max_position_embeddings=4096)
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16, image_size=336,
        patch_size=14,
    )  # fmt: skip
    grid = [[336, 672], [672, 336], [672, 672], [1008, 336], [336, 1008]]
    LlavaNextConfig(
        vision_config=vision.to_dict(), text_config=text.to_dict(), image_token_index=4, image_grid_pinpoints=grid,
        image_seq_length=576, tie_word_embeddings=False,
    ).save_pretrained(folder)  # fmt: skip
    trained = train_tokenizer(
        list(CHAT_TEMPLATES.values()), specials=["<unk>", "<s>", "</s>", "<pad>", "<image>"], vocabulary=32000
    )
    trained.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained, unk_token="<unk>", bos_token="<s>", eos_token="</s>", pad_token="<pad>",
        additional_special_tokens=["<image>"],
    )  # fmt: skip
    LlavaNextProcessor(
        image_processor=LlavaNextImageProcessorPil(
            size={"shortest_edge": 336}, crop_size={"height": 336, "width": 336}, image_grid_pinpoints=grid
        ),
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATES[text_model],
        num_additional_image_tokens=1,
    ).save_pretrained(folder)
