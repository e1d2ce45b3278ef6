"""Hostile and damaged checkpoints and adapters: what is done to a good folder, one row each.

Each must end in one line that names the folder or a file in it, within seconds, and run no code.
"""

import json
import shutil
import struct
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from safetensors.torch import load_file, save_file

import families
from letheia.errors import CheckpointError
from letheia.models.adapter import add_adapter, load_adapter
from letheia.models.loading import load_model
from letheia.models.quiet import quiet_libraries
from letheia.models.saving import save_adapter

Change = Callable[[Path], object]


def text(name: str, content: str) -> Change:
    return lambda folder: (folder / name).write_text(content)


def data(name: str, content: bytes) -> Change:
    return lambda folder: (folder / name).write_bytes(content)


def cut(name: str, share: float) -> Change:
    def change(folder: Path) -> None:
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: int(len(whole) * share)])

    return change


def fields(name: str, *path: str, **values: object) -> Change:
    """Set fields of a JSON file, below a path of fields."""

    def change(folder: Path) -> None:
        whole = json.loads((folder / name).read_text())
        inner = whole
        for part in path:
            inner = inner[part]
        inner.update(values)
        (folder / name).write_text(json.dumps(whole))

    return change


def indexed(**names: object) -> Change:
    """An index in the place of the one weight file."""

    def change(folder: Path) -> None:
        (folder / "model.safetensors").rename(folder / "part.safetensors")
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'touch ran'\ntR.")
        (folder / "model.safetensors.index.json").write_text(json.dumps(names))

    return change


def header(name: str, value: bytes, body: bytes = b"") -> Change:
    return data(name, struct.pack("<Q", len(value)) + value + body)


def gone(name: str) -> Change:
    return lambda folder: (folder / name).unlink()


def bomb(folder: Path) -> None:
    """Three hundred thousand tensors."""
    file = next(folder.glob("*.safetensors"))
    entry = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    header(file.name, json.dumps({f"t{i}": entry for i in range(300_000)}).encode())(folder)


def fewer_layers(folder: Path) -> None:
    fields("config.json", "text_config", num_hidden_layers=1)(folder)


def without_a_part(folder: Path) -> None:
    file = folder / "model.safetensors"
    save_file({k: v for k, v in load_file(file).items() if "layers.1." not in k}, file, metadata={"format": "pt"})


