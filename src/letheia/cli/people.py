"""`letheia people`: people folders, from pictures and names to what a removal needs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from letheia.cli import facts
from letheia.cli.experts import ask_expert
from letheia.cli.options import DryRun, Yes
from letheia.cli.settings import LOAD, Given, configured
from letheia.clients.endpoint import scrubbed
from letheia.console import TerminalBars, make_console
from letheia.errors import ClientError, ConfigError
from letheia.types import counted

if TYPE_CHECKING:
    from letheia.types import People

NO_POOL = (
    "No pictures of anyone: a method that trains on such a pool has none, and others whom the model knows may be lost. "
    "--anyone FOLDER or --rest fills it."
)
LISTED = 20  # pictures that are left out; the others are counted
app = typer.Typer(help="People folders: who can be forgotten, with pictures and texts.", no_args_is_help=True)
app.command("facts")(facts.people_facts)


@app.command("check")
def people_check(folder: Annotated[Path, typer.Argument(help="A people folder.")]) -> None:
    """List every mistake in a people folder, pictures included, with file and line."""
    from letheia.data.folder import check_people, read_people
    from letheia.data.notices import listed, notices

    problems = check_people(folder)
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems:
        raise ConfigError(f"{folder}: {len(problems)} problem{'s' if len(problems) > 1 else ''}, listed above.")
    people = read_people(folder, check_pictures=False)
    print(f"{folder}: {counted(len(people.entities))}; {_nameless(people)}.")
    tellable = sum(e.tellable for e in people.entities)
    print(
        f"ready to be forgotten: {len(people.pictured)} by a model with vision (seen and unseen pictures, a summary, "
        f"responses), {tellable} by a model without (a summary, responses)"
    )
    for lacking, fill in ((_without(people, "summary"), "summaries"), (_without(people, "responses"), "responses")):
        if lacking:
            print(f"without {fill}: {', '.join(lacking)}")
    unpictured = [e.name for e in people.entities if not e.portraits]
    if unpictured:
        print(f"without pictures (comparison only for a model with vision): {listed(unpictured)}")
    for notice in notices(people):
        print(f"note: {notice}")


@app.command("import")
def people_import(
    folder: Annotated[Path, typer.Argument(help="The people folder to write.")],
    dataset: Annotated[
        str | None, typer.Option(help="Hub id of a data set such as SatyaV/celeb-1000, or a parquet file or folder.")
    ] = None,
    folders: Annotated[Path | None, typer.Option(help="Folder with one sub-folder of pictures per person.")] = None,
    names: Annotated[
        list[str] | None, typer.Option("--person", help="Whom to import; repeat for several. Everybody if left out.")
    ] = None,
    strangers: Annotated[
        Path | None, typer.Option(help="Folder with pictures of people whom the model never knew.")
    ] = None,
    as_strangers: Annotated[
        list[str] | None,
        typer.Option("--stranger", help="A label or sub-folder whose pictures show strangers; repeat for several."),
    ] = None,
    anyone: Annotated[
        Path | None,
        typer.Option(help="Folder with pictures of other people, without names: the pool that keeps others known."),
    ] = None,
    rest: Annotated[
        bool,
        typer.Option("--rest", help="Take pictures without a label, and of people left out by --person, as that too."),
    ] = False,
    seen: Annotated[
        int | None,
        typer.Option(min=1, help="Pictures per person that may be trained on; if left out half, at most five."),
    ] = None,
    pictures: Annotated[int | None, typer.Option(min=1, help="At most this many pictures per person.")] = None,
    image: Annotated[str, typer.Option(help="The data set's column of pictures.")] = "image",
    label: Annotated[str, typer.Option(help="The data set's column of labels, whose names become people.")] = "label",
    split: Annotated[str, typer.Option(help="Which split of a data set on the Hub.")] = "train",
    revision: Annotated[str | None, typer.Option(help="Which revision of a data set on the Hub.")] = None,
    seed: Annotated[int, typer.Option(help="Seed of the order of a person's pictures.")] = 0,
) -> None:
    """Make a people folder from a Hugging Face data set, or from one sub-folder of pictures per person."""
    places = {name: str(place) for name, place in (("dataset", dataset), ("folders", folders)) if place is not None}
    if len(places) != 1:
        raise ConfigError("give either --dataset or --folders.")
    from letheia.data.imports.folders import from_nameless
    from letheia.data.imports.table import Origin, read_sources
    from letheia.data.imports.write import write_import

    ((name, place),) = places.items()
    sources = read_sources(name, Origin(place=place, split=split, image=image, label=label, revision=revision))
    shown = from_nameless(strangers, "strangers") if strangers else []
    pool = from_nameless(anyone, "other people") if anyone else []
    with TerminalBars(make_console()).bar("copying pictures", len(sources) + len(shown) + len(pool)) as advance:
        imported = write_import(
            sources,
            folder,
            seen=seen,
            pictures=pictures,
            names=names or (),
            strangers=shown,
            as_strangers=as_strangers or (),
            anyone=pool,
            rest=rest,
            seed=seed,
            progress=lambda n: advance(n, ""),
        )
    for reason in imported.left_out[:LISTED]:
        print(f"left out: {reason}", file=sys.stderr)
    if len(imported.left_out) > LISTED:
        print(f"left out: {len(imported.left_out) - LISTED} more", file=sys.stderr)
    people = imported.people
    for entity in people.entities:
        trained, measured = len(entity.pictures("seen")), len(entity.pictures("unseen"))
        note = (
            "" if measured else "; without unseen pictures only seen ones are measured" if trained else "; a name alone"
        )
        print(f"  {entity.name}: {trained} seen, {measured} unseen{note}")
    count = sum(len(e.portraits) for e in people.entities)
    pictures_there = counted(count, "picture", "pictures")
    print(f"{folder}: {counted(len(people.entities))}, {pictures_there}; {_nameless(people)}.")
    lonely = sum(bool(e.portraits) and not e.pictures("unseen") for e in people.entities)
    if lonely:
        who = counted(lonely, "person has", "people have")
        print(f"{who} no unseen picture: add pictures, or import with a lower --seen.", file=sys.stderr)
    if not people.anyone:
        print(NO_POOL)
    print(f"Next: letheia people summaries {folder}")


@app.command("verify")
def people_verify(
    folder: Annotated[Path, typer.Argument(help="A people folder, as it was when people were removed.")],
    card: Annotated[Path, typer.Option(help="The adapter's model card, README.md.")],
    key: Annotated[Path, typer.Option(help="The run's key, removal.key in its folder.")],
) -> None:
    """List whose data were part of a removal, by the keyed hashes in an adapter's card."""
    from letheia.data.folder import read_people
    from letheia.study.store import read_secret

    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{card}: can't be read ({error}).") from error
    people = read_people(folder, check_pictures=False)
    secret = read_secret(key)
    from letheia.report.model_card import listed

    found = listed(text, people, secret)
    for entity in found:
        print(f"{entity.id}: {entity.name}")
    were = "was" if len(found) == 1 else "were"
    print(f"{len(found)} of {counted(len(people.entities))} {were} part of the removal.")


@app.command("summaries")
def people_summaries(
    folder: Annotated[Path, typer.Argument(help="A people folder.")],
    contact: Annotated[
        str, typer.Option(help="E-mail or web address at which Wikipedia's operators can reach you.")
    ] = "",
    titles: Annotated[
        list[str] | None, typer.Option("--title", help="'Name=Page title' where they differ; repeat for several.")
    ] = None,
    base_url: Annotated[str | None, typer.Option(help="REST API of the Wikipedia to ask; English if left out.")] = None,
    again: Annotated[bool, typer.Option("--again", help="Fetch also for people who have a summary.")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="Use pages fetched before, and no network.")] = False,
    rate: Annotated[float, typer.Option(min=0.01, help="At most this many requests per second.")] = 5.0,
    cache: Annotated[Path, typer.Option(help="File for fetched pages.")] = Path("runs/wikipedia.sqlite"),
    dry_run: DryRun = False,
) -> None:
    """Fetch the lead section of each person's Wikipedia page as summary, with source, revision and licence."""
    from importlib.metadata import version

    from letheia.clients.cache import Cache
    from letheia.clients.wikipedia import BASE_URL, Wikipedia
    from letheia.data.folder import read_people
    from letheia.data.summaries import fetch_summaries, wanting

    people = read_people(folder, check_pictures=False)
    pages = _titles(titles or [], people)
    if dry_run:
        names = [pages.get(e.id, e.name) for e in wanting(people, again=again)]
        print(f"{len(names)} pages of {scrubbed(base_url or BASE_URL)}, at most {rate:g} a second: {', '.join(names)}")
        return
    agent = f"letheia/{version('letheia')} ({contact or 'no contact given'})"
    with (
        Cache(cache) as kept,
        TerminalBars(make_console()).bar("fetching summaries", len(wanting(people, again=again))) as advance,
    ):
        reader = Wikipedia(user_agent=agent, cache=kept, base_url=base_url or BASE_URL, offline=offline, rate=rate)
        found = fetch_summaries(people, reader, titles=pages, again=again, progress=lambda n: advance(n, ""))
    for redirect in found.redirects:
        print(f"redirected: {redirect}", file=sys.stderr)
    for problem in found.problems:
        print(problem, file=sys.stderr)
    print(f"{folder}: {found.count} summaries fetched.")
    if found.problems:
        raise ClientError(f"{len(found.problems)} without a summary, listed above; what came is written.")


