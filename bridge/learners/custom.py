"""People's own estimators: found by name, trained, saved with skops, loaded as data.

A factory returns a scikit-learn classifier (``fit``, ``predict_proba``, ``classes_``), or an object
that is a learner by itself. Probabilities of a classifier are taken as they are; wrap one that is
not calibrated in ``sklearn.calibration.CalibratedClassifierCV``.
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

__all__ = ["custom_learner"]

Factory = Callable[..., Any]


def custom_learner(spec: LearnerSpec, encoder: Encoder) -> Learner:
    """Make a learner from the factory that ``spec.estimator`` names.

    Args:
        encoder: for ``input = "features"``.

    Raises:
        ConfigError: the factory cannot be found, or refuses its parameters.
        ModelError: what it returned is no learner and no classifier with probabilities.
    """
    factory = _factory(spec.estimator)
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

    # The name of a file without its folder: a project that moves keeps its learner.
    name = spec.estimator.rpartition("/")[2] if ".py:" in spec.estimator else spec.estimator
    return SklearnLearner(
        id=f"{name}/{digest([spec.params, spec.input, _source_digest(factory)])}",
        make=lambda: _make(factory, spec),
        encoder=encoder if spec.input == "features" else None,
        trusted=spec.trusted,
    )


def _make(factory: Factory, spec: LearnerSpec) -> Any:
    try:
        return factory(**spec.params)
    except Exception as error:
        raise ConfigError(
            f"The factory '{spec.estimator}' failed: {type(error).__name__}: {error}.",
            "Correct it, or its parameters in model.params.",
        ) from error


def _factory(path: str) -> Factory:
    module_name, _, name = path.rpartition(":")
    try:
        is_file = module_name.endswith(".py")
        module = _from_file(Path(module_name)) if is_file else importlib.import_module(module_name)
        factory = getattr(module, name)
    except Exception as error:
        raise ConfigError(
            f"model.estimator = '{path}' cannot be imported: {type(error).__name__}: {error}.",
            "Correct the path, or install the package it needs.",
        ) from error
    if not callable(factory):
        raise ConfigError(f"model.estimator = '{path}' is not a function.")
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
