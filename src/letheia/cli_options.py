"""Options that several commands share, and what goes with them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from letheia.config import LoadConfig

if TYPE_CHECKING:
    from letheia.study.run import Study
    from letheia.types import Split

ModelName = Annotated[str, typer.Option(help="mistral, llama, or the folder or Hub id of a checkpoint.")]
Adapters = Annotated[list[Path] | None, typer.Option("--adapter", help="Folder of an adapter; repeat for several.")]
Clip = Annotated[str | None, typer.Option(help="CLIP for CLIPScore: world, a folder or a Hub id.")]
JudgeName = Annotated[str, typer.Option(help="Judge: exact (counts labels), none, or an LVLM: MODEL or MODEL@URL.")]
Rubrics = Annotated[Path | None, typer.Option(help="Folder with rubrics of your own for an LVLM judge.")]
Replies = Annotated[Path, typer.Option(help="Where an LVLM judge's replies are kept.")]
WithPictures = Annotated[bool, typer.Option("--with-pictures", help="Show people's pictures in the report.")]
Revision = Annotated[str | None, typer.Option(help="Branch, tag or commit of a model on the Hub.")]
Dtype = Annotated[str | None, typer.Option(help="float32, bfloat16 or float16; by the device if left out.")]
Device = Annotated[str | None, typer.Option(help="Such as cpu or cuda:0; a GPU if there is one.")]
Attn = Annotated[str | None, typer.Option(help="Attention, by transformers' name; the fastest if left out.")]
FourBit = Annotated[bool, typer.Option("--load-in-4bit", help="Weights in 4 bits, with bitsandbytes on a CUDA GPU.")]
MaxNewTokens = Annotated[
    int | None,
    typer.Option(min=8, help="Length limit of answers; by the checkpoint if left out, 96 for the built-in models."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what there is to do and what it takes, and stop.")]


def given(**values: Any) -> dict[str, Any]:
    """The values that were given; what was left out is the settings' own."""
    return {name: value for name, value in values.items() if value is not None}


def command_line() -> str:
    """The command as it was given, for the provenance."""
    return "letheia " + " ".join(sys.argv[1:])


def show_forecast(
    study: "Study", split: "Split", *, judge: str = "exact", prompts: Path | None = None, times: int | None = None
) -> None:
    """Print what a study with a planned model would do."""
    from letheia.study.forecast import forecast

    for line in forecast(study, split, judge=judge, prompts=prompts, times=times):
        print(f"{line.about:<18}{line.what}")


def load_options(
    revision: str | None, dtype: str | None, device: str | None, attn: str | None, *, four_bit: bool
) -> LoadConfig:
    """How a model is loaded, by these options.

    Raises:
        ConfigError: One has an impossible value.
    """
    return LoadConfig.create(
        {"revision": revision, "dtype": dtype, "device": device, "attn": attn, "four_bit": four_bit}
    )
