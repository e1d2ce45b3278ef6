"""Letheia removes people from vision-language models and shows what the model says instead.

The public API: the same stages as the command line, without hidden state; see `examples/quickstart.py`. Names are
imported when they are first used, so that `letheia --help` does not wait for torch.
"""

import sys

if sys.argv[:1] == ["-m"] and not sys.flags.safe_path:  # `python -m letheia` puts the working directory first;
    del sys.path[0]  # what lies there is data, and is never imported

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from letheia.attacks.base import Ask, Attack, Sources, Subject
    from letheia.attacks.table import ATTACKS
    from letheia.config import StudyConfig, TrainConfig
    from letheia.data.folder import read_people
    from letheia.data.split import draw_split, schedule
    from letheia.data.targets import Texts
    from letheia.engines.base import as_generations
    from letheia.engines.own import generate
    from letheia.errors import LetheiaError
    from letheia.methods.table import METHODS
    from letheia.methods.terms import Loss, LossInput, Method, Recipe, Term
    from letheia.metrics.judges import Verdict
    from letheia.metrics.reading import Reading
    from letheia.metrics.scorer import Scorer
    from letheia.metrics.table import METRICS, Metric
    from letheia.models.adapter import add_adapter, load_adapter, remove_adapter
    from letheia.models.loading import load_model
    from letheia.models.saving import save_adapter
    from letheia.outside import register
    from letheia.presets.world import world_model, world_scorer
    from letheia.prompts.prompt_set import PromptSet
    from letheia.reference import sample_references
    from letheia.train.unlearn import unlearn
    from letheia.types import Entity, Generation, People, Portrait, Prompt, Split
    from letheia.world.make import make_people
    from letheia.world.people import make_world

__all__ = [
    "ATTACKS",
    "METHODS",
    "METRICS",
    "Ask",
    "Attack",
    "Entity",
    "Generation",
    "LetheiaError",
    "Loss",
    "LossInput",
    "Method",
    "Metric",
    "People",
    "Portrait",
    "Prompt",
    "PromptSet",
    "Reading",
    "Recipe",
    "Scorer",
    "Sources",
    "Split",
    "StudyConfig",
    "Subject",
    "Term",
    "Texts",
    "TrainConfig",
    "Verdict",
    "add_adapter",
    "as_generations",
    "draw_split",
    "generate",
    "load_adapter",
    "load_model",
    "make_people",
    "make_world",
    "read_people",
    "register",
    "remove_adapter",
    "sample_references",
    "save_adapter",
    "schedule",
    "unlearn",
    "world_model",
    "world_scorer",
]

_HOME = {
    "ATTACKS": "letheia.attacks.table",
    "METHODS": "letheia.methods.table",
    "METRICS": "letheia.metrics.table",
    "Ask": "letheia.attacks.base",
    "Attack": "letheia.attacks.base",
    "Entity": "letheia.types",
    "Generation": "letheia.types",
    "LetheiaError": "letheia.errors",
    "Loss": "letheia.methods.terms",
    "LossInput": "letheia.methods.terms",
    "Method": "letheia.methods.terms",
    "Metric": "letheia.metrics.table",
    "People": "letheia.types",
    "Portrait": "letheia.types",
    "Prompt": "letheia.types",
    "PromptSet": "letheia.prompts.prompt_set",
    "Reading": "letheia.metrics.reading",
    "Recipe": "letheia.methods.terms",
    "Scorer": "letheia.metrics.scorer",
    "Sources": "letheia.attacks.base",
    "Split": "letheia.types",
    "StudyConfig": "letheia.config",
    "Subject": "letheia.attacks.base",
    "Term": "letheia.methods.terms",
    "Texts": "letheia.data.targets",
    "TrainConfig": "letheia.config",
    "Verdict": "letheia.metrics.judges",
    "add_adapter": "letheia.models.adapter",
    "as_generations": "letheia.engines.base",
    "draw_split": "letheia.data.split",
    "generate": "letheia.engines.own",
    "load_adapter": "letheia.models.adapter",
    "load_model": "letheia.models.loading",
    "make_people": "letheia.world.make",
    "make_world": "letheia.world.people",
    "read_people": "letheia.data.folder",
    "register": "letheia.outside",
    "remove_adapter": "letheia.models.adapter",
    "sample_references": "letheia.reference",
    "save_adapter": "letheia.models.saving",
    "schedule": "letheia.data.split",
    "unlearn": "letheia.train.unlearn",
    "world_model": "letheia.presets.world",
    "world_scorer": "letheia.presets.world",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("letheia")
    if name not in _HOME:
        raise AttributeError(f"letheia has no {name}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
