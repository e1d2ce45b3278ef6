"""The models that a server answers with: the original, adapters for it, and gold; one answer at a time a network."""

import contextlib
import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

from letheia.engines.own import OwnEngine
from letheia.errors import ConfigError, unknown
from letheia.files import write_atomic
from letheia.models.adapter import saved_adapter
from letheia.models.candidates import Candidate, candidate_log_probs
from letheia.models.model import Model
from letheia.models.reading import encoded_prompt
from letheia.models.tampering import at_strength
from letheia.pictures import decode
from letheia.types import ORIGINAL, Answer, Portrait, Prompt

GOLD = "gold"
STRONGEST = 2.0
"""The most that an adapter's strength may be; 1 is the adapter as it is."""
UPLOADS = 64
"""Pictures that are kept at once while the server runs, so that a next question need not send them again."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """An answer, and how many tokens were read and written for it."""

    answer: Answer
    read: int
    written: int


@dataclass(kw_only=True)
class Network:
    """A network in memory, with the adapters that can be put into it.

    Attributes:
        model: The model.
        adapters: Folder by name.
        lock: Whoever asks the network holds it.
    """

    model: Model
    adapters: Mapping[str, Path] = field(default_factory=dict[str, Path])
    lock: threading.Lock = field(default_factory=threading.Lock)
    _inside: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _now: str = ORIGINAL

    @contextlib.contextmanager
    def answering_as(self, name: str, strength: float = 1.0) -> Iterator[Model]:
        """The network as one of its models, for one question; its adapter stays in until another is asked.

        Raises:
            CheckpointError: The adapter does not fit.
            ConfigError: Its strength is not a factor.
        """
        with self.lock:
            if name != self._now:
                self._inside.close()
                self._now = ORIGINAL
                self._inside.enter_context(saved_adapter(self.model, self.adapters.get(name)))
                self._now = name
            changed = name in self.adapters and strength != 1
            with at_strength(self.model, strength) if changed else contextlib.nullcontext():
                yield self.model


class Served:
    """All models of a server by name, and the pictures that it was sent; these are deleted at the end."""

    def __init__(self, original: Model, adapters: Mapping[str, Path], *, gold: Model | None = None) -> None:
        """Put every adapter in once, so that one that does not fit is told before anybody asks.

        Args:
            original: The model.
            adapters: Folders of adapters for it, by name.
            gold: A model that was never taught the people to forget.

        Raises:
            CheckpointError: An adapter does not fit.
        """
        network = Network(model=original, adapters=adapters)
        for name in adapters:
            with network.answering_as(name):
                pass
        self.networks = {name: network for name in (ORIGINAL, *adapters)}
        if gold:
            self.networks = {ORIGINAL: network, GOLD: Network(model=gold), **self.networks}
        self.vision = original.family.vision
        self._folder = Path(tempfile.mkdtemp(prefix="letheia-serve-"))
        for one in self.networks.values():  # so that what is kept of pictures has a limit in memory, and goes too
            one.model.pictures.folder = self._folder / "features"
        self._uploads: list[Path] = []
        self._uploading = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """The models' names: the original first, then gold where there is one."""
        return tuple(self.networks)

    @property
    def adjustable(self) -> tuple[str, ...]:
        """The models whose strength can be changed."""
        return tuple(self.networks[ORIGINAL].adapters)

    def network(self, name: str) -> Network:
        """The network of a model.

        Raises:
            ConfigError: There is no such model.
        """
        if name not in self.networks:
            raise unknown("model", name, self.networks)
        return self.networks[name]

    def tell(
        self,
        name: str,
        prompt: Prompt,
        *,
        max_new_tokens: int | None,
        sample: bool,
        strength: float = 1.0,
        heard: Callable[[str], None],
    ) -> Told:
        """Answer one prompt (`OwnEngine.tell`); whoever asks later waits.

        Args:
            name: Who answers.
            prompt: What is asked.
            max_new_tokens: Length limit; the model's own if left out.
            sample: Draw instead of taking the likeliest token.
            strength: Of an adapter.
            heard: Called with the answer so far, without the beginning that it was made to have; what it raises ends
                the answer.

        Raises:
            LetheiaError: The prompt can't be answered.
        """
        with self.network(name).answering_as(name, strength) as model:
            written = 0

            def hear(text: str) -> None:
                nonlocal written
                written += 1
                heard(continued(text, prompt.prefix))

            limit = max_new_tokens or model.answer_limit
            answer = OwnEngine(model).tell(prompt, max_new_tokens=limit, sample=sample, heard=hear)
            return Told(
                answer=Answer(continued(answer.text, prompt.prefix), answer.finished),
                read=len(encoded_prompt(model, prompt)),
                written=written,
            )

    def likelihoods(
        self, name: str, prompt: Prompt, texts: Sequence[str], *, strength: float = 1.0
    ) -> Sequence[Candidate]:
        """How likely a model is to go on with each text (`candidate_log_probs`).

        Raises:
            LetheiaError: There is no such model, or a text does not fit.
        """
        with self.network(name).answering_as(name, strength) as model:
            return candidate_log_probs(model, [prompt], [texts])[0]

    def upload(self, content: bytes) -> Portrait:
        """A picture that was sent, once however often it is; it is checked before any model sees it.

        Raises:
            ConfigError: The models have no vision.
            DataError: It is no picture, or too large.
        """
        if not self.vision:
            raise ConfigError("this model has no vision: ask without a picture")
        name = hashlib.sha256(content).hexdigest()
        file = self._folder / f"{name}.png"
        with self._uploading:
            if file in self._uploads:
                self._uploads.remove(file)
            else:
                picture = decode(BytesIO(content), "picture")
                write_atomic(file, lambda path: picture.save(path, "PNG"))
            self._uploads.append(file)
            for old in self._uploads[:-UPLOADS]:
                old.unlink(missing_ok=True)
            del self._uploads[:-UPLOADS]
        return Portrait(id=name, file=file, entity="", role="unseen")

    def close(self) -> None:
        """Delete every picture that was sent."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Delete every picture that was sent."""
        self.close()


def continued(text: str, prefix: str) -> str:
    """What an answer adds to the beginning that it was made to have; its blank too, as other servers have it.

    >>> continued("This is Una Varga.", "This is"), continued("Una Varga.", "")
    (' Una Varga.', 'Una Varga.')
    """
    return text.removeprefix(prefix.strip())
