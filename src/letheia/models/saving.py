"""Saving an adapter so that a killed process leaves the old one or the new one, never half of one."""

import shutil
from pathlib import Path

from peft import PeftModel

from letheia.errors import OutputError


def save_adapter(adapted: PeftModel, folder: Path) -> None:
    """Write the adapter in peft's layout, as safetensors.

    Raises:
        OutputError: The disk is full or the folder can't be written.
    """
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        adapted.save_pretrained(str(partial), safe_serialization=True)
        (partial / "README.md").unlink(missing_ok=True)  # peft's model card is an empty form
        shutil.rmtree(folder, ignore_errors=True)
        partial.rename(folder)
    except Exception as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) or "os error" in str(error).lower():
            raise OutputError(
                f"{folder}: can't write ({error}). Free some space or choose another --output."
            ) from error
        raise
