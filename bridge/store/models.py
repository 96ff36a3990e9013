"""Versioned model files: written aside, made durable, moved into place at once, verified on load.

::

    ROOT/VERSION/manifest.json    what was trained on what, and the SHA-256 of every other file
    ROOT/VERSION/…                what the model saved
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import BridgeError, ModelError, StoreError
from bridge.store.disk import sync_directory

if TYPE_CHECKING:
    from bridge.learners.base import Learner, Model

__all__ = [
    "aside",
    "delete_model",
    "digest_of",
    "load_model",
    "read_manifest",
    "save_model",
    "verify_model",
]

MANIFEST = "manifest.json"
SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


def save_model(root: Path, version: str, model: Model, manifest: Mapping[str, Any]) -> Path:
    """Save a model under ``root/version``; a version that is there and whole stays as it is.

    Args:
        manifest: JSON-like facts to keep with the model; the key ``files`` is added.

    Raises:
        ModelError: the model cannot be saved.
        StoreError: the disk is full or cannot be written.
    """
    target = _place(root, version)
    try:
        verify_model(root, version)
    except ModelError:
        with aside(root, version) as fresh:
            model.save(fresh)
            _write_manifest(fresh, manifest)
    return target


def load_model(root: Path, version: str, learner: Learner) -> Model:
    """Load a saved model after checking every file against its checksum.

    Raises:
        ModelError: there is no such version, it is damaged, or another kind of learner made it.
    """
    verify_model(root, version)
    directory = _place(root, version)
    try:
        return learner.load(directory)
    except BridgeError:
        raise
    except Exception as error:
        raise _unusable(directory, f"{type(error).__name__}: {error}") from error


def verify_model(root: Path, version: str, digest: str | None = None) -> None:
    """Check every file of a version against its checksum.

    Args:
        digest: SHA-256 of the manifest, where it is known.

    Raises:
        ModelError: there is no such version, it is damaged, or it is another than the one meant.
    """
    directory = _place(root, version)
    _verify(directory, _manifest(directory))
    if digest is not None and digest_of(root, version) != digest:
        raise _unusable(directory, "it is not the one that the store knows by this name")


def read_manifest(root: Path, version: str) -> dict[str, Any]:
    """Return what was saved with a model, and ``files``.

    Raises:
        ModelError: there is no such version, or its manifest is damaged.
    """
    return _manifest(_place(root, version))


def delete_model(root: Path, version: str) -> None:
    """Delete a version; one that is not there is fine.

    Raises:
        StoreError: it cannot be deleted.
    """
    directory = _place(root, version)
    if not directory.exists():
        return
    try:
        # Moved aside first, so that a half-deleted version is never found under its name.
        with tempfile.TemporaryDirectory(dir=root, prefix=".old-") as aside:
            directory.replace(Path(aside) / version)
    except OSError as error:
        raise StoreError(
            f"The model in {directory} cannot be deleted: {error.strerror or error}.",
            "Correct the permissions of the directory.",
        ) from error


def digest_of(root: Path, version: str) -> str:
    """Return the SHA-256 of a version's manifest, and so of all that it lists.

    Raises:
        ModelError: there is no such version.
    """
    try:
        return _checksum(_place(root, version) / MANIFEST)
    except OSError as error:
        raise _unusable(_place(root, version), "it is not there") from error


@contextmanager
def aside(root: Path, version: str) -> Iterator[Path]:
    """Yield an empty directory; what lies in it at the end becomes the version, at once.

    Raises:
        StoreError: the disk is full or cannot be written; the version is as it was.
    """
    target = _place(root, version)
    try:
        root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root, prefix=".new-") as aside:
            fresh = Path(aside) / version
            fresh.mkdir()
            yield fresh
            shutil.rmtree(target, ignore_errors=True)
            fresh.replace(target)
        sync_directory(root)
    except OSError as error:
        raise StoreError(
            f"The model {version} cannot be written to {root}: {error.strerror or error}.",
            "Make room on the disk or correct its permissions, then run again.",
        ) from error


def _place(root: Path, version: str) -> Path:
    if not SAFE.fullmatch(version):
        raise ModelError(
            f"'{version}' cannot be the name of a model version.",
            "Use letters, digits, '.', '_' and '-'.",
        )
    return Path(root) / version


def _write_manifest(directory: Path, manifest: Mapping[str, Any]) -> None:
    files = _files(directory)
    for name in files:
        _sync(directory / name)
    content = {**manifest, "files": {name: _checksum(directory / name) for name in files}}
    path = directory / MANIFEST
    path.write_text(json.dumps(content, indent=1, sort_keys=True, default=str), encoding="utf-8")
    _sync(path)
    for folder in {path.parent, *(p.parent for p in directory.rglob("*"))}:
        sync_directory(folder)


def _manifest(directory: Path) -> dict[str, Any]:
    try:
        content = json.loads((directory / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        raise _unusable(directory, "it is not there") from error
    except (OSError, ValueError) as error:
        raise _unusable(directory, f"{MANIFEST} is damaged") from error
    if not isinstance(content, dict) or not isinstance(content.get("files"), dict):
        raise _unusable(directory, f"{MANIFEST} is damaged")
    return content


def _verify(directory: Path, manifest: Mapping[str, Any]) -> None:
    """Compare every file with the manifest; a file that it does not name is refused, too."""
    files: dict[str, Any] = manifest["files"]
    present = _files(directory)
    different = sorted(set(files) ^ set(present))
    if different:
        raise _unusable(directory, f"the file {different[0]} is missing or does not belong there")
    for name, expected in files.items():
        if _checksum(directory / name) != expected:
            raise _unusable(directory, f"the file {name} was changed or damaged")


def _files(directory: Path) -> list[str]:
    paths = [p.relative_to(directory) for p in sorted(directory.rglob("*")) if not p.is_dir()]
    return [p.as_posix() for p in paths if p.as_posix() != MANIFEST]


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _unusable(directory: Path, why: str) -> ModelError:
    return ModelError(
        f"The model in {directory} cannot be used: {why}.",
        "Run `bridge sync --force-train`: it trains again.",
    )
