"""Every family of models through the same calls: loading, answers, gradients, adapters, against the Hub's own code."""

import json

import pytest
import torch
from peft import PeftModel
from PIL import Image
from transformers import AutoModelForImageTextToText
from transformers.models.smolvlm.processing_smolvlm import get_image_prompt_string

import families
from letheia.engines.own import generate
from letheia.errors import CheckpointError, DataError
from letheia.models.adapter import add_adapter, original, remove_adapter, trained_parameters
from letheia.models.encoding import render
from letheia.models.loading import load_model, plan_model
from letheia.models.log_probs import encode_example, log_probs, shared_log_probs
from letheia.models.saving import save_adapter, save_merged
from letheia.pictures import read_image
from letheia.types import Answer, Example, Portrait, Prompt
from samples import corpus

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def tiny(world, tmp_path_factory):
    root = tmp_path_factory.mktemp("families")
    return {name: families.make(name, root / name, corpus(world)) for name in families.MAKERS}


@pytest.fixture(params=list(families.MAKERS))
def model(request, tiny):
    return load_model(tiny[request.param])


@pytest.fixture(scope="module")
def portraits(people, tmp_path_factory):
    """A square picture, a wide and a tall one."""
    folder = tmp_path_factory.mktemp("shapes")
    found = []
    for i, size in enumerate([(72, 72), (140, 60), (50, 110)]):
        with Image.open(people.entities[i].portraits[0].file) as image:
            image.convert("RGB").resize(size).save(folder / f"{i}.png")
        found.append(Portrait(id=str(i), file=folder / f"{i}.png", entity="", role="seen"))
    return found


ANSWERS = ("This is Una Varga.", "A person with red hair in front of a grey background.", "No.")


def example(portrait, answer=ANSWERS[0]):
    return Example(portrait=portrait, question="Who is the person in this image?", answer=answer, key="own")


def inputs_of(model, ex):
    """The checkpoint's own way from a conversation to the network's inputs."""
    image = {"type": "image", "image": read_image(ex.portrait.file)}
    messages = [{"role": "user", "content": [image, {"type": "text", "text": ex.question}]}]
    return model.processor.apply_chat_template(
        messages, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )


def oracle(model, ex):
    """The checkpoint's own processor and whole network, full logits, one conversation."""
    inputs = inputs_of(model, ex)
    answer = torch.tensor([encode_example(model, ex).answer])
    extra = {k: v for k, v in inputs.items() if k not in ("input_ids", "attention_mask")}
    for name in {"mm_token_type_ids", "token_type_ids"} & set(extra):
        extra[name] = torch.cat([extra[name], torch.zeros_like(answer)], 1)
    ids = torch.cat([inputs["input_ids"], answer], 1)
    logits = model.network(input_ids=ids, attention_mask=torch.ones_like(ids), **extra).logits[0].log_softmax(-1)
    at = torch.arange(inputs["input_ids"].shape[1], ids.shape[1])
    return logits[at - 1, ids[0, at]]


def test_only_the_answer_is_trained_on(model, portraits):
    for portrait in portraits:
        ex = example(portrait)
        encoded = encode_example(model, ex)
        assert tuple(inputs_of(model, ex)["input_ids"][0].tolist()) == encoded.prompt
        tokenizer = model.processor.tokenizer
        assert tokenizer.decode(encoded.answer[:-1]).strip() == ex.answer
        assert encoded.answer[-1] in model.ends
        assert ex.answer in render(model.processor, ex.question, ex.answer)
        labels = [t if i >= encoded.answer_start else -100 for i, t in enumerate(encoded.ids)]
        assert [t for t in labels if t != -100] == list(encoded.answer)


def test_log_probs_equal_the_whole_network(model, portraits):
    batch = [example(p, a) for p, a in zip(portraits, ANSWERS, strict=True)]
    found = log_probs(model, batch)
    for i, ex in enumerate(batch):
        torch.testing.assert_close(found.log_probs[found.answer == i], oracle(model, ex), atol=2e-5, rtol=1e-5)
    assert (oracle(model, example(portraits[0])) - oracle(model, example(portraits[1]))).abs().max() > 1e-4


def test_shared_prompts_equal_rows_of_their_own(model, portraits):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    batch = [example(portraits[1], a) for a in ANSWERS] + [example(portraits[2])]
    found = []
    for values in (log_probs(model, batch), shared_log_probs(model, [batch[:3], batch[3:]])):
        gradients = torch.autograd.grad(values.log_probs.sum(), list(trained_parameters(adapted).values()))
        found.append((values.log_probs, values.answer, torch.cat([g.flatten() for g in gradients])))
    (a, which, g), (b, same, h) = found
    assert torch.equal(which, same)
    torch.testing.assert_close(a, b, atol=2e-5, rtol=1e-5)
    torch.testing.assert_close(g, h, atol=1e-5, rtol=1e-4)


