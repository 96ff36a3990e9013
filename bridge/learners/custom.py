"""People's own estimators and encoders: found by name, made by their factories.

A factory of an estimator returns a scikit-learn classifier (``fit``, ``predict_proba``,
``classes_``), or an object that is a learner by itself. Probabilities of a classifier are taken as
they are; wrap one that is not calibrated in ``sklearn.calibration.CalibratedClassifierCV``. It is
saved with skops, and loaded as data.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from bridge.errors import ConfigError, ModelError
from bridge.learners.base import Encoder, Learner
from bridge.learners.spec import LearnerSpec
from bridge.records import digest
from bridge.safe_text import without_secrets

__all__ = ["custom_encoder", "custom_learner"]

Factory = Callable[..., Any]


def custom_learner(spec: LearnerSpec, encoder: Encoder) -> Learner:
    """Make a learner from the factory that ``spec.estimator`` names.

    Args:
        encoder: for ``input = "features"``.

    Raises:
        ConfigError: the factory cannot be found, or refuses its parameters.
        ModelError: what it returned is no learner and no classifier with probabilities.
    """
    factory = _factory(spec.estimator, "model.estimator")
    made = _make(factory, spec)
    if all(hasattr(made, name) for name in ("id", "encoder", "fit", "load")):
        return cast(Learner, made)
    if not (hasattr(made, "fit") and hasattr(made, "predict_proba")):
        raise ModelError(
            f"'{spec.estimator}' returned a {type(made).__name__}, which has no fit and "
            "predict_proba.",
            "Return a classifier with probabilities (CalibratedClassifierCV adds them), "
            "or an object that fulfils bridge.learners.base.Learner.",
        )
    from bridge.learners.sklearn_learner import SklearnLearner

    of = [without_secrets(spec.params), spec.input, _source_digest(factory)]
    if spec.input == "features" and spec.encoder != "auto":
        of.append(encoder.id)
    return SklearnLearner(
        id=f"{_without_folder(spec.estimator)}/{digest(of)}",
        make=lambda: _make(factory, spec),
        encoder=encoder if spec.input == "features" else None,
        trusted=spec.trusted,
    )


def custom_encoder(spec: LearnerSpec) -> Encoder:
    """Make an encoder of the factory that ``spec.encoder`` names; it is called when it is needed.

    Raises:
        ConfigError: the factory cannot be found.
    """
    from bridge.learners.vectors import TextVectors

    factory = _factory(spec.encoder, "model.encoder")
    # A file of one's own is edited; a package's next version makes no other vectors.
    source = _source_digest(factory) if ".py:" in spec.encoder else ""
    name = _without_folder(spec.encoder)
    return TextVectors(
        name=name.rpartition(":")[2],
        # A key that is exchanged makes no other vectors.
        digest=digest([name, without_secrets(spec.encoder_params), source]),
        make=lambda: _called(factory, spec.encoder_params, spec.encoder, "model.encoder_params"),
    )


def _without_folder(path: str) -> str:
    """Return a factory's file without its folder: a project that moves keeps its ids."""
    return path.rpartition("/")[2] if ".py:" in path else path


def _make(factory: Factory, spec: LearnerSpec) -> Any:
    return _called(factory, spec.params, spec.estimator, "model.params")


def _called(factory: Factory, params: dict[str, Any], path: str, setting: str) -> Any:
    try:
        return factory(**params)
    except Exception as error:
        raise ConfigError(
            f"The factory '{path}' failed: {type(error).__name__}: {error}.",
            f"Correct it, or its parameters in {setting}.",
        ) from error


def _factory(path: str, setting: str) -> Factory:
    module_name, _, name = path.rpartition(":")
    try:
        is_file = module_name.endswith(".py")
        module = _from_file(Path(module_name)) if is_file else importlib.import_module(module_name)
        factory = getattr(module, name)
    except Exception as error:
        raise ConfigError(
            f"{setting} = '{path}' cannot be imported: {type(error).__name__}: {error}.",
            "Correct the path, or install the package it needs.",
        ) from error
    if not callable(factory):
        raise ConfigError(f"{setting} = '{path}' is not a function.")
    return cast(Factory, factory)


def _from_file(path: Path) -> ModuleType:
    """Import a file under a name that is the same in every run: saved models refer to it."""
    name = f"bridge_estimator_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _source_digest(factory: Factory) -> str:
    """Return a digest of the file that defines the factory; empty where there is none."""
    file = getattr(sys.modules.get(factory.__module__), "__file__", None)
    if file is None or not file.endswith(".py"):
        return ""
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()
