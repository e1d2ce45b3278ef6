"""Answers are those of transformers, and draws depend on nothing but their seed."""

import pytest
import torch

from letheia.engines.own import _draw, generate
from letheia.errors import DataError
from letheia.models.encoding import encode_prompt, render
from letheia.models.reading import encoded_prompt
from letheia.models.templates import frame
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


def first_logits(model, prompt):
    """What the model makes of a prompt's next token, by one plain row."""
    ids = torch.tensor([encoded_prompt(model, prompt)])
    embeddings = model.with_pictures(model.network.get_input_embeddings()(ids), ids, [prompt.portrait])
    last = model.language_model(inputs_embeds=embeddings).last_hidden_state[0, -1]
    return model.network.lm_head(last)[: model.vocabulary]


def test_draws_have_the_models_distribution(model, people):
    """The first token of 2,000 draws against its probabilities."""
    with torch.no_grad():
        likely = first_logits(model, Prompt("Who?", people.entities[0].portraits[0])).softmax(0)
    streams = [torch.Generator().manual_seed(i) for i in range(2000)]
    drawn = _draw(likely.log().expand(2000, -1), streams)
    shares = torch.bincount(drawn, minlength=len(likely)) / 2000
    assert (shares - likely).abs().max() < 4 * (likely.max() / 2000).sqrt()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_draws_at_a_temperature(model, people, temperature):
    """At temperature t a token of probability p is drawn with p^(1/t) / sum p^(1/t); 2,000 draws of one token."""
    model.network.lm_head.weight.mul_(40)  # untrained, all tokens would be nearly alike
    portrait = people.entities[0].portraits[0]
    with torch.no_grad():
        given = first_logits(model, Prompt("Who?", portrait)).double().softmax(0)
    powers = given ** (1 / temperature)
    tokenizer = model.processor.tokenizer
    expected: dict[str, float] = {}
    for token, share in enumerate((powers / powers.sum()).tolist()):
        text = "" if token in model.ends else tokenizer.decode([token], skip_special_tokens=True).strip()
        expected[text] = expected.get(text, 0) + share
    prompts = [Prompt("Who?", portrait, seed=seed, temperature=temperature) for seed in range(2000)]
    said = [a.text for a in generate(model, prompts, sample=True, max_new_tokens=1, batch=2000)]
    assert max(expected.values()) > 0.02
    for text, share in expected.items():
        assert abs(said.count(text) / 2000 - share) < 5 * (share * (1 - share) / 2000) ** 0.5 + 1e-3, text
    if temperature == 1.0:
        assert said[:50] == [
            a.text
            for a in generate(
                model, [Prompt("Who?", portrait, seed=s) for s in range(50)], sample=True, max_new_tokens=1
            )
        ]


def test_each_prompt_has_its_own_temperature(model, people):
    """Beside others in a row, and the greedy answer does not know of it; near zero a draw is the greedy answer."""
    portrait = people.entities[0].portraits[0]
    prompts = [Prompt("Who is this?", portrait, seed=3, temperature=t) for t in (1e-6, 0.5, 1.0, 2.0)]
    drawn = generate(model, prompts, sample=True, max_new_tokens=8)
    assert drawn == [generate(model, [p], sample=True, max_new_tokens=8)[0] for p in prompts]
    greedy = generate(model, prompts, max_new_tokens=8)
    assert greedy == [drawn[0]] * 4 and len({a.text for a in drawn}) > 2


def test_begun_answers_and_earlier_turns_equal_transformers(either_model, people):
    """The beginning is part of the answer; a begun greedy answer goes on as it would by itself."""
    model, portrait = either_model, people.entities[0].portraits[0]
    turns = (("What do you see?", "A person."),)
    asked = [
        Prompt("Who is this?", portrait, prefix="This is"),
        Prompt("Who is this?", portrait, turns=turns),
        Prompt("Who is this?", portrait, turns=turns, prefix="This is"),
    ]
    around, tokenizer = frame(model.processor, image=True), model.processor.tokenizer
    for prompt, answer in zip(asked, generate(model, asked, max_new_tokens=8), strict=True):
        text = (
            around.told(prompt.question, prompt.prefix, prompt.turns)
            if prompt.prefix
            else around.prompt(prompt.question, prompt.turns)
        )
        inputs = model.processor(text=text, images=read_image(portrait.file), return_tensors="pt")
        new = model.network.generate(**inputs, max_new_tokens=8, do_sample=False)[0, inputs.input_ids.shape[1] :]
        told = tokenizer.decode(new, skip_special_tokens=True).strip()
        assert answer.text.startswith(prompt.prefix)
        assert answer.text.removeprefix(prompt.prefix).strip() == told
