"""From training to the weights that ship: train, write in half precision, record hashes and what the models can do."""

import importlib.metadata
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from letheia.files import read_json, sha256, write_json
from letheia.models.clip import load_clip
from letheia.models.loading import load_model
from letheia.models.shipped import GOLD, MODELS, RECORD, checkpoint, weights_folder
from letheia.progress import Bars
from letheia.world.check import Threshold, check_clip, check_model, check_untaught
from letheia.world.people import GOLD_WITHOUT, World, make_world
from letheia.world.train import (
    CLIP_STEPS,
    LVLM_STEPS,
    TrainedClip,
    TrainedLvlm,
    clip_stage,
    load_trained,
    lvlm_stage,
    save_pretrained,
)


def train_all(
    world: World,
    folder: Path,
    names: tuple[str, ...],
    *,
    bars: Bars,
    command: str,
    start: Path | None = None,
    steps: int | None = None,
    rate: float | None = None,
) -> Path:
    """Train what is asked for and write it below `folder/weights`.

    Args:
        world: The people.
        folder: Where states, pictures and weights are kept.
        names: Of `clip`, `mistral`, `llama` and `gold`, which takes the package's CLIP unless one is trained now.
        bars: Progress.
        command: What the record says made the weights.
        start: A weights folder whose Mistral-text model the LVLMs start from, with its record; none to start anew.
        steps: Length of an LVLM's training, if not the default.
        rate: Its learning rate, if not the default.

    Returns:
        The weights folder.
    """
    weights = folder / "weights"

    def stage(name: str, total: int, train: Any) -> Any:
        with bars.bar(f"training {name}", total) as advance:
            done = [0]

            def progress(_name: str, step: int, _total: int, note: str) -> None:
                advance(step - done[0], note)
                done[0] = step

            return train(progress)

    def keep(name: str, trained: TrainedClip | TrainedLvlm) -> None:
        save_pretrained(trained, weights / name)
        _record(weights, name, world, trained.seconds, command, start)

    clip = None
    if names != (GOLD,) and (start is None or "clip" in names):
        clip = stage("clip", CLIP_STEPS, lambda progress: clip_stage(world, folder, progress=progress))
        if "clip" in names:
            keep("clip", clip)
    first = load_trained(start / "mistral") if start else None
    last = max((i for i, family in enumerate(MODELS) if family in names), default=-1)
    for family in MODELS[: last + 1]:  # the second starts with the first one's weights
        if start and family not in names:
            continue
        trained = stage(
            family,
            steps or LVLM_STEPS[family],
            lambda p, f=family, s=first: lvlm_stage(
                world, folder, f, progress=p, clip=clip and clip.model, start=s, steps=steps, rate=rate
            ),
        )
        first = trained if family == "mistral" else first
        if family in names:
            keep(family, trained)
    if GOLD in names:
        tower = clip.model if clip else load_clip(checkpoint("clip")).network
        keep(
            GOLD,
            stage(
                GOLD,
                steps or LVLM_STEPS[GOLD],
                lambda p: lvlm_stage(world, folder, GOLD, progress=p, clip=tower, steps=steps, rate=rate),
            ),
        )
    return weights


def check_all(
    folder: Path | None, names: tuple[str, ...], *, record: bool, pictures: int
) -> Iterator[tuple[str, list[Threshold]]]:
    """Examine the models in a weights folder, one after the other; optionally write what was found into the record."""
    root = folder or weights_folder()
    world = make_world()
    for name in names:
        if name == "clip":
            found = check_clip(load_clip(root / name), world)
        elif name == GOLD:
            model = load_model(root / name)
            found = check_model(model, world.without(GOLD_WITHOUT), per_person=pictures)
            found += check_untaught(model, world, GOLD_WITHOUT, per_person=pictures)
        else:
            found = check_model(load_model(root / name), world, per_person=pictures)
        if record:
            value = read_json(root / RECORD)
            value["measured"][name] = [
                {
                    "ability": t.name,
                    "bar": t.limit,
                    "at_least": t.at_least,
                    "share": round(t.share, 4),
                    "count": t.count,
                }
                for t in found
            ]
            write_json(root / RECORD, value)
        yield name, found


def _record(weights: Path, name: str, world: World, seconds: float, command: str, start: Path | None) -> None:
    file = weights / RECORD
    value: dict[str, Any] = {"sha256": {}, "made": {}, "measured": {}}
    if file.exists():
        value = read_json(file)
    value["seed"] = world.seed
    value["versions"] = {
        p: importlib.metadata.version(p) for p in ("torch", "transformers", "tokenizers", "python_avatars")
    }
    value["sha256"][name] = sha256(weights / name / "model.safetensors")
    earlier = read_json(start / RECORD)["made"]["mistral"] if start else []
    if name == "llama":  # it starts from the other's weights
        earlier = value["made"].get("mistral", earlier)
    value["made"][name] = [*earlier, {"command": command, "seconds": round(seconds)}]
    write_json(file, value)
