"""A checkpoint's processor, also where its part for videos can't be loaded."""

import inspect
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer

from letheia.models.families import Family


def load_processor(source: str | Path, family: Family, revision: str | None) -> Any:
    """The processor of a checkpoint.

    Args:
        source: Folder or Hub id.
        family: Its row, which says what stands in where the whole can't be loaded.
        revision: Revision on the Hub.
    """
    options: dict[str, Any] = {"revision": revision, "trust_remote_code": False}
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
