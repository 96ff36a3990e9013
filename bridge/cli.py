"""The command line: every command a few lines over the Python face.

Only click is imported here; a command imports what it needs when it runs, so that ``--help`` and
``status`` are quick.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bridge._version import __version__
from bridge.endings import EXIT_CODES, EndingGroup

if TYPE_CHECKING:
    from bridge.api import Bridge
    from bridge.console import Console
    from bridge.logs import Format, Level

__all__ = ["main"]

F = TypeVar("F", bound=Callable[..., Any])


@click.group(
    cls=EndingGroup, context_settings={"help_option_names": ["-h", "--help"]}, epilog=EXIT_CODES
)
@click.version_option(__version__, package_name="label-bridge", prog_name="bridge")
def main() -> None:
    """Keep a labeling project and a model in step.

    Each `bridge sync` pulls new labels, retrains, measures on a hold-out, finds what the model is
    least sure of, and pushes the next ranked batch with pre-annotations. Start with `bridge init`,
    or see it at work with `bridge demo`.
    """


def _config(command: F) -> F:
    """Add --config, and hand the loop to the command."""

    @click.option(
        "-c",
        "--config",
        "path",
        type=click.Path(path_type=Path),
        default="bridge.toml",
        envvar="BRIDGE_CONFIG",
        show_default=True,
        help="The configuration file.",
    )
    @wraps(command)
    def with_config(path: Path, **options: Any) -> Any:
        return command(path, **options)

    return with_config  # type: ignore[return-value]  # same call, one option more


def _bridge(path: Path, console: Console | None = None, *, offline: bool = False) -> Bridge:
    from bridge.api import Bridge

    return Bridge.from_config(path, offline=offline, progress=console)


_SOME = click.IntRange(min=1)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


@main.command(short_help="Ask a few questions, write bridge.toml.")
@click.option("--platform", help="Name of the platform; asked for if not given.")
@click.option(
    "--set",
    "given",
    multiple=True,
    metavar="KEY=VALUE",
    help="Answer to a question, so that it is not asked; may be repeated.",
)
@click.option(
    "-c",
    "--config",
    "path",
    type=click.Path(path_type=Path),
    default="bridge.toml",
    show_default=True,
    help="The file to write.",
)
@click.option("--force", is_flag=True, help="Overwrite the file.")
def init(platform: str | None, given: tuple[str, ...], path: Path, force: bool) -> None:
    """Ask a few questions and write bridge.toml."""
    from bridge.setup import write_config

    write_config(path, platform, given, force=force)
    click.echo(f"Wrote {path}. Next: bridge check")


@main.command(short_help="Try key, project, schema, model and pool.")
@_config
@_json
def check(path: Path, as_json: bool) -> None:
    """Try the store, the learner, the key, the project, the schema and the pool."""
    with _bridge(path) as bridge:
        findings = bridge.check()
    if as_json:
        click.echo(json.dumps([finding.model_dump() for finding in findings]))
    else:
        from bridge.console import say

        for finding in findings:
            say(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.name}: {finding.detail}")
            if finding.fix and not finding.ok:
                say(f"      {finding.fix}")
    if not all(finding.ok for finding in findings):
        raise SystemExit(65)


@main.command(short_help="Take the loop one turn further.")
@_config
@click.option("--full", is_flag=True, help="Pull everything, which also finds what was deleted.")
@click.option("--force-train", is_flag=True, help="Train even if nothing is new.")
@click.option("--dry-run", is_flag=True, help="Say what would happen; pull, plan and push nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=0,
    help="Seconds to wait for another run to end.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print the summary line and warnings only.")
@click.option(
    "--metrics-file",
    type=click.Path(path_type=Path),
    help="Write metrics for Prometheus to this file; replaces operations.metrics_file.",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="Log to standard error, in place of progress lines.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="Log this and what is graver; info if only a format is given.",
)
@_json
def sync(
    path: Path,
    quiet: bool,
    as_json: bool,
    log_format: Format | None,
    log_level: Level | None,
    **options: Any,
) -> None:
    """Take the loop one turn further: pull, train, rank, push."""
    from bridge import logs
    from bridge.console import Console
    from bridge.report import summary_line, timing_line

    logged = bool(log_format or log_level)
    if logged:
        logs.start(log_format or "text", log_level or "info")
    console = Console(quiet=quiet or as_json, mute=logged)
    with console, _bridge(path, console) as bridge:
        result = bridge.sync(**options)
    if as_json:
        click.echo(result.model_dump_json())
        return
    console.problems(result)
    if not quiet and not logged:
        click.echo(timing_line(result), err=True)
    click.echo(summary_line(result))


@main.command(short_help="Say where the loop stands.")
@_config
@_json
def status(path: Path, as_json: bool) -> None:
    """Say where the loop stands; asks the store, not the platform."""
    with _bridge(path, offline=True) as bridge:
        found = bridge.status()
    if as_json:
        click.echo(found.model_dump_json())
        return
    from bridge.console import say
    from bridge.report import status_lines

    say(*(f"{name:>15}  {value}" for name, value in status_lines(found)))
    if found.champion is not None and found.champion.scores.known:
        from bridge.console import show
        from bridge.report import scores_table

        show(scores_table(found.champion.scores))


@main.command(short_help="Compare the store with the platform.")
@_config
@_json
def verify(path: Path, as_json: bool) -> None:
    """Compare the store with the platform; change nothing. `bridge sync --full` repairs."""
    from bridge.console import Console, say
    from bridge.report import verification_lines

    console = Console(quiet=as_json)
    with console, _bridge(path, console) as bridge:
        found = bridge.verify()
    say(*([found.model_dump_json()] if as_json else verification_lines(found)))
    if not found.same:
        raise SystemExit(65)


@main.command(short_help="Describe the loop, for a report of a fault.")
@_config
@_json
def doctor(path: Path, as_json: bool) -> None:
    """Describe the loop, for a report of a fault: versions, settings, store, last runs.

    No secret, no text or key of an item and no name of an annotator is in it; the platform is not
    asked.
    """
    from bridge.console import say
    from bridge.doctor import diagnose, diagnosis_lines

    found = diagnose(path)
    say(*([found.model_dump_json()] if as_json else diagnosis_lines(found)))


@main.command(short_help="Put the former champion back into use.")
@_config
def rollback(path: Path) -> None:
    """Put the former champion back into use; the next sync ranks the queue by it."""
    with _bridge(path, offline=True) as bridge:
        former, present = bridge.rollback()
    click.echo(f"The champion is {present} again; {former} is out of use.")


@main.command(short_help="Say why an item is in the queue, or not.")
@click.argument("item")
@_config
@_json
def explain(path: Path, item: str, as_json: bool) -> None:
    """Say why ITEM (its key) is, or is not, in the queue."""
    with _bridge(path, offline=True) as bridge:
        found = bridge.explain(item)
    if as_json:
        click.echo(found.model_dump_json())
        return
    from bridge.console import say
    from bridge.report import explanation_lines

    say(*explanation_lines(found))


@main.command(short_help="Replay the loop on labeled data.")
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="Labeled JSON Lines (.jsonl, .gz, .xz); by default the labels in the store.",
)
@click.option("--text", default="text", show_default=True, help="Field with the text.")
@click.option("--label", default="label", show_default=True, help="Field with the class name(s).")
@click.option("--seeds", type=_SOME, default=3, show_default=True, help="How often to repeat.")
@click.option(
    "--batch",
    type=click.IntRange(1, 1000),
    default=20,
    show_default=True,
    help="Labels between two syncs.",
)
@click.option(
    "--budget", type=_SOME, default=400, show_default=True, help="Labels after which to stop."
)
@_config
@_json
def simulate(
    path: Path,
    data: Path | None,
    text: str,
    label: str,
    seeds: int,
    batch: int,
    budget: int,
    as_json: bool,
) -> None:
    """Replay the loop on labeled data: how many labels would it have saved against random?"""
    from bridge.console import Console, say, show
    from bridge.report import curve_table, simulation_lines
    from bridge.simulation import rows_and_settings, simulate

    rows, settings = rows_and_settings(path, data, text=text, label=label)
    console = Console(quiet=as_json)
    with console:
        found = simulate(
            rows, settings, seeds=range(seeds), batch=batch, budget=budget, progress=console
        )
    if as_json:
        click.echo(found.model_dump_json())
        return
    show(curve_table(found))
    say(*simulation_lines(found))


@main.command(short_help="Run an emulator of a platform.")
@click.argument("platform")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    help="Port to listen on; 0 takes a free one.",
)
@click.option("--data", type=click.Path(), help="JSON Lines with text and label to start with.")
def emulate(platform: str, host: str, port: int, data: str | None) -> None:
    """Run an emulator of PLATFORM (labelbox, prodigy), to try things without an account."""
    from bridge.errors import ConfigError
    from bridge.platforms import adapter

    found = adapter(platform)
    if found.emulate is None:
        raise ConfigError(f"The adapter '{platform}' has no emulator.")
    found.emulate(host, port, data)


@main.command(short_help="See the loop at work on real mail.")
@click.option(
    "--seeds", type=_SOME, default=3, show_default=True, help="Random selections to compare with."
)
@click.option("--syncs", type=_SOME, default=10, show_default=True, help="Turns of the loop.")
@click.option(
    "--spam",
    type=click.FloatRange(0.01, 0.3),
    default=0.05,
    show_default=True,
    help="Share of spam in the mail.",
)
def demo(seeds: int, syncs: int, spam: float) -> None:
    """Run the whole loop on real mail against an emulated Labelbox, and compare with random."""
    from bridge.demo import run_demo

    run_demo(seeds=seeds, syncs=syncs, spam=spam)


if __name__ == "__main__":
    main()
