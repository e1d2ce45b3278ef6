"""One question about one picture, to the original and to unlearned models."""

from collections.abc import Sequence
from pathlib import Path

from letheia.data.pictures import read_image
from letheia.errors import ConfigError
from letheia.models.adapter import load_adapter, remove_adapter
from letheia.models.generation import Prompt, generate
from letheia.models.model import Model
from letheia.study.plan import ORIGINAL
from letheia.types import Portrait


def ask_all(
    model: Model, image: Path, question: str, adapters: Sequence[Path], *, max_new_tokens: int = 128
) -> list[tuple[str, str]]:
    """Name and answer of the original and of each adapter.

    Raises:
        ConfigError: The model has no vision.
        DataError: The file is no picture.
        CheckpointError: A folder has no adapter, or it does not fit.
    """
    if not model.family.vision:
        raise ConfigError(f"{model.name}: has no vision. 'letheia evaluate' asks such a model about people by name.")
    read_image(image)
    prompt = Prompt(question, Portrait(id=image.stem, file=image, entity="", role="unseen"))
    answers = [(ORIGINAL, _answer(model, prompt, max_new_tokens))]
    for folder in adapters:
        adapted = load_adapter(model, folder)
        try:
            answers.append((str(folder), _answer(model, prompt, max_new_tokens)))
        finally:
            remove_adapter(model, adapted)
    return answers


def _answer(model: Model, prompt: Prompt, max_new_tokens: int) -> str:
    answer = generate(model, [prompt], max_new_tokens=max_new_tokens)[0]
    return answer.text if answer.finished else answer.text + " …"
