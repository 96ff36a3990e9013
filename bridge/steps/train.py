"""Trains a challenger when there is enough new to learn, and promotes it if it is not worse.

Challenger and champion are measured on the same hold-out, which neither was trained on. A model
file is complete on disk before the store knows of it, and promotion is one transaction: a run that
dies in between leaves the former champion in use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from bridge.effects import effect
from bridge.records import Classes, LabelSchema, Target, digest
from bridge.safe_text import without_secrets
from bridge.steps.resolve import Resolved, resolve
from bridge.steps.turn import Turn
from bridge.store.database import get_state, set_state
from bridge.store.items import answers, changed_since
from bridge.store.registry import champion, last_trained, next_number, record_model

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bridge.learners.base import Model
    from bridge.learners.decision import Decisions
    from bridge.learners.scores import Scores

__all__ = [
    "Said",
    "Trained",
    "aligned",
    "champion_lost",
    "label_matrix",
    "resolved_now",
    "said_of",
    "train",
    "why_train",
]

NAMED = 20  # unknown classes that warnings name


class Asked(Protocol):
    """What is asked today, such as a turn."""

    @property
    def schema(self) -> LabelSchema:
        """The label schema as it is now."""
        ...

    @property
    def renamed(self) -> Mapping[str, str]:
        """Former class name -> name today."""
        ...


@dataclass(frozen=True)
class Trained:
    """What came out of a training.

    Attributes:
        version: the challenger's version.
        promoted: whether it is the champion now.
        reason: why, for people.
        scores: the challenger's, on the hold-out.
    """

    version: str
    promoted: bool
    reason: str
    scores: Scores
    examples: int
    resolved: Resolved


@dataclass(frozen=True, eq=False)
class Said:
    """What a model says of n items, of k classes.

    Attributes:
        probabilities: (n, k).
        classes: (n, k), which classes it decides for.
    """

    probabilities: NDArray[np.float32]
    classes: Decisions


def why_train(turn: Turn, *, force: bool = False, coming: int = 0) -> str | None:
    """Return why a training is due, None if it is not; imports no learner.

    Args:
        coming: changes that are known of and not stored.

    A changed schema, or another learner or other rules for answers in the configuration, are reason
    enough, as the champion answers other questions then.
    """
    with turn.store.begin() as connection:
        last = last_trained(connection)
        new = coming + changed_since(connection, last["annotation_seq"] if last else 0)
    if force:
        return "asked for"
    if last is None:
        return f"{new} answers" if new >= turn.settings.sync.train_after else None
    if last["schema_digest"] != turn.schema.digest:
        return "the label schema changed"
    if last["settings"] != _settings(turn):
        return "the settings of the learner or of the answers changed"
    if new >= turn.settings.sync.train_after:
        return f"{new} new or changed answers"
    return None


def _settings(turn: Turn) -> dict[str, Any]:
    """Return the settings that decide what is learned from the same answers; without secrets."""
    settings = turn.settings
    found = {key: getattr(settings, key).model_dump(mode="json") for key in ("model", "answers")}
    for name in ("params", "encoder_params"):
        found["model"][name] = without_secrets(found["model"][name])
    return found


def resolved_now(turn: Turn) -> Resolved:
    """Resolve all answers into targets, and warn of classes that the schema does not know."""
    with turn.store.begin() as connection:
        resolved = resolve(answers(connection), turn.schema, turn.settings.answers, turn.renamed)
    for name, number in sorted(resolved.unknown_classes.most_common(NAMED)):
        turn.warn(
            f"{number} answers name the class '{name}', which the label schema does not have; "
            "they are kept and left out of training (answers.rename maps a former name)."
        )
    more = len(resolved.unknown_classes) - NAMED
    if more > 0:
        turn.warn(f"{more} more classes that answers name are not in the label schema.")
    return resolved


def train(turn: Turn, resolved: Resolved) -> Trained:
    """Train, measure, and promote or refuse.

    Args:
        resolved: all answers as they are stored now, with a target to learn from at least.
    """
    with turn.store.begin() as connection:
        mark = int(get_state(connection, "annotation_seq") or 0)
        number = next_number(connection)
        former = champion(connection)

    from bridge.learners.evaluation import evaluate

    ids = [row_id for row_id, _ in resolved.taught]
    labels = label_matrix([target for _, target in resolved.taught], turn.schema)
    examples = turn.examples(ids, labels)
    challenger = turn.learner.fit(examples, turn.reader, seed=turn.settings.sync.seed)
    version = _version(turn, number, resolved)
    held_ids = [row_id for row_id, _ in resolved.held_out]
    held = label_matrix([target for _, target in resolved.held_out], turn.schema)
    told = said_of(turn, challenger, held_ids)
    scores = evaluate(told.probabilities, held, turn.schema.names, examples.task, told.classes)
    promoted, reason = _verdict(turn, former, told, held, held_ids)
    facts = {
        "learner": turn.learner.id,
        "classes": turn.schema.names,
        "examples": len(ids),
        "project": turn.platform.project,
    }
    with effect("model saved"):
        saved = turn.model_files.save(version, challenger, facts)
    turn.keep(version, challenger)
    values = {
        "version": version,
        "number": number,
        "learner": turn.learner.id,
        "settings": _settings(turn),
        "schema_digest": turn.schema.digest,
        "annotation_seq": mark,
        "examples": len(ids),
        "scores": scores.model_dump(mode="json"),
        "encoder": "" if turn.learner.encoder is None else turn.learner.encoder.id,
        "digest": saved,
    }
    with effect("model recorded"), turn.store.begin() as connection:
        record_model(connection, values, promoted=promoted, reason=reason, now=turn.now())
        if promoted:  # also if this run dies before it has ranked
            set_state(connection, "rerank_due", "yes")
    _tidy(turn)
    return Trained(version, promoted, reason, scores, len(ids), resolved)


def champion_lost(turn: Turn) -> bool:
    """Whether there is a champion that cannot be loaded: its files are lost or of another learner.

    So it is after a backup was restored without the models, or after a rollback to a learner that
    the configuration no longer names.
    """
    from bridge.errors import ModelError

    with turn.store.begin() as connection:
        in_use = champion(connection)
    try:
        if in_use is not None:
            turn.model(in_use["version"])
    except ModelError:
        return True
    return False


def label_matrix(targets: Sequence[Target], schema: LabelSchema) -> NDArray[np.int8]:
    """Return labels, (n, k) int8: 1 applies, 0 does not, -1 is not known."""
    import numpy as np

    column = {name: index for index, name in enumerate(schema.names)}
    labels = np.zeros((len(targets), len(column)), dtype=np.int8)
    for row, target in enumerate(targets):
        value = target.value
        if not isinstance(value, Classes):
            continue
        if not value.complete:
            labels[row] = -1
            labels[row, [column[name] for name in value.rejected]] = 0
        labels[row, [column[name] for name in value.chosen]] = 1
    return labels


def aligned(turn: Asked, model: Model, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a model's probabilities with the columns of today's schema.

    A class that the model does not know gets 0; where one class applies, rows sum to 1 again.
    """
    import numpy as np

    names = [turn.renamed.get(name, name) for name in model.classes]
    if tuple(names) == turn.schema.names:
        return probabilities
    result = np.zeros((len(probabilities), len(turn.schema.names)), dtype=np.float32)
    for index, name in enumerate(turn.schema.names):
        if name in names:
            result[:, index] = probabilities[:, names.index(name)]
    if turn.schema.task == "single":
        total = result.sum(axis=1, keepdims=True)
        even = np.full_like(result, 1 / result.shape[1])
        result = np.where(total > 0, result / np.where(total > 0, total, 1), even)
    return result