WEIGHTS = "model.safetensors"
CHECKPOINT: dict[str, Change] = {
    **{
        f"{name} is {what}": text(name, content)
        for name in (
            "config.json",
            "generation_config.json",
            "tokenizer_config.json",
            "tokenizer.json",
            "processor_config.json",
        )
        for what, content in {
            "a list": "[]",
            "a number": "7",
            "null": "null",
            "cut off": '{"a": [1, 2',
            "empty": "",
            "deep": "[" * 100_000,
        }.items()
    },
    "config.json is no text": data("config.json", b"\xff\xfe\x00\x01"),
    "config.json is missing": gone("config.json"),
    "tokenizer.json is missing": gone("tokenizer.json"),
    "tokenizer of nothing": text("tokenizer.json", '{"version": "1.0"}'),
    "tokenizer's pattern without end": fields(
        "tokenizer.json", normalizer={"type": "Replace", "pattern": {"Regex": "(a|aa|a+)+$"}, "content": ""}
    ),
    "model type is a list": fields("config.json", model_type=["llava"]),
    "model type unknown": fields("config.json", model_type="hovercraft"),
    "text config null": fields("config.json", text_config=None),
    "vision config null": fields("config.json", vision_config=None),
    "vision config a list": fields("config.json", vision_config=[1]),
    "text config a word": fields("config.json", text_config="llama"),
    "hidden size huge": fields("config.json", "text_config", hidden_size=2**40),
    "hidden size a word": fields("config.json", "text_config", hidden_size="wide"),
    "hidden size 0": fields("config.json", "text_config", hidden_size=0),
    "vocabulary huge": fields("config.json", "text_config", vocab_size=2**36),
    "vocabulary below nothing": fields("config.json", "text_config", vocab_size=-5),
    "layers without end": fields("config.json", "text_config", num_hidden_layers=10**9),
    "more layers than weights": fields("config.json", "text_config", num_hidden_layers=900),
    "fewer layers than weights": fewer_layers,
    "vision layers without end": fields("config.json", "vision_config", num_hidden_layers=10**9),
    "pictures huge": fields("config.json", "vision_config", image_size=10**9),
    "attention from elsewhere": fields("config.json", attn_implementation="evil/kernels"),
    "an adapter in the folder": text("adapter_config.json", '{"base_model_name_or_path": "elsewhere"}'),
    "weights empty": data(WEIGHTS, b""),
    "weights of zeros": data(WEIGHTS, bytes(4096)),
    "weights cut in half": cut(WEIGHTS, 0.5),
    "weights without their last byte": cut(WEIGHTS, 0.9999),
    "weights a web page": data(WEIGHTS, b"<!DOCTYPE html><html><body>Access denied</body></html>"),
    "weights a pointer": data(WEIGHTS, b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"),
    "weights a pickle": data(WEIGHTS, b"\x80\x04cos\nsystem\n(S'touch ran'\ntR."),
    "weights with a huge header": data(WEIGHTS, struct.pack("<Q", 2**62)),
    "weights that overlap": header(WEIGHTS, b'{"a":{"dtype":"F32","shape":[9],"data_offsets":[0,4]}}', bytes(4)),
    "weights are missing": gone(WEIGHTS),
    "weights lack a layer": without_a_part,
    "300,000 tensors": bomb,
    "index names a pickle": indexed(weight_map={"lm_head.weight": "pytorch_model.bin"}),
    "index leads outside": indexed(weight_map={"lm_head.weight": "../part.safetensors"}),
    "index names nothing": indexed(weight_map={"lm_head.weight": "other.safetensors"}),
    "index of numbers": indexed(weight_map={"lm_head.weight": 7}),
    "index a list": indexed(weight_map=[1]),
    "index empty": indexed(),
    "template raises": text("chat_template.jinja", "{{ raise_exception('no') }}"),
    "template without end": text(
        "chat_template.jinja", "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    ),
    "template eats memory": text("chat_template.jinja", "{{ 'x' * 99999999999 }}"),
    "template no Jinja": text("chat_template.jinja", "{% for %}"),
    "template no text": data("chat_template.jinja", b"\xff\xfe\xff"),
    "template empty": text("chat_template.jinja", ""),
}
"""Changes of a checkpoint's folder, by name; the good one is a tiny LLaVA."""

A = "adapter_model.safetensors"
ADAPTER: dict[str, Change] = {
    **{
        f"adapter_config.json is {what}": text("adapter_config.json", content)
        for what, content in {
            "a list": "[]",
            "a number": "7",
            "null": "null",
            "cut off": '{"a": [1, 2',
            "empty": "",
            "deep": "[" * 100_000,
        }.items()
    },
    "adapter_config.json is missing": gone("adapter_config.json"),
    "adapter of an unknown kind": fields("adapter_config.json", peft_type="MAGIC"),
    "adapter of a list's kind": fields("adapter_config.json", peft_type=["LORA"]),
    "alpha is text": fields("adapter_config.json", lora_alpha="much"),
    "alpha is nothing": fields("adapter_config.json", lora_alpha=None),
    "alphas are a list": fields("adapter_config.json", alpha_pattern=["x"]),
    "alphas without end": fields("adapter_config.json", alpha_pattern={"((a*)*)*b": 1}),
    "adapter of another model": fields("adapter_config.json", layer_replication=[[0, 9]]),
    "adapter empty": data(A, b""),
    "adapter of zeros": data(A, bytes(4096)),
    "adapter cut in half": cut(A, 0.5),
    "adapter a pickle": data(A, b"\x80\x04cos\nsystem\n(S'touch ran'\ntR."),
    "adapter a web page": data(A, b"<html>"),
    "adapter of nothing": lambda folder: save_file({}, folder / A),
    "adapter with a huge rank": header(
        A,
        b'{"base_model.model.lm_head.lora_A.weight":{"dtype":"F32","shape":[1000000000,0],"data_offsets":[0,0]}}',
    ),
    "adapter of 300,000 tensors": bomb,
    "adapter is missing": gone(A),
}
"""The same for an adapter's folder."""

MUTATIONS = {"model": CHECKPOINT, "adapter": ADAPTER}
"""All of them, by what the folder holds."""


def run() -> Iterator[tuple[str, int, int]]:
    """Try all of them: a title, how many were tried, and how many did not end in one line that names the place."""
    with tempfile.TemporaryDirectory() as place, quiet_libraries():
        good = Path(place) / "good"
        (good / "model").mkdir(parents=True)
        families.make("llava", good / "model", ["Who is the person in this image?", "A poet in a red shirt."] * 20)
        model = load_model(good / "model")
        save_adapter(add_adapter(model, rank=4, alpha=8, seed=0), good / "adapter")
        for kind, changes in MUTATIONS.items():
            wrong = sum(not _told(good / kind, Path(place) / str(i), c) for i, c in enumerate(changes.values()))
            yield f"hostile and damaged {kind}s", len(changes), wrong


def _told(good: Path, place: Path, change: Change) -> bool:
    folder = place / good.name
    shutil.copytree(good, folder)
    change(folder)
    try:
        if good.name == "model":
            load_model(folder)
        else:
            load_adapter(load_model(good.parent / "model"), folder)
    except CheckpointError as error:
        return str(folder) in str(error) and "\n" not in str(error)
    except Exception:
        return False
    finally:
        shutil.rmtree(place)
    return False


HARMLESS: dict[str, Change] = {
    "targets without end": fields("adapter_config.json", target_modules="((.*)*)*x"),
    "targets a million": fields("adapter_config.json", target_modules=[f"m{i}" for i in range(1_000_000)]),
    "rank huge": fields("adapter_config.json", r=10**9),
    "ranks without end": fields("adapter_config.json", rank_pattern={"((a*)*)*b": 10**9}),
}
"""What an adapter's file may say without any effect."""
