"""What happened, for people: one line for cron, tables for a terminal, a curve in characters."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, inf
from statistics import median
from typing import TYPE_CHECKING

from bridge.learners.scores import Interval, Scores
from bridge.safe_text import plain

if TYPE_CHECKING:
    from rich.table import Table

    from bridge.results import Effort, Explanation, LoopStatus, Outlook, SyncResult
    from bridge.simulation import Simulation
    from bridge.verify import Verification

__all__ = [
    "curve_table",
    "explanation_lines",
    "outlook_line",
    "scores_line",
    "scores_table",
    "simulation_lines",
    "status_lines",
    "summary_line",
    "timing_line",
    "verification_lines",
]


def summary_line(result: SyncResult) -> str:
    """Return one line that says what a sync did."""
    pulled, pushed = result.pulled, result.pushed
    parts = [
        _some(pulled.new_annotations, "new answer"),
        _some(pulled.changed_annotations, "changed answer"),
        _some(pulled.deleted_annotations, "deleted answer"),
        _some(pulled.new_items, "new item"),
        _some(pulled.removed_items, "removed item"),
    ]
    if result.trained is not None:
        verb = "promoted" if result.trained.status == "champion" else "refused"
        parts.append(f"model {result.trained.version} {verb}, {scores_line(result.trained.scores)}")
        parts.append(outlook_line(result.outlook))
    parts.append(_some(pushed.items, "item") and f"{_some(pushed.items, 'item')} pushed")
    parts.append(_some(pushed.refused, "item") and f"{_some(pushed.refused, 'item')} refused")
    if result.status == "dry-run":
        parts.append(f"would push {_some(len(result.would_push), 'item') or 'nothing'}")
    parts.append(_some(result.problem_count, "problem"))
    done = "; ".join(part for part in parts if part) or "nothing new"
    return (
        f"{result.status}: {done}; {result.queue} queued{_expected(result.effort)}, "
        f"{result.labels} labeled, {result.pool} in the pool; {result.seconds:.1f} s"
    )


def timing_line(result: SyncResult) -> str:
    """Return the seconds of each step, the calls made and the memory used."""
    steps = ", ".join(f"{step.name} {step.seconds:.2f} s" for step in result.steps)
    return f"{steps}; {result.calls} calls, {result.peak_memory_mib:.0f} MiB at most"


def scores_line(scores: Scores) -> str:
    """Return the quality on the hold-out in a few words; says so while it is not known."""
    if not scores.known or scores.macro_f1 is None:
        answers = _some(scores.items, "hold-out answer") or "no hold-out answers"
        return f"quality not known yet ({answers})"
    few = f", too few of {_listed(scores.few)}" if scores.few else ""
    return f"macro-F1 {_interval(scores.macro_f1)} on {scores.items} hold-out answers{few}"


def outlook_line(outlook: Outlook | None) -> str:
    """Return what more labels are likely to buy in a few words; empty while it is not known."""
    if outlook is None or outlook.gain is None:
        return ""
    gain = outlook.gain
    said = f"next {outlook.labels} labels {gain.value:+.2f} [{gain.low:+.2f}, {gain.high:+.2f}]"
    return f"{said}: it may be time to stop" if outlook.enough else said


def scores_table(scores: Scores) -> Table:
    """Return accuracy, macro-F1 and the scores of each class, with 95 % intervals."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"On the hold-out ({_some(scores.items, 'item') or 'no items'})")
    for heading in ("class", "precision", "recall", "F1", "items"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    for row in scores.per_class:
        f1 = _interval(row.f1_interval)
        name = Text(plain(row.name))  # a plain str would be read for markup
        table.add_row(name, _interval(row.precision), _interval(row.recall), f1, str(row.support))
    table.add_section()
    table.add_row("macro-F1", "", "", _interval(scores.macro_f1), str(scores.items))
    table.add_row("accuracy", "", "", _interval(scores.accuracy), str(scores.items))
    return table


def status_lines(status: LoopStatus) -> list[tuple[str, str]]:
    """Return (name, value) pairs of where the loop stands."""
    at = "" if status.last_run_at is None else f", {status.last_run_at:%Y-%m-%d %H:%M:%S} UTC"
    full = status.last_full_pull
    lines = [
        ("project", status.project),
        ("store", status.store),
        ("items", f"{status.items} ({status.pool} in the pool)"),
        ("labeled", f"{status.labels} ({status.annotations} answers, {status.hold_out} held out)"),
        ("queue", str(status.queue) + _expected(status.effort)),
        ("last run", status.last_run + at),
        ("last full pull", "never" if full is None else f"{full:%Y-%m-%d %H:%M:%S} UTC"),
    ]
    if status.effort is not None:
        lines.append(("time spent", f"{_duration(status.effort.seconds_spent)} on timed answers"))
    if status.planned:
        lines.append(("waiting", f"{_some(status.planned, 'batch')} planned and not pushed"))
    if status.champion is None:
        lines.append(("champion", "none yet"))
    else:
        model = status.champion
        lines.append(("champion", f"{model.version}, taught {_some(model.examples, 'item')}"))
        lines.append(("on the hold-out", scores_line(model.scores)))
    if status.outlook is not None:
        ahead = outlook_line(status.outlook) or "what more labels would buy is not known yet"
        lines.append(("outlook", ahead))
    return lines


def verification_lines(found: Verification) -> list[str]:
    """Return what a comparison of store and platform found."""
    said = f"{_some(found.items, 'item') or 'no items'}, {found.annotations} answers there"
    if found.same:
        return [f"The store says what the platform says: {said}."]
    lines = [f"Store and platform differ ({said}); `bridge sync --full` repairs it."]
    lines += [f"  {what}: {number}" for what, number in sorted(found.counts.items())]
    lines += [f"    {d.item}: {d.what} {d.detail}".rstrip() for d in found.differences[:10]]
    return lines


def explanation_lines(explanation: Explanation) -> list[str]:
    """Return why an item is where it is."""
    share = ", of the hold-out: it measures and is never taught" if explanation.hold_out else ""
    lines = [f"{explanation.key}: {explanation.where}{share}"]
    lines += [f"  answer: {answer}" for answer in explanation.answers]
    for place in explanation.places:
        pushed = "not pushed yet"
        if place.pushed_at is not None:
            pushed = f"{place.pushed_at:%Y-%m-%d %H:%M} UTC"
        model = place.model_version or "no model"
        lines.append(f"  batch {place.batch} ({pushed}): rank {place.rank}, by {model}")
        lines.append(f"    {place.reason} (score {place.score:.3f})")
        if place.why:
            lines.append(f"    {place.state}: {place.why}")
        if place.probabilities:
            said = sorted(place.probabilities.items(), key=lambda pair: -pair[1])[:5]
            lines.append("    " + ", ".join(f"{name} {p:.2f}" for name, p in said))
    if not explanation.places:
        lines.append("  it was in no batch")
    return lines


def simulation_lines(simulation: Simulation) -> list[str]:
    """Return what the strategy would have saved."""
    full = median(simulation.full.values())
    lines = [
        f"{simulation.items} items in the pool, {simulation.test_items} to test on; with all "
        f"labels: {simulation.metric} {full:.3f}"
    ]
    for level in simulation.arms[0].reached:
        ours = _reached(simulation, "bridge", level)
        theirs = _reached(simulation, "random", level)
        saving = simulation.saved.get(level)
        bound = "at least " if saving is not None and saving.at_least else ""
        saved = "" if saving is None else f", {bound}{saving.ratio:.1f} times fewer"
        lines.append(f"labels to {level} of that: bridge {ours}, random {theirs}{saved}")
    if all(arm.seconds for arm in simulation.arms):
        lines += [_time_line(simulation, level) for level in simulation.arms[0].reached]
    return lines


def curve_table(simulation: Simulation) -> Table:
    """Return the learning curves side by side: score at a number of labels, median of seeds."""
    from rich.table import Table
    from rich.text import Text

    # A plain str would be read for markup, and the metric may name a class.
    table = Table(title=Text(f"{simulation.metric} on the test part"))
    for heading in ("labels", "bridge", "random"):
        table.add_column(heading, justify="right")
    table.add_column("bridge #  random ·", justify="left")
    for labels in _marks(simulation):
        ours = _score_at(simulation, "bridge", labels)
        theirs = _score_at(simulation, "random", labels)
        table.add_row(str(labels), f"{ours:.3f}", f"{theirs:.3f}", _bar(ours, theirs))
    return table


def _marks(simulation: Simulation, rows: int = 12) -> list[int]:
    """Return evenly spaced, round numbers of labels up to the end of Bridge's curves."""
    ends = [arm.curve[-1][0] for arm in simulation.arms if arm.name == "bridge" and arm.curve]
    if not ends:
        return []
    step = 10 * ceil(min(ends) / rows / 10)
    return list(range(step, min(ends) + 1, step))


def _reached(simulation: Simulation, name: str, level: str) -> str:
    """Return the median number of labels over the seeds, and the lowest and highest."""
    found = sorted(arm.reached[level] or inf for arm in simulation.arms if arm.name == name)
    if median(found) == inf:
        return "not within the budget"
    highest = "not reached" if found[-1] == inf else f"{found[-1]:.0f}"
    spread = "" if found[0] == found[-1] else f" ({found[0]:.0f} to {highest})"
    return f"{median(found):.0f}{spread}"


def _time_line(simulation: Simulation, level: str) -> str:
    """Return the median time to a level; a seed that did not get there counts as more than any."""
    told = []
    for name in ("bridge", "random"):
        found = []
        for arm in (arm for arm in simulation.arms if arm.name == name):
            spent = {labels: s for (labels, _), s in zip(arm.curve, arm.seconds, strict=True)}
            at = arm.reached[level]
            found.append(inf if at is None else spent[at])
        middle = median(found)
        told.append(f"{name} {'not reached' if middle == inf else _duration(middle)}")
    return f"annotators' time to {level} of that: {', '.join(told)}"


def _score_at(simulation: Simulation, name: str, labels: int) -> float:
    scores = []
    for arm in (arm for arm in simulation.arms if arm.name == name):
        before = [score for at, score in arm.curve if at <= labels]
        scores.append(before[-1] if before else 0.0)
    return median(scores)


def _bar(ours: float, theirs: float, width: int = 40) -> str:
    cells = [" "] * (width + 1)
    cells[round(theirs * width)] = "·"
    cells[round(ours * width)] = "#"
    return "".join(cells)


def _expected(effort: Effort | None) -> str:
    if effort is None or not effort.seconds_queued:
        return ""
    return f" (about {_duration(effort.seconds_queued)} of work)"


def _duration(seconds: float) -> str:
    """Return a time in the unit that people would use, with two digits that count."""
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def _listed(names: Sequence[str]) -> str:
    """Name up to three classes, or say how many there are."""
    if len(names) > 3:
        return f"{len(names)} classes"
    return ", ".join(f"'{plain(name)}'" for name in names)


def _interval(interval: Interval | None) -> str:
    if interval is None:
        return "not known yet"
    return f"{interval.value:.2f} [{interval.low:.2f}, {interval.high:.2f}]"


def _some(number: int, thing: str) -> str:
    plural = f"{thing}es" if thing.endswith("ch") else f"{thing}s"
    return "" if not number else f"{number} {thing if number == 1 else plural}"
