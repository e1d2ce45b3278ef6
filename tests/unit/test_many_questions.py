"""Several questions about a picture in one row: the values and the gradient of a row for each answer."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import families
from letheia.config import LoadConfig
from letheia.data.split import Step, Use
from letheia.methods.table import METHODS
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.branches import Branch, Tree, pack
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, head, log_probs, row_tokens, shared_log_probs
from letheia.train.batches import Item, by_row
from letheia.train.objective import Objective
from letheia.types import Answer, Example, Portrait, Reference
from samples import corpus

NAMED = Portrait(id="named", file=Path(), entity="", role="seen", words="Who is Una Varga?")
ASKED = (
    ("Who is this?", "This is Una Varga."),
    ("What is their name?", "Una."),
    ("Who is this?", "A person with red hair in front of a grey background."),
    ("Who is this person?", "No."),
)


def examples(portrait, *, asked=ASKED):
    return [Example(portrait=portrait, question=portrait.asked(q), answer=a, key="own") for q, a in asked]


def groups(portraits):
    """Four answers on one picture, three questions, one of which begins as another does; one answer; two in words."""
    return [examples(portraits[0]), examples(portraits[1])[:1], examples(NAMED)[:2]]


def compare(model, portraits):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    weights = trained_parameters(adapted)
    for name, weight in weights.items():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.1)
    apart = groups(portraits)
    found = []
    for values in (log_probs(model, [e for group in apart for e in group]), shared_log_probs(model, apart)):
        gradients = torch.autograd.grad(values.log_probs.square().sum(), list(weights.values()))
        found.append((values, torch.cat([g.flatten() for g in gradients])))
    (plain, a), (shared, b) = found
    assert torch.equal(plain.answer, shared.answer)
    torch.testing.assert_close(plain.log_probs, shared.log_probs, atol=2e-5, rtol=1e-5)
    assert (a - b).norm() <= 1e-5 * a.norm()


@pytest.fixture
def portraits(people):
    return [e.portraits[0] for e in people.entities[:2]]


def test_questions_share_their_picture(either_model, portraits):
    compare(either_model, portraits)


@pytest.mark.slow
@pytest.mark.parametrize("family", ["gemma3", "qwen2_vl", "llava_onevision", "smolvlm"])
def test_questions_share_their_picture_in_every_family(family, portraits, world, tmp_path):
    compare(load_model(families.make(family, tmp_path / family, corpus(world))), portraits)


def test_answers_go_on_behind_their_questions():
    """By hand: a picture of two tokens, a question of two with two answers, and a question of one with one."""
    question = Branch((7, 8), 2, 2)
    tree = Tree((5, 6), (question, Branch((9, 10), 1, 2, 0), Branch((9, 11, 12), 1, 2, 0), Branch((13, 14), 1, 2)))
    packed = pack([tree, Tree((5,), (Branch((8, 9), 1, 1),))], pad=0)
    assert tree.tokens == 11 and packed.ids[0].tolist() == [5, 6, 7, 8, 9, 10, 9, 11, 12, 13, 14]
    assert packed.positions[0].tolist() == [0, 1, 2, 3, 4, 5, 4, 5, 6, 2, 3]
    assert packed.target.tolist() == [10, 11, 12, 14, 9]
    assert packed.at.tolist() == [4, 6, 7, 9, 1]
    assert packed.branch.tolist() == [0, 1, 1, 2, 3]
    seen = {4: [0, 1, 2, 3, 4], 8: [0, 1, 2, 3, 6, 7, 8], 10: [0, 1, 9, 10]}
    for place, wanted in seen.items():
        assert packed.allowed[0, 0, place].nonzero().flatten().tolist() == wanted


def test_a_row_is_a_picture_or_a_question_without_one(model, portraits):
    told = [e for group in groups(portraits) for e in group]
    named = replace(NAMED, words="Who is Bo?")
    told.append(Example(portrait=named, question=named.words, answer="A poet.", key="own"))
    units = [(Item(0, e),) for e in told]
    rows = [[unit[0].example for unit in group] for group in by_row(model, units, "shared")]
    assert [len(row) for row in rows] == [4, 1, 2, 1]
    assert by_row(model, units, "plain") == [[unit] for unit in units]
    encoded = [encode_example(model, e) for e in rows[0]]
    pictures = encoded[0].ids.count(model.picture_token)
    assert pictures == 78 and sum(len(e.ids) for e in encoded) - row_tokens(encoded) > 3 * pictures
    assert head(model, rows[0][0])[-1] == model.picture_token and head(model, rows[3][0]) != head(model, rows[2][0])


def test_what_the_original_says_is_kept_by_question(model, portraits, texts):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    objective = Objective(model=model, adapted=adapted, method=METHODS["npo"], texts=texts)
    asked = examples(portraits[0], asked=(("Who is this?", "Una."), ("What is their name?", "Una.")))
    with torch.no_grad():
        each = [log_probs(model, [e]).log_probs.sum().item() for e in asked]
    assert objective._original(asked) == pytest.approx(each, abs=1e-4)
    assert objective._original(asked[::-1]) == pytest.approx(each[::-1], abs=1e-4) and each[0] != each[1]


@pytest.mark.parametrize("name", ["pubg", "npo", "variants"])
def test_a_question_without_a_picture_is_trained_on_beside_pictures(checkpoints, split, texts, all_losses, name):
    """Somebody to forget and somebody to keep are known by words alone; both engines give one gradient."""
    bare = [
        replace(e, portraits=(replace(NAMED, id=f"{e.id}-named", words=f"Who is {e.name}?"),)) for e in split.forget
    ]
    use = [Use(portrait=e.portraits[0], response=e.responses[0], draw=0, seed="0") for e in split.forget]
    kept = [Use(portrait=e.portraits[0], response=e.responses[0], draw=0, seed="0") for e in split.retain]
    named = [Use(portrait=e.portraits[0], response=e.responses[1], draw=0, seed="0") for e in bare]
    step = Step((*use, named[0]), (kept[0], named[1], kept[1]))
    for each in (*use, *named, *kept):
        texts.references.setdefault((each.portrait.id, 0), Reference(Answer("Someone.")))
    found = []
    for engine in ("shared", "plain"):
        model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64"))
        adapted = add_adapter(model, rank=4, alpha=8, seed=0)
        weights = trained_parameters(adapted)
        for weight in weights.values():
            torch.nn.init.normal_(weight, std=0.05, generator=torch.Generator().manual_seed(1))
        objective = Objective(model=model, adapted=adapted, method=METHODS[name], texts=texts, engine=engine)
        values = objective.backward(step)
        found.append((values, torch.cat([p.grad.flatten() for p in weights.values()])))
    (values, gradient), (others, plain) = found
    assert values == pytest.approx(others, rel=1e-9)
    assert (gradient - plain).norm() <= 1e-7 * plain.norm()
