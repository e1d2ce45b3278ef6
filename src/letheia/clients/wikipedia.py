"""Lead sections of Wikipedia over its REST API: politely, patiently, and each page once."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx

from letheia.clients.cache import Cache
from letheia.clients.endpoint import scrubbed
from letheia.clients.retry import LONGEST, retry_after
from letheia.clients.transport import get
from letheia.errors import ClientError

BASE_URL = "https://en.wikipedia.org/api/rest_v1"
LICENCE = "CC BY-SA 4.0"


@dataclass(frozen=True, kw_only=True)
class Page:
    """A page's lead section.

    Attributes:
        title: The page's own title.
        text: The lead section as plain text.
        url: Where to read it.
        revision: Id of the revision.
        licence: Under which the text is.
        redirected: Whether another title was asked for.
    """

    title: str
    text: str
    url: str
    revision: str
    licence: str = LICENCE
    redirected: bool = False


@dataclass(kw_only=True)
class Wikipedia:
    """A reader of one Wikipedia.

    Attributes:
        user_agent: Says who asks and how to reach them, as Wikimedia's policy wants.
        cache: Where pages are kept.
        base_url: The REST API.
        offline: Read the cache alone.
        rate: At most so many requests a second.
        tries: At most so many a page.
        timeout: Seconds that a reply may take.
    """

    user_agent: str
    cache: Cache
    base_url: str = BASE_URL
    offline: bool = False
    rate: float = 5.0
    tries: int = 6
    timeout: float = 20.0
    sleep: Callable[[float], None] = time.sleep
    _last: float = field(default=float("-inf"), init=False)

    def lead(self, title: str) -> Page:
        """The lead section of a page.

        Raises:
            ClientError: There is none, it lists several meanings, or the server can't be reached; the title is named.
        """
        key = {"lead": title, "base": self.base_url}
        kept = self.cache.get(key)
        if kept:
            return Page(**kept)
        if self.offline:
            raise ClientError(f"{title}: not in the cache. Run once without --offline.")
        url = f"{self.base_url.rstrip('/')}/page/summary/{quote(title.replace(' ', '_'), safe='')}"
        value = self._fetch(title, url)
        if value.get("type") == "disambiguation":
            raise ClientError(f"{title}: the page lists several meanings. Name the right page with --title.")
        text = str(value.get("extract") or "").strip()
        if not text:
            raise ClientError(f"{title}: the page has no text. Name another page with --title, or write a summary.")
        found = str(value.get("title") or title)
        page = Page(
            title=found,
            text=text,
            url=str(value.get("content_urls", {}).get("desktop", {}).get("page", scrubbed(url))),
            revision=str(value.get("revision", "")),
            redirected=found.replace("_", " ") != title.replace("_", " "),
        )
        self.cache.put(key, vars(page))
        return page

    def _fetch(self, title: str, url: str) -> dict[str, Any]:
        reason = ""
        headers = {"User-Agent": self.user_agent, "Accept": "application/json"}
        with httpx.Client(headers=headers, timeout=self.timeout, follow_redirects=True) as client:
            for attempt in range(self.tries):
                self._wait_for_turn()
                wait = min(LONGEST, 0.5 * 2**attempt)
                try:
                    reply = get(client, url, timeout=self.timeout)
                    if reply.status == 404:
                        raise ClientError(f"{title}: Wikipedia has no such page. Name the right one with --title.")
                    if reply.status == 200:
                        value = json.loads(reply.body)
                        if isinstance(value, dict):
                            return value
                        reason = "the reply is no JSON object"
                    elif reply.status == 429 or reply.status >= 500:
                        reason = f"status {reply.status}"
                        wait = max(wait, retry_after(reply.headers.get("Retry-After")))
                    else:
                        raise ClientError(f"{title}: the server answers with status {reply.status}.")
                except (httpx.TransportError, httpx.DecodingError, ValueError, RecursionError) as error:
                    reason = str(error) or type(error).__name__  # slow, cut off, too large, no JSON
                except (httpx.HTTPError, httpx.InvalidURL) as error:  # endless redirects, impossible addresses
                    raise ClientError(f"{title}: {scrubbed(str(error))}.") from error
                if attempt + 1 < self.tries:
                    self.sleep(wait)
        raise ClientError(f"{title}: no reply after {self.tries} tries ({reason}). Try again later; what came is kept.")

    def _wait_for_turn(self) -> None:
        pause = self._last + 1 / self.rate - time.monotonic()
        if pause > 0:
            self.sleep(pause)
        self._last = time.monotonic()
