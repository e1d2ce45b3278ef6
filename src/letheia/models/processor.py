"""A checkpoint's processor, also where its part for videos can't be loaded, or where there is no vision at all."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer

from letheia.models.families import Family


@dataclass(frozen=True)
class WordProcessor:
    """A tokenizer where the code wants a processor: it knows no pictures."""

    tokenizer: Any
    image_token: str = ""
    image_token_ids: tuple[int, ...] = (-1,)

    @property
    def chat_template(self) -> str | None:
        """The tokenizer's."""
        return self.tokenizer.chat_template

    def apply_chat_template(
        self, messages: Sequence[dict[str, Any]], *, add_generation_prompt: bool, tokenize: bool
    ) -> str:
        """The conversation as text; such templates take a message's content as one text."""
        plain = [{**m, "content": "".join(part["text"] for part in m["content"])} for m in messages]
        return self.tokenizer.apply_chat_template(plain, add_generation_prompt=add_generation_prompt, tokenize=tokenize)

    def save_pretrained(self, folder: str) -> None:
        """Write the tokenizer."""
        self.tokenizer.save_pretrained(folder)


def load_processor(source: str | Path, family: Family, revision: str | None) -> Any:
    """The processor of a checkpoint.

    Args:
        source: Folder or Hub id.
        family: Its row, which says what stands in where the whole can't be loaded.
        revision: Revision on the Hub.
    """
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
