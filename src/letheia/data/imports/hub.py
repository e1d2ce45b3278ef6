"""Pictures of people in a data set of Hugging Face."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from letheia.data.imports.write import Source, plain_name
from letheia.errors import DataError


def from_dataset(
    name: str, *, split: str = "train", image: str = "image", label: str = "label", revision: str | None = None
) -> list[Source]:
    """Pictures of a Hugging Face data set; its labels' names become people.

    Args:
        name: Hub id, or a local parquet file, or a folder with some.
        split: Which split of a Hub data set.
        image: Column of the pictures.
        label: Column of the labels: named classes, or names as text.
        revision: Revision on the Hub.

    Raises:
        DataError: It can't be loaded, or lacks a column.
    """
    import datasets

    datasets.disable_progress_bars()
    path = Path(name)
    try:
        if path.exists():
            files = sorted(str(f) for f in path.rglob("*.parquet")) if path.is_dir() else [name]
            if not files:
                raise DataError(f"{path}: no parquet files there. Give a Hub id, a parquet file or a folder with some.")
            data = datasets.load_dataset("parquet", data_files={"train": files}, split="train")
        else:
            data = datasets.load_dataset(name, split=split, revision=revision)
    except DataError:
        raise
    except Exception as error:  # datasets raises errors of many libraries
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise DataError(f"{name}: can't be loaded as a data set ({first}).") from error
    for column in (image, label):
        if column not in data.column_names:
            raise DataError(f"{name}: has no column '{column}', only {', '.join(data.column_names)}.")
    try:
        data = data.cast_column(image, datasets.Image(decode=False))
    except Exception as error:  # pyarrow's errors are no family
        raise DataError(
            f"{name}: column '{image}' holds no pictures. Name the column that does with --image."
        ) from error
    names = _names(data.features[label], data[label][:], f"{name}: column '{label}'")
    return [
        Source(person, f"{name}, row {row}", lambda row=row: _bytes(data[row][image]))
        for row, person in enumerate(names)
    ]


def _names(feature: Any, labels: Sequence[Any], where: str) -> list[str]:
    """The name behind each label; empty where a row has none.

    Raises:
        DataError: The labels are no names, or no row has one.
    """
    known: Sequence[str] | None = getattr(feature, "names", None)  # of a column of named classes
    if known:
        labels = [known[v] if isinstance(v, int) and 0 <= v < len(known) else None for v in labels]
    odd = next((v for v in labels if not isinstance(v, str | None)), None)
    if odd is not None:
        kind = "numbers without names" if isinstance(odd, int | float) else f"no names, but {type(odd).__name__}"
        raise DataError(f"{where} has {kind}. Give a column of names with --label.")
    names = [plain_name(value or "") for value in labels]
    if not any(names):
        raise DataError(f"{where} has no label in any row. Give a column of names with --label.")
    return names


def _bytes(value: Any) -> bytes:
    """The picture in a cell: its bytes, or those of the file that it names."""
    if not value or not (value.get("bytes") or value.get("path")):
        raise OSError("the cell is empty")
    return value["bytes"] or Path(value["path"]).read_bytes()
