"""A checkpoint's processor, also where its part for videos can't be loaded, or where there is no vision at all."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer

from letheia.models.families import Family


@dataclass(frozen=True)
class WordProcessor:
    """A tokenizer in place of a processor, for models without vision."""

    tokenizer: Any
    image_token: str = ""
    image_token_ids: tuple[int, ...] = (-1,)

    @property
    def chat_template(self) -> str | None:
        """The tokenizer's."""
        return self.tokenizer.chat_template

    def save_pretrained(self, folder: str) -> None:
        """Write the tokenizer."""
        self.tokenizer.save_pretrained(folder)


def _clip_or_siglip(config: Any) -> dict[str, Any]:
    vision = config.vision_config
    return {
        "patch_size": vision.patch_size,
        "vision_feature_select_strategy": config.vision_feature_select_strategy,
        "num_additional_image_tokens": int(vision.model_type == "clip_vision_model"),  # its class token
    }


def _onevision(config: Any) -> dict[str, Any]:
    vision = config.vision_config
    return {
        "num_image_tokens": (vision.image_size // vision.patch_size) ** 2,
        "vision_feature_select_strategy": config.vision_feature_select_strategy,
        "vision_aspect_ratio": config.vision_aspect_ratio,
    }


def _tiled(config: Any) -> dict[str, Any]:
    vision = config.vision_config
    return {"image_seq_len": (vision.image_size // vision.patch_size) ** 2 // config.scale_factor**2}


FROM_CONFIG: dict[str, Callable[[Any], dict[str, Any]]] = {
    "llava": _clip_or_siglip,
    "llava_next": _clip_or_siglip,
    "llava_onevision": _onevision,
    "idefics3": _tiled,
    "smolvlm": _tiled,
}
"""What a processor has to know of the vision tower, by family: files of 2024 lack it, and `config.json` says it."""


def load_processor(source: str | Path, family: Family, revision: str | None, config: Any) -> Any:
    """The processor of a checkpoint; what its own files lack comes from the configuration and the tokenizer.

    Args:
        source: Folder or Hub id.
        family: Its row, which says what stands in where the whole can't be loaded.
        revision: Revision on the Hub.
        config: The checkpoint's configuration.
    """
    processor = _own_processor(source, family, revision)
    if family.model_type in FROM_CONFIG:
        for name, value in FROM_CONFIG[family.model_type](config).items():
            setattr(processor, name, value)
    if family.vision and not processor.chat_template:
        processor.chat_template = processor.tokenizer.chat_template
    return processor


def _own_processor(source: str | Path, family: Family, revision: str | None) -> Any:
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
    if not family.vision:
        return WordProcessor(AutoTokenizer.from_pretrained(source, **options))
    try:
        return AutoProcessor.from_pretrained(source, **options)
    except (ImportError, OSError):  # the part for videos wants torchvision, or was not saved without it
        if not family.processor:
            raise
    whole = getattr(transformers, family.processor)
    parts = {"get_attributes": classmethod(lambda _: ["image_processor", "tokenizer"])}
    settings = whole.get_processor_dict(source, revision=revision)[0]
    known = inspect.signature(whole.__init__).parameters
    tokenizer = AutoTokenizer.from_pretrained(source, **options)
    own = {
        **{k: v for k, v in settings.items() if not isinstance(v, dict)},
        "image_processor": AutoImageProcessor.from_pretrained(source, **options),
        "tokenizer": tokenizer,
        "video_processor": None,
        "chat_template": settings.get("chat_template") or tokenizer.chat_template,
    }
    return type(whole.__name__, (whole,), parts)(**{k: v for k, v in own.items() if k in known})
