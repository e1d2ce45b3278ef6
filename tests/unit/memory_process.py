"""A process of its own that measures what a training step and reading prompts take at most, beside what is planned."""

import json
import sys
import tempfile
from pathlib import Path

import torch
from measure import peak  # from benchmarks/, which the caller puts on the path
from model import SIZES, make_config, make_model, make_people, make_processor, own_attention, use_attention
from setting import distinct_step

from letheia.config import LoadConfig
from letheia.data.targets import Texts
from letheia.engines.own import generate
from letheia.methods.table import METHODS
from letheia.models import memory
from letheia.models.adapter import add_adapter
from letheia.models.footprint import footprint, reading_bytes
from letheia.models.loading import plan_model
from letheia.prompts.prompt_set import PromptSet
from letheia.train.objective import Objective
from letheia.types import Answer, Prompt, Reference


def main(dtype: str, *, recompute: bool) -> None:
    """Print planned and measured bytes."""
    memory.OWN_PAGES = 2**18  # the tensors of so small a model are small
    memory.keep_heap_small(memory.LARGE)
    size = SIZES["cpu-tiny"]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        model = make_model(size, device="cpu", dtype=getattr(torch, dtype))
        use_attention(model, own_attention(model))
        make_config(size).save_pretrained(folder)
        make_processor(size).save_pretrained(folder)
        planned = plan_model(folder, load=LoadConfig(device="cpu", dtype=dtype))
        people = make_people(model, size, folder, prefix="1200", people=2, responses=2)
        prompts = [Prompt("Who is this?", e.portraits[0]) for e in people]
        for each in (model, planned):
            each.load_pictures([p.portrait for p in prompts])
        generate(model, prompts, max_new_tokens=2)  # what libraries load at their first use is no tensor
        answers = peak(lambda: generate(model, prompts, max_new_tokens=2))
        step = distinct_step(people[:1], [])
        references = {(use.portrait.id, use.draw): Reference(Answer("o " * 20)) for use in step.forget}
        texts = Texts(prompts=PromptSet(question="Who is this?"), references=references, retain=())
        adapted = add_adapter(model, rank=8, alpha=16, seed=0)
        objective = Objective(model=model, adapted=adapted, method=METHODS["pubg"], texts=texts, recompute=recompute)
        groups = [[item.example for unit in group for item in unit] for group in objective.batches(step).groups]
        objective.backward(step)
        training = peak(lambda: objective.backward(step))
        found = footprint(planned, add_adapter(planned, rank=8, alpha=16, seed=0), groups)
        chosen = found.recomputed if recompute else found.training
    print(json.dumps({"training": [chosen.most, training], "answers": [reading_bytes(planned, prompts), answers]}))


if __name__ == "__main__":
    main(sys.argv[1], recompute=sys.argv[2] == "recompute")
