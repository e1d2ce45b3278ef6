"""The paper's settings, as values, and the shapes of its two models for plans that have no checkpoint at hand."""

from collections.abc import Mapping
from dataclasses import dataclass

LORA = {"train": {"rank": 128, "alpha": 256}}
ANSWER_LIMIT = 512
"""Tokens of an answer at most, where a checkpoint says nothing; LLaVA's have 100 to 300."""


@dataclass(frozen=True, kw_only=True)
class PaperModel:
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


PAPER_MODELS: Mapping[str, PaperModel] = {
    "paper/llava-1.6-mistral": PaperModel(model="llava-hf/llava-v1.6-mistral-7b-hf", text_model="mistral"),
    "paper/llava-1.6-vicuna": PaperModel(model="llava-hf/llava-v1.6-vicuna-7b-hf", text_model="llama"),
}
KNOWN_SHAPES = {paper.model: paper.text_model for paper in PAPER_MODELS.values()}
"""Hub ids of models that can be planned without a network, with the type of their text model."""
