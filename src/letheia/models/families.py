"""Which models Letheia knows, one row each."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from letheia.config import LoadConfig
from letheia.errors import CheckpointError
from letheia.methods.paper import KNOWN_SHAPES
from letheia.models.checkpoint_files import check_folder
from letheia.models.hub import check_reachable
from letheia.models.quiet import one_line_errors

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
HUB_ID = re.compile(r"\w[\w.-]*(/[\w.-]+)?")
TILES = {"return_row_col_info": True}  # how many tiles a picture is cut into


@dataclass(frozen=True, kw_only=True)
class Family:
    """How one family of models is put together.

    Attributes:
        model_type: `model_type` of the checkpoint's configuration.
        language_model: Path of the language model inside the network; LoRA stays below it.
        formerly: The same path in checkpoints and adapters of before transformers 4.52.
        batched: Whether pictures go through the vision tower several at once; else one by one.
        options: What the image processor is told beside the pictures.
        grid: Whether a picture's tokens have a row and a column as positions (M-RoPE).
        processor: Class of the processor where the checkpoint's own also has one for videos, which wants torchvision;
            without torchvision the processor is put together as this class, without it.
        bidirectional: Whether a picture's tokens see one another, later ones too, and some layers see a window only.
        vision: Whether it sees pictures; else it is asked in words (`data/wordings.py`).
    """

    model_type: str
    language_model: str = "model.language_model"
    formerly: str = "language_model.model"
    batched: bool = True
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    grid: bool = False
    processor: str = ""
    bidirectional: bool = False
    vision: bool = True

    @property
    def lora_pattern(self) -> str:
        """Regular expression of the modules that LoRA adapts: the language model's projections only.

        The vision tower has modules of the same names, so names alone would adapt it too.
        """
        inside = self.language_model.replace(".", r"\.")
        return rf"(.*\.)?{inside}\.layers\.\d+\.(self_attn|mlp)\.({'|'.join(PROJECTIONS)})"


FAMILIES: dict[str, Family] = {
    f.model_type: f
    for f in (
        Family(model_type="llava_next"),
        Family(model_type="llava"),
        Family(model_type="llava_onevision", batched=False, processor="LlavaOnevisionProcessor"),
        Family(model_type="idefics3", language_model="model.text_model", batched=False, options=TILES),
        # SmolVLM's own class wants num2words, for videos only; Idefics3's writes the same for a picture
        Family(
            model_type="smolvlm",
            language_model="model.text_model",
            batched=False,
            options=TILES,
            processor="Idefics3Processor",
        ),
        Family(model_type="gemma3", options={"do_pan_and_scan": False}, bidirectional=True),
        Family(model_type="qwen2_vl", formerly="model", batched=False, grid=True, processor="Qwen2VLProcessor"),
        Family(model_type="qwen2_5_vl", formerly="model", batched=False, grid=True, processor="Qwen2_5_VLProcessor"),
        *(Family(model_type=t, language_model="model", vision=False) for t in ("llama", "mistral", "qwen2", "qwen3")),
    )
}


def family_of(model_type: str, where: str) -> Family:
    """The family of a checkpoint.

    Raises:
        CheckpointError: Letheia does not know it.
    """
    if model_type not in FAMILIES:
        raise CheckpointError(
            f"{where}: models of type '{model_type}' are not supported; supported: {', '.join(FAMILIES)}."
        )
    return FAMILIES[model_type]


def read_family(source: str | Path, load: LoadConfig) -> Family:
    """The family of a checkpoint, by its configuration alone.

    Raises:
        CheckpointError: It has none that Letheia knows, or is not there.
    """
    folder = Path(source)
    if folder.is_dir():
        return family_of(check_folder(folder, weights=False).get("model_type", "unknown"), str(source))
    if not HUB_ID.fullmatch(str(source)):
        raise CheckpointError(f"{source}: no such folder, and no Hub id ('owner/name') either.")
    if str(source) in KNOWN_SHAPES:
        return FAMILIES["llava_next"]
    check_reachable(source, load.revision)
    with one_line_errors(source):
        from transformers import PreTrainedConfig  # only for what must be fetched

        settings, _ = PreTrainedConfig.get_config_dict(source, revision=load.revision)
    return family_of(settings.get("model_type", "unknown"), str(source))
