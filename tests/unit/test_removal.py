"""A removal request: who is forgotten and who is kept, and the card that names nobody."""

from dataclasses import replace

import pytest

from commands import fails, letheia
from letheia.data.folder import hash_of, write_people
from letheia.errors import ConfigError, DataError
from letheia.methods.paper import LORA
from letheia.methods.rates import WORLD_RATES, rates_for
from letheia.models.loading import load_model
from letheia.report.model_card import keyed_hash, listed
from letheia.study.build import settings_for
from letheia.study.request import request
from letheia.study.store import secret


def test_the_others_are_kept(people):
    first, second = people.pictured[:2]
    everybody, split = request(people, [first.name, second.id, first.id])
    assert split.forget == (first, second)
    assert split.retain == people.pictured[2:]
    assert everybody == people


def test_people_to_keep_may_lie_in_another_folder(people):
    keep = replace(people, entities=people.entities[3:6], strangers=())
    own = replace(people, entities=people.entities[:3])
    everybody, split = request(own, [people.entities[0].name], keep=keep)
    assert split.retain == keep.entities
    assert {e.id for e in everybody.entities} == {e.id for e in people.entities[:6]}
    with pytest.raises(DataError, match="to be forgotten and to be kept"):
        request(people, [keep.entities[0].name], keep=keep)


@pytest.mark.parametrize("options", [{}, {"no_retain": True}])
def test_nobody_to_keep_must_be_said(people, options):
    alone = replace(people, entities=people.entities[:1])
    name = alone.entities[0].name
    if options:
        assert request(alone, [name], **options)[1].retain == ()
    else:
        with pytest.raises(ConfigError, match="--no-retain"):
            request(alone, [name])


def test_wrong_names(people):
    name = people.entities[0].name
    with pytest.raises(DataError, match=f"Did you mean '{name}'"):
        request(people, [name[:-1]])
    with pytest.raises(ConfigError, match="--forget"):
        request(people, [])
    with pytest.raises(DataError, match="needs a seen picture"):
        request(people, [people.entities[10].name])  # has a summary only
    with pytest.raises(DataError, match="needs a seen picture"):  # what is missing first, then who is kept
        request(replace(people, entities=people.entities[10:11]), [people.entities[10].name])


def test_hashes_tell_people_apart_and_change_with_the_data(people):
    a, b = people.entities[:2]
    assert len({hash_of(a), hash_of(b), hash_of(replace(a, responses=a.responses[:1]))}) == 3
    assert hash_of(a) == hash_of(replace(a)) and a.name not in hash_of(a)


def test_a_card_tells_who_was_removed_only_to_the_holder_of_the_key(people, tmp_path):
    """HMAC(key, data): without the key the hash of a person's data is not in the card; another run has another key."""
    write_people(people)
    key, other = secret(tmp_path / "run"), secret(tmp_path / "other")
    gone = people.entities[:2]
    card = tmp_path / "README.md"
    card.write_text("\n".join(keyed_hash(e, key) for e in gone))
    assert key == secret(tmp_path / "run") != other and len(key) == 32
    assert (tmp_path / "run" / "removal.key").stat().st_mode & 0o777 == 0o600
    assert not any(hash_of(e) in card.read_text() for e in people.entities)
    assert not listed(card.read_text(), people, other)
    told = letheia("people", "verify", people.folder, "--card", card, "--key", tmp_path / "run" / "removal.key")
    assert told.stdout.splitlines() == [
        *(f"{e.id}: {e.name}" for e in gone),
        f"2 of {len(people.entities)} people were part of the removal.",
    ]
    fails(letheia("people", "verify", people.folder, "--card", card, "--key", card), "README.md: holds no key")
    fails(letheia("people", "verify", people.folder, "--card", tmp_path / "no", "--key", card), "no: can't be read")


def test_a_folder_called_like_a_world_model_starts_with_the_papers_settings(checkpoints):
    """The checkpoint lies in a folder named mistral; only the world's own model has the world's rates."""
    model = load_model(checkpoints["mistral"])
    assert model.name == "mistral"
    found = settings_for(str(checkpoints["mistral"]), model)
    assert found == {"rates": rates_for("mistral"), **LORA, "max_new_tokens": model.answer_limit, "checked": True}
    assert settings_for("mistral", model) == {"rates": WORLD_RATES["mistral"]}
