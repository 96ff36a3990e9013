"""Progress and tables on a terminal; plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import click

from bridge.safe_text import plain

if TYPE_CHECKING:
    from bridge.results import SyncResult

__all__ = ["Console", "say", "show"]

T = TypeVar("T")
PROBLEMS_SHOWN = 5


class Console:
    """Tells progress on standard error: a live bar on a terminal, a line a step elsewhere.

    Args:
        quiet: tell warnings only.
        mute: tell nothing, since the logs tell it.
    """

    def __init__(self, *, quiet: bool = False, mute: bool = False) -> None:
        self._quiet = quiet or mute
        self._mute = mute
        self._live: Any = None

    def __enter__(self) -> Self:
        if not self._quiet and sys.stderr.isatty():
            from rich.console import Console as RichConsole
            from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

            self._live = Progress(
                SpinnerColumn(),
                TextColumn("{task.description}"),
                TextColumn("{task.completed:.0f} {task.fields[what]}"),
                TimeElapsedColumn(),
                console=RichConsole(stderr=True),
                transient=True,
            )
            self._live.start()
            self._task = self._live.add_task("", total=None, what="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def step(self, name: str) -> None:
        """Tell that a step begins."""
        if self._live is not None:
            self._live.update(self._task, description=name, completed=0, what="")
        elif not self._quiet:
            click.echo(f"{name} ...", err=True)

    def track(self, values: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
        """Count values as they pass."""
        for value in values:
            yield value
            if self._live is not None:
                self._live.update(self._task, advance=1, what=what)

    def warn(self, message: str) -> None:
        """Tell a warning."""
        if self._mute:
            return
        line = plain(f"warning: {message}")
        if self._live is not None:
            self._live.console.print(line, markup=False, highlight=False)
        else:
            say(line, err=True)

    def problems(self, result: SyncResult) -> None:
        """Tell the first rows that could not be read."""
        if self._mute:
            return
        for problem in result.problems[:PROBLEMS_SHOWN]:
            say(f"problem: {problem.where}: {problem.what} {problem.fix}".strip(), err=True)
        if result.problem_count > PROBLEMS_SHOWN:
            say(
                f"problem: {result.problem_count - PROBLEMS_SHOWN} more; `bridge sync --json` "
                "lists them",
                err=True,
            )


def say(*lines: str, err: bool = False) -> None:
    """Print lines in which nothing steers the terminal; keys and names come from anywhere."""
    click.echo("\n".join(map(plain, lines)), err=err)


def show(table: Any) -> None:
    """Print a rich table on standard output."""
    from rich.console import Console as RichConsole

    RichConsole().print(table)
