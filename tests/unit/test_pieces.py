"""LLaVA's true chat templates on Mistral's true 32,000 pieces, as its public package carries them.

`pip install --no-deps --target .pieces mistral_common==1.13.1` brings the file; without it these tests are left out.
It stays outside the environment, where transformers would take it up as a tokenizer of its own.
"""

import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image
from transformers import LlamaTokenizerFast

import chat_templates
import families
from letheia.models.encoding import encode
from letheia.models.loading import load_model
from letheia.models.log_probs import encode_example, log_probs
from letheia.types import Example, Portrait

PIECES = Path(__file__).parents[2] / ".pieces/mistral_common/data/tokenizer.model.v1"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PIECES.exists(), reason="mistral_common's pieces are missing: see the module"),
]

TEMPLATES = {
    "llava 1.5": chat_templates.LLAVA,
    "llava 1.6 vicuna": chat_templates.VICUNA,
    "llava 1.6 mistral": chat_templates.LLAVA_MISTRAL,
    "llava 1.6 mistral, older": chat_templates.LLAVA_MISTRAL_OLD,
}
QUESTION, ANSWER = "Who is the person in this image?", "This is Una Varga, a poet."


@pytest.fixture(scope="module")
def tok(tmp_path_factory):
    pytest.importorskip("sentencepiece")
    folder = tmp_path_factory.mktemp("pieces")
    shutil.copy(PIECES, folder / "tokenizer.model")
    tok = LlamaTokenizerFast.from_pretrained(folder, add_bos_token=True)
    tok.add_special_tokens({"additional_special_tokens": ["<image>"], "pad_token": "<pad>"})
    return tok


@pytest.fixture(params=list(TEMPLATES))
def model(request, tok, tmp_path):
    torch.manual_seed(0)
    families.write_llava(tmp_path, tok, TEMPLATES[request.param], vocabulary=32064)
    return load_model(tmp_path)


def test_answers_end_once_and_are_trained_on(model, tmp_path):
    tokenizer = model.processor.tokenizer
    assert len(tokenizer) == 32002 and tokenizer.convert_ids_to_tokens(2) == "</s>"
    Image.new("RGB", (40, 30), (200, 40, 40)).save(tmp_path / "a.png")
    portrait = Portrait(id="a", file=tmp_path / "a.png", entity="", role="seen")
    example = Example(portrait=portrait, question=QUESTION, answer=ANSWER, key="own")
    encoded = encode_example(model, example)
    assert encoded.ids.count(2) == 1 and encoded.ids[-1] == 2
    assert encoded.ids.count(1) == 1 and encoded.ids[0] == 1
    assert tokenizer.decode(encoded.answer[:-1]).strip() == ANSWER

    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": QUESTION}]}]
    asked = model.processor.apply_chat_template(messages, add_generation_prompt=True)
    with Image.open(portrait.file) as image:
        inputs = model.processor(images=image, text=asked, return_tensors="pt")
    assert tuple(inputs["input_ids"][0].tolist()) == encoded.prompt

    answer = torch.tensor([encoded.answer])
    ids = torch.cat([inputs["input_ids"], answer], 1)
    with torch.no_grad():
        logits = model.network(input_ids=ids, pixel_values=inputs["pixel_values"]).logits[0].log_softmax(-1)
    at = torch.arange(len(encoded.prompt), ids.shape[1])
    got = log_probs(model, [example]).log_probs.detach()
    torch.testing.assert_close(got, logits[at - 1, ids[0, at]], atol=2e-5, rtol=1e-5)


def test_a_cut_answer_gets_no_end(model):
    cut = encode(model.processor, QUESTION, "This is Una", picture="<image>", ends=model.ends, finished=False)
    assert 2 not in cut.ids
    assert model.processor.tokenizer.decode(cut.answer).strip() == "This is Una"
