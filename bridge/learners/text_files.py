"""The built-in text model on disk: ``head.npz`` (arrays) and ``model.json`` (the rest)."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from bridge.errors import ModelError
from bridge.records import Record

if TYPE_CHECKING:
    from bridge.learners.text import TextModel

__all__ = ["read_model", "write_model"]

ARRAYS = {
    "fitted": (np.int32, 1),
    "prior": (np.float32, 1),
    "columns": (np.int32, 1),
    "coefficients": (np.float32, 2),
    "intercepts": (np.float32, 1),
    "idf": (np.float32, 1),
}


class _Header(Record):
    format: Literal["text-linear-2"] = "text-linear-2"
    encoder: str
    classes: tuple[str, ...]
    task: Literal["single", "multi"]


def write_model(model: TextModel, directory: Path) -> None:
    """Write the model into an existing directory."""
    header = _Header(
        encoder=model.encoder_id,
        classes=model.classes,
        task=model.task,
    )
    (directory / "model.json").write_text(header.model_dump_json(indent=1), encoding="utf-8")
    np.savez(directory / "head.npz", **{name: getattr(model, name) for name in ARRAYS})


def read_model(directory: Path, encoder_id: str) -> TextModel:
    """Read a model that :func:`write_model` wrote.

    Raises:
        ModelError: files are missing or damaged, or belong to another encoder.
    """
    from bridge.learners.text import TextModel

    header, arrays = _read(directory)
    if header.encoder != encoder_id:
        raise ModelError(
            f"The model in {directory} was trained on features of '{header.encoder}', "
            f"the learner now makes '{encoder_id}'.",
            "Train again, or restore the former [model] settings.",
        )
    if not _consistent(header, arrays):
        raise _damaged(directory, "its arrays do not fit together")
    return TextModel(
        encoder_id=header.encoder,
        classes=header.classes,
        task=header.task,
        **arrays,
    )


def _read(directory: Path) -> tuple[_Header, dict[str, NDArray[Any]]]:
    try:
        header = _Header.model_validate_json((directory / "model.json").read_bytes())
        # Opened here, because NumPy leaves a damaged archive open.
        with (
            (directory / "head.npz").open("rb") as file,
            np.load(file, allow_pickle=False) as stored,
        ):
            arrays = {name: stored[name] for name in ARRAYS}
    except ValidationError as error:
        raise _damaged(directory, "model.json is not of this learner") from error
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(directory, str(error)) from error
    for name, (dtype, axes) in ARRAYS.items():
        array = arrays[name]
        finite = array.dtype == dtype and array.ndim == axes and bool(np.isfinite(array).all())
        if not finite:
            raise _damaged(directory, f"the array '{name}' has another form than expected")
    return header, arrays


def _consistent(header: _Header, arrays: dict[str, NDArray[Any]]) -> bool:
    fitted, columns, coefficients = arrays["fitted"], arrays["columns"], arrays["coefficients"]
    k, d, m = len(header.classes), len(arrays["idf"]), len(fitted)
    outputs = 1 if header.task == "single" and m == 2 else m
    return (
        arrays["prior"].shape == (k,)
        and coefficients.shape == (len(columns), outputs)
        and arrays["intercepts"].shape == (outputs,)
        and _ascending_below(fitted, k)
        and _ascending_below(columns, d)
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
