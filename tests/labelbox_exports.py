"""Exports of the emulated Labelbox, changed on their way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge_labelbox.emulator import Emulator


@contextmanager
def exported(
    emulator: Emulator, change: Callable[[list[bytes]], list[bytes]], *, rows_a_file: int = 7
) -> Iterator[None]:
    """Let the lines of every export pass through a function."""
    world = emulator.world
    put = world.put_task

    def changed(task):
        lines = change(b"".join(task.chunks).splitlines(keepends=True))
        files = range(0, len(lines), rows_a_file)
        task.chunks = [b"".join(lines[start : start + rows_a_file]) for start in files]
        task.total_lines = len(lines)
        put(task)

    world.put_task = changed
    yield
    del world.put_task
