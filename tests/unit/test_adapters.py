"""Adapters made elsewhere, with peft alone: right and off without a trace, or refused in one line."""

import json

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

import families
from letheia.engines.own import generate
from letheia.errors import CheckpointError
from letheia.models.adapter import load_adapter, remove_adapter
from letheia.models.encoding import encode_prompt
from letheia.models.loading import load_model
from letheia.models.quiet import quiet_libraries
from letheia.models.weight_files import content_key
from letheia.types import Portrait, Prompt
from samples import corpus

pytestmark = pytest.mark.slow

INSIDE = r".*language_model.*\.(q_proj|v_proj|up_proj)"


@pytest.fixture(scope="session")
def bases(world, tmp_path_factory):
    root = tmp_path_factory.mktemp("bases")
    return {name: families.make(name, root / name, corpus(world)) for name in ("llava", "gemma3", "qwen2_vl")}


@pytest.fixture(scope="session")
def portrait(tmp_path_factory):
    file = tmp_path_factory.mktemp("picture") / "red.png"
    Image.new("RGB", (60, 60), (200, 30, 90)).save(file)
    return Portrait(id="red", file=file, entity="", role="unseen")


def made(base, folder, **options):
    """An adapter with large random changes, saved by peft."""
    network = AutoModelForImageTextToText.from_pretrained(base)
    with quiet_libraries():
        adapted = get_peft_model(network, LoraConfig(**{"r": 4, "target_modules": INSIDE, **options}))
    stream = torch.Generator().manual_seed(1)
    for name, weight in adapted.named_parameters():
        if any(part in name for part in ("lora_", "modules_to_save", "bias")):
            weight.data += torch.randn(weight.shape, generator=stream)
    with quiet_libraries():
        adapted.save_pretrained(folder, save_embedding_layers=False)
    return folder


def logits(network, ids, **inputs):
    with torch.no_grad():
        return network(input_ids=ids, attention_mask=torch.ones_like(ids), **inputs).logits


def edited(folder, **changes):
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
    return folder


def renamed(folder, *pairs):
    file = folder / "adapter_model.safetensors"
    weights = load_file(file)
    for old, new in pairs:
        weights = {key.replace(old, new): value for key, value in weights.items()}
    save_file(weights, file, metadata={"format": "pt"})
    return folder


KINDS = {
    "plain": {},
    "every linear layer": {"target_modules": "all-linear"},
    "by ends of names": {"target_modules": ["q_proj", "v_proj"]},
    "dora": {"use_dora": True},
    "rslora": {"use_rslora": True, "lora_alpha": 3},
    "ranks of their own": {"rank_pattern": {"q_proj": 2}, "alpha_pattern": {"q_proj": 40, "^.*up_proj": 1}},
    "biases of lora": {"lora_bias": True},
    "biases of the base": {"bias": "all", "target_modules": r".*vision.*q_proj"},
    "embeddings": {"target_modules": ["embed_tokens", "q_proj"]},
    "whole head": {"modules_to_save": ["lm_head", "embed_tokens"]},
    "whole projector": {"modules_to_save": ["multi_modal_projector"]},
    "one layer": {"target_modules": ["q_proj"], "layers_to_transform": [1]},
    "started by svd of nothing": {"init_lora_weights": "gaussian"},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", ["llava", "gemma3"])
def test_as_with_plain_peft_and_off_without_a_trace(bases, portrait, tmp_path, kind, family):
    base = bases[family]
    folder = made(base, tmp_path / "adapter", **KINDS[kind])
    plain = AutoModelForImageTextToText.from_pretrained(base)
    with quiet_libraries():
        wanted = PeftModel.from_pretrained(plain, folder).eval()
    model = load_model(base)
    before = {name: value.clone() for name, value in model.network.state_dict().items()}
    features = model.picture(portrait).features

    adapted = load_adapter(model, folder)
    ids = torch.tensor([encode_prompt(model.processor, "Who is Una Varga?")])
    torch.testing.assert_close(logits(model.network, ids), logits(wanted, ids), atol=1e-4, rtol=1e-4)
    with Image.open(portrait.file) as image:
        pixels = model.processor.image_processor([image], return_tensors="pt", **model.family.options)
    seen = plain.model.get_image_features(pixels["pixel_values"]).pooler_output
    torch.testing.assert_close(model.picture(portrait).features, seen[0].detach(), atol=1e-4, rtol=1e-4)

    remove_adapter(model, adapted)
    after = model.network.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())
    assert model.picture(portrait).features is features
    assert not model.undo and not hasattr(model.network, "peft_config")


def test_pictures_of_an_adapter_that_sees_for_itself_are_kept_apart_on_disk(bases, portrait, tmp_path):
    """Two strengths of one adapter, in one folder of features, with no room in memory."""
    folder = made(bases["llava"], tmp_path / "adapter", target_modules=r".*vision_tower.*q_proj", lora_alpha=8)
    found = []
    for alpha in (None, 8, 40):
        model = load_model(bases["llava"])
        model.pictures.folder, model.pictures.limit = tmp_path / "features", 1
        if alpha:
            load_adapter(model, edited(folder, lora_alpha=alpha))
        found.append(model.picture(portrait).features)
        other = Portrait(id="other", file=tmp_path / f"{alpha}.png", entity="", role="unseen")
        Image.new("RGB", (60, 60), "blue").save(other.file)
        model.picture(other)  # drives the first one out of memory
        assert torch.equal(model.picture(portrait).features, found[-1])
    assert not torch.equal(found[0], found[1]) and not torch.equal(found[1], found[2])


