"""Encoding, log-probabilities, generation and the adapter, on genuine but untrained LLaVA-NeXT checkpoints."""

import copy
import re

import pytest
import torch
from PIL import Image
from torch.nn.functional import scaled_dot_product_attention

from letheia.config import LoadConfig
from letheia.engines.own import generate
from letheia.errors import CheckpointError, DataError
from letheia.models import attention
from letheia.models.adapter import add_adapter, load_adapter, original, remove_adapter, trained_parameters
from letheia.models.attention import GROUPED
from letheia.models.branches import Branch, Tree, pack
from letheia.models.clip import Clip, embed_texts, load_clip, text_ids
from letheia.models.encoding import encode, encode_prompt, render
from letheia.models.families import FAMILIES
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, log_probs, shared_log_probs
from letheia.models.masks import additive
from letheia.models.saving import save_adapter
from letheia.pictures import read_image
from letheia.types import Example, Portrait, Prompt


def example(people, i=0, answer=None):
    entity = people.entities[i]
    return Example(
        portrait=entity.portraits[0], question="Who is this?", answer=answer or entity.responses[0], key="own"
    )


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


def test_a_prompt_leaves_room_for_an_answer(model, people):
    portrait = people.entities[0].portraits[0]
    length = len(encode_prompt(model.processor, "Who is this?", picture=model.picture(portrait).text))
    model.network.config.text_config.max_position_embeddings = length + 1
    assert len(generate(model, [Prompt("Who is this?", portrait)], max_new_tokens=1)) == 1
    model.network.config.text_config.max_position_embeddings = length
    with pytest.raises(DataError, match=f"'Who is this.': picture and question take {length} tokens.* Shorten"):
        generate(model, [Prompt("Who is this?", portrait)], max_new_tokens=1)
    with pytest.raises(DataError, match="Shorten the question"):
        generate(model, [Prompt("Who? " * 1200)])


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


@pytest.mark.parametrize("queries", [5, 3])
def test_the_gradient_of_attention_is_its_gradient(monkeypatch, queries):
    """Against finite differences, in float64, with blocks of two queries and two heads a group; also behind a cache."""
    monkeypatch.setattr(attention, "BLOCK", 2)
    generator = torch.Generator().manual_seed(0)
    query, key, value = (
        torch.randn(2, heads, length, 3, dtype=torch.float64, generator=generator, requires_grad=True)
        for heads, length in ((4, queries), (2, 5), (2, 5))
    )
    mask = additive(torch.ones(2, 1, queries, 5, dtype=torch.bool).tril(5 - queries), torch.float64)

    def attend(q, k, v):
        return attention.grouped_attention(None, q, k, v, mask, 0.7)[0]

    torch.autograd.gradcheck(attend, (query, key, value))
    wanted = scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=0.7, enable_gqa=True).transpose(1, 2)
    torch.testing.assert_close(attend(query, key, value), wanted)


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


def test_grouped_attention_is_attention(checkpoints, people):
    """Against PyTorch's own, with and without padding."""
    grouped, fused = load_model(checkpoints["mistral"]), load_model(checkpoints["mistral"])
    assert grouped.network.config.get_text_config()._attn_implementation == GROUPED
    fused.network.set_attn_implementation("sdpa")
    batch = [example(people, 0, "Someone."), example(people, 1, "A person with red hair.")]
    a, b = log_probs(grouped, batch).log_probs, log_probs(fused, batch).log_probs
    torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-5)
    prompts = [Prompt("Who is this?", batch[0].portrait), Prompt("Who?"), Prompt("Tell me all that you can see.")]
    assert generate(grouped, prompts, max_new_tokens=8) == generate(fused, prompts, max_new_tokens=8)


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


def test_greedy_answers_equal_transformers(either_model, people):
    portraits = [e.portraits[0] for e in people.entities[:3]]
    questions = ["Who is this?", "Tell me about the person in this picture.", "Name?"]
    found = generate(either_model, [Prompt(q, p) for q, p in zip(questions, portraits, strict=True)], max_new_tokens=12)
    for question, portrait, answer in zip(questions, portraits, found, strict=True):
        inputs = either_model.processor(
            text=render(either_model.processor, question), images=read_image(portrait.file), return_tensors="pt"
        )
        ids = either_model.network.generate(**inputs, max_new_tokens=12, do_sample=False)
        text = either_model.processor.tokenizer.decode(ids[0, inputs.input_ids.shape[1] :], skip_special_tokens=True)
        assert answer.text == text.strip()
        assert not answer.finished


def test_draws_do_not_depend_on_the_batch(model, people):
    prompts = [Prompt("Who is this?", people.entities[i % 4].portraits[0], seed=i) for i in range(9)]
    whole = generate(model, prompts, sample=True, max_new_tokens=10)
    assert whole == generate(model, prompts, sample=True, max_new_tokens=10, batch=1)
    assert whole[::-1] == generate(model, prompts[::-1], sample=True, max_new_tokens=10, batch=4)
    assert len({a.text for a in whole}) == 9


