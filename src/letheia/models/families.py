"""Which vision-language models Letheia knows, one row each."""

from dataclasses import dataclass

from letheia.errors import CheckpointError

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True, kw_only=True)
class Family:
    """How one family of models is put together.

    Attributes:
        model_type: `model_type` of the checkpoint's configuration.
        language_model: Path of the language model inside the network; LoRA stays below it.
    """

    model_type: str
    language_model: str

    @property
    def lora_pattern(self) -> str:
        """Regular expression of the modules that LoRA adapts: the language model's projections only.

        The vision tower has modules of the same names, so names alone would adapt it too.
        """
        inside = self.language_model.replace(".", r"\.")
        return rf"(.*\.)?{inside}\.layers\.\d+\.(self_attn|mlp)\.({'|'.join(PROJECTIONS)})"


FAMILIES: dict[str, Family] = {
    f.model_type: f for f in (Family(model_type="llava_next", language_model="model.language_model"),)
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
