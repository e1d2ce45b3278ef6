"""Answers are those of transformers, and draws depend on nothing but their seed."""

import pytest
import torch

from letheia.engines.own import generate
from letheia.errors import DataError
from letheia.models.encoding import encode_prompt, render
from letheia.pictures import read_image
from letheia.types import Prompt


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