OLD = {
    "llava": [("model.language_model.", "language_model.model.")],
    "gemma3": [("model.language_model.", "language_model.model.")],
    "qwen2_vl": [("model.language_model.", "model.")],
}


@pytest.mark.parametrize("family", OLD)
def test_layouts_of_before_4_52_are_the_same_adapter(bases, tmp_path, family):
    folder = made(bases[family], tmp_path / "adapter")
    prompts = [Prompt("Who is Una Varga?")]
    said = []
    for change in ([], OLD[family], [(".weight", ".default.weight")]):
        model = load_model(bases[family])
        load_adapter(model, edited(renamed(folder, *change), target_modules=["nothing", "of", "this"]))
        said.append(generate(model, prompts, max_new_tokens=8))
    assert said[0] == said[1] == said[2] != generate(load_model(bases[family]), prompts, max_new_tokens=8)


def test_the_vision_tower_of_before_5_is_the_same(bases, portrait, tmp_path):
    folder = made(bases["llava"], tmp_path / "adapter", target_modules=r".*vision_tower.*(q_proj|fc1)")
    found = []
    for change in ([], [("model.vision_tower.", "vision_tower.vision_model.")]):
        model = load_model(bases["llava"])
        load_adapter(model, renamed(folder, *change))
        found.append(model.picture(portrait).features)
    assert torch.equal(*found)


def without(folder, part):
    file = folder / "adapter_model.safetensors"
    save_file({k: v for k, v in load_file(file).items() if part not in k}, file, metadata={"format": "pt"})


def numbers(folder, change):
    file = folder / "adapter_model.safetensors"
    save_file({k: change(v) for k, v in load_file(file).items()}, file, metadata={"format": "pt"})


REFUSED = {
    "another model's": (lambda f: renamed(f, ("language_model", "transformer")), "have no place in the model, such as"),
    "too deep": (lambda f: renamed(f, ("layers.1.", "layers.71.")), "have no place in the model, such as"),
    "half of it": (lambda f: without(f, "lora_B"), "weights are missing or too many"),
    "nothing": (lambda f: without(f, ""), "0 of 0 weights"),
    "other shapes": (lambda f: numbers(f, lambda v: v[:, :1].clone()), "size mismatch"),
    "a rank of nothing": (lambda f: numbers(f, lambda v: v[:0].clone()), "has rank 0"),
    "no numbers": (lambda f: numbers(f, lambda v: v / 0), "no numbers"),
    "another kind": (lambda f: edited(f, peft_type="LOHA"), "is an adapter of type 'LOHA'; only LORA"),
    "changes the base": (lambda f: edited(f, init_lora_weights="pissa_niter_4"), "changes the base model's own"),
    "copies layers": (lambda f: edited(f, layer_replication=[[0, 2]]), "'layer_replication' is set"),
    "of the future": (lambda f: edited(f, use_zlora={"a": 1}), "'use_zlora' is set"),
    "alpha is text": (lambda f: edited(f, lora_alpha="much"), "lora_alpha is 'much'"),
    "a pattern without end": (lambda f: edited(f, alpha_pattern={"(.*)*(.*)*x": 1}), "no plain name"),
    "a pattern of alternatives": (lambda f: edited(f, alpha_pattern={"(a|a)*b": 1}), "no plain name"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_and_leaves_nothing(bases, tmp_path, name):
    change, words = REFUSED[name]
    folder = made(bases["llava"], tmp_path / "adapter")
    change(folder)
    model = load_model(bases["llava"])
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    with pytest.raises(CheckpointError, match=words) as told:
        load_adapter(model, folder)
    assert str(folder) in str(told.value) and len(str(told.value).splitlines()) == 1
    assert list(model.network.state_dict()) == list(before) and not hasattr(model.network, "peft_config")


@pytest.mark.parametrize("base", ["hub/LLaVA", "", "hub/llava-large"])
def test_an_adapter_of_another_base_is_told_once(bases, tmp_path, caplog, base):
    """It may fit in shape and say nothing; one base may have an owner's name, a path or neither."""
    folder = edited(made(bases["llava"], tmp_path / "adapter"), base_model_name_or_path=base)
    model = load_model(bases["llava"])
    for _ in range(2):
        remove_adapter(model, load_adapter(model, folder))
    told = [f"{folder}: was made for {base}, and is put into {model.name}."] if base.endswith("large") else []
    assert [r.message.partition(" If these")[0] for r in caplog.records] == told


def test_the_pattern_of_an_adapter_is_never_run(bases, tmp_path):
    folder = edited(made(bases["llava"], tmp_path / "adapter"), target_modules=r"((.*)*)*x", exclude_modules="(a*)*b")
    load_adapter(load_model(bases["llava"]), folder)


def test_an_adapters_key_changes_with_its_strength_and_its_weights(bases, tmp_path):
    folder = made(bases["llava"], tmp_path / "adapter")
    keys = [content_key(folder)]
    (folder / "README.md").write_text("A card changes nothing.")
    assert content_key(folder) == keys[0]
    for change in (lambda: edited(folder, lora_alpha=1), lambda: numbers(folder, lambda v: v * 2)):
        change()
        keys.append(content_key(folder))
    assert len(set(keys)) == 3
