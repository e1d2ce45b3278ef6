"""Where the Hub's checkpoints keep their templates, processors without sizes, types of a merge, and what is no CLIP."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText, SiglipConfig, SiglipModel

import chat_templates
import families
from commands import letheia
from letheia.errors import CheckpointError
from letheia.metrics.scorer import Scorer
from letheia.models.adapter import add_adapter
from letheia.models.clip import clip_cosines, embed_images, embed_texts, load_clip
from letheia.models.encoding import render
from letheia.models.loading import load_model
from letheia.models.log_probs import log_probs
from letheia.models.saving import save_adapter
from letheia.pictures import read_image
from letheia.types import Example, Generation
from samples import corpus

ASKED = "USER: <image>\nWho is this? ASSISTANT:"


@pytest.fixture(scope="module")
def whole(world, tmp_path_factory):
    return families.make("llava", tmp_path_factory.mktemp("layouts") / "llava", corpus(world))


@pytest.fixture
def folder(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / "llava"))


def put(file, **values):
    file.write_text(json.dumps({**(json.loads(file.read_text()) if file.exists() else {}), **values}))


PLACES = {
    "chat_template.jinja": lambda file: file.write_text(chat_templates.LLAVA),
    "chat_template.json": lambda file: put(file, chat_template=chat_templates.LLAVA),
    "tokenizer_config.json": lambda file: put(file, chat_template=chat_templates.LLAVA),
    "processor_config.json": lambda file: put(file, chat_template=chat_templates.LLAVA),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_template_is_found_wherever_the_hub_has_it(folder, place):
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(CheckpointError, match="template"):
        render(load_model(folder).processor, "Who is this?")
    PLACES[place](folder / place)
    assert render(load_model(folder).processor, "Who is this?") == ASKED


LACKING = ("patch_size", "vision_feature_select_strategy")


def test_a_processor_without_patch_size_reads_the_same(whole, folder, people):
    file = folder / "processor_config.json"
    kept = {k: v for k, v in json.loads(file.read_text()).items() if k not in LACKING}
    file.write_text(json.dumps(kept))
    example = Example(portrait=people.entities[0].portraits[0], question="Who is this?", answer="A poet.", key="own")
    a, b = (log_probs(load_model(source), [example]).log_probs for source in (whole, folder))
    torch.testing.assert_close(a, b)


def test_a_merge_keeps_the_checkpoints_type_or_takes_another(folder, tmp_path):
    save_adapter(add_adapter(load_model(folder), rank=2, alpha=4, seed=0), tmp_path / "adapter")
    AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(folder)
    given = ("merge", "--model", folder, "--adapter", tmp_path / "adapter", "--device", "cpu", "--output")
    for name, more, dtype in (("as it is", (), torch.bfloat16), ("other", ("--dtype", "float32"), torch.float32)):
        assert letheia(*given, tmp_path / name, *more).returncode == 0
        assert {t.dtype for t in load_file(tmp_path / name / "model.safetensors").values()} == {dtype}


def test_a_clip_without_its_text_weights_is_refused(checkpoints, tmp_path):
    folder = Path(shutil.copytree(checkpoints["clip"], tmp_path / "clip"))
    file = folder / "model.safetensors"
    kept = {k: v for k, v in load_file(file).items() if not k.startswith("text_model.encoder")}
    save_file(kept, file, metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="lacks 32 of CLIP's weights"):
        load_clip(folder)


def test_a_siglip_is_no_clip(checkpoints, tmp_path):
    folder = Path(shutil.copytree(checkpoints["clip"], tmp_path / "clip"))
    (folder / "model.safetensors").unlink()
    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    vision = {**size, "image_size": 72, "patch_size": 8}
    text = {**size, "vocab_size": 600, "max_position_embeddings": 64, "projection_size": 32}
    SiglipModel(SiglipConfig(vision_config=vision, text_config=text)).save_pretrained(folder)
    with pytest.raises(CheckpointError, match="type 'siglip'; CLIPScore is defined for CLIP alone"):
        load_clip(folder)


def test_clipscore_reads_the_answer_and_its_scaled_form_a_photo_of_it(checkpoints, people):
    clip = load_clip(checkpoints["clip"])
    clip.network.visual_projection.weight.neg_()  # untrained, its cosine is below 0, where the scaled form ends
    person = people.entities[0]
    portrait, answer = person.pictures("unseen")[0], "A person with red hair."
    said = Generation(
        model="m", method="x", portrait=portrait.id, entity=person.id, group="forget", role="unseen",
        question="Who is this?", answer=answer,
    )  # fmt: skip
    scorer = Scorer(people, cosines=lambda files, texts: clip_cosines(clip, files, texts))
    found = {s.metric: s.value for s in scorer.score([said])[0]}
    picture = embed_images(clip, [read_image(portrait.file)])[0]
    plain, depicted = (
        float(picture @ text / picture.norm() / text.norm())
        for text in embed_texts(clip, [answer, "A photo depicts A person with red hair."])
    )
    assert depicted > 0
    assert plain != pytest.approx(depicted, abs=1e-6)
    assert found["clipscore"] == pytest.approx(plain, abs=1e-5)
    assert found["clipscore_scaled"] == pytest.approx(2.5 * max(depicted, 0), abs=1e-5)
