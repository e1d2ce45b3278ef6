"""Questions to an endpoint and what came back, as values; and a picture as it is sent."""

import base64
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from letheia.pictures import read_image

PICTURE_TOKENS = 1_600  # at most, for pictures scaled down to SIDE
SIDE = 768  # pixels; larger pictures are scaled down before they are sent
LARGE = 2_048  # the same for a model under study, which reads pictures as large as its own processor does


@dataclass(frozen=True, kw_only=True)
class Call:
    """One question.

    Attributes:
        text: What is asked.
        picture: A picture that goes with it.
        schema: JSON schema of the reply, where the endpoint can keep to one.
        temperature: Of sampling.
        max_tokens: Length limit of the reply; one that runs into it is asked for once more, with a larger one.
        sample: Number of the draw: calls that differ in it alone are made separately.
        turns: Earlier questions with their answers; the picture stands before the first question.
        prefix: How the reply is made to begin, by a server that goes on with it; the reply is what it adds.
        seed: Of sampling.
        verbatim: Whether what is said is itself looked at: one that was cut, or is empty, is a reply too, blanks stay,
            and the picture is hardly scaled down.
    """

    text: str
    picture: Path | None = None
    schema: Mapping[str, Any] | None = None
    temperature: float = 0.0
    max_tokens: int = 64
    sample: int = 0
    turns: tuple[tuple[str, str], ...] = ()
    prefix: str = ""
    seed: int | None = None
    verbatim: bool = False

    @property
    def side(self) -> int:
        """The longer side of the picture that is sent, at most."""
        return LARGE if self.verbatim else SIDE

    def values(self) -> dict[str, Any]:
        """All fields; those that came later only where they say something, so that replies of before hold."""
        plain = Call(text="")
        later = ("turns", "prefix", "seed", "verbatim")
        return {k: v for k, v in asdict(self).items() if k not in later or getattr(self, k) != getattr(plain, k)}

    @property
    def most_tokens(self) -> tuple[int, int]:
        """About how many tokens are read and at most written."""
        return len(self.text) // 3 + PICTURE_TOKENS * (self.picture is not None), self.max_tokens


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back; `error` where nothing did that can be used, after all tries.

    Attributes:
        text: The reply, without the thoughts before it.
        finished: Whether it ended by itself, or ran into the length limit.
        model: The model as the endpoint names it.
        read: Tokens read.
        written: Tokens written.
        paid: Whether the endpoint was asked now, rather than the cache.
        error: Why there is no reply.
    """

    text: str = ""
    finished: bool = True
    model: str = ""
    read: int = 0
    written: int = 0
    paid: bool = True
    error: str = ""


def data_url(file: Path, side: int) -> str:
    """A picture as a data URL, scaled down to a side in pixels.

    Raises:
        DataError: It can't be read.
    """
    picture = read_image(file)
    picture.thumbnail((side, side))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
