"""``bridge demo``: the whole loop on real mail, against an emulated platform on a real socket.

Mail of the SpamAssassin corpus, thinned to a share of spam, is split into a pool, which is
uploaded to the emulator, and a test part, which nobody sees. Simulated annotators answer what is
queued: some answers are wrong, some late, some items skipped. The same people answer the same pool
in random order for comparison.
"""

from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import click

from bridge.annotators import Annotators
from bridge.api import Bridge
from bridge.console import show
from bridge.errors import ConfigError
from bridge.heldback import TestSet, full_score, split
from bridge.labeled import Labeled, read_labeled, schema_of
from bridge.platforms import Emulated, adapter
from bridge.report import curve_table, scores_line, simulation_lines
from bridge.simulation import (
    Arm,
    Simulation,
    champion_score,
    levels,
    replay,
    saved,
    scratch_settings,
)

__all__ = ["demo_mail", "run_demo", "thinned"]

PEOPLE = Annotators(
    wrong=0.01, skipped=0.02, late=0.1, names=("ann@example.com", "bob@example.com")
)
BATCH = 20


def demo_mail() -> list[Labeled]:
    """Return the mail that the package ships.

    Raises:
        ConfigError: it is not there.
    """
    name = "spamassassin.jsonl.xz"
    packed = Path(str(files("bridge"))) / "data" / name  # in a wheel
    checkout = Path(str(files("bridge"))).parent / "examples" / "data" / name
    for path in (packed, checkout):
        if path.exists():
            return read_labeled(path)
    raise ConfigError(f"The demo's mail is missing ({packed}).", "Install label-bridge again.")


def thinned(rows: Sequence[Labeled], share: float, seed: int) -> list[Labeled]:
    """Return all ham and as much spam, drawn at random, as makes its share of the whole."""
    ham = [row for row in rows if row.classes == ("ham",)]
    spam = [row for row in rows if row.classes == ("spam",)]
    random.Random(seed).shuffle(spam)
    wanted = round(len(ham) * share / (1 - share))
    return ham + spam[:wanted]


def run_demo(*, seeds: int, syncs: int, spam: float, platform: str = "labelbox") -> Simulation:
    """Run the demo, printing as it goes; return its curves."""
    began = time.perf_counter()
    mail = demo_mail()
    arms: list[Arm] = []
    full: dict[int, float] = {}
    sizes, metric = (0, 0), ""
    for seed in range(seeds):
        rows = thinned(mail, spam, seed)
        schema = schema_of(rows)
        pool, test = split(rows, schema, seed)
        with tempfile.TemporaryDirectory(prefix="bridge-demo-") as scratch:
            settings = scratch_settings(Path(scratch), None, seed, BATCH)
            measure = TestSet(test, schema, settings)
            full[seed] = full_score(pool, schema, settings, measure)
            sizes, metric = (len(pool), len(test)), measure.metric
            click.echo(
                f"\nSeed {seed}: {len(pool)} mails in the pool, {len(test)} to test on, {spam:.0%} "
                f"spam. With all labels, and all of them right: {metric} {full[seed]:.3f}."
            )
            people = replace(PEOPLE, seed=seed)
            with _staged(platform, schema.names) as project:
                curve = _loop(platform, project, pool, measure, Path(scratch), people, syncs)
            arms.append(_arm(seed, curve, full[seed]))
            click.echo("The same people, asked in random order ...")
            arms.append(
                replay(
                    "random",
                    pool,
                    schema,
                    measure,
                    settings.model_copy(update={"directory": Path(scratch) / "random"}),
                    full=full[seed],
                    seed=seed,
                    batch=BATCH,
                    budget=syncs * BATCH,
                    annotators=people,
                )
            )
    found = Simulation(
        items=sizes[0],
        test_items=sizes[1],
        metric=metric,
        full=full,
        arms=tuple(arms),
        saved=saved(arms),
    )
    click.echo("")
    show(curve_table(found))
    click.echo("\n".join(simulation_lines(found)))
    click.echo(f"{seeds} seeds, {time.perf_counter() - began:.0f} s in all")
    return found


def _staged(platform: str, classes: tuple[str, ...]) -> AbstractContextManager[Emulated]:
    stage = adapter(platform).stage
    if stage is None:
        raise ConfigError(f"The adapter '{platform}' has no emulator to rehearse with.")
    return stage("single", classes)


def _loop(
    platform: str,
    project: Emulated,
    pool: Sequence[Labeled],
    measure: TestSet,
    directory: Path,
    people: Annotators,
    syncs: int,
) -> list[tuple[int, float]]:
    """Run the loop on the emulator, answering between the syncs; return its curve."""
    found = adapter(platform)
    chosen = found.settings.model_validate(project.settings)
    settings = scratch_settings(
        directory / "loop", None, people.seed, BATCH, adapter=found, platform=chosen
    )
    project.add_items([row.item for row in pool])
    truth = {row.item.key: row.classes for row in pool}
    classes = tuple(sorted({name for row in pool for name in row.classes}))
    curve: list[tuple[int, float]] = []
    answered: set[str] = set()
    dawdled: set[str] = set()
    with Bridge(settings) as bridge:
        for turn in range(1, syncs + 2):
            result = bridge.sync()
            if answered:
                score = champion_score(settings, result.champion, measure)
                curve.append((len(answered), score))
                quality = "" if result.trained is None else scores_line(result.trained.scores)
                click.echo(
                    f"  sync {turn:2}: {len(answered):3} answers, {measure.metric} {score:.3f}, "
                    f"{result.pushed.items:2} pushed, {result.seconds:.1f} s; {quality}"
                )
            if turn <= syncs:
                _answer(project, people, truth, classes, answered, dawdled)
    return curve


def _arm(seed: int, curve: Sequence[tuple[int, float]], full: float) -> Arm:
    return Arm(name="bridge", seed=seed, curve=tuple(curve), reached=levels(curve, full))


def _answer(
    project: Emulated,
    people: Annotators,
    truth: dict[str, tuple[str, ...]],
    classes: tuple[str, ...],
    answered: set[str],
    dawdled: set[str],
) -> None:
    for key in project.queue():
        if people.when(key) == "later" and key not in dawdled:
            dawdled.add(key)
            continue
        said = people.answer(key, truth[key], classes)
        if said is None:
            project.skip(key, people.who(key))
        else:
            project.answer(key, said, people.who(key))
        answered.add(key)
