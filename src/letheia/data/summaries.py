"""Summaries of people from Wikipedia into a people folder."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from letheia.clients.wikipedia import Wikipedia
from letheia.data.folder import update_entities
from letheia.errors import ClientError
from letheia.types import Entity, People


@dataclass(frozen=True)
class Fetched:
    """What came: how many summaries, titles that were redirected, and what is missing and why."""

    count: int
    redirects: tuple[str, ...]
    problems: tuple[str, ...]


def fetch_summaries(
    people: People,
    wikipedia: Wikipedia,
    *,
    titles: Mapping[str, str] | None = None,
    again: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Fetched:
    """Fetch lead sections and write them, with source and revision, into `entities.jsonl`.

    Args:
        people: The people folder.
        wikipedia: The reader.
        titles: Page titles by a person's id, where they are not the name.
        again: Also people who have a summary.
        progress: Called with the number of people added.
    """
    changes: dict[str, dict[str, object]] = {}
    redirects: list[str] = []
    problems: list[str] = []
    for entity in wanting(people, again=again):
        title = (titles or {}).get(entity.id, entity.name)
        try:
            page = wikipedia.lead(title)
        except ClientError as error:
            problems.append(str(error))
        else:
            source = {"title": page.title, "url": page.url, "revision": page.revision, "licence": page.licence}
            changes[entity.id] = {"summary": page.text, "source": source}
            if page.redirected:
                redirects.append(f"{title} -> {page.title}")
        progress(1)
    if changes:
        update_entities(people.folder, changes)
    return Fetched(len(changes), tuple(redirects), tuple(problems))


def wanting(people: People, *, again: bool) -> list[Entity]:
    """Who needs a summary."""
    return [e for e in people.entities if again or not e.summary]
