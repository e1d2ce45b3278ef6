"""A loaded model: its network, and the frozen features of its pictures, each computed once."""

import contextlib
import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from letheia.errors import CheckpointError, DataError, first_line
from letheia.files import fingerprint
from letheia.methods.paper import ANSWER_LIMIT
from letheia.models.encoding import Encoded, feature_token, grid_positions
from letheia.models.families import Family
from letheia.models.features import Features, Picture, weights_hash
from letheia.pictures import read_image
from letheia.types import Portrait

PICTURES = 32
"""Pictures that the vision tower sees at once, at most."""
SCORES = 2**26
"""Numbers of a vision tower's attention at once."""


@dataclass
class Model:
    """A loaded vision-language model.

    Attributes:
        name: Short name for results.
        network: The transformers model; an adapter may sit in it.
        processor: Its processor.
        family: Its row.
        pictures: Features of pictures, filled on demand.
        encoded: Token ids of examples by picture, question, answer and their other fields, filled on demand.
        adapted: peft's wrapper of the network while an adapter is in it.
        undo: What `remove_adapter` has to put back besides modules.
        note: What to know of a planned model.
    """

    name: str
    network: Any
    processor: Any
    family: Family
    pictures: Features = field(default_factory=Features)
    encoded: dict[tuple[Path, str, str, bool, str, bool], Encoded] = field(
        default_factory=dict[tuple[Path, str, str, bool, str, bool], Encoded]
    )

    adapted: Any = None
    undo: list[Callable[[], None]] = field(default_factory=list[Callable[[], None]])
    note: str = ""

    def __post_init__(self) -> None:
        """Features on disk are those of this processor and these weights."""
        self.pictures.made_by = self._makes_features

    @property
    def language_model(self) -> Any:
        """The text model inside."""
        return self.network.get_submodule(self.family.language_model)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.network.device

    @property
    def picture_token(self) -> int:
        """Id of the token in whose place a picture's features go."""
        return feature_token(self.processor)

    @property
    def ends(self) -> tuple[int, ...]:
        """Ids that end an answer: the tokenizer's end of sequence, and where the checkpoint's own `generate` stops."""
        own = self.network.generation_config.eos_token_id
        named = [self.processor.tokenizer.eos_token_id, *(own if isinstance(own, list) else [own])]
        return tuple(dict.fromkeys(i for i in named if isinstance(i, int) and 0 <= i < self.vocabulary))

    @property
    def pad(self) -> int:
        """Id that fills rows up and is read by nobody; an end token where the tokenizer has none of its own."""
        own = self.processor.tokenizer.pad_token_id
        return own if own is not None and own < self.vocabulary else self.ends[0]

    @cached_property
    def vocabulary(self) -> int:
        """How many ids have a text; the head may have more, which fill it up to a round number and mean nothing."""
        known = 1 + max(self.processor.tokenizer.get_vocab().values())
        return min(known, self.network.get_input_embeddings().weight.shape[0])

    @property
    def context(self) -> int:
        """How many tokens the model reads at most."""
        return self.network.config.get_text_config().max_position_embeddings

    @property
    def answer_limit(self) -> int:
        """How long its answers may get: as its own generation settings say, else 512 tokens; never beyond its context.

        `max_length` there counts the prompt too, and so is an upper bound only; 20, transformers' old default, is none.
        """
        own = self.network.generation_config
        stated = own.max_length if own.max_length and own.max_length > 20 else self.context
        return min(own.max_new_tokens or ANSWER_LIMIT, stated, self.context)

    def picture(self, portrait: Portrait) -> Picture:
        """The picture, computed once.

        Raises:
            DataError: The file is no picture.
        """
        if not (self.family.vision and portrait.shown):
            return Picture(torch.empty(0, self.network.config.get_text_config().hidden_size), "")
        found = self.pictures.get(portrait.file)
        if found is None:
            (found,) = self._compute([portrait.file])
        return found

    def load_pictures(self, portraits: Iterable[Portrait], *, batch: int = PICTURES) -> None:
        """Compute many pictures at once, where the family can."""
        if not self.family.vision:
            return
        files = [f for f in dict.fromkeys(p.file for p in portraits if p.shown) if f not in self.pictures]
        batch = min(batch, self.pictures_at_once)
        for start in range(0, len(files), batch):
            self._compute(files[start : start + batch])

    @property
    def pictures_at_once(self) -> int:
        """How many pictures' attention fits into some hundred megabytes; two of five tiles in a tower of 336 pixels."""
        if not (self.family.vision and self.family.batched):
            return 1
        tower = self.network.config.vision_config
        tiles = 1 + max((h * w // tower.image_size**2 for h, w in self._tilings), default=0)
        scores = tower.num_attention_heads * (tower.image_size // tower.patch_size) ** 4
        return max(1, min(PICTURES, SCORES // (tiles * scores)))

    @property
    def _tilings(self) -> Sequence[tuple[int, int]]:
        """The sizes that a picture is cut into tiles at, where the family does."""
        return self.network.config.to_dict().get("image_grid_pinpoints") or ()

    def _compute(self, files: Sequence[Path]) -> list[Picture]:
        inputs = self.picture_inputs(files)
        texts = [self.processor.replace_image_token(inputs, i) for i in range(len(files))]
        places = [text.count(self.processor.tokenizer.convert_ids_to_tokens(self.picture_token)) for text in texts]
        computed: list[Picture] = []
        for i, (file, found) in enumerate(zip(files, self._features(inputs, places), strict=True)):
            if places[i] != len(found):
                raise CheckpointError(
                    f"{self.name}: the processor and the vision tower do not fit: "
                    f"{places[i]} and {len(found)} tokens for {file}."
                )
            computed.append(Picture(found, texts[i], self._grid(inputs, i)))
            self.pictures.put(file, computed[-1])
        return computed

    def picture_inputs(self, files: Sequence[Path]) -> Any:
        """What the vision tower reads.

        Raises:
            DataError: The processor refuses a picture, such as a strip that is too thin for it.
        """
        images = [read_image(f) for f in files]
        try:
            return self.processor.image_processor(images, return_tensors="pt", **self.family.options)
        except Exception as error:  # each family's processor has its own
            if len(files) > 1:
                for file in files:  # which one is it?
                    self.picture_inputs([file])
            width, height = images[0].size
            raise DataError(
                f"{files[0]}: {self.name} can't read a picture of {width} x {height} pixels ({first_line(error)}). "
                "Replace or remove it."
            ) from error

    def _makes_features(self) -> str:
        text = (self.family.language_model, "lm_head")
        return fingerprint(
            [self.processor.image_processor.to_dict(), self.family.model_type, weights_hash(self.network, without=text)]
        )

    def _features(self, inputs: Any, places: Sequence[int]) -> Sequence[Float[Tensor, "tokens hidden"]]:
        if self.device.type == "meta":  # a network without weights: as many as the text has places for
            hidden = self.network.config.get_text_config().hidden_size
            return [torch.empty(n, hidden, dtype=self.network.dtype, device="meta") for n in places]
        read = self.network.model.get_image_features
        wanted = {k: _on(v, self) for k, v in inputs.items() if k in inspect.signature(read).parameters}
        with torch.no_grad():
            return [f.cpu() for f in read(**wanted).pooler_output]  # a GPU's memory is for what changes

    def _grid(self, inputs: Any, index: int) -> tuple[int, int] | None:
        if not self.family.grid:
            return None
        _, rows, columns = inputs["image_grid_thw"][index].tolist()
        merged = self.processor.image_processor.merge_size
        return rows // merged, columns // merged

    def positions(self, ids: Sequence[int], portrait: Portrait | None) -> Int[Tensor, "axes tokens"]:
        """Positions of token ids: three axes where the family has them, else one."""
        if not self.family.grid:
            return grid_positions(ids, 0, None)
        if portrait is None or not portrait.shown:
            return grid_positions(ids, 0, None).expand(3, -1)
        return grid_positions(ids, self.picture_token, self.picture(portrait).grid)

    def with_pictures(
        self, embeddings: Float[Tensor, "rows seq hidden"], ids: Int[Tensor, "rows seq"], portraits: Iterable[Portrait]
    ) -> Float[Tensor, "rows seq hidden"]:
        """Token embeddings with pictures in place of their tokens.

        Args:
            embeddings: Embeddings of the ids.
            ids: Token ids.
            portraits: The pictures, in the order of the rows that have one.
        """
        shown = [p for p in portraits if p.shown] if self.family.vision else []
        features = [self.picture(p).features.to(self.device) for p in shown]
        if not features:
            return embeddings
        place = (ids == self.picture_token)[..., None]
        return embeddings.masked_scatter(place, torch.cat(features).to(embeddings.dtype))


def _on(value: Tensor, model: Model) -> Tensor:
    """An input where the model is, numbers with a fraction in the model's type."""
    return value.to(model.device, model.network.dtype if value.is_floating_point() else None)


@contextlib.contextmanager
def evaluating(network: torch.nn.Module) -> Iterator[None]:
    """Switch dropout off and autograd too, and put the mode back even after an exception."""
    training = network.training
    network.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        network.train(training)
