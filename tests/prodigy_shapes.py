"""Answered tasks as Prodigy saves them, made from its documented shapes.

What is stamped on, in which order the hashes are taken (a choice task is hashed before it has
options) and which keys a review adds are as in published exports; tests compare the two.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from bridge_prodigy.hashes import input_hash, task_hash

Task = dict[str, Any]


def hashed(task: Task) -> Task:
    return {**task, "_input_hash": input_hash(task), "_task_hash": task_hash(task)}


def saved(
    task: Task,
    view: str,
    answer: str = "accept",
    *,
    dataset: str = "news",
    session: str | None = "ann",
    at: int | None = 1_700_000_000,
) -> Task:
    """Stamp a task that was hashed as the server does when its answer arrives.

    Args:
        session: the annotator's name; None for one from before sessions.
        at: Unix seconds; None for a version of Prodigy that saves no time.
    """
    stamped = {**task, "_view_id": view, "answer": answer}
    name = None if session is None else f"{dataset}-{session}"
    stamped |= {"_annotator_id": name, "_session_id": name}
    return stamped if at is None else {**stamped, "_timestamp": at}


def classification(text: str, label: str, answer: str = "accept", **stamps: Any) -> Task:
    return saved(hashed({"text": text, "label": label}), "classification", answer, **stamps)


def with_options(task: Task, classes: Iterable[str], accept: Sequence[str], style: str) -> Task:
    options = [{"id": name, "text": name} for name in classes]
    return {**task, "options": options, "accept": [*accept], "config": {"choice_style": style}}


def choice(
    text: str,
    classes: Iterable[str],
    accept: Sequence[str],
    answer: str = "accept",
    *,
    style: str = "single",
    own: Task | None = None,
    **stamps: Any,
) -> Task:
    task = hashed({"text": text, **(own or {})})
    return saved(with_options(task, classes, accept, style), "choice", answer, **stamps)


def words(text: str) -> list[Task]:
    """Tokens with code-point offsets, as a tokenizer in Python gives them."""
    found = [(m.group(), *m.span()) for m in re.finditer(r"\S+", text)]
    return [
        {"text": word, "start": start, "end": end, "id": n, "ws": text[end : end + 1] == " "}
        for n, (word, start, end) in enumerate(found)
    ]


def span(tokens: Sequence[Task], first: int, last: int, label: str) -> Task:
    """A span over whole tokens; both token numbers are inclusive, as Prodigy's are."""
    start, end = tokens[first]["start"], tokens[last]["end"]
    own = {"start": start, "end": end, "token_start": first, "token_end": last}
    return {**own, "label": label}


def manual(
    text: str,
    spans: Iterable[tuple[int, int, str]],
    answer: str = "accept",
    *,
    view: str = "ner_manual",
    **stamps: Any,
) -> Task:
    tokens = words(text)
    marked = [span(tokens, *one) for one in spans]
    return saved(
        {**hashed({"text": text}), "tokens": tokens, "spans": marked}, view, answer, **stamps
    )


def blocks(*parts: Task, answer: str = "accept", **stamps: Any) -> Task:
    """One answer in several blocks: the union of their keys."""
    union: Task = {}
    for part in parts:
        union |= part
    return saved(union, "blocks", answer, **stamps)


def review(
    *versions: Sequence[Task],
    decided: Task | None = None,
    reviewer: str | None = "rev",
    dataset: str = "news-reviewed",
    answer: str = "accept",
    at: int | None = 1_700_009_000,
) -> Task:
    """What the recipe ``review`` saves.

    Args:
        versions: for each version the answered tasks that agree on it; the first is pre-selected.
        decided: keys that the reviewer changed; None for an answer that was accepted unseen
            because all agree.
        reviewer: None for the older Prodigy that left the pre-selected version's annotator.
    """
    shown = [
        {**same[0], "sessions": [t["_session_id"] for t in same], "default": n == 0}
        for n, same in enumerate(versions)
    ]
    first = shown[0]
    task = {k: v for k, v in first.items() if k not in ("default", "_timestamp")}
    task |= {"versions": shown, "view_id": first["_view_id"], "answer": answer, **(decided or {})}
    task |= _review_hashes(task)
    if decided is None:
        return task
    task |= {"_view_id": "review", "_timestamp": at}
    if reviewer is not None:
        task |= dict.fromkeys(("_annotator_id", "_session_id"), f"{dataset}-{reviewer}")
    return task


def _review_hashes(task: Task) -> Task:
    """A review hashes the spans, and what was ticked; options count as input.

    For spans this is as published; how options and ticks are written before hashing is unverified.
    """
    asked: Task = {"text": task["text"]}
    asked |= {"input": task["options"]} if "options" in task else {}
    asked |= {key: task[key] for key in ("spans", "label") if key in task}
    asked |= {"arcs": task["accept"]} if "accept" in task else {}
    return {"_input_hash": input_hash(asked), "_task_hash": task_hash(asked)}
