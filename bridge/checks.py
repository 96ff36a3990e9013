"""``bridge check``: store, learner and platform, each line ok or what to do."""

from __future__ import annotations

from collections.abc import Callable

from bridge.config import Settings
from bridge.errors import BridgeError, ConfigError
from bridge.platforms import Finding, Platform
from bridge.store.database import get_state
from bridge.sync import store_of

__all__ = ["check"]


def check(settings: Settings, platform: Platform) -> list[Finding]:
    """Try everything; a failure is a finding and never an exception."""
    return [
        _tried("store", lambda: _store(settings, platform)),
        _tried("model", lambda: _learner(settings)),
        *([_tried("files", lambda: _files(settings))] if settings.store.files else []),
        *platform.check(),
    ]


def _tried(name: str, attempt: Callable[[], str]) -> Finding:
    try:
        return Finding(name=name, ok=True, detail=attempt())
    except BridgeError as error:
        return Finding(name=name, ok=False, detail=error.what, fix=error.fix)


def _store(settings: Settings, platform: Platform) -> str:
    with store_of(settings) as store:
        store.check()
        with store.begin() as connection:
            project = get_state(connection, "project")
    if project not in (None, platform.project):
        raise ConfigError(
            f"The store {store.name} belongs to {project}, not to {platform.project}.",
            "Give each project its own store.path.",
        )
    return store.name


def _files(settings: Settings) -> str:
    from bridge.store.shared import SharedModels

    shared = SharedModels(settings.shared_files or "")
    shared.check()
    return f"models are shared in {shared.url}"


def _learner(settings: Settings) -> str:
    from bridge.learners import make_learner
    from bridge.records import Item

    learner = make_learner(settings.model)
    if settings.model.encoder != "auto" and learner.encoder is not None:
        learner.encoder.encode([Item(key="check", text="Is this a text?")])
    return learner.id