def test_draws_have_the_models_distribution(model, people):
    """The first token of 2,000 draws against its probabilities."""
    portrait = people.entities[0].portraits[0]
    ids = encode_prompt(model.processor, "Who?", picture="<image>" * 78)
    with torch.no_grad():
        embeddings = model.network.get_input_embeddings()(torch.tensor([ids])).clone()
        embeddings[0, torch.tensor(ids) == model.processor.image_token_id] = model.picture(portrait).features
        last = model.language_model(inputs_embeds=embeddings).last_hidden_state[0, -1]
        likely = model.network.lm_head(last).softmax(0)
    from letheia.engines.own import _draw

    streams = [torch.Generator().manual_seed(i) for i in range(2000)]
    drawn = _draw(likely.log().expand(2000, -1), streams)
    shares = torch.bincount(drawn, minlength=len(likely)) / 2000
    assert (shares - likely).abs().max() < 4 * (likely.max() / 2000).sqrt()


def test_lora_sits_on_the_language_model_only(model):
    adapted = add_adapter(model, rank=2, alpha=4, seed=0)
    names = list(trained_parameters(adapted))
    assert len(names) == 2 * 7 * model.network.config.text_config.num_hidden_layers
    assert not [n for n in names if "vision" in n or "projector" in n]
    pattern = FAMILIES["llava_next"].lora_pattern
    assert not re.fullmatch(pattern, "model.vision_tower.encoder.layers.0.self_attn.q_proj")
    assert all(p.dtype == torch.float32 for p in trained_parameters(adapted).values())


def disturb(adapted):
    with torch.no_grad():
        for p in trained_parameters(adapted).values():
            p.add_(0.05 * torch.randn(p.shape, generator=torch.Generator().manual_seed(1)))


def test_the_original_is_the_untouched_checkpoint_bit_for_bit(either_model, people):
    batch = [example(people, i) for i in range(2)]
    with torch.no_grad():
        before = log_probs(either_model, batch).log_probs
        adapted = add_adapter(either_model, rank=4, alpha=8, seed=0)
        disturb(adapted)
        changed = log_probs(either_model, batch).log_probs
        with original(adapted):
            off = log_probs(either_model, batch).log_probs
        again = log_probs(either_model, batch).log_probs
        remove_adapter(either_model, adapted)
        removed = log_probs(either_model, batch).log_probs
    assert torch.equal(before, off)
    assert torch.equal(before, removed)
    assert torch.equal(changed, again)
    assert not torch.equal(before, changed)


def test_the_adapter_is_back_after_an_exception(model, people):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    disturb(adapted)
    with torch.no_grad():
        on = log_probs(model, [example(people)]).log_probs
        with pytest.raises(ZeroDivisionError), original(adapted):
            _ = 1 / 0
        assert torch.equal(on, log_probs(model, [example(people)]).log_probs)


def test_a_saved_adapter_answers_the_same(model, checkpoints, people, tmp_path):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    disturb(adapted)
    save_adapter(adapted, tmp_path / "adapter")
    other = load_model(checkpoints["mistral"])
    load_adapter(other, tmp_path / "adapter")
    with torch.no_grad():
        batch = [example(people)]
        assert torch.equal(log_probs(model, batch).log_probs, log_probs(other, batch).log_probs)


def test_a_folder_without_adapter_is_named(model, tmp_path):
    with pytest.raises(CheckpointError, match="no adapter there"):
        load_adapter(model, tmp_path)


def test_missing_and_damaged_checkpoints_are_named(checkpoints, tmp_path):
    with pytest.raises(CheckpointError, match=r"no config\.json"):
        load_model(tmp_path)
    (tmp_path / "config.json").write_text((checkpoints["mistral"] / "config.json").read_text())
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_model(tmp_path)
    with pytest.raises(CheckpointError, match="no safetensors file"):
        load_clip(tmp_path)


def test_clip_texts_keep_their_end_token(checkpoints):
    clip = load_clip(checkpoints["clip"])
    rows = text_ids(clip, ["A person.", "A person with red hair. " * 60])
    end = clip.processor.tokenizer.eos_token_id
    assert [len(rows[0]) < 77, len(rows[1])] == [True, 77]
    assert rows[0][-1] == rows[1][-1] == end


def test_clip_embeddings_equal_transformers(checkpoints):
    clip = load_clip(checkpoints["clip"])
    texts = ["A person with red hair.", "Nobody."]
    for text, row in zip(texts, embed_texts(clip, texts), strict=True):
        tokens = clip.processor.tokenizer(text, return_tensors="pt")
        with torch.no_grad():
            pooled = clip.network.text_model(
                input_ids=tokens.input_ids, attention_mask=tokens.attention_mask
            ).pooler_output
        torch.testing.assert_close(row, clip.network.text_projection(pooled)[0], atol=1e-5, rtol=1e-5)
    assert isinstance(copy.copy(clip), Clip)
