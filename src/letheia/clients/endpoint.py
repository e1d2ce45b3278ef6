"""A model and where it answers: what of an address may be shown, and what is a secret."""

import base64
import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from letheia.errors import ConfigError

OPENAI = "https://api.openai.com/v1"
AZURE = (".openai.azure.com", ".cognitiveservices.azure.com")
AZURE_VERSION = "2024-10-21"
PRICES: Mapping[str, tuple[float, float]] = {
    "gpt-4.1": (2.00, 8.00),
    "gpt-4.1-mini": (0.40, 1.60),
    "gpt-4.1-nano": (0.10, 0.40),
}
"""US dollars for a million tokens read and written, by model; list prices of April 2025."""
HIDDEN = "***"
SHORTEST = 4  # characters; what is shorter is no secret, and would be found in every text
KEYS = ("OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "HF_TOKEN")
_KEY = re.compile(r"(?<![A-Za-z0-9])(?:sk-|hf_|gsk_|xai-|ghp_|AIza|eyJ)[\w.-]{12,}")
_BEARER = re.compile(r"(?i)\b(bearer|basic) [\w.~+/=-]{6,}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s'\"<>]+")
_TOKEN = re.compile(r"(?=\w*\d)(?=\w*[A-Za-z])\w{24,}")  # a part of a path that is a key rather than a word


def _default_url() -> str:
    return os.environ.get("OPENAI_BASE_URL", "").strip() or OPENAI


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A model and where it answers.

    Attributes:
        model: Its name there.
        base_url: The endpoint, as given, with any password or key in it; OPENAI_BASE_URL or OpenAI's if left out.
    """

    model: str
    base_url: str = field(default_factory=_default_url, repr=False)

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Read `MODEL` or `MODEL@URL`; a model's name may hold an `@` itself.

        >>> endpoint = Endpoint.parse("judge@2024@http://127.0.0.1:8000/v1")
        >>> endpoint.model, endpoint.shown
        ('judge@2024', 'http://127.0.0.1:8000/v1')

        Raises:
            ConfigError: It is neither, or the address has no host.
        """
        text = text.strip()
        model, sign, url = text, "", ""
        if found := re.fullmatch(r"(.*)@(https?://.*)", text, flags=re.IGNORECASE | re.DOTALL):
            model, sign, url = found[1].strip(), "@", found[2].strip()
        name, at, rest = model.rpartition("@")
        # what looks like an address without http:// must not become a model's name that is sent to somebody else
        lost = not sign and (not rest or (name and at and re.search(r"[:/]|^localhost$|\.[a-z]+$", rest)))
        lost = lost or bool(not sign and re.search(r"@.*:.*@", model))
        if not model or "://" in model or lost:
            raise ConfigError(f"'{scrubbed(text)}': write an endpoint as MODEL or MODEL@http://…")
        endpoint = cls(model=model, base_url=url) if sign else cls(model=model)
        endpoint.check()
        return endpoint

    def check(self) -> None:
        """Make sure that there is an address.

        Raises:
            ConfigError: It has no host, an impossible port, or white space in it.
        """
        try:
            parts = urlsplit(self.base_url)
            good = parts.scheme.lower() in {"http", "https"} and parts.hostname and (parts.port or 1) > 0
        except ValueError:
            good = False
        if not good or re.search(r"\s", self.base_url):
            raise ConfigError(f"{self.model}: '{self.shown}' is no address. Write it as http://HOST:PORT/v1.")

    @property
    def shown(self) -> str:
        """The address as it may be shown and kept: without user, password and keys."""
        return scrubbed(self.base_url)

    @property
    def host(self) -> str:
        """Where it is."""
        return urlsplit(self.base_url).hostname or ""

    @property
    def third_party(self) -> bool:
        """Whether somebody else may be there: any address but this machine's own.

        >>> [Endpoint(model="m", base_url=f"http://{h}/v1").third_party for h in ("localhost:1", "[::1]:1", "10.0.0.1")]
        [False, False, True]
        """
        host = self.host.rstrip(".")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host != "localhost" and not host.endswith(".localhost")
        return not (address.is_loopback or address.is_unspecified)

    @property
    def place(self) -> str:
        """What of the address can change a reply: all but who asks. For keys of caches alone, which are hashed."""
        parts = urlsplit(self.base_url)
        return urlunsplit((parts.scheme, _place(parts), parts.path.rstrip("/"), _version(parts.query), ""))

    @property
    def _azure(self) -> bool:
        return self.host.endswith(AZURE)

    @property
    def url(self) -> str:
        """Where a question is sent; Azure's address is filled up with deployment and version."""
        parts = urlsplit(self.base_url)
        path, query = parts.path.rstrip("/"), parts.query
        if self._azure and "/openai" not in path:
            path += f"/openai/deployments/{quote(self.model, safe='')}"
        if self._azure and "/openai/v1" not in path and not _version(query):
            version = os.environ.get("OPENAI_API_VERSION", AZURE_VERSION)
            query = "&".join(filter(None, (query, f"api-version={version}")))
        if not path.endswith("/chat/completions"):
            path += "/chat/completions"
        return urlunsplit((parts.scheme, _place(parts), path, query, ""))

    @property
    def models_url(self) -> str:
        """Where a server lists its models."""
        parts = urlsplit(self.base_url)
        path = parts.path.rstrip("/").removesuffix("/chat/completions") + "/models"
        return urlunsplit((parts.scheme, _place(parts), path, parts.query, ""))

    def key(self) -> str:
        """The key, from the environment; blanks and quotation marks around it are not part of it.

        Raises:
            ConfigError: OpenAI's own endpoint without one, or one that can't be sent.
        """
        names = ("AZURE_OPENAI_API_KEY", "OPENAI_API_KEY") if self._azure else ("OPENAI_API_KEY",)
        for name in names:
            key = os.environ.get(name, "").strip(" \t\r\n\f\v\ufeff\u200b\u00a0").strip("'\"").strip()
            if key and not re.fullmatch(r"[!-~]+", key):
                raise ConfigError(f"{name}: has a blank, a line break or a foreign letter inside. Copy the key again.")
            if key:
                return key
        if self.host == "api.openai.com":
            raise ConfigError("OPENAI_API_KEY: is not set. Set it, or name an endpoint of your own: MODEL@URL.")
        return ""

    def headers(self) -> dict[str, str]:
        """Who asks: the user and password of the address if there are any, else the key."""
        parts, key = urlsplit(self.base_url), self.key()
        if parts.username is not None:
            return {"Authorization": f"Basic {_basic(parts)}"}
        if not key:
            return {}
        return {"api-key": key} if self._azure else {"Authorization": f"Bearer {key}"}

    def hide(self) -> Callable[[str], str]:
        """A function that takes everything secret about this endpoint out of a text."""
        parts = urlsplit(self.base_url)
        given = [*_values(parts.query), *_TOKEN.findall(parts.path), self.key()]
        given += [*filter(None, (parts.username, parts.password))]
        if parts.username is not None:
            given += [_basic(parts)]
        return _hider(given)

    def cost(self, read: int, written: int) -> float | None:
        """US dollars for so many tokens; None where the price is not known."""
        price = PRICES.get(self.model) if self.host == "api.openai.com" else None
        return price and (read * price[0] + written * price[1]) / 1e6


def scrubbed(text: str) -> str:
    """A text without the passwords and keys that addresses in it hold, and without keys of the environment.

    >>> scrubbed("--judge j@http://una:s3cret@host/v1?key=abc&api-version=1 --seed 3")
    '--judge j@http://***@host/v1?key=***&api-version=1 --seed 3'
    """
    text = _URL.sub(lambda found: _shown(found[0]), text)
    text = _BEARER.sub(rf"\1 {HIDDEN}", _KEY.sub(HIDDEN, text))
    return _hider(os.environ.get(name, "").strip() for name in KEYS)(text)


def _shown(url: str) -> str:
    scheme, _, rest = url.partition("://")
    where = re.match(r"[^/?#]*", rest)
    place = where[0] if where else ""
    # a password with a slash in it: what stands before the slash is no host and port
    until = len(place) if "@" in place or not re.search(r":(?!\d+$)[^\]]*$", place) else len(rest)
    at = rest.rfind("@", 0, until)
    if at >= 0:
        rest = f"{HIDDEN}@{rest[at + 1 :]}"
    rest, mark, _ = rest.partition("#")
    path, sign, query = rest.partition("?")
    pairs = [_pair(pair) for pair in query.split("&")] if query else []
    return f"{scheme}://{_TOKEN.sub(HIDDEN, path)}{sign}{'&'.join(pairs)}{mark and '#' + HIDDEN}"


def _pair(pair: str) -> str:
    name, sign, _ = pair.partition("=")
    return pair if name == "api-version" else f"{name}={HIDDEN}" if sign else HIDDEN


def _place(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]


def _version(query: str) -> str:
    return "&".join(p for p in query.split("&") if p.startswith("api-version="))


def _values(query: str) -> list[str]:
    return [p.rpartition("=")[2] for p in query.split("&") if p and not p.startswith("api-version=")]


def _basic(parts: SplitResult) -> str:
    pair = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    return base64.b64encode(pair.encode()).decode()


def _hider(secrets: Iterable[str]) -> Callable[[str], str]:
    """Secrets as they were given and as they are once percent signs are read; the longest first."""
    forms = {form for s in secrets for form in (s, unquote(s), quote(s, safe="")) if len(form) >= SHORTEST}
    if not forms:
        return lambda text: text
    pattern = re.compile("|".join(map(re.escape, sorted(forms, key=len, reverse=True))))
    return lambda text: pattern.sub(HIDDEN, text)