def said_of(turn: Turn, model: Model, ids: Sequence[int]) -> Said:
    """Return what a model says of items, by row id, in the columns of today's schema."""
    import numpy as np

    from bridge.learners.decision import decided, most_probable

    if not ids:
        nothing = np.zeros((0, len(turn.schema.names)), dtype=np.float32)
        return Said(nothing, nothing.astype(np.bool_))
    own = model.predict(turn.inputs(ids))
    probabilities = aligned(turn, model, own)
    if probabilities is own:  # the columns are the model's own, and so it can decide
        return Said(own, decided(model, own, turn.task))
    return Said(probabilities, most_probable(probabilities, turn.task))


def _verdict(
    turn: Turn,
    former: Any,
    told: Said,
    held: NDArray[np.int8],
    held_ids: Sequence[int],
) -> tuple[bool, str]:
    """Return whether to promote the challenger, and why."""
    from bridge.errors import ModelError
    from bridge.learners.evaluation import compare

    if former is None:
        return True, "the first model"
    if former["schema_digest"] != turn.schema.digest:
        return True, "the label schema changed, so the former champion answers another question"
    if former["learner"] != turn.learner.id:
        return True, "the learner changed by configuration"
    try:
        before = said_of(turn, turn.model(former["version"]), held_ids)
    except ModelError as error:
        turn.warn(f"The champion {former['version']} could not be read: {error}")
        return True, "the former champion could not be read"
    comparison = compare(
        before.probabilities, told.probabilities, held, turn.task, (before.classes, told.classes)
    )
    return not comparison.worse, comparison.reason


def _version(turn: Turn, number: int, resolved: Resolved) -> str:
    """Return a version that depends on what was learned from alone, so that a repeat has it too."""
    taught = [
        [target.item_key, target.value.model_dump(mode="json")] for _, target in resolved.taught
    ]
    content = [turn.learner.id, turn.schema.digest, turn.settings.sync.seed, taught]
    return f"m{number:04d}-{digest(content)[:8]}"


def _tidy(turn: Turn) -> None:
    """Delete the files of models and features that nothing needs any more."""
    from bridge.store.tidy import tidy

    encoder = turn.learner.encoder
    tidy(
        turn.store,
        turn.model_files,
        turn.platform.project,
        turn.settings.store_directory / "features",
        "" if encoder is None else encoder.id,
    )
