"""CLIP checkpoints: embeddings of pictures and texts for CLIPScore."""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cosine_similarity
from transformers import AutoConfig, CLIPModel, CLIPProcessor

from letheia.errors import CheckpointError
from letheia.models.checkpoint_files import check_folder, check_size, weight_files
from letheia.models.hub import check_reachable
from letheia.models.quiet import one_line_errors
from letheia.models.weight_files import content_key, stored_tensors
from letheia.pictures import read_image


@dataclass(frozen=True)
class Clip:
    """A CLIP checkpoint with its processor, and the embeddings of pictures it has seen."""

    network: CLIPModel
    processor: CLIPProcessor
    pictures: dict[Path, Tensor] = field(default_factory=dict[Path, Tensor])


def load_clip(source: str | Path) -> Clip:
    """Load a CLIP checkpoint.

    Raises:
        CheckpointError: It is missing, damaged or no CLIP.
    """
    folder, kind = Path(source), cast("Any", CLIPModel)
    check_reachable(source)
    if folder.is_dir():
        check_folder(folder)
    with one_line_errors(folder / "config.json"):
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
    if config.model_type != "clip":
        raise CheckpointError(
            f"{source}: is a model of type '{config.model_type}'; CLIPScore is defined for CLIP alone. "
            "Give a CLIP with --clip, such as openai/clip-vit-large-patch14."
        )
    if folder.is_dir():
        with one_line_errors(folder / "config.json"), torch.device("meta"):
            described = sum(p.numel() for p in kind(config).parameters())
        stored = [stored_tensors(file) for file in weight_files(folder)]
        check_size(folder / "config.json", described, {k: v for part in stored for k, v in part.items()})
    with one_line_errors(source):
        network, found = kind.from_pretrained(
            source, dtype=torch.float32, use_safetensors=True, output_loading_info=True
        )
        processor = CLIPProcessor.from_pretrained(source)
    if found["missing_keys"]:  # transformers would draw them at random
        lacking = sorted(found["missing_keys"])
        raise CheckpointError(
            f"{source}: lacks {len(lacking)} of CLIP's weights, such as {lacking[0]}. Download the whole CLIP."
        )
    return Clip(network.eval().requires_grad_(False), processor)


def clip_key(source: str | Path) -> str:
    """Fingerprint of a CLIP's files; one of the Hub has its commit instead.

    Raises:
        CheckpointError: It can't be reached.
    """
    if Path(source).is_dir():
        return content_key(Path(source))
    with one_line_errors(source):
        return str(AutoConfig.from_pretrained(source, trust_remote_code=False)._commit_hash)


def clip_cosines(clip: Clip, files: Sequence[Path], texts: Sequence[str], *, batch: int = 64) -> list[float]:
    """Cosine of each picture with its text.

    Args:
        clip: The checkpoint.
        files: Pictures, one a text; each is read once, in all calls.
        texts: Texts; what goes beyond CLIP's limit is cut, its end token stays.
        batch: Pairs at once.
    """
    new = [file for file in dict.fromkeys(files) if file not in clip.pictures]
    for start in range(0, len(new), batch):
        part = new[start : start + batch]
        clip.pictures.update(zip(part, embed_images(clip, [read_image(f) for f in part]), strict=True))
    values: list[float] = []
    for start in range(0, len(texts), batch):
        written = embed_texts(clip, texts[start : start + batch])
        seen = torch.stack([clip.pictures[f] for f in files[start : start + batch]])
        values.extend(cosines(seen, written).tolist())
    return values


def cosines(images: Float[Tensor, "pairs width"], texts: Float[Tensor, "pairs width"]) -> Float[Tensor, " pairs"]:
    """Cosine of each pair of embeddings.

    >>> cosines(torch.tensor([[3.0, 4.0]]), torch.tensor([[1.0, 0.0]]))
    tensor([0.6000])
    """
    return cosine_similarity(images, texts, dim=-1)


def embed_images(clip: Clip, images: Sequence[Any]) -> Float[Tensor, "images width"]:
    """Projected image embeddings."""
    with torch.no_grad():
        pixels = clip.processor.image_processor(list(images), return_tensors="pt")["pixel_values"]
        return clip.network.visual_projection(clip.network.vision_model(pixel_values=pixels).pooler_output)


def embed_texts(clip: Clip, texts: Sequence[str]) -> Float[Tensor, "texts width"]:
    """Projected text embeddings."""
    ids = text_ids(clip, texts)
    length = max(len(row) for row in ids)
    end = clip.processor.tokenizer.eos_token_id
    padded = torch.tensor([row + [end] * (length - len(row)) for row in ids])
    mask = torch.tensor([[1] * len(row) + [0] * (length - len(row)) for row in ids])
    with torch.no_grad():
        return clip.network.text_projection(
            clip.network.text_model(input_ids=padded, attention_mask=mask).pooler_output
        )


def text_ids(clip: Clip, texts: Sequence[str]) -> list[list[int]]:
    """Token ids within CLIP's limit; the last one is always the end token, at which CLIP reads the text off."""
    limit = clip.network.text_model.embeddings.position_embedding.num_embeddings
    end = clip.processor.tokenizer.eos_token_id
    with _no_length_warning(clip.processor.tokenizer):
        rows = [clip.processor.tokenizer(text).input_ids for text in texts]
    return [row if len(row) <= limit else [*row[: limit - 1], end] for row in rows]


@contextlib.contextmanager
def _no_length_warning(tokenizer: Any) -> Iterator[None]:
    """The tokenizer warns about long texts, which are cut here on purpose."""
    limit = tokenizer.model_max_length
    tokenizer.model_max_length = 10**9
    try:
        yield
    finally:
        tokenizer.model_max_length = limit
