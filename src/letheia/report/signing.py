"""Signatures over an adapter's folder, by OpenSSF's model-signing with a key of one's own: nothing goes online."""

import re
from pathlib import Path

from letheia.errors import CheckpointError, ConfigError, first_line

SIGNATURE = "model.sig"
MISSING = "signatures need the extra: pip install 'letheia[sign]'."


def sign(folder: Path, key: Path) -> Path:
    """Sign every file of a folder.

    Args:
        folder: The folder, such as an adapter with its card.
        key: A private key in PEM, of an elliptic curve.

    Returns:
        The signature, which lies in the folder.

    Raises:
        ConfigError: The extra is missing, or the key can't be used.
        CheckpointError: There is nothing to sign.
    """
    if not any(file.is_file() and file.name != SIGNATURE for file in folder.rglob("*")):
        raise CheckpointError(f"{folder}: has no files to sign.")
    try:
        from model_signing import hashing, signing
    except ImportError as error:
        raise ConfigError(MISSING) from error
    signature = folder / SIGNATURE
    ours = hashing.Config().set_ignored_paths(paths=[signature], ignore_git_paths=False)
    try:
        signer = signing.Config().use_elliptic_key_signer(private_key=key).set_hashing_config(ours)
        signer.sign(folder, signature)
    except Exception as error:  # the package raises what the libraries below it raise
        raise ConfigError(
            f"{key}: can't sign with it ({first_line(error)}). "
            "'openssl ecparam -name prime256v1 -genkey -noout -out key.pem' makes a key."
        ) from error
    return signature


def verify(folder: Path, key: Path) -> None:
    """Make sure that a folder is as it was when it was signed.

    Args:
        folder: The folder, with its signature in it.
        key: The public key in PEM.

    Raises:
        ConfigError: The extra is missing.
        CheckpointError: A file was changed, added or taken away, the key is another, or there is no signature.
    """
    signature = folder / SIGNATURE
    if not signature.exists():
        raise CheckpointError(f"{folder}: is not signed ({SIGNATURE}). 'letheia sign' signs it.")
    try:
        from model_signing import verifying
    except ImportError as error:
        raise ConfigError(MISSING) from error
    try:
        verifying.Config().use_elliptic_key_verifier(public_key=key).verify(folder, signature)
    except Exception as error:  # the package raises what the libraries below it raise
        changed = ", ".join(re.findall(r"Hash mismatch for \\*'([^'\\]+)", str(error)))
        why = f"changed: {changed}" if changed else first_line(error)
        raise CheckpointError(
            f"{folder}: is not as it was signed by the owner of {key} ({why}). Do not use it."
        ) from error
