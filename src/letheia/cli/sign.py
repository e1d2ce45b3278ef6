"""Commands on signatures over an adapter's folder."""

from pathlib import Path
from typing import Annotated

import typer

Folder = Annotated[
    Path, typer.Argument(help="Folder of an adapter, or any folder.", exists=True, file_okay=False, resolve_path=True)
]


def sign(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="Private key in PEM, of an elliptic curve.", exists=True, dir_okay=False)],
) -> None:
    """Sign an adapter with its card and statements, by a key of your own; nothing goes online."""
    from letheia.report.signing import sign as sign_folder

    print(f"Signature: {sign_folder(folder, key)}")


def verify(
    folder: Folder,
    key: Annotated[Path, typer.Option(help="The signer's public key in PEM.", exists=True, dir_okay=False)],
) -> None:
    """Check that every file of a signed folder is as it was signed."""
    from letheia.report.signing import verify as verify_folder

    verify_folder(folder, key)
    print(f"{folder}: every file is as it was signed.")
