"""Model files where several hosts find them: a directory or an object store, through fsspec.

::

    URL/models/VERSION/…               the files of the model
    URL/models/VERSION/manifest.json   written last; lists the SHA-256 of every other file

What is fetched is checked against the manifest, and the manifest against the digest that the state
store has of it: who can write here alone cannot make a host load anything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from bridge.errors import BridgeError, ConfigError, ModelError, StoreError
from bridge.safe_text import redacted

__all__ = ["SharedModels"]

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 2**22  # bytes


@dataclass(frozen=True)
class SharedModels:
    """The models below a path or a URL that fsspec knows; nothing is opened before it is used."""

    url: str

    def put(self, directory: Path, version: str) -> None:
        """Copy a whole version there, the manifest last.

        Raises:
            StoreError: it cannot be written.
        """
        files, root = self._opened
        names = [p for p in sorted(directory.rglob("*")) if p.is_file()]
        with self._told("written to"):
            for path in sorted(names, key=lambda p: p == directory / MANIFEST):
                target = f"{root}/{version}/{path.relative_to(directory).as_posix()}"
                files.makedirs(target.rpartition("/")[0], exist_ok=True)
                files.put_file(str(path), target)

    def has(self, version: str) -> bool:
        """Whether a version lies there.

        Raises:
            StoreError: it cannot be looked at.
        """
        return self._manifest(version) is not None

    def get(self, version: str, directory: Path, digest: str | None) -> None:
        """Copy a version into an empty directory; its files are not checked yet.

        Args:
            digest: SHA-256 of its manifest, where it is known.

        Raises:
            ModelError: it is not there, or is not the one that is meant.
            StoreError: it cannot be read.
        """
        manifest = self._manifest(version)
        if manifest is None:
            raise self._unusable(version, "it is not there")
        if digest is not None and hashlib.sha256(manifest).hexdigest() != digest:
            raise self._unusable(version, "it is not the one that the store knows by this name")
        files, root = self._opened
        for name in self._names(version, manifest):
            target = directory / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._told("read from"):
                files.get_file(f"{root}/{version}/{name}", str(target))
        (directory / MANIFEST).write_bytes(manifest)

    def delete(self, version: str) -> None:
        """Delete a version; one that is not there is fine.

        Raises:
            StoreError: it cannot be deleted.
        """
        files, root = self._opened
        place = f"{root}/{version}"
        with self._told("deleted from"):
            try:
                # First, so that a half-deleted version is never taken for a whole one.
                files.rm_file(f"{place}/{MANIFEST}")
                files.rm(place, recursive=True)
            except FileNotFoundError:
                return

    def versions(self) -> list[str]:
        """Return the names of what lies there.

        Raises:
            StoreError: it cannot be looked at.
        """
        files, root = self._opened
        with self._told("read from"):
            files.invalidate_cache()
            try:
                return [str(path).rstrip("/").rpartition("/")[2] for path in files.ls(root, False)]
            except FileNotFoundError:
                return []

    def project_of(self, version: str) -> str | None:
        """Return the project that a version was trained for, None if nobody knows.

        Raises:
            StoreError: it cannot be looked at.
        """
        try:
            return str(json.loads(self._manifest(version) or b"null")["project"])
        except (ValueError, KeyError, TypeError):
            return None

    def check(self) -> None:
        """Look whether the place can be reached.

        Raises:
            StoreError: it cannot.
            ConfigError: nothing is installed that could.
        """
        files, root = self._opened
        with self._told("read from"):
            files.exists(root)

    @cached_property
    def _opened(self) -> tuple[Any, str]:
        try:
            from fsspec.core import url_to_fs
        except ImportError:
            raise ConfigError(
                "store.files needs the package fsspec, which is not installed.",
                "Install label-bridge[files].",
            ) from None
        try:
            files, root = url_to_fs(self.url)
        except (ImportError, ValueError) as error:
            raise ConfigError(
                f"store.files cannot be used: {redacted(str(error))}.",
                "Install the package for that kind of URL, such as s3fs, gcsfs or adlfs.",
            ) from None
        return files, f"{str(root).rstrip('/')}/models"

    def _manifest(self, version: str) -> bytes | None:
        files, root = self._opened
        with self._told("read from"):
            try:
                content: bytes = files.cat_file(f"{root}/{version}/{MANIFEST}", 0, LARGEST_MANIFEST)
            except FileNotFoundError:
                return None
        return content

    def _names(self, version: str, manifest: bytes) -> list[str]:
        try:
            names = list(json.loads(manifest)["files"])
        except (ValueError, KeyError, TypeError):
            raise self._unusable(version, f"{MANIFEST} is damaged") from None
        for name in names:
            parts = PurePosixPath(name).parts
            if not parts or name.startswith("/") or ".." in parts or "\\" in name:
                raise self._unusable(version, "its manifest names a file elsewhere")
        return names

    def _unusable(self, version: str, why: str) -> ModelError:
        return ModelError(
            f"The model {version} in store.files cannot be used: {why}.",
            "Run `bridge sync --force-train`.",
        )

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        try:
            yield
        except BridgeError:
            raise
        except Exception as error:  # noqa: BLE001  # every file system has errors of its own
            raise StoreError(
                f"Models cannot be {what} store.files ({type(error).__name__}: "
                f"{redacted(str(error))}).",
                "Check the address, its credentials and the network, then run again; nothing was "
                "lost.",
            ) from None
