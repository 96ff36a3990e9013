"""Says after each training what more labels are likely to buy, and whether it is time to stop.

Two signs must agree, since each alone is known to stop too early: quality on the hold-out is not
expected to grow any more, and models decide nearly as earlier ones did, on a sample of the pool
that stays the same. Models are compared in rounds, each of which was taught a twentieth more than
the one before, and twenty labels at least: models that differ by one label agree without meaning.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any, cast

from bridge.effects import effect
from bridge.results import Outlook
from bridge.steps.turn import Turn
from bridge.store.database import get_state, set_state
from bridge.store.items import sample_ids, still_there
from bridge.store.registry import model_rows

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from sqlalchemy import Connection

    from bridge.learners.base import Model
    from bridge.learners.forecast import Point

__all__ = ["known_outlook", "look_ahead", "paused"]

AHEAD = 100  # labels
ROUND = 20  # labels
GROWTH = 0.05
ROUNDS_KEPT = 8
MODELS = 200  # newest ones that a forecast looks at


def look_ahead(turn: Turn, version: str) -> Outlook | None:
    """Work out what lies ahead, store and return it; None if it is switched off."""
    settings = turn.settings.stop
    if settings.mode == "off":
        return None
    with turn.store.begin() as connection:
        rows = _comparable(model_rows(connection, limit=MODELS), version)
    if not rows:
        return None
    model, newest = turn.model(version), rows[-1]
    rounds = _rounds(turn, model, newest)
    agreements = [one["kappa"] for one in rounds["rounds"] if one["kappa"] is not None]
    found = _judged(turn, _gain(rows), agreements)
    with effect("outlook stored"), turn.store.begin() as connection:
        set_state(connection, "rounds", json.dumps(rounds, separators=(",", ":")))
        set_state(connection, "outlook", found.model_dump_json())
    return found


def known_outlook(connection: Connection) -> Outlook | None:
    """Return what was found after the newest training; loads no learner."""
    stored = get_state(connection, "outlook")
    return Outlook.model_validate_json(stored) if stored else None


def paused(turn: Turn) -> bool:
    """Whether nothing more is to be queued, since it is time to stop and the settings say so."""
    if turn.settings.stop.mode != "pause":
        return False
    with turn.store.begin() as connection:
        found = known_outlook(connection)
    if found is None or not found.enough:
        return False
    turn.warn(f"Nothing is queued any more: {found.reason} (stop.mode is 'pause').")
    return True


def _judged(turn: Turn, gain: Any, agreements: list[float]) -> Outlook:
    settings = turn.settings.stop
    newest = agreements[-settings.rounds :]
    stable = len(newest) == settings.rounds and min(newest) >= settings.agreement
    flat = gain is not None and gain.value < settings.gain
    said = "what more labels would buy is not known yet"
    if gain is not None:
        said = f"the next {AHEAD} labels are expected to add {gain.value:+.3f} to macro-F1"
    if stable:
        said += f", and models agree (kappa at least {min(newest):.3f} in {len(newest)} rounds)"
    return Outlook(
        labels=AHEAD,
        gain=gain,
        agreements=tuple(round(value, 4) for value in agreements),
        enough=stable and flat,
        reason=said,
    )


# ------------------------------------------------------------------------------------ the forecast


def _comparable(rows: Any, version: str) -> list[Any]:
    """Return the models up to this one that answer the same question, oldest first."""
    ordered = sorted(rows, key=lambda row: row["number"])
    newest = next((row for row in ordered if row["version"] == version), None)
    if newest is None:
        return []
    return [
        row
        for row in ordered
        if row["number"] <= newest["number"]
        and row["learner"] == newest["learner"]
        and row["schema_digest"] == newest["schema_digest"]
    ]


def _gain(rows: list[Any]) -> Any:
    from bridge.learners.forecast import forecast
    from bridge.learners.scores import Scores

    measured = [(row["examples"], Scores.model_validate(row["scores"])) for row in rows]
    points = [_point(examples, scores) for examples, scores in measured if scores.macro_f1]
    if not points or measured[-1][1].macro_f1 is None:
        return None
    examples, scores = measured[-1]
    taught = examples / (examples + scores.items)  # of the next labels, too
    return forecast(points, AHEAD * taught)


def _point(examples: int, scores: Any) -> Point:
    from bridge.learners.forecast import Point

    interval = scores.macro_f1
    return Point(examples, interval.value, (interval.high - interval.low) / (2 * 1.96))


# ------------------------------------------------------------------------------------ the sample


def _rounds(turn: Turn, model: Model, row: Any) -> dict[str, Any]:
    """Return the rounds so far, oldest first, and a new one if the model was taught enough more."""
    from bridge.learners.forecast import agreement

    about = [row["learner"], row["schema_digest"], turn.settings.stop.sample]
    with turn.store.begin() as connection:
        kept = json.loads(get_state(connection, "rounds") or "{}")
        ids = kept.get("ids", [])
        if kept.get("about") != about or not still_there(connection, ids):
            kept = {"about": about, "ids": sample_ids(connection, turn.settings.stop.sample)}
    rounds = kept.setdefault("rounds", [])
    if not kept["ids"]:
        return cast(dict[str, Any], kept)
    least = rounds[-1]["labels"] + max(ROUND, GROWTH * rounds[-1]["labels"]) if rounds else 0
    if row["examples"] >= least:
        said = _decisions(turn, model, kept["ids"])
        kappa = None
        if rounds:  # two models that say the same of everything have learned nothing yet
            kappa = agreement(_unpacked(rounds[-1].pop("said"), said.shape), said) or 0.0
        rounds.append({"labels": row["examples"], "kappa": kappa, "said": _packed(said)})
        kept["rounds"] = rounds[-ROUNDS_KEPT:]
    return cast(dict[str, Any], kept)


def _decisions(turn: Turn, model: Model, ids: list[int]) -> NDArray[np.int64]:
    import numpy as np

    from bridge.steps.train import said_of

    said = said_of(turn, model, ids).classes
    return np.asarray(said.argmax(axis=1) if turn.task == "single" else said, np.int64)


def _packed(said: NDArray[np.int64]) -> str:
    """Write class numbers in two bytes each, decisions on each class in bits."""
    import numpy as np

    raw = np.packbits(said.astype(bool)) if said.ndim == 2 else said.astype("<u2")
    return base64.b64encode(raw.tobytes()).decode()


def _unpacked(text: str, shape: tuple[int, ...]) -> NDArray[np.int64]:
    import numpy as np

    raw = base64.b64decode(text)
    if len(shape) == 1:
        return np.frombuffer(raw, "<u2").astype(np.int64)
    bits = np.unpackbits(np.frombuffer(raw, np.uint8), count=shape[0] * shape[1])
    return bits.reshape(shape).astype(np.int64)