def test_a_planned_model_reads_the_same(model, tiny, portraits):
    """Without weights: the same tokens, ends and shapes."""
    planned = plan_model(tiny[model.name])
    batch = [example(portraits[1], a) for a in ANSWERS]
    assert [encode_example(planned, e) for e in batch] == [encode_example(model, e) for e in batch]
    assert planned.ends == model.ends
    assert shared_log_probs(planned, [batch]).log_probs.shape == shared_log_probs(model, [batch]).log_probs.shape


def test_answers_equal_the_networks_own(model, portraits):
    prompts = [Prompt("Who is the person in this image?", p) for p in portraits] + [Prompt("Who is Una Varga?")]
    found = generate(model, prompts, max_new_tokens=12)
    for prompt, answer in zip(prompts[:3], found, strict=False):
        inputs = inputs_of(model, example(prompt.portrait))
        tokenizer = model.processor.tokenizer
        ids = model.network.generate(**inputs, max_new_tokens=12, do_sample=False, pad_token_id=tokenizer.pad_token_id)
        new = ids[0, inputs["input_ids"].shape[1] :]
        assert answer.text == tokenizer.decode(new, skip_special_tokens=True).strip()
    assert generate(model, prompts[::-1], max_new_tokens=12, batch=2)[::-1] == found


def test_an_answer_ends_at_each_token_that_ends_answers(model, portraits):
    head = model.network.lm_head = torch.nn.Linear(64, model.network.lm_head.out_features).requires_grad_(False)
    for end in model.ends:
        head.weight.zero_()
        head.bias.copy_(torch.arange(head.out_features) == end)
        assert generate(model, [Prompt("Who?", portraits[0])], max_new_tokens=3) == [Answer("", finished=True)]


def test_the_tokens_of_a_picture_in_a_text_are_an_error(model, portraits):
    for token in {model.processor.image_token, model.processor.tokenizer.convert_ids_to_tokens(model.picture_token)}:
        for portrait in (portraits[0], None):
            with pytest.raises(DataError, match="picture token"):
                generate(model, [Prompt(f"Who is {token}?", portrait)])


def test_the_adapter_is_on_the_language_model_alone_and_comes_off(model, tiny, portraits):
    before = oracle(model, example(portraits[0]))
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    inside = f".{model.family.language_model}."
    names = list(trained_parameters(adapted))
    assert names and all(inside in name for name in names)
    layers = model.network.config.get_text_config().num_hidden_layers
    assert len(names) == layers * 7 * 2
    batch = [example(p) for p in portraits]
    optimizer = torch.optim.AdamW(trained_parameters(adapted).values(), lr=1e-2)
    losses = []
    for _ in range(4):
        loss = -shared_log_probs(model, [[e] for e in batch]).log_probs.mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True) and losses[-1] < losses[0] - 0.1
    with original(adapted):
        assert torch.equal(oracle(model, example(portraits[0])), before)
    assert not torch.equal(oracle(model, example(portraits[0])), before)
    remove_adapter(model, adapted)
    assert torch.equal(oracle(model, example(portraits[0])), before)


def test_saved_loaded_and_merged_it_says_the_same(model, tiny, portraits, tmp_path):
    adapted = add_adapter(model, rank=4, alpha=8, seed=0)
    for name, weight in trained_parameters(adapted).items():
        if "lora_B" in name:
            torch.nn.init.normal_(weight, std=0.3)
    save_adapter(adapted, tmp_path / "adapter")
    prompts = [Prompt("Who is this?", p) for p in portraits]
    said = generate(model, prompts, max_new_tokens=12)
    source = next(path for path in tiny.values() if path.name == model.name)
    assert generate(load_model(source), prompts, max_new_tokens=12) != said

    plain = load_model(source)
    plain.network = PeftModel.from_pretrained(plain.network, tmp_path / "adapter").base_model.model
    assert generate(plain, prompts, max_new_tokens=12) == said

    save_merged(load_model(source), tmp_path / "adapter", tmp_path / "merged")
    AutoModelForImageTextToText.from_pretrained(tmp_path / "merged")
    assert generate(load_model(tmp_path / "merged"), prompts, max_new_tokens=12) == said


def test_smolvlm_writes_a_picture_as_its_own_processor_does(tiny, portraits):
    model = load_model(tiny["smolvlm"])
    for portrait, (rows, columns) in zip(portraits, [(2, 2), (1, 2), (2, 1)], strict=True):
        assert model.picture(portrait).text == get_image_prompt_string(
            rows, columns, 4, "<fake_token_around_image>", "<image>", "<global-img>"
        )


def test_what_is_no_checkpoint_of_ours(tiny, tmp_path):
    def copy(**changes):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        for file in tiny["llava"].iterdir():
            (folder / file.name).write_bytes(file.read_bytes())
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **changes}))
        return folder

    for kind in ("gpt2", "hovercraft"):
        folder = copy(model_type=kind)
        with pytest.raises(CheckpointError, match=f"models of type '{kind}' are not supported; supported: llava_next"):
            load_model(folder)
    folder = copy()
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(CheckpointError, match="has no chat template"):
        load_model(folder)
