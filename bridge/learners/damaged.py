"""What is said of a saved model that cannot be read."""

from __future__ import annotations

from pathlib import Path

from bridge.errors import ModelError

__all__ = ["damaged"]


def damaged(directory: Path, why: str) -> ModelError:
    """Return the error of a model whose files are missing, damaged or of another learner."""
    return ModelError(
        f"The model in {directory} cannot be loaded: {why}.",
        "Run `bridge sync --force-train`: it trains again.",
    )
