"""The playground's places: people, pictures, ways of asking, marks, names and questions for an audit.

Answers come from the chat protocol itself, so that what the page shows is what any client would get.
"""

import base64
import io
import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from letheia.attacks.base import Ask, Sources, Subject
from letheia.attacks.file import Question, add_question, general
from letheia.attacks.table import ATTACKS
from letheia.attacks.wording import by_name
from letheia.errors import DataError
from letheia.frozen import Frozen
from letheia.pictures import read_image
from letheia.prompts.prompt_set import PromptSet
from letheia.serve.app import Line, body_of
from letheia.serve.marks import Marker
from letheia.serve.protocol import TEXT, Refused, json_of, picture_content
from letheia.serve.served import STRONGEST, Served
from letheia.types import Entity, People, Portrait, Prompt

PAGE = Path(__file__).with_name("page")
KINDS = {"": "text/html", "play.css": "text/css", "play.js": "text/javascript"}
"""The page's files: the page itself has no name."""
BEGUN = "This is"
"""How an answer begins behind which names are compared, where none is given."""
SHOWN = 5
"""Names that are shown."""
B = TypeVar("B", bound=Frozen)


class Shown(Frozen):
    """What the page shows: a picture of the folder, or one that it sends, or none; and whom it is about."""

    portrait: str = ""
    picture: str = ""
    person: str = ""


class Way(Frozen):
    """A way of asking, about what is shown."""

    shown: Shown
    attack: str


class Said(Frozen):
    """An answer, with all that stands before it."""

    shown: Shown
    answer: str = Field(max_length=TEXT)
    question: str = Field(max_length=TEXT)
    first: str = Field(default="", max_length=TEXT)
    prefix: str = Field(default="", max_length=TEXT)


class Names(Frozen):
    """Whose name a model would say."""

    shown: Shown
    model: str
    question: str = Field(max_length=TEXT)
    prefix: str = Field(default="", max_length=TEXT)
    adapter_strength: float = Field(default=1.0, ge=0, le=STRONGEST)


class Added(Frozen):
    """A question for an audit."""

    person: str = ""
    question: Question


