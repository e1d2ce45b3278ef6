"""Shapes of real models: chat templates, a small tokenizer, and the paper's two 7B models without weights."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    CLIPVisionConfig,
    LlamaConfig,
    LlavaNextConfig,
    LlavaNextImageProcessorPil,
    LlavaNextProcessor,
    MistralConfig,
    PreTrainedTokenizerFast,
)

VOCABULARY = 2048


SYSTEM = "A chat between a curious user and a helpful assistant."


_CONTENT = (
    "{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\\n' }}{% endfor %}"
    "{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] }}{% endfor %}"
)


CHAT_TEMPLATES = {
    "mistral": (
        "{% for message in messages %}{% if message['role'] == 'user' %}{{ '[INST] ' }}" + _CONTENT + "{{ ' [/INST]' }}"
        "{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'][0]['text'] + '</s> ' }}"
        "{% endif %}{% endfor %}"
    ),
    "llama": (
        "{{ '"
        + SYSTEM
        + " ' }}{% for message in messages %}{% if message['role'] == 'user' %}{{ 'USER: ' }}"
        + _CONTENT
        + "{{ ' ' }}{% elif message['role'] == 'assistant' %}"
        "{{ 'ASSISTANT: ' + message['content'][0]['text'] + '</s> ' }}{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"
    ),
}


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


def train_tokenizer(texts: Iterable[str], *, specials: list[str], vocabulary: int = VOCABULARY) -> Tokenizer:
    """A byte-level BPE tokenizer whose first ids are the special tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer
