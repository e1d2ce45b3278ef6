"""`letheia people facts`: labelled facts from summaries, for a person to look over."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from letheia.cli.experts import ask_expert
from letheia.cli.options import DryRun, Yes
from letheia.errors import ClientError, DataError, check_slip
from letheia.types import counted

if TYPE_CHECKING:
    from letheia.data.facts.labels import Derived
    from letheia.types import Entity


def people_facts(
    folder: Annotated[Path, typer.Argument(help="A people folder with summaries.")],
    by: Annotated[
        str,
        typer.Option(help="Who reads the summaries: rules (English, offline), spacy, or a model: MODEL or MODEL@URL."),
    ] = "rules",
    again: Annotated[
        bool, typer.Option("--again", help="Also for people who have derived facts; replaces those.")
    ] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Calls to a model at the same time.")] = 16,
    cache: Annotated[Path, typer.Option(help="File for a model's replies.")] = Path("runs/chat.sqlite"),
    yes: Yes = False,
    dry_run: DryRun = False,
) -> None:
    """Derive labelled facts from summaries, each with the words it came from, for you to check."""
    from letheia.data.facts.labels import choose, wanting, write_labels
    from letheia.data.facts.readers import READERS, expert_calls, from_replies, is_readable
    from letheia.data.folder import read_people

    people = read_people(folder, check_pictures=False)
    entities = wanting(people, again=again)
    silent = [e.name for e in people.entities if not e.summary.strip()]
    if len(silent) == len(people.entities):
        raise DataError(f"{folder}: nobody has a summary to read facts from. 'letheia people summaries' fetches some.")
    if silent:
        print(f"without a summary, so that nothing is derived: {', '.join(silent)}", file=sys.stderr)
    if not entities:
        print(f"{folder}: everybody with a summary has derived facts. --again derives them anew.")
        return
    problems: list[str] = []
    if by in READERS:
        found = READERS[by](entities)
    else:
        check_slip("reader", by, (*READERS, "MODEL[@URL]"))
        replies = ask_expert(
            by,
            expert_calls(entities),
            readable=is_readable,
            cache=cache,
            concurrency=concurrency,
            yes=yes,
            dry_run=dry_run,
        )
        if replies is None:
            return
        found, problems = from_replies(entities, replies)
    derived = choose(people, found, by=by)
    _show(entities, derived, problems, by)
    told = sum(bool(derived.labels.get(e.id)) for e in entities)
    count = sum(map(len, derived.labels.values()))
    print(f"{folder}: {count} facts of {counted(told)}{' would be' if dry_run else ''} written.")
    if not dry_run:
        write_labels(people, derived.labels)
        print(
            f"Look them over in {folder / 'entities.jsonl'}: what you correct, remove or write under 'facts' is never "
            "overwritten, and what you remove there is not derived again."
        )
    if problems:
        raise ClientError(f"{len(problems)} replies are missing, listed above; what came is written.")


def _show(entities: "list[Entity]", derived: "Derived", problems: list[str], by: str) -> None:
    """The facts, a row each, with the words they came from; and what was left out or not found."""
    for entity in entities:
        for i, label in enumerate(derived.labels.get(entity.id, ())):
            row = f'{"" if i else entity.name:<24} {label.kind:<14} {label.phrase:<28} "{label.text}"'
            print("".join(c if c.isprintable() else " " for c in row))
    for reason, count in derived.dropped.most_common():
        print(f"left out: {count} {reason}", file=sys.stderr)
    for problem in problems:
        print(problem, file=sys.stderr)
    nothing = [e.name for e in entities if not derived.labels.get(e.id)]
    if nothing:
        why = " The rules read English only." if by == "rules" else ""
        print(f"no facts found: {', '.join(nothing)}.{why}", file=sys.stderr)
