"""White-box checks on a small untrained model: everything is put back to the last bit."""

from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np
import pytest
import torch

from letheia.attacks.base import Subject
from letheia.audit.base import Audited
from letheia.audit.hidden import accuracy, layers_of, probe
from letheia.audit.noise import attacked
from letheia.audit.relearning import RELEARN, RELEARNING, relearn
from letheia.audit.untaught import untaught
from letheia.audit.white_box import TAMPERINGS
from letheia.config import StudyConfig, TrainConfig
from letheia.data.split import schedule
from letheia.data.targets import Texts
from letheia.errors import ConfigError, DataError
from letheia.metrics.scorer import Scorer
from letheia.models.adapter import adapter_off, add_adapter, load_adapter, remove_adapter, trained_parameters
from letheia.models.hidden import last_states
from letheia.models.log_probs import log_probs
from letheia.models.noise import noised, other_pictures
from letheia.models.rounding import to_nf4
from letheia.models.saving import save_adapter
from letheia.models.tampering import at_strength, changed_weights
from letheia.progress import Silent
from letheia.study.build import build
from letheia.train.unlearn import unlearn
from letheia.types import Entity, Prompt, Split
from samples import example

CHECKS = {c.name: c for c in TAMPERINGS}
STRANGER = "Ida Moorland"


@pytest.fixture
def adapted(model):
    """The model with an adapter that changes something."""
    found = add_adapter(model, rank=2, alpha=4, seed=0)
    with torch.no_grad():
        for p in trained_parameters(found).values():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))
    return model


@pytest.fixture
def audited(adapted, people, tmp_path):
    """Two people to forget, two retained, a stranger."""
    config = StudyConfig.create({"n": 2, "max_new_tokens": 8, "train": {"batch": 2, "rank": 2, "alpha": 4}})
    study = build(config, people, adapted, Scorer(people), folder=tmp_path, bars=Silent())
    split = Split(forget=people.entities[:2], retain=people.entities[2:4])
    asked = [Subject(entity=e, group="forget", portraits=e.pictures("unseen")) for e in split.forget]
    asked += [Subject(entity=e, group="retain", portraits=e.pictures("unseen")) for e in split.retain]
    nobody = people.strangers[0]
    asked.append(Subject(entity=Entity(id=nobody.id, name=STRANGER, summary=""), group="stranger", portraits=(nobody,)))
    return Audited(name="mine", study=study, split=split, subjects=tuple(asked))


