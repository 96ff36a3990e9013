"""How a command ends: one clear message, and an exit code that a scheduler can act on."""

from __future__ import annotations

import gc
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from bridge import logs
from bridge.console import say
from bridge.errors import BridgeError
from bridge.safe_text import redacted
from bridge.signals import TERMINATED, Terminated, terminable

__all__ = ["EXIT_CODES", "EndingGroup"]

log = logging.getLogger(__name__)

_ALLOCATIONS = 20_000  # between two looks at the youngest objects; Python's own figure is 700

EXIT_CODES = """\b
Exit codes:
   0  done, or nothing to do
   1  a bug in Bridge
   2  wrong usage of the command line
  65  data, a label schema or a model that cannot be used
  69  the platform does not answer, or refused
  71  the workers of [execution] did not do their work
  74  the store cannot be read or written
  75  another run is at work
  77  the platform refused the key
  78  bridge.toml or the environment is wrong
 130  interrupted
 143  terminated
"""


class EndingGroup(click.Group):
    """Turns errors into one clear message and their exit code."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Note whether the answer is to be JSON, also if it is an error."""
        ctx.meta["bridge.as_json"] = "--json" in args
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command, and end it."""
        logs.stop()
        try:
            with _few_collections(), terminable():
                return super().invoke(ctx)
        except BridgeError as error:
            _tell(error, as_json=ctx.meta["bridge.as_json"])
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            _ended("Interrupted; the next run finishes what was begun.")
            ctx.exit(130)
        except Terminated:
            _ended("Terminated; the next run finishes what was begun.")
            ctx.exit(TERMINATED)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click ends quietly when nobody reads on, as with `| head`
        except Exception:  # noqa: BLE001  # the last resort: say that it is a bug
            _tell_bug()
            ctx.exit(1)
        finally:
            logs.stop()


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for cycles less often: imports and pages of records make many objects that stay.

    With Python's own threshold a tenth of a short command, and a fifth of a long pull, is spent on
    looking at them again and again.
    """
    usual = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS, *usual[1:])
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _tell(error: BridgeError, *, as_json: bool) -> None:
    what, fix = redacted(error.what), redacted(error.fix)
    if as_json:
        failed = {"status": "failed", "error": what, "fix": fix, "exit_code": error.exit_code}
        click.echo(json.dumps(failed))
    if logs.active():
        log.error("%s", error, extra={"exit_code": error.exit_code})
        return
    say(f"Error: {what}", err=True)
    if fix:
        say(f"       {fix}", err=True)


def _ended(said: str) -> None:
    if logs.active():
        log.error("%s", said)
    else:
        click.echo(said, err=True)


def _tell_bug() -> None:
    if logs.active():
        log.exception("This is a bug in Bridge; please report it.", extra={"exit_code": 1})
        return
    say(*redacted(traceback.format_exc()).splitlines(), err=True)
    say("This is a bug in Bridge; please report it with the lines above.", err=True)
