"""Answers by any server of OpenAI's chat protocol (vLLM, SGLang, `letheia serve`): a model whose weights are elsewhere.

What a server can't be asked is told rather than asked in another way: a begun answer where it does not go on with one.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from letheia.clients.cache import Cache
from letheia.clients.calls import Call, Reply
from letheia.clients.chat import Chat
from letheia.clients.endpoint import Endpoint
from letheia.clients.served import goes_on, models_at
from letheia.errors import ClientError, ConfigError
from letheia.types import ORIGINAL, Answer, Prompt

REPLIES = "served.sqlite"
"""Where a study keeps what a server answered, so that a stopped one goes on; only while it is not done."""


@dataclass(frozen=True, kw_only=True)
class ServerEngine:
    """Answers by a server's models, one of them at a time; an `Engine`.

    Attributes:
        endpoint: The server, and its name for the model that answers.
        begins: Whether the server goes on with an answer that was begun.
        folder: Where replies are kept.
        names: The server's names for the original and for models that it calls otherwise than we do.
        version: Fingerprint of the adapter behind the name, where it is known.
    """

    endpoint: Endpoint
    begins: bool
    folder: Path
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    version: str = ""

    def serving(self, name: str, version: str = "") -> "ServerEngine":
        """The engine that answers as another of the server's models.

        Args:
            name: Our name for it: the original's or an adapter's.
            version: Fingerprint of the adapter's files.
        """
        return replace(self, endpoint=replace(self.endpoint, model=self.names.get(name, name)), version=version)

    def answer(
        self,
        prompts: Sequence[Prompt],
        *,
        max_new_tokens: int,
        sample: bool = False,
        progress: Callable[[int], None] | None = None,
    ) -> list[Answer]:
        """Answer each prompt (`Engine.answer`).

        Raises:
            ConfigError: An answer is begun, and the server does not go on with one.
            ClientError: The server is not there, refuses, or leaves a question without a reply.
        """
        if not self.begins and any(p.prefix for p in prompts):
            raise ConfigError(
                "the server does not go on with an answer that was begun (continue_final_message), as vLLM does"
            )
        calls = [_call(p, max_new_tokens, sample=sample) for p in prompts]
        with Cache(self.folder / REPLIES) as cache:
            chat = Chat(self.endpoint, cache, version=self.version)
            replies = chat.ask(calls, progress=progress or (lambda _: None))
        failed = [r.error for r in replies if r.error]
        if failed:
            raise ClientError(
                f"{self.endpoint.model} at {self.endpoint.shown}: {len(failed)} of {len(replies)} questions got no "
                f"answer ({failed[0]}). The same command asks them again; what came is kept."
            )
        return [_answer(p, r) for p, r in zip(prompts, replies, strict=True)]


def _call(prompt: Prompt, max_new_tokens: int, *, sample: bool) -> Call:
    shown = prompt.portrait if prompt.portrait and prompt.portrait.shown else None
    return Call(
        text=prompt.question,
        picture=shown.file if shown else None,
        temperature=prompt.temperature if sample else 0.0,
        max_tokens=max_new_tokens,
        turns=prompt.turns,
        prefix=prompt.prefix,
        seed=prompt.seed if sample else None,
        verbatim=True,
    )


def _answer(prompt: Prompt, reply: Reply) -> Answer:
    """The whole answer, with the beginning that it was made to have."""
    return Answer((prompt.prefix.strip() + reply.text).strip(), reply.finished)


def folder_name(name: str) -> str:
    """What a server's model is called here, where its results lie in a folder of that name.

    >>> folder_name("org/merged-7b")
    'org-merged-7b'
    """
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "served"


def _by_folder(names: Sequence[str]) -> dict[str, str]:
    """The server's names by ours, of which a model's own comes first.

    >>> _by_folder(["org/merged-7b", "a-b", "a b"])
    {'org-merged-7b': 'org/merged-7b', 'a-b': 'a-b', 'org/merged-7b': 'org/merged-7b', 'a b': 'a b'}
    """
    return {folder_name(name): name for name in names} | {name: name for name in names}


def server_engine(url: str, base: str, names: Sequence[str], folder: Path) -> ServerEngine:
    """The engine of a server, once it has said what it has.

    Args:
        url: Its address.
        base: The base model's name, as it is loaded here.
        names: Adapters and other models that it must have.
        folder: Where replies are kept.

    Raises:
        ConfigError: It is no address.
        ClientError: Nobody is there, or it lacks a model.
    """
    endpoint = Endpoint(model=base, base_url=url)
    endpoint.check()
    there = models_at(endpoint)
    original = next((name for name in (ORIGINAL, base) if name in there), None)
    for name in (original or base, *names):
        if name not in there:
            raise ClientError(
                f"{endpoint.shown}: has no model '{name}'; it has {', '.join(there)}. Serve it under that name: "
                f"vLLM's --served-model-name, or --lora-modules {name}=FOLDER."
            )
    engine = ServerEngine(
        endpoint=endpoint, begins=False, folder=folder, names={ORIGINAL: original or base, **_by_folder(names)}
    ).serving(ORIGINAL)
    return replace(engine, begins=goes_on(engine.endpoint))
