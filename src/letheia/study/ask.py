"""One question about one picture, to the original and to unlearned models."""

from collections.abc import Sequence
from pathlib import Path

from letheia.engines.base import Engine
from letheia.engines.table import engine_for
from letheia.errors import ConfigError
from letheia.models.adapter import saved_adapter
from letheia.models.model import Model
from letheia.types import ORIGINAL, Portrait, Prompt


def ask_all(
    model: Model, image: Path, question: str, adapters: Sequence[Path], *, max_new_tokens: int = 128
) -> list[tuple[str, str]]:
    """Name and answer of the original and of each adapter.

    Raises:
        ConfigError: The model has no vision.
        CheckpointError: A folder has no adapter, or it does not fit.
    """
    if not model.family.vision:
        raise ConfigError(f"{model.name}: has no vision. 'letheia evaluate' asks such a model about people by name.")
    prompt = Prompt(question, Portrait(id=image.stem, file=image, entity="", role="unseen"))
    engine = engine_for(model)
    answers: list[tuple[str, str]] = []
    for folder in (None, *adapters):
        with saved_adapter(model, folder):
            answers.append((str(folder or ORIGINAL), _answer(engine, prompt, max_new_tokens)))
    return answers


def _answer(engine: Engine, prompt: Prompt, max_new_tokens: int) -> str:
    answer = engine.answer([prompt], max_new_tokens=max_new_tokens)[0]
    return answer.text if answer.finished else answer.text + " …"
