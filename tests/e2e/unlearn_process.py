"""A process that unlearns and says which step it has done; the resume test kills it, another starts two at once."""

import os
import sys
from pathlib import Path

from accelerate import Accelerator

from letheia.config import TrainConfig
from letheia.data.folder import read_people
from letheia.data.split import schedule
from letheia.data.targets import Texts
from letheia.methods.table import METHODS, RETAIN
from letheia.methods.terms import Method, Term
from letheia.models.adapter import add_adapter
from letheia.models.loading import load_model
from letheia.models.saving import save_adapter
from letheia.models.sharding import shard
from letheia.prompts.prompt_set import PromptSet
from letheia.train.unlearn import unlearn, write_history
from letheia.types import Split

HELD = Method(
    name="held",
    title="Held",
    terms=(
        Term(loss="npo", target="own"),
        RETAIN,
        Term(loss="kl", target="retain", weight=2.0),
        Term(loss="anchor", target="retain", weight=2.0),
    ),
    source="the test",
)
"""Terms that ask the original beside every micro-batch: for its distribution, and for its hidden states."""


def main(checkpoint, folder, output, *, told):
    people = read_people(folder).pictured
    split = Split(forget=people[:3], retain=people[3:6])
    steps = schedule(split, steps=8, batch=2, pictures=1, seed=0)
    model = load_model(checkpoint)
    config = TrainConfig(learning_rate=1e-3, steps=8, batch=2, rank=4, alpha=8, save_every=2)
    adapted = add_adapter(model, rank=config.rank, alpha=config.alpha, seed=0)
    if os.environ.get("SHARD"):
        Accelerator()  # joins the processes
        shard(model, adapted)
        frozen = [p for p in model.language_model.layers.parameters() if not p.requires_grad]
        assert all(2 * p.to_local().numel() == p.numel() for p in frozen)
        config = config.model_copy(update={"micro_batch": 1})  # now one process has more of them than the other
    texts = Texts(prompts=PromptSet(question="Who is this?"), references={}, retain=split.retain)
    history = unlearn(
        model,
        adapted,
        steps,
        HELD if os.environ.get("HELD") else METHODS["npo"],
        texts,
        config,
        state=output / "state.safetensors",
        key="test",
        progress=lambda step, *_: told(step),
    )
    output /= os.environ.get("RANK", "")
    write_history(output / "history.jsonl", history)
    save_adapter(adapted, output / "adapter")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]), told=print)
