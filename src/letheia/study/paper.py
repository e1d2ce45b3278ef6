"""The paper's settings, as values: learning rates of Table 6 and LoRA's size (section 4.1)."""

RATES: dict[str, dict[str, float]] = {
    "mistral": {"ga": 3e-5, "npo": 1e-4, "random": 1e-4, "reject": 1e-5, "bg": 2e-5, "pubg": 2e-5},
    "llama": {"ga": 1e-4, "npo": 5e-4, "random": 1e-4, "reject": 1e-4, "bg": 3e-5, "pubg": 3e-5},
}
"""Table 6 by the type of the text model (llama is Vicuna); BG, which it has none for, has PUBG's."""

LORA = {"rank": 128, "alpha": 256}


def rates_for(text_model: str) -> dict[str, float]:
    """Learning rates for a type of text model; those of Mistral where the paper has none.

    >>> rates_for("llama")["pubg"], rates_for("qwen2")["pubg"]
    (3e-05, 2e-05)
    """
    return RATES.get(text_model, RATES["mistral"])
