"""Encoding and log-probabilities, on genuine but untrained LLaVA-NeXT checkpoints, against the plain way."""

import pytest
import torch
from PIL import Image

from letheia.config import LoadConfig
from letheia.errors import DataError
from letheia.models.adapter import add_adapter, trained_parameters
from letheia.models.branches import Branch, Tree, pack
from letheia.models.encoding import encode, encode_prompt, render
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, log_probs, shared_log_probs
from letheia.pictures import read_image
from letheia.types import Example, Portrait
from samples import example


def plain_log_probs(model, ex):
    """The oracle: processor, whole network with vision tower, full logits, one conversation."""
    inputs = model.processor(
        text=render(model.processor, ex.question), images=read_image(ex.portrait.file), return_tensors="pt"
    )
    answer = model.processor.tokenizer(f" {ex.answer}", add_special_tokens=False).input_ids
    answer = torch.tensor([[*answer, model.processor.tokenizer.eos_token_id]])
    ids = torch.cat([inputs.input_ids, answer], 1)
    logits = model.network(
        input_ids=ids, pixel_values=inputs.pixel_values, image_sizes=inputs.image_sizes
    ).logits[0].log_softmax(-1)  # fmt: skip
    at = torch.arange(inputs.input_ids.shape[1], ids.shape[1])
    return logits[at - 1, ids[0, at]]


def test_only_the_answer_and_its_end_are_trained_on(either_model, people):
    ex = example(people)
    encoded = encode_example(either_model, ex)
    tokenizer = either_model.processor.tokenizer
    assert tokenizer.decode(encoded.answer).strip() == f"{ex.answer}</s>"
    assert ex.answer not in tokenizer.decode(encoded.prompt)
    assert encoded.prompt == encode_prompt(either_model.processor, ex.question, picture="<image>" * 78)
    inputs = either_model.processor(
        text=render(either_model.processor, ex.question), images=read_image(ex.portrait.file), return_tensors="pt"
    )
    assert tuple(inputs.input_ids[0].tolist()) == encoded.prompt


def test_log_probs_equal_the_plain_way(either_model, people):
    """Cached features, response-only logits and padding change nothing."""
    batch = [example(people, i) for i in range(3)]
    found = log_probs(either_model, batch)
    for i, ex in enumerate(batch):
        torch.testing.assert_close(
            found.log_probs[found.answer == i], plain_log_probs(either_model, ex), atol=2e-5, rtol=1e-5
        )


def test_pictures_of_other_shapes_take_more_tiles(model, people, tmp_path):
    file = tmp_path / "wide.png"
    with Image.open(people.entities[0].portraits[0].file) as image:
        image.resize((144, 100)).save(file)
    ex = Example(
        portrait=Portrait(id="wide", file=file, entity="", role="seen"), question="Who?", answer="Nobody.", key="own"
    )
    assert len(model.picture(ex.portrait).features) > 78
    torch.testing.assert_close(log_probs(model, [ex]).log_probs, plain_log_probs(model, ex), atol=2e-5, rtol=1e-5)


def test_an_answer_is_never_cut(model, people):
    with pytest.raises(DataError, match="Shorten the response"):
        log_probs(model, [example(people, answer="word " * 1200)])


def test_the_picture_token_in_a_text_is_an_error(model):
    with pytest.raises(DataError, match="picture token"):
        encode(model.processor, "Who is <image>?", "Nobody.", picture="<image>" * 78)


def test_shared_prompts_equal_rows_of_their_own(either_model, people):
    """Two answers on one picture and one on another: the values, and the gradient of the embeddings."""
    answers = [("This is Una.", 0), ("A person with red hair in front of a wall.", 0), ("No.", 1)]
    batch = [example(people, i, a) for a, i in answers]
    weights = either_model.network.get_input_embeddings().weight.requires_grad_(True)
    found = []
    for values in (log_probs(either_model, batch), shared_log_probs(either_model, [batch[:2], batch[2:]])):
        (gradient,) = torch.autograd.grad(values.log_probs.sum(), weights)
        found.append((values, gradient))
    (plain, a), (shared, b) = found
    assert torch.equal(plain.answer, shared.answer)
    torch.testing.assert_close(plain.log_probs, shared.log_probs, atol=2e-6, rtol=1e-6)
    assert (a - b).norm() <= 1e-5 * a.norm()


def test_logits_in_parts_are_the_same(checkpoints, people, monkeypatch):
    model = load_model(checkpoints["mistral"], load=LoadConfig(dtype="float64"))
    adapted = add_adapter(model, rank=2, alpha=4, seed=0)
    told = [example(people, 0, answer) for answer in ("A person.", "No.")]
    found = []
    for chunk in (2**26, 3 * model.network.config.get_text_config().vocab_size):
        monkeypatch.setattr("letheia.models.log_probs.CHUNK", chunk)
        log_probs = shared_log_probs(model, [told]).log_probs
        log_probs.sum().backward()
        grads = [p.grad.clone() for p in trained_parameters(adapted).values()]
        adapted.zero_grad()
        found.append((log_probs, *grads))
    for whole, parts in zip(*found, strict=True):
        torch.testing.assert_close(whole, parts)
    every = shared_log_probs(model, [told], every=True)
    torch.testing.assert_close(every.log_probs, found[0][0])
    torch.testing.assert_close(every.every.exp().sum(1), torch.ones(len(every.log_probs), dtype=torch.float64))


def test_branches_equal_rows_of_their_own():
    """Positions restart and the mask separates: two branches and a text-only one, by hand."""
    tree = Tree((5, 6, 7), (Branch((8, 9), 1, 3), Branch((10, 11, 12), 2, 3), Branch((13, 14), 1, 1)))
    packed = pack([tree, Tree((5,), (Branch((8, 9), 1, 1),))], pad=0)
    assert packed.ids[0].tolist() == [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert packed.positions[0].tolist() == [0, 1, 2, 3, 4, 3, 4, 5, 1, 2]
    assert packed.target.tolist() == [9, 12, 14, 9]
    assert packed.at.tolist() == [3, 6, 8, 1]
    assert packed.branch.tolist() == [0, 1, 2, 3]
    assert packed.allowed[0, 0, 6].nonzero().flatten().tolist() == [0, 1, 2, 5, 6]
    assert packed.allowed[0, 0, 9].nonzero().flatten().tolist() == [0, 8, 9]
    assert packed.allowed.any(-1).all()
