"""The model files of a loop: on this host, and where all its hosts find them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge.errors import ModelError
from bridge.store.models import (
    aside,
    delete_model,
    digest_of,
    load_model,
    save_model,
    verify_model,
)
from bridge.store.shared import SharedModels

if TYPE_CHECKING:
    from bridge.learners.base import Learner, Model

__all__ = ["ModelFiles", "model_files"]


@dataclass(frozen=True)
class ModelFiles:
    """The model files of a loop.

    Attributes:
        root: directory on this host; with ``shared``, a checked copy of what was used here.
        shared: the place that all hosts of the loop see; None where there is one host.
    """

    root: Path
    shared: SharedModels | None = None

    def save(self, version: str, model: Model, manifest: Mapping[str, Any]) -> str:
        """Save a model, here and where it is shared; return the digest to know it by.

        Raises:
            ModelError: the model cannot be saved.
            StoreError: it cannot be written, here or there.
        """
        directory = save_model(self.root, version, model, manifest)
        if self.shared is not None:
            self.shared.put(directory, version)
        return digest_of(self.root, version)

    def load(self, version: str, learner: Learner, digest: str | None) -> Model:
        """Load a model, which is fetched first if it is not here.

        Args:
            digest: what :meth:`save` returned for it; None where nobody kept it.

        Raises:
            ModelError: there is no such version, it is damaged, is not the one that was saved, or
                another kind of learner made it.
            StoreError: it cannot be fetched.
        """
        self.bring(version, digest)
        return load_model(self.root, version, learner)

    def bring(self, version: str, digest: str | None) -> None:
        """See to it that a version is here and whole.

        Raises:
            ModelError: it is not, and cannot be.
            StoreError: it cannot be fetched.
        """
        try:
            verify_model(self.root, version, digest)
        except ModelError:
            if self.shared is None:
                raise
            with aside(self.root, version) as fresh:
                self.shared.get(version, fresh, digest)
                verify_model(fresh.parent, version, digest)

    def share(self, version: str) -> None:
        """Put a version where other hosts find it, unless it is there.

        It is not if the setting is younger than the model.

        Raises:
            StoreError: it cannot be written.
        """
        if self.shared is not None and not self.shared.has(version):
            self.shared.put(self.root / version, version)

    def delete(self, version: str) -> None:
        """Delete a version, here and where it is shared; one that is not there is fine.

        Raises:
            StoreError: it cannot be deleted.
        """
        delete_model(self.root, version)
        if self.shared is not None:
            self.shared.delete(version)


def model_files(directory: Path, shared: str | None) -> ModelFiles:
    """Return the model files of a loop.

    Args:
        directory: of the store, on this host.
        shared: path or URL that all hosts of the loop see, if they share their models.
    """
    return ModelFiles(directory / "models", None if shared is None else SharedModels(shared))
