"""Three ways to the same gradient of PUBG: the author's loop, the same tuned, and Letheia's.

The first two are plain transformers and peft, with nothing of Letheia's models or training in them. All train the
same adapter in the same network on the same texts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from peft import PeftModel
from PIL import Image
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.nn.utils.rnn import pad_sequence

from letheia.data.split import Step
from letheia.data.targets import Texts, examples
from letheia.methods.table import METHODS
from letheia.methods.terms import TargetName
from letheia.models.log_probs import encode_example
from letheia.models.model import Model
from letheia.train.objective import Objective
from letheia.types import Example, Portrait

PUBG: tuple[tuple[float, TargetName], ...] = ((-1.0, "own"), (1.0, "reference"), (1.0, "retain"))


def chat(processor: Any, question: str, answer: str | None = None) -> str:
    """A conversation as text; it ends with the end token where there is an answer."""
    messages = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
    if answer is not None:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": answer}]})
    return processor.apply_chat_template(messages, add_generation_prompt=answer is None, tokenize=False).rstrip(" ")


def answer_length(processor: Any, answer: str) -> int:
    return len(processor.tokenizer(f" {answer}</s>", add_special_tokens=False).input_ids)


@dataclass
class Naive:
    """N0: one text at a time through processor, vision tower and full logits; o* by `generate` inside the loop."""

    model: Model
    adapted: PeftModel
    texts: Texts
    attention: str = "sdpa"

    def backward(self, step: Step) -> None:
        processor = self.model.processor
        for sign, target in PUBG:
            chosen = examples(step, target, self.texts)
            total = sum(answer_length(processor, e.answer) for e in chosen)
            for example in chosen:
                length = answer_length(processor, example.answer)
                inputs = self.inputs(example.portrait, example.question, example.answer)
                labels = inputs["input_ids"].clone()
                labels[:, :-length] = -100
                loss = self.adapted(**inputs, labels=labels, use_cache=False).loss
                (sign * loss * length / total).backward()

    def inputs(self, portrait: Portrait, question: str, answer: str | None = None) -> Any:
        with Image.open(portrait.file) as image:
            text = chat(self.model.processor, question, answer)
            found = self.model.processor(text=text, images=image, return_tensors="pt")
        return found.to(self.model.device, self.model.network.dtype)

    def answer(self, portrait: Portrait, question: str, *, new: int, sample: bool, adapter: bool = False) -> str:
        """One answer, of the original unless told otherwise; greedy or at temperature 1."""
        inputs = self.inputs(portrait, question)
        drawing: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0} if sample else {}
        options = {**drawing, "do_sample": sample, "max_new_tokens": new, "pad_token_id": 3}
        with torch.no_grad():
            if adapter:
                ids = self.adapted.generate(**inputs, **options)
            else:
                with self.adapted.disable_adapter():
                    ids = self.adapted.generate(**inputs, **options)
        start = inputs["input_ids"].shape[1]
        return self.model.processor.tokenizer.decode(ids[0, start:], skip_special_tokens=True).strip()


@dataclass
class Peer:
    """A public trainer's way: padded batches of 4, prompts masked out of the labels, all logits, the tower each time.

    Processor, labels and the loss over a global count are those of transformers' own trainer.
    """

    model: Model
    adapted: PeftModel
    texts: Texts
    rows: int = 4
    attention: str = "sdpa"

    def backward(self, step: Step) -> None:
        for sign, target in PUBG:
            chosen = examples(step, target, self.texts)
            total = sum(answer_length(self.model.processor, e.answer) for e in chosen)
            for start in range(0, len(chosen), self.rows):
                inputs = self.inputs(chosen[start : start + self.rows])
                loss = self.adapted(**inputs, num_items_in_batch=torch.tensor(total), use_cache=False).loss
                (sign * loss).backward()

    def inputs(self, part: Sequence[Example]) -> Any:
        processor = self.model.processor
        images = [Image.open(e.portrait.file) for e in part]
        conversations = [chat(processor, e.question, e.answer) for e in part]
        found = processor(text=conversations, images=images, padding=True, padding_side="right", return_tensors="pt")
        labels = torch.full_like(found["input_ids"], -100)
        ends = found["attention_mask"].sum(1).tolist()
        for row, (example, end) in enumerate(zip(part, ends, strict=True)):
            start = end - answer_length(processor, example.answer)
            labels[row, start:end] = found["input_ids"][row, start:end]
        return {**found.to(self.model.device, self.model.network.dtype), "labels": labels.to(self.model.device)}


@dataclass
class Tuned:
    """N1: batches of similar length, features of pictures kept, logits at answers only, no mask where padding is right.

    On the right, padding is behind everything that causal attention lets a token see, so no mask is needed and the
    fused causal kernels apply.
    """

    model: Model
    adapted: PeftModel
    texts: Texts
    rows: int
    attention: str = "sdpa"
    features: dict[str, Tensor] = field(default_factory=dict)
    ids: dict[tuple[str, str], Tensor] = field(default_factory=dict)

    def backward(self, step: Step) -> None:
        items: list[tuple[float, Example]] = []
        for sign, target in PUBG:
            chosen = examples(step, target, self.texts)
            total = sum(answer_length(self.model.processor, e.answer) for e in chosen)
            items += [(sign / total, e) for e in chosen]
        items.sort(key=lambda item: len(self.encoded(item[1])))
        for start in range(0, len(items), self.rows):
            self.loss(items[start : start + self.rows]).backward()

    def loss(self, part: Sequence[tuple[float, Example]]) -> Tensor:
        network, device = self.model.network, self.model.device
        rows = [self.encoded(example) for _, example in part]
        ids = pad_sequence(rows, batch_first=True, padding_value=3).to(device)
        embeddings = network.get_input_embeddings()(ids)
        pictures = torch.cat([self.picture(example.portrait) for _, example in part])
        embeddings = embeddings.masked_scatter((ids == 4)[..., None], pictures.to(embeddings.dtype))
        hidden = network.model.language_model(inputs_embeds=embeddings, use_cache=False).last_hidden_state
        answers, targets, weights = [], [], []
        for row, (weight, example) in enumerate(part):
            length = answer_length(self.model.processor, example.answer)
            end = len(rows[row])
            answers.append(hidden[row, end - length - 1 : end - 1])
            targets.append(ids[row, end - length : end])
            weights.append(torch.full((length,), weight, device=device))
        logits = network.lm_head(torch.cat(answers)).to(torch.promote_types(hidden.dtype, torch.float32))
        return (cross_entropy(logits, torch.cat(targets), reduction="none") * torch.cat(weights)).sum()

    def encoded(self, example: Example) -> Tensor:
        key = example.portrait.id, example.answer
        if key not in self.ids:
            text = chat(self.model.processor, example.question, example.answer)
            self.picture(example.portrait)
            text = text.replace("<image>", "<image>" * len(self.features[example.portrait.id]))
            self.ids[key] = torch.tensor(self.model.processor.tokenizer(text).input_ids)
        return self.ids[key]

    def picture(self, portrait: Portrait) -> Tensor:
        if portrait.id not in self.features:
            with Image.open(portrait.file) as image:
                inputs = self.model.processor.image_processor(image, return_tensors="pt")
            with torch.no_grad():
                self.features[portrait.id] = self.model.network.model.get_image_features(
                    inputs["pixel_values"].to(self.model.device, self.model.network.dtype), inputs["image_sizes"]
                ).pooler_output[0]
        return self.features[portrait.id]


@dataclass
class Shared:
    """Letheia: the objective of `letheia unlearn`."""

    objective: Objective
    attention: str

    def backward(self, step: Step) -> None:
        self.objective.backward(step)


def shared(
    model: Model,
    adapted: PeftModel,
    texts: Texts,
    *,
    micro_batch: int | None = None,
    attention: str,
    recompute: bool = False,
) -> Shared:
    """Letheia's arm of PUBG."""
    method = METHODS["pubg"]
    return Shared(
        Objective(
            model=model, adapted=adapted, method=method, texts=texts, micro_batch=micro_batch, recompute=recompute
        ),
        attention,
    )


def rows_of(model: Model, step: Step, texts: Texts) -> Iterator[tuple[int, list[int]]]:
    """For each picture of a step: tokens of its prompt, and of each answer on it."""
    by_picture: dict[str, list[Example]] = {}
    for _, target in PUBG:
        for example in examples(step, target, texts):
            by_picture.setdefault(example.portrait.id, []).append(example)
    for group in by_picture.values():
        encoded = [encode_example(model, e) for e in group]
        yield len(encoded[0].prompt), [len(e.answer) for e in encoded]
