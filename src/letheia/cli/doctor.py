"""What is installed and what is not, which device, which keys: for a user who asks why something does not go."""

import importlib.metadata
import importlib.util
import os
import platform
from collections.abc import Iterator
from pathlib import Path

from letheia.errors import LetheiaError

PACKAGES = ("letheia", "torch", "transformers", "peft", "accelerate", "datasets", "httpx")
EXTRAS = {
    "bitsandbytes": "--load-in-4bit (pip install 'letheia[4bit]')",
    "ray": "--executor ray (pip install 'letheia[ray]')",
    "torchvision": "the whole processors of models that also take videos; without it theirs for pictures is used",
}
KEYS = {
    "OPENAI_API_KEY": "expert responses and LVLM judges",
    "HF_TOKEN": "gated models and data sets on the Hub",
}
SETTINGS = ("HF_HOME", "HF_HUB_OFFLINE", "CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS")


def findings() -> Iterator[tuple[str, str]]:
    """What is found, by name, as soon as it is: what needs torch comes last. Of keys only whether they are set."""
    yield "python", f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    yield from ((name, _version(name)) for name in PACKAGES)
    yield from ((name, _there(name, use)) for name, use in EXTRAS.items())
    yield from ((name, ("set" if os.environ.get(name) else "not set") + f"; for {use}") for name, use in KEYS.items())
    yield from ((name, os.environ[name]) for name in SETTINGS if name in os.environ)
    yield from devices()
    yield from shipped_weights()


def devices() -> list[tuple[str, str]]:
    """The processor and every GPU, with the memory that is free."""
    import torch

    found = [("cpu", f"{os.cpu_count()} cores, {torch.get_num_threads()} threads used, {_memory()}")]
    for i in range(torch.cuda.device_count()):
        free, total = (n / 2**30 for n in torch.cuda.mem_get_info(i))
        found.append((f"cuda:{i}", f"{torch.cuda.get_device_name(i)}, {free:.1f} of {total:.1f} GiB free"))
    if torch.backends.mps.is_available():
        found.append(("mps", "Apple GPU"))
    return found


def shipped_weights() -> list[tuple[str, str]]:
    """Whether the built-in models are what was shipped."""
    from letheia.models.shipped import SHIPPED, checkpoint

    found: list[tuple[str, str]] = []
    for name in ("clip", *SHIPPED):
        try:
            checkpoint(name)
        except LetheiaError as error:
            found.append((f"built-in {name}", str(error)))
        else:
            found.append((f"built-in {name}", "as shipped"))
    return found


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _there(name: str, use: str) -> str:
    return "installed" if importlib.util.find_spec(name) else f"not installed; it would enable {use}"


def _memory() -> str:
    """Memory that programs can still get, where the system tells it as Linux does."""
    file = Path("/proc/meminfo")
    if not file.exists():
        return "memory not known"
    for line in file.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return f"{int(line.split()[1]) / 2**20:.1f} GiB free"
    return "memory not known"
