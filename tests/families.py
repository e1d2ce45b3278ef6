"""Tiny untrained checkpoints of each model family, in the layout that the Hub has them in."""

import json
from pathlib import Path

import torch
from tokenizers import processors
from transformers import (
    CLIPImageProcessorPil,
    CLIPVisionConfig,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3ImageProcessorPil,
    Gemma3TextConfig,
    Idefics3Config,
    Idefics3ForConditionalGeneration,
    Idefics3ImageProcessorPil,
    Idefics3Processor,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaOnevisionConfig,
    LlavaOnevisionForConditionalGeneration,
    LlavaOnevisionImageProcessorPil,
    LlavaProcessor,
    PreTrainedTokenizerFast,
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen2Config,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessorPil,
    SiglipVisionConfig,
    SmolVLMConfig,
    SmolVLMForConditionalGeneration,
    SmolVLMImageProcessorPil,
)

import chat_templates
from letheia.models.shapes import train_tokenizer

TEXT = {
    "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024,
}  # fmt: skip

VISION = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "image_size": 56, "patch_size": 14,
}  # fmt: skip


def tokenizer(texts, specials, *, bos=None, eos, pad, named=None):
    trained = train_tokenizer(texts, specials=specials)
    if bos:
        at = (bos, specials.index(bos))
        trained.post_processor = processors.TemplateProcessing(single=f"{bos} $A", special_tokens=[at])
    return PreTrainedTokenizerFast(
        tokenizer_object=trained, bos_token=bos, eos_token=eos, pad_token=pad, additional_special_tokens=specials,
        **(named or {}),
    )  # fmt: skip


def llava(folder: Path, texts):
    """LLaVA-1.5: CLIP at a fixed size, a Llama text model, Vicuna's template."""
    tok = tokenizer(texts, ["<unk>", "<s>", "</s>", "<pad>", "<image>"], bos="<s>", eos="</s>", pad="<pad>")
    write_llava(folder, tok, chat_templates.LLAVA, len(tok))


def write_llava(folder: Path, tok, template, vocabulary):
    image = tok.convert_tokens_to_ids("<image>")
    vision = CLIPVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=3, num_attention_heads=2, image_size=28, patch_size=7
    )
    text = LlamaConfig(
        **TEXT, vocab_size=vocabulary, bos_token_id=1, eos_token_id=2, pad_token_id=tok.convert_tokens_to_ids("<pad>")
    )
    LlavaForConditionalGeneration(
        LlavaConfig(
            vision_config=vision.to_dict(), text_config=text.to_dict(), image_token_index=image, image_seq_length=16
        )
    ).save_pretrained(folder)
    LlavaProcessor(
        image_processor=CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28}),
        tokenizer=tok,
        patch_size=7,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    ).save_pretrained(folder)


def idefics3(folder: Path, texts):
    """Idefics3: a picture as rows and columns of tiles with marks around them, a Llama text model."""
    tok, text, template = tiled(texts)
    Idefics3ForConditionalGeneration(
        Idefics3Config(
            vision_config=VISION, text_config=text.to_dict(), image_token_id=4, scale_factor=2, pad_token_id=0
        )
    ).save_pretrained(folder)
    Idefics3Processor(
        image_processor=Idefics3ImageProcessorPil(
            size={"longest_edge": 112}, max_image_size={"longest_edge": 56}, do_image_splitting=True
        ),
        tokenizer=tok,
        image_seq_len=4,
        chat_template=template,
    ).save_pretrained(folder)


def smolvlm(folder: Path, texts):
    """SmolVLM2: Idefics3's tiles; its processor wants torchvision and num2words, for videos only."""
    tok, text, template = tiled(texts)
    SmolVLMForConditionalGeneration(
        SmolVLMConfig(vision_config=VISION, text_config=text.to_dict(), image_token_id=4, scale_factor=2)
    ).save_pretrained(folder)
    tok.chat_template = template
    tok.save_pretrained(folder)
    SmolVLMImageProcessorPil(
        size={"longest_edge": 112}, max_image_size={"longest_edge": 56}, do_image_splitting=True
    ).save_pretrained(folder)
    settings = {"processor_class": "SmolVLMProcessor", "image_seq_len": 4}
    (folder / "processor_config.json").write_text(json.dumps(settings))


def tiled(texts):
    marks = [f"<row_{r}_col_{c}>" for r in range(1, 5) for c in range(1, 5)]
    specials = ["<pad>", "<|begin_of_text|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>"]
    specials += ["<global-img>", *marks]
    tok = tokenizer(texts, specials, bos="<|begin_of_text|>", eos="<end_of_utterance>", pad="<pad>")
    text = LlamaConfig(**TEXT, vocab_size=len(tok), bos_token_id=1, eos_token_id=2, pad_token_id=0)
    return tok, text, chat_templates.IDEFICS3


