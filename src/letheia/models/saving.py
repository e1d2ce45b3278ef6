"""Saving an adapter or a merged model so that a killed process leaves the old one or the new one, never half of one."""

from pathlib import Path

from huggingface_hub import HfApi
from peft import PeftModel

from letheia.errors import OutputError
from letheia.files import whole_folder
from letheia.models.adapter import load_adapter
from letheia.models.adapter_files import adapter_weights
from letheia.models.model import Model
from letheia.models.quiet import quiet_libraries


def save_adapter(adapted: PeftModel, folder: Path) -> None:
    """Write the adapter in peft's layout, as safetensors; it names its base model without a path.

    Raises:
        OutputError: The disk is full or the folder can't be written.
    """
    for config in adapted.peft_config.values():
        config.base_model_name_or_path = _public(str(config.base_model_name_or_path))
    with whole_folder(folder, replace=True) as partial:
        # embeddings are never trained; peft would look the base model up on the Hub to find out
        adapted.save_pretrained(str(partial), safe_serialization=True, save_embedding_layers=False)
        (partial / "README.md").unlink(missing_ok=True)  # peft's model card is an empty form


def save_merged(model: Model, adapter: Path, folder: Path) -> None:
    """Write the model with an adapter merged into its weights, as a plain checkpoint with its processor.

    Args:
        model: The base model; it is changed.
        adapter: The adapter's folder.
        folder: Where to write; it must not exist or be empty.

    Raises:
        CheckpointError: There is no adapter, or it does not fit.
        OutputError: The folder holds something, the disk is full or it can't be written.
    """
    if folder.exists() and any(folder.iterdir()):
        raise OutputError(f"{folder}: is not empty. Choose another --output.")
    merged = load_adapter(model, adapter).merge_and_unload()
    head = merged.get_output_embeddings()
    if head is not None and head.weight is not merged.get_input_embeddings().weight:
        merged.config.tie_word_embeddings = False  # a changed head or changed embeddings are saved by themselves
        merged.config.get_text_config().tie_word_embeddings = False
    with whole_folder(folder, private=False) as partial, quiet_libraries():  # others are to serve it
        merged.save_pretrained(str(partial))
        model.processor.save_pretrained(str(partial))


def push_adapter(folder: Path, repository: str, *, endpoint: str | None = None, token: str | None = None) -> str:
    """Upload an adapter with its card to a repository on the Hub, which is made private if it is new.

    Args:
        folder: The adapter's folder.
        repository: `owner/name`.
        endpoint: The Hub's address; `HF_ENDPOINT`'s if left out.
        token: The key to it; `HF_TOKEN` or the one that was logged in with, if left out.

    Returns:
        Where it is.

    Raises:
        OutputError: The Hub can't be reached or refuses.
    """
    adapter_weights(folder)
    try:
        hub = HfApi(endpoint=endpoint, token=token)
        hub.create_repo(repository, private=True, exist_ok=True)
        with quiet_libraries():
            hub.upload_folder(repo_id=repository, folder_path=folder, commit_message="Adapter")
    except Exception as error:  # the errors of its HTTP library differ by version
        first = str(error).strip().splitlines()[0]
        raise OutputError(f"{repository}: not pushed ({first}). The adapter is in {folder}.") from error
    return f"{hub.endpoint}/{repository}"


def _public(source: str) -> str:
    """A Hub id as it is; of a folder the name alone, since its path may tell whose machine it is on.

    >>> _public("/home/una/models/llava"), _public("llava-hf/llava-1.5-7b-hf")
    ('llava', 'llava-hf/llava-1.5-7b-hf')
    """
    folder = Path(source)
    return folder.name if folder.exists() or folder.is_absolute() or len(folder.parts) > 2 else source
