"""The built-in models on disk: ``head.npz`` (arrays) and ``model.json`` (the rest)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.errors import ModelError
from bridge.learners.damaged import damaged
from bridge.records import Record

if TYPE_CHECKING:
    from bridge.learners.text import TextModel
    from bridge.learners.vectors import VectorModel

__all__ = ["Format", "read_model", "write_model"]

Format = Literal["text-linear-2", "vectors-linear-1"]
Arrays = dict[str, NDArray[Any]]

HEAD = {
    "fitted": (np.int32, 1),
    "prior": (np.float32, 1),
    "coefficients": (np.float32, 2),
    "intercepts": (np.float32, 1),
}
ARRAYS: dict[Format, dict[str, tuple[Any, int]]] = {
    "text-linear-2": HEAD | {"columns": (np.int32, 1), "idf": (np.float32, 1)},
    "vectors-linear-1": HEAD,
}


class _Header(Record):
    format: Format
    encoder: str
    classes: tuple[str, ...]
    task: Literal["single", "multi"]


def write_model(model: TextModel | VectorModel, format: Format, directory: Path) -> None:
    """Write a model into an existing directory."""
    header = _Header(
        format=format, encoder=model.encoder_id, classes=model.classes, task=model.task
    )
    (directory / "model.json").write_text(header.model_dump_json(indent=1), encoding="utf-8")
    arrays: dict[str, Any] = {name: getattr(model, name) for name in ARRAYS[format]}
    np.savez(directory / "head.npz", **arrays)


def read_model(directory: Path, format: Format, encoder_id: str) -> dict[str, Any]:
    """Return the fields of a model that :func:`write_model` wrote.

    Raises:
        ModelError: files are missing or damaged, or of another learner or encoder.
    """
    header, arrays = _read(directory, format)
    if header.encoder != encoder_id:
        raise ModelError(
            f"The model in {directory} was trained on features of '{header.encoder}', "
            f"the learner now makes '{encoder_id}'.",
            "Train again, or restore the former [model] settings.",
        )
    if not _consistent(header, arrays):
        raise damaged(directory, "its arrays do not fit together")
    return {
        "encoder_id": header.encoder,
        "classes": header.classes,
        "task": header.task,
        **arrays,
    }


def _read(directory: Path, format: Format) -> tuple[_Header, Arrays]:
    try:
        header = _Header.model_validate_json((directory / "model.json").read_bytes())
        if header.format != format:
            raise damaged(directory, "model.json is not of this learner")
        # Opened here, because NumPy leaves a damaged archive open.
        with (
            (directory / "head.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in ARRAYS[format]}
    except ValidationError as error:
        raise damaged(directory, "model.json is not of this learner") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise damaged(directory, str(error)) from error
    for name, (dtype, axes) in ARRAYS[format].items():
        array = arrays[name]
        finite = array.dtype == dtype and array.ndim == axes and bool(np.isfinite(array).all())
        if not finite:
            raise damaged(directory, f"the array '{name}' has another form than expected")
    return header, arrays


def _consistent(header: _Header, arrays: Arrays) -> bool:
    fitted, coefficients = arrays["fitted"], arrays["coefficients"]
    k, m = len(header.classes), len(fitted)
    outputs = 1 if header.task == "single" and m == 2 else m
    head = (
        arrays["prior"].shape == (k,)
        and coefficients.shape[1] == outputs
        and arrays["intercepts"].shape == (outputs,)
        and _ascending_below(fitted, k)
    )
    if header.format != "text-linear-2":
        return head
    columns = arrays["columns"]
    return (
        head and len(coefficients) == len(columns) and _ascending_below(columns, len(arrays["idf"]))
    )


def _ascending_below(numbers: NDArray[np.int32], limit: int) -> bool:
    if not numbers.size:
        return True
    in_range = numbers[0] >= 0 and numbers[-1] < limit
    return bool(in_range and (np.diff(numbers) > 0).all())