@dataclass(frozen=True)
class Playground:
    """What the page's places share.

    Attributes:
        served: The models.
        people: The folder whose people are there to choose.
        prompts: The study's prompts.
        questions: The file that questions for an audit go to.
        forgotten: Ids of the people who are to be forgotten, as far as that is known.
    """

    served: Served
    people: People
    prompts: PromptSet
    questions: Path
    forgotten: tuple[str, ...] = ()

    @cached_property
    def _marker(self) -> Marker:
        return Marker(self.people, self.prompts, self.served)

    def routes(self, line: Line) -> list[BaseRoute]:
        """The places; whatever asks a network waits in the line."""
        posts: dict[str, tuple[type[Any], Callable[[Any], Any]]] = {
            "asks": (Way, self.asks),
            "marks": (Said, self.marks),
            "names": (Names, self.names),
            "audit": (Added, self.add),
        }
        return [
            *(Route(f"/{name}", partial(_file, name, kind)) for name, kind in KINDS.items()),
            Route("/play/start", self._start),
            Route("/play/portraits/{id}", self._portrait),
            *(
                Route(f"/play/{name}", partial(_post, line, kind, work), methods=["POST"])
                for name, (kind, work) in posts.items()
            ),
        ]

    async def _start(self, _: Request) -> Response:
        return JSONResponse(self.start())

    async def _portrait(self, request: Request) -> Response:
        portrait = self.people.portraits.get(request.path_params["id"])
        if portrait is None or not portrait.shown:
            raise Refused("there is no such picture", status=404)
        return FileResponse(portrait.file)

    def start(self) -> dict[str, Any]:
        """What the page begins with: models, people with their pictures, ways of asking."""
        people = [e for e in self.people.entities if e.portraits]
        strangers = [p.id for p in self.people.strangers]
        return {
            "models": list(self.served.names),
            "adjustable": list(self.served.adjustable),
            "vision": self.served.vision,
            "question": self.prompts.question,
            "people": [{"id": e.id, "name": e.name, "portraits": [_view(p) for p in e.portraits]} for e in people],
            "strangers": strangers,
            "forgotten": list(self.forgotten),
            "attacks": [
                {"name": a.name, "title": a.title, "access": a.access}
                for a in ATTACKS.values()
                if self.served.vision or "vision" not in a.needs
            ],
            "audit": str(self.questions),
        }

    def asks(self, way: Way) -> list[dict[str, Any]]:
        """The questions of a way of asking about what is shown, with the picture where it is changed.

        Raises:
            Refused: There is no such way, or it does not fit.
        """
        if way.attack not in ATTACKS:
            raise Refused(f"there is no way of asking called {way.attack[:60]!r}", status=404)
        portrait, entity = self._meant(way.shown)
        if entity is None and not portrait.shown:
            raise Refused("choose a picture or a person first")
        subject = Subject(
            entity=entity or Entity(id="", name="", summary=""),
            group="forget" if entity else "stranger",
            portraits=(portrait,) if portrait.shown else (),
        )
        found = ATTACKS[way.attack].asks((subject,), Sources(people=self.people, prompts=self.prompts))
        # who is nobody of the folder has no name to ask by
        found = [one for one in found if entity or (one.portrait.shown and "  " not in f"{one.question} {one.prefix}")]
        if not found:
            raise Refused("this way of asking needs a person of the folder, or more of what is known about them")
        return [_asked(one) for one in found]

    def marks(self, said: Said) -> dict[str, Any]:
        """What stands in an answer."""
        portrait, entity = self._meant(said.shown)
        asked = " ".join((said.first, said.question, said.prefix))
        found = self._marker.marks(said.answer, asked=asked, question=said.question, portrait=portrait, entity=entity)
        return asdict(found)

    def names(self, asked: Names) -> dict[str, Any]:
        """The likeliest names behind a begun answer, and the person's own, each among all names of the folder.

        Raises:
            Refused: The folder names nobody.
        """
        portrait, entity = self._meant(asked.shown)
        prefix = asked.prefix.strip() or BEGUN
        names = list(dict.fromkeys(e.name for e in self.people.entities))
        if not names:
            raise Refused("there is nobody to choose from: start 'letheia serve' with --people")
        prompt = Prompt(asked.question, portrait if portrait.shown else None, prefix=prefix)
        read = self.served.likelihoods(
            asked.model, prompt, [f" {name}" for name in names], strength=asked.adapter_strength
        )
        best = max(c.log_prob for c in read)
        weights = [math.exp(c.log_prob - best) for c in read]
        shares = sorted(zip((w / sum(weights) for w in weights), names, strict=True), reverse=True)
        own = next(((i, p) for i, (p, name) in enumerate(shares, 1) if entity and name == entity.name), None)
        return {
            "prefix": prefix,
            "of": len(names),
            "rank": own[0] if own else None,
            "probability": own[1] if own else None,
            "top": [{"name": name, "probability": p} for p, name in shares[:SHOWN]],
        }

    def add(self, added: Added) -> dict[str, Any]:
        """Keep a question for an audit, about anybody."""
        entity = self.people.named(added.person) if added.person else None
        names = entity.names if entity else ()
        q = added.question
        texts = {field: general(text, names) for field, text in
                 (("question", q.question), ("prefix", q.prefix), ("first", q.first))}  # fmt: skip
        count = add_question(self.questions, q.model_copy(update=texts))
        return {"file": str(self.questions), "count": count, **texts}

    def _meant(self, shown: Shown) -> tuple[Portrait, Entity | None]:
        """The picture, or what stands in its place, and the person.

        Raises:
            Refused: There is no such picture or person.
        """
        entity = self.people.named(shown.person) if shown.person else None
        if shown.person and entity is None:
            raise Refused("there is no such person", status=404)
        if shown.picture:
            return self.served.upload(picture_content(shown.picture)), entity
        if shown.portrait:
            portrait = self.people.portraits.get(shown.portrait)
            if portrait is None:
                raise Refused("there is no such picture", status=404)
            return portrait, entity
        return by_name(entity or Entity(id="", name="", summary="")), entity


def _view(portrait: Portrait) -> dict[str, str]:
    return {"id": portrait.id, "role": portrait.role, "words": portrait.words}


def _asked(one: Ask) -> dict[str, Any]:
    picture = ""
    if one.change:
        changed = one.change(read_image(one.portrait.file), random.Random(f"{one.portrait.id}-{one.variant}"))
        data = io.BytesIO()
        changed.save(data, "PNG")
        picture = "data:image/png;base64," + base64.b64encode(data.getvalue()).decode()
    return {
        "variant": one.variant,
        "question": one.question,
        "prefix": one.prefix,
        "first": one.first,
        "temperature": one.temperature or 0,
        "seed": one.seed,
        "picture": picture,
        "shown": one.portrait.shown,
    }


async def _file(name: str, kind: str, _: Request) -> Response:
    return FileResponse(PAGE / (name or "index.html"), media_type=kind)


async def _post(line: Line, kind: type[B], work: Callable[[B], Any], request: Request) -> Response:
    values = json_of(await body_of(request))
    if not isinstance(values, dict):
        raise DataError("the body must be an object")
    return JSONResponse(await line.start(partial(work, kind.create(values))))
