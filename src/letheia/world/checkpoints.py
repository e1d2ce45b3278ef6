"""Untrained models, tokenizers and processors of the world, in the layout of the Hub's checkpoints.

`llava-v1.6-mistral` and `llava-v1.6-vicuna` are the models: same classes, same files, same processor with its grid
of resolutions, same special tokens; only the sizes are small. A 7B checkpoint takes the same path through the code.
"""

from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import processors
from transformers import (
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPProcessor,
    CLIPTextConfig,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

from letheia.models.shapes import CHAT_TEMPLATES, train_tokenizer
from letheia.world.portraits import SIZE

PATCH = 12


def vision_config() -> CLIPVisionConfig:
    """The vision tower that CLIP and both LVLMs share."""
    return CLIPVisionConfig(
        hidden_size=192,
        intermediate_size=576,
        num_hidden_layers=5,
        num_attention_heads=6,
        image_size=SIZE,
        patch_size=PATCH,
        projection_dim=128,
    )


def make_clip(texts: Iterable[str], *, seed: int) -> tuple[CLIPModel, CLIPProcessor]:
    """An untrained CLIP with its processor; the tokenizer is trained on `texts`."""
    tokenizer = train_tokenizer(texts, specials=["<|startoftext|>", "<|endoftext|>"], vocabulary=1024)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<|startoftext|> $A <|endoftext|>", special_tokens=[("<|startoftext|>", 0), ("<|endoftext|>", 1)]
    )
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<|startoftext|>",
        eos_token="<|endoftext|>",
        pad_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        model_max_length=77,
    )
    text = CLIPTextConfig(
        vocab_size=len(fast),
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=2,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=128,
        bos_token_id=0,
        eos_token_id=1,
        pad_token_id=1,
    )
    config = CLIPConfig(text_config=text.to_dict(), vision_config=vision_config().to_dict(), projection_dim=128)
    torch.manual_seed(seed)
    image_processor = CLIPImageProcessorPil(size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE})
    return CLIPModel(config), CLIPProcessor(image_processor=image_processor, tokenizer=fast)


def make_lvlm(
    family: str, texts: Iterable[str], *, seed: int
) -> tuple[LlavaNextForConditionalGeneration, LlavaNextProcessor]:
    """An untrained LLaVA-NeXT with its processor.

    Args:
        family: `mistral` or `llama`, the text model.
        texts: What the tokenizer is trained on.
        seed: Seed of the weights.
    """
    tokenizer = train_tokenizer(texts, specials=["<unk>", "<s>", "</s>", "<pad>", "<image>"])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        additional_special_tokens=["<image>"],
        padding_side="left",
        model_max_length=1024,
    )
    sizes: dict[str, Any] = {
        "vocab_size": len(fast),
        "hidden_size": 256,
        "intermediate_size": 640,
        "num_hidden_layers": 4,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "head_dim": 32,
        "max_position_embeddings": 1024,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 3,
    }
    text = MistralConfig(**sizes, sliding_window=None) if family == "mistral" else LlamaConfig(**sizes)
    grid = [[SIZE, SIZE], [SIZE, 2 * SIZE], [2 * SIZE, SIZE], [2 * SIZE, 2 * SIZE]]
    config = LlavaNextConfig(
        vision_config=vision_config().to_dict(),
        text_config=text.to_dict(),
        image_token_index=4,
        image_grid_pinpoints=grid,
        image_seq_length=(SIZE // PATCH) ** 2,
        tie_word_embeddings=False,
    )
    torch.manual_seed(seed)
    model = LlavaNextForConditionalGeneration(config)
    image_processor = LlavaNextImageProcessorPil(
        size={"shortest_edge": SIZE}, crop_size={"height": SIZE, "width": SIZE}, image_grid_pinpoints=grid
    )
    processor = LlavaNextProcessor(
        image_processor=image_processor,
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        chat_template=CHAT_TEMPLATES[family],
        num_additional_image_tokens=1,
    )
    return model, processor