def llava_onevision(folder: Path, texts):
    """LLaVA-OneVision: SigLIP with tiles, a Qwen2 text model; its video processor wants torchvision."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>", "<video>"]
    tok = tokenizer(texts, specials, eos="<|im_end|>", pad="<|endoftext|>")
    tok.chat_template = chat_templates.ONEVISION
    text = Qwen2Config(**TEXT, vocab_size=len(tok), bos_token_id=None, eos_token_id=2, pad_token_id=0)
    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=28, patch_size=7,
        vision_use_head=False,
    )  # fmt: skip
    grid = [[28, 28], [28, 56], [56, 28], [56, 56]]
    LlavaOnevisionForConditionalGeneration(
        LlavaOnevisionConfig(
            vision_config=vision.to_dict(), text_config=text.to_dict(), image_token_index=3, video_token_index=4,
            image_grid_pinpoints=grid, vision_feature_layer=-1, vision_feature_select_strategy="full",
        )
    ).save_pretrained(folder)  # fmt: skip
    tok.save_pretrained(folder)
    LlavaOnevisionImageProcessorPil(size={"height": 28, "width": 28}, image_grid_pinpoints=grid).save_pretrained(folder)
    settings = {
        "processor_class": "LlavaOnevisionProcessor", "num_image_tokens": 16, "image_token": "<image>",
        "vision_feature_select_strategy": "full",
    }  # fmt: skip
    (folder / "processor_config.json").write_text(json.dumps(settings))


def gemma3(folder: Path, texts):
    """Gemma 3: a picture's tokens see one another, every other layer sees a window, answers end with their turn."""
    specials = ["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"]
    specials += ["<start_of_image>", "<end_of_image>", "<image_soft_token>"]
    named = dict(zip(("boi_token", "eoi_token", "image_token"), specials[5:], strict=True))
    tok = tokenizer(texts, specials, bos="<bos>", eos="<eos>", pad="<pad>", named={"extra_special_tokens": named})
    tok.chat_template = chat_templates.GEMMA3
    text = Gemma3TextConfig(
        **TEXT, vocab_size=len(tok), head_dim=24, query_pre_attn_scalar=24, sliding_window=11,
        layer_types=["sliding_attention", "full_attention"], bos_token_id=2, eos_token_id=1, pad_token_id=0,
    )  # fmt: skip
    vision = SiglipVisionConfig(
        hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=2, image_size=56, patch_size=7,
        vision_use_head=False,
    )  # fmt: skip
    network = Gemma3ForConditionalGeneration(
        Gemma3Config(
            vision_config=vision.to_dict(), text_config=text.to_dict(), mm_tokens_per_image=16, boi_token_index=5,
            eoi_token_index=6, image_token_index=7, eos_token_id=[1, 4],
        )
    )  # fmt: skip
    torch.nn.init.normal_(network.model.multi_modal_projector.mm_input_projection_weight, std=0.2)  # zero at first
    network.generation_config.eos_token_id = [1, 4]
    network.save_pretrained(folder)
    tok.save_pretrained(folder)
    Gemma3ImageProcessorPil(size={"height": 56, "width": 56}).save_pretrained(folder)
    settings = {"processor_class": "Gemma3Processor", "image_seq_length": 16}
    (folder / "processor_config.json").write_text(json.dumps(settings))


def qwen2_vl(folder: Path, texts):
    """Qwen2-VL: pictures of any shape, positions in time, row and column; its video processor wants torchvision."""
    vision = {"depth": 2, "embed_dim": 32, "num_heads": 2, "mlp_ratio": 2, "hidden_size": 64}
    qwen(folder, texts, Qwen2VLConfig, Qwen2VLForConditionalGeneration, "Qwen2VLProcessor", vision)


def qwen2_5_vl(folder: Path, texts):
    """Qwen2.5-VL: the same with windows in the vision tower."""
    vision = {
        "depth": 2, "hidden_size": 32, "intermediate_size": 48, "num_heads": 2, "out_hidden_size": 64,
        "fullatt_block_indexes": [1],
    }  # fmt: skip
    qwen(folder, texts, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, "Qwen2_5_VLProcessor", vision)


def qwen(folder: Path, texts, configuration, network, processor, vision):
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>"]
    specials += ["<|image_pad|>", "<|video_pad|>"]
    tok = tokenizer(texts, specials, eos="<|im_end|>", pad="<|endoftext|>")
    tok.chat_template = chat_templates.QWEN2_VL
    text = {
        **TEXT, "vocab_size": len(tok), "bos_token_id": None, "eos_token_id": 2, "pad_token_id": 0,
        "rope_parameters": {"rope_type": "default", "mrope_section": [2, 3, 3], "rope_theta": 10000.0},
    }  # fmt: skip
    network(
        configuration(
            text_config=text, vision_config=vision, vision_start_token_id=3, vision_end_token_id=4, image_token_id=5,
            video_token_id=6,
        )
    ).save_pretrained(folder)  # fmt: skip
    tok.save_pretrained(folder)
    Qwen2VLImageProcessorPil(min_pixels=28 * 28, max_pixels=28 * 28 * 16).save_pretrained(folder)
    file = folder / "preprocessor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "processor_class": processor}))


def words(folder: Path, texts):
    """A Llama without vision, with ChatML's template."""
    specials = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    tok = tokenizer(texts, specials, eos="<|im_end|>", pad="<|endoftext|>")
    tok.chat_template = (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    )
    LlamaForCausalLM(
        LlamaConfig(**TEXT, vocab_size=len(tok), bos_token_id=None, eos_token_id=2, pad_token_id=0)
    ).save_pretrained(folder)
    tok.save_pretrained(folder)


MAKERS = {f.__name__: f for f in (llava, llava_onevision, idefics3, smolvlm, gemma3, qwen2_vl, qwen2_5_vl)}


def make(family: str, folder: Path, texts):
    """Write a checkpoint; weights large enough that answers depend on the picture."""
    torch.manual_seed(0)
    MAKERS[family](folder, texts)
    return folder
