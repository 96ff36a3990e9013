"""The built-in models on disk: ``head.npz`` (arrays) and ``model.json`` (the rest)."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.errors import ModelError
from bridge.records import Record

__all__ = ["Format", "Header", "read_model", "write_model"]

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


class Header(Record):
    """What a model is besides its arrays."""

    format: Format
    encoder: str
    classes: tuple[str, ...]
    task: Literal["single", "multi"]


def write_model(header: Header, arrays: Mapping[str, NDArray[Any]], directory: Path) -> None:
    """Write a model into an existing directory; of the arrays those that its format has."""
    (directory / "model.json").write_text(header.model_dump_json(indent=1), encoding="utf-8")
    kept: dict[str, Any] = {name: arrays[name] for name in ARRAYS[header.format]}
    np.savez(directory / "head.npz", **kept)


def read_model(directory: Path, format: Format, encoder_id: str) -> tuple[Header, Arrays]:
    """Read a model that :func:`write_model` wrote.

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
        raise _damaged(directory, "its arrays do not fit together")
    return header, arrays


def _read(directory: Path, format: Format) -> tuple[Header, Arrays]:
    try:
        header = Header.model_validate_json((directory / "model.json").read_bytes())
        if header.format != format:
            raise _damaged(directory, "model.json is not of this learner")
        # Opened here, because NumPy leaves a damaged archive open.
        with (
            (directory / "head.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in ARRAYS[format]}
    except ValidationError as error:
        raise _damaged(directory, "model.json is not of this learner") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(directory, str(error)) from error
    for name, (dtype, axes) in ARRAYS[format].items():
        array = arrays[name]
        finite = array.dtype == dtype and array.ndim == axes and bool(np.isfinite(array).all())
        if not finite:
            raise _damaged(directory, f"the array '{name}' has another form than expected")
    return header, arrays


def _consistent(header: Header, arrays: Arrays) -> bool:
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


def _damaged(directory: Path, why: str) -> ModelError:
    return ModelError(
        f"The model in {directory} cannot be loaded: {why}.",
        "Run `bridge sync --force-train`: it trains again.",
    )