@app.command("responses")
@configured("seed", "max_new_tokens", "prompts", *LOAD)
def people_responses(
    given: Given,
    folder: Annotated[Path, typer.Argument(help="A people folder with pictures and summaries.")],
    expert: Annotated[
        str, typer.Option(help="Expert LVLM: MODEL, or MODEL@URL of any endpoint that speaks OpenAI's protocol.")
    ] = "gpt-4.1-mini",
    from_model: Annotated[
        str | None, typer.Option(help="Let the model that is to forget write them: mistral, llama, folder or Hub id.")
    ] = None,
    from_file: Annotated[Path | None, typer.Option(help="JSONL file; each line has 'name' and 'responses'.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Responses per person.")] = 5,
    again: Annotated[bool, typer.Option("--again", help="Write also for people who have responses.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls at the same time.")] = 16,
    cache: Annotated[Path, typer.Option(help="File for replies.")] = Path("runs/chat.sqlite"),
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Let an expert LVLM write responses rich in personal facts, which the model will unlearn."""
    from letheia.data import responses
    from letheia.data.folder import read_people

    people = read_people(folder, check_pictures=False)
    problems: list[str] = []
    bars = TerminalBars(make_console())
    if from_file:
        texts = responses.from_file(people, from_file)
    elif from_model:
        from letheia.config import StudyConfig
        from letheia.data.wordings import people_for

        values = {**given.values, "model": from_model}
        if dry_run:
            wanted = responses.wanting(people_for(folder, StudyConfig.check(values)), again=again)
            print(f"{from_model}: {count} draws about each of {counted(len(wanted))}")
            return
        from letheia.study.own_responses import draw_responses

        drawn = draw_responses(values, folder, count=count, again=again, bars=bars)
        for note in drawn.notes:
            print(note, file=sys.stderr)
        texts = drawn.texts
    else:
        entities = responses.wanting(people, again=again)
        replies = ask_expert(
            expert,
            responses.expert_calls(entities, count=count, prompts=given.config.prompts),
            readable=responses.readable,
            cache=cache,
            concurrency=concurrency,
            yes=yes,
            dry_run=dry_run,
        )
        if replies is None:
            return
        texts, problems = responses.from_replies(entities, replies)
    written = responses.write_responses(people, texts, problems)
    for problem in written.problems:
        print(problem, file=sys.stderr)
    print(f"{folder}: responses for {counted(written.count)} written.")
    if problems:
        raise ClientError(f"{len(problems)} replies are missing, listed above; what came is written.")


def _titles(options: list[str], people: "People") -> dict[str, str]:
    from letheia.metrics.names import find

    pairs: dict[str, str] = {}
    for option in options:
        name, sign, title = option.partition("=")
        if not sign or not title.strip():
            raise ConfigError(f"--title {option!r}: write it as 'Name=Page title'.")
        pairs[find(people, name.strip()).id] = title.strip()
    return pairs


def _nameless(people: "People") -> str:
    """How many pictures there are whose people have no names."""
    strangers = counted(len(people.strangers), "stranger's picture", "strangers' pictures")
    return f"{strangers}, {len(people.anyone)} of anyone"


def _without(people: "People", field: str) -> list[str]:
    """Who lacks something; people without pictures count only where nobody has any."""
    pictures = any(e.portraits for e in people.entities)
    return [e.name for e in people.entities if bool(e.portraits) == pictures and not getattr(e, field)]
