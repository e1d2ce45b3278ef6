"""Texts that try to be HTML, as names, answers, settings and models, in a run's page: none becomes an element."""

import html.parser
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from folders import write_folder

from letheia.data.folder import read_people
from letheia.metrics.results import aftermaths, aggregate
from letheia.metrics.scorer import Scorer
from letheia.report.redaction import pseudonyms
from letheia.report.run_page import Run, write_report
from letheia.types import Generation, Split

BODIES = ("alert(1)", "alert`1`", "top.x=1", "fetch('//x')")
FORMS = (
    "<script>{}</script>",
    "<img src=x onerror={}>",
    "<svg onload={}>",
    "</pre><script>{}</script>",
    "'><script>{}</script>",
    "</title><script>{}</script>",
    "<iframe srcdoc='<script>{}</script>'>",
    "javascript:{}",
    "<a href='javascript:{}'>a</a>",
    "<body onload={}>",
    "<style>@import '{}'</style>",
    "]]><script>{}</script>",
    "<!--<script>{}</script>-->",
    "{{{{ {} }}}}",
    "{{% include '{}' %}}",
    "<math><mi xlink:href='javascript:{}'>x",
)


def scripts(count: int, folder: Path) -> Iterator[str]:
    """Each payload in every place of a page at once; a parser counts the elements and attributes that it became."""
    people = read_people(write_folder(folder / "people"))
    plain = _elements(_page(people, folder, "1 < 2 & 3"))
    payloads = [form.format(body) for form in FORMS for body in BODIES]
    for payload in payloads[:count]:
        found = _elements(_page(people, folder, payload))
        yield "" if found == plain else f"{payload}: {[e for e in found if e not in plain][:3]}"


def _page(people, folder: Path, text: str) -> str:
    entities = tuple(replace(e, name=f"{text} {e.id}") for e in people.entities)
    split = Split(forget=entities[:1], retain=entities[1:2])
    answers = {
        method: [
            Generation(model=text, method=method, portrait=p.id, entity=e.id, group=group, role=p.role, question=text,
                       answer=text)
            for group, chosen in (("forget", split.forget), ("retain", split.retain))
            for e in chosen
            for p in e.portraits
        ]
        for method in ("original", text)
    }  # fmt: skip
    scorer = Scorer(people)
    # numbers of an answer that is always the same, so that tables have the same columns
    scores = {m: scorer.score([replace(g, answer="A text.") for g in given]) for m, given in answers.items()}
    rows = [r for m, given in answers.items() for r in aggregate(given, scores[m], n=1, seed=0)]
    labels = {m: aftermaths(found) for m, found in scores.items()}
    shown = replace(people, entities=entities)
    settings, provenance = {"model": text, text: text}, {"command": text}
    run = Run(
        people=shown, split=split, answers=answers, labels=labels, rows=rows, question=text, settings=settings,
        called=pseudonyms(split.forget, b"secret"), provenance=provenance,
    )  # fmt: skip
    for name, redacted in (("page.html", False), ("shared.html", True)):
        write_report(folder / name, run, redacted=redacted)
    return "".join((folder / name).read_text(encoding="utf-8") for name in ("page.html", "shared.html"))


def _elements(page: str) -> list[str]:
    """Tags with the names of their attributes, and how many characters its scripts have."""
    found: list[str] = []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            found.append(f"{tag} {sorted(name for name, _ in attrs)}")

    Reader().feed(page)
    return sorted(found)
