"""Deletes files that nothing needs any more; whoever does it holds the store's lock.

Kept are the champion, the model in use before it, the newest models, and the features that these
take. Of what the registry does not know only what a run that died left is deleted: it has a number
that was given again since. So a store that was opened by mistake costs no model of another.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Container, Iterable, Mapping
from itertools import islice
from pathlib import Path

from bridge.effects import effect
from bridge.store.database import Store
from bridge.store.model_files import ModelFiles
from bridge.store.registry import champion, former_champion, model_numbers

__all__ = ["MODELS_KEPT", "tidy"]

MODELS_KEPT = 5
VERSION = re.compile(r"m(\d+)-[0-9a-f]{8}")
ASIDE = (".new-", ".old-")


def tidy(store: Store, files: ModelFiles, project: str, features: Path, encoder: str) -> None:
    """Delete what is not kept, of models and of features.

    Args:
        project: of the loop; models of others, that are shared in the same place, are let alone.
        features: where the features of all encoders lie, each in its own directory.
        encoder: the one that the configuration names; empty if its learner has none.

    Raises:
        StoreError: a file cannot be deleted.
    """
    with store.begin() as connection:
        numbers = model_numbers(connection)
        used = [row for row in (champion(connection), former_champion(connection)) if row]
    _tidy_models(files, project, numbers, {row["version"] for row in used})
    _tidy_features(features, {encoder, *(row["encoder"] for row in used)})


def _tidy_models(
    files: ModelFiles, project: str, known: Mapping[str, int], used: Iterable[str]
) -> None:
    kept = {*islice(known, MODELS_KEPT), *used}
    newest = max(known.values(), default=0)
    for path in files.root.glob(".*"):
        if path.name.startswith(ASIDE):
            shutil.rmtree(path, ignore_errors=True)
    for version in _spare((path.name for path in files.root.glob("*")), known, kept, newest):
        with effect("old model deleted"):
            files.delete(version)
    if files.shared is None:
        return
    for version in _spare(files.shared.versions(), known, kept, newest):
        if files.shared.project_of(version) == project:
            with effect("old model deleted"):
                files.shared.delete(version)


def _tidy_features(directory: Path, used: Container[str | None]) -> None:
    if None in used:  # a model that was trained before the registry kept its encoder
        return
    for path in sorted(directory.glob("*")):
        if path.name.startswith(ASIDE):
            shutil.rmtree(path, ignore_errors=True)
        elif path.name not in used and _holds_features(path):
            with effect("old model deleted"):
                aside = path.with_name(f"{ASIDE[1]}{path.name}")
                shutil.rmtree(aside, ignore_errors=True)
                path.replace(aside)  # at once: half of it is never found under its name
                shutil.rmtree(aside, ignore_errors=True)


def _spare(
    names: Iterable[str], known: Container[str], kept: Container[str], newest: int
) -> list[str]:
    """Return the versions to delete of those that lie somewhere."""
    return [
        name
        for name in sorted(names)
        if name not in kept
        and (name in known or ((match := VERSION.fullmatch(name)) and int(match[1]) <= newest))
    ]


def _holds_features(path: Path) -> bool:
    """Whether a directory is the feature store of an encoder of that name."""
    try:
        content = json.loads((path / "manifest.json").read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and content.get("encoder") == path.name
