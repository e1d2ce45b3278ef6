"""Frozen features of pictures, each computed once: in memory up to a limit, beyond it on disk.

No adapter touches vision tower and projector, so a picture has the same features before, during and after training.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import torch
from jaxtyping import Float
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from letheia.files import fingerprint, sha256, write_atomic

LIMIT = 4 * 2**30
"""Bytes of features in memory: at 7B about 170 pictures of 2,928 tokens."""


@dataclass(frozen=True)
class Picture:
    """A picture as the language model reads it.

    Attributes:
        features: Vision tower, projector and layout; no adapter changes them. They wait in the machine's memory, and go
            to the device when they are read.
        text: What stands in the prompt for it: a picture token for each feature, and what the family puts around them.
        grid: Rows and columns, where tokens have such positions.
    """

    features: Float[Tensor, "tokens hidden"]
    text: str
    grid: tuple[int, int] | None = None


@dataclass
class Features:
    """Pictures by file.

    Attributes:
        limit: Bytes in memory; what was used longest ago goes first.
        folder: Where those go that no longer fit into memory; all stay in memory if there is none.
        made_by: Fingerprint of what makes features, processor and weights; asked for once something goes to disk.
    """

    limit: int = LIMIT
    folder: Path | None = None
    made_by: Callable[[], str] = lambda: ""
    _pictures: OrderedDict[Path, Picture] = field(default_factory=OrderedDict[Path, Picture])
    _hashes: dict[Path, str] = field(default_factory=dict[Path, str])
    _bytes: int = 0
    _made_by: str = ""

    def __contains__(self, file: Path) -> bool:
        """Whether it need not be computed."""
        return self.get(file) is not None

    def __len__(self) -> int:
        """How many are in memory."""
        return len(self._pictures)

    def get(self, file: Path) -> Picture | None:
        """A picture from memory, else from disk."""
        if file in self._pictures:
            self._pictures.move_to_end(file)
            return self._pictures[file]
        found = self._read(file)
        if found:
            self.put(file, found)
        return found

    def put(self, file: Path, picture: Picture) -> None:
        """Keep a picture.

        Raises:
            OutputError: The disk is full.
        """
        if self.folder and file not in self._hashes:
            self._hashes[file] = sha256(file)  # now, and not when it leaves memory: the file may change until then
        self._pictures[file] = picture
        self._bytes += picture.features.nbytes
        while self.folder and self._bytes > self.limit and len(self._pictures) > 1:
            oldest, gone = self._pictures.popitem(last=False)
            self._bytes -= gone.features.nbytes
            self._write(oldest, gone)

    def clear(self) -> None:
        """Forget those in memory."""
        self._pictures.clear()
        self._hashes.clear()
        self._bytes = 0

    def _read(self, file: Path) -> Picture | None:
        if not self.folder or not self.folder.exists():
            return None
        try:
            with safe_open(self._place(sha256(file)), "pt") as stored:
                told = stored.metadata()
                rows, columns = map(int, told["grid"].split()) if told["grid"] else (0, 0)
                return Picture(stored.get_tensor("features"), told["text"], (rows, columns) if rows else None)
        except (OSError, SafetensorError, KeyError, ValueError):  # not there, or damaged: it is computed again
            return None

    def _write(self, file: Path, picture: Picture) -> None:
        if file not in self._hashes:  # read before there was a folder; it is computed again when it is needed
            return
        place = self._place(self._hashes[file])
        if place.exists():
            return
        told = {"text": picture.text, "grid": " ".join(map(str, picture.grid or ()))}
        tensors = {"features": picture.features.contiguous().cpu()}
        write_atomic(place, lambda path: save_file(tensors, path, metadata=told))

    def _place(self, content: str) -> Path:
        assert self.folder
        self._made_by = self._made_by or self.made_by()
        return self.folder / f"{fingerprint([content, self._made_by], digits=32)}.safetensors"


def weights_hash(network: nn.Module, *, without: tuple[str, ...]) -> str:
    """Hash of all weights but those of some parts."""
    found = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        if not name.startswith(without):
            found.update(name.encode())
            found.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return found.hexdigest()