def state(model):
    """Every weight, and what the model says with them."""
    with torch.no_grad():
        return {name: p.clone() for name, p in model.network.state_dict().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def says(model, people):
    with torch.no_grad():
        return log_probs(model, [example(people)]).log_probs


@pytest.mark.parametrize("name", [n for n in CHECKS if not n.startswith(("relearn", "probe", "picture"))])
def test_tampering_asks_everybody_and_puts_back_every_bit(audited, people, name):
    model = audited.study.model
    before, said = state(model), says(model, people)
    findings = list(CHECKS[name].find(audited))
    assert same(before, state(model)) and torch.equal(said, says(model, people))
    variants = 2 if name == "merged" else 1
    assert len(findings) == variants * 3 * len(audited.subjects) and {f.check for f in findings} == {name}
    assert {f.method for f in findings} == {"mine"} and all(f.value in (0, 1) for f in findings)


def test_weights_are_back_after_an_exception(adapted):
    before = state(adapted)
    with pytest.raises(ZeroDivisionError), changed_weights(adapted, to_nf4):
        assert not same(before, state(adapted))
        _ = 1 / 0
    assert same(before, state(adapted))


def test_strength_0_is_the_original_and_1_the_adapter(adapted, people):
    said = says(adapted, people)
    with adapter_off(adapted):
        plain = says(adapted, people)
    found = []
    for strength in (0.0, 0.5, 1.0):
        with at_strength(adapted, strength):
            found.append(says(adapted, people))
    assert torch.equal(found[0], plain) and torch.equal(found[2], said)
    assert all(not torch.equal(a, b) for a, b in pairwise(found))
    remove_adapter(adapted, adapted.adapted)
    with pytest.raises(ConfigError, match="no adapter"), at_strength(adapted, 0.5):
        pass


def test_merged_weights_say_what_the_adapter_says(adapted, people):
    said = says(adapted, people)
    with changed_weights(adapted, lambda weight: weight):
        torch.testing.assert_close(says(adapted, people), said, rtol=1e-4, atol=1e-4)


def one(audited):
    return audited.split.forget[:1]


def test_relearning_is_deterministic_and_leaves_nothing(audited, people):
    model = audited.study.model
    before = state(model)
    find = partial(relearn, audited, check="relearn", data=one, steps=(1, 3))
    first, again = list(find()), list(find())
    assert first == again and same(before, state(model))
    assert {f.variant for f in first} == {"0 steps", "1 steps", "3 steps"}
    assert {f.entity for f in first}.isdisjoint(e.id for e in one(audited))
    with_adapter = [f.answer for f in first if f.variant == "0 steps"]
    remove_adapter(model, model.adapted)  # the original: a fresh adapter for the same steps
    plain = state(model)
    fresh = list(find())
    assert len(fresh) == len(first) and same(plain, state(model)) and model.adapted is None
    assert with_adapter != [f.answer for f in fresh if f.variant == "0 steps"]


def test_relearning_says_what_is_missing(audited):
    found = {c.name: c for c in RELEARNING}
    with pytest.raises(DataError, match="2 people are forgotten; to train on 3"):
        list(found["relearn-3"].find(audited))
    with pytest.raises(DataError, match="responses can be retold about 1 strangers; to train on 3"):
        list(found["relearn-untaught"].find(audited))
    alone = replace(audited, split=Split(forget=audited.split.forget, retain=()))
    with pytest.raises(DataError, match="nobody is retained"):
        list(found["relearn-retained"].find(alone))


def test_people_nobody_was_taught_are_taught_and_the_others_asked(audited, people):
    """Strangers get made-up names, and retained people's responses retold; nothing of a forgotten person is taught."""
    more = [
        Subject(entity=Entity(id=p.id, name=f"Ida {name}", summary=""), group="stranger", portraits=(p,))
        for name in ("Ashe", "Birch", "Cole", "Dane")
        for p in [replace(people.strangers[0], id=name)]
    ]
    audited = replace(audited, subjects=(*audited.subjects, *more))
    taught = untaught(audited, audited.split.retain)
    names = [n for e in people.entities for n in e.names]
    assert len(taught) == 5 and not any(n in text for s in taught for text in s.entity.responses for n in names)
    assert all(s.entity.name in text for s in taught for text in s.entity.responses[:1])
    (check,) = (c for c in RELEARNING if c.name == "relearn-untaught")
    found = list(partial(check.find, audited, steps=(1, 3))())
    asked = {f.entity for f in found}
    assert {e.id for e in audited.split.forget} <= asked
    assert {s.entity.id for s in audited.of("stranger")} & asked == {s.entity.id for s in more[2:]}


def test_a_saved_adapter_is_trained_on_only_if_it_is_loaded_so(adapted, audited, tmp_path):
    save_adapter(adapted.adapted, tmp_path / "adapter")
    remove_adapter(adapted, adapted.adapted)
    steps = schedule(audited.split, steps=1, batch=2, pictures=1, seed=0)
    texts = Texts(prompts=audited.study.config.prompts, references={}, retain=())
    config = TrainConfig(learning_rate=1e-3, steps=1, batch=2)
    for_answers = load_adapter(adapted, tmp_path / "adapter")
    with pytest.raises(ConfigError, match="trainable=True"):
        unlearn(adapted, for_answers, steps, RELEARN, texts, config)
    remove_adapter(adapted, for_answers)
    loaded = load_adapter(adapted, tmp_path / "adapter", trainable=True)
    before = {n: p.detach().clone() for n, p in trained_parameters(loaded).items()}
    unlearn(adapted, loaded, steps, RELEARN, texts, config)
    assert before and not same(before, trained_parameters(loaded))


def test_a_probe_finds_what_is_there_and_nothing_where_nothing_is():
    stream = np.random.default_rng(0)
    people = [str(i) for i in range(4) for _ in range(6)]
    means = np.repeat(3 * np.eye(4, 8), 6, axis=0)
    train, test = (means + 0.1 * stream.standard_normal(means.shape) for _ in range(2))
    assert accuracy(train, people, test, people) == dict.fromkeys("0123", 1.0)
    turned = [str((int(who) + 1) % 4) for who in people]  # everybody under the next one's name
    assert accuracy(train, turned, test, people) == dict.fromkeys("0123", 0.0)
    assert layers_of(4) == (0, 1, 2, 3) and layers_of(32) == (7, 15, 23, 31)


def test_hidden_states_are_the_network_s_own_behind_the_last_token(model, people):
    prompts = [Prompt("Who is this?", people.entities[0].portraits[0]), Prompt("Who?", people.entities[1].portraits[0])]
    together = last_states(model, prompts, (0, 1))
    alone = torch.cat([last_states(model, [p], (0, 1)) for p in prompts], 1)
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-5)
    assert together.shape == (2, 2, model.network.config.text_config.hidden_size)


def test_a_probe_wants_two_seen_pictures(audited):
    with pytest.raises(DataError, match="0 of the people to forget have 2 seen pictures"):
        list(probe(audited, check="probe"))


def test_noise_makes_a_text_likelier_within_its_bound(adapted, people):
    one = example(people)
    plain = adapted.picture(one.portrait).features.clone()
    with other_pictures(adapted):
        before = says(adapted, people).sum()
        noised(adapted, one, epsilon=12 / 255, step=2 / 255, steps=5)
        assert says(adapted, people).sum() > before
        noised(adapted, one, epsilon=0.0, step=2 / 255, steps=2)  # no room: the picture as it is
        torch.testing.assert_close(adapted.picture(one.portrait).features, plain)
    assert torch.equal(adapted.picture(one.portrait).features, plain)


def test_noise_is_aimed_at_forgotten_people_and_at_strangers_alike(audited):
    model = audited.study.model
    before = state(model)
    findings = list(attacked(audited))
    assert [f.group for f in findings] == ["forget", "forget", "stranger"] and same(before, state(model))
