"""What an adapter is, and where adapters are found.

An adapter is found through the entry-point group ``bridge.platforms``; the entry point names an
:class:`Adapter` record. A company's private adapter is therefore equal to the ones shipped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from bridge.errors import ConfigError
from bridge.records import Batch, Item, LabelSchema, Page, QueueItem, Record, TaskType

__all__ = [
    "Adapter",
    "Capabilities",
    "Emulated",
    "Finding",
    "Platform",
    "PushReport",
    "Refusal",
    "adapter",
    "adapter_names",
]

GROUP = "bridge.platforms"


class Capabilities(Record):
    """What a platform can do, as data.

    Attributes:
        tasks: task types whose answers can be pulled.
        pre_annotations: a prediction can be shown to the annotator.
        ranking: ``exact`` if the platform serves items in rank order.
        deletions: how a deleted answer becomes known: told in the change feed, or found only by a
            full pull.
        annotators: the platform says who answered.
        relabels: an item that has an answer can be asked for once more: :meth:`Platform.push` puts
            entries with the source ``relabel`` into the queue although they are answered, and the
            new answer has an id of its own, so that it stands beside the old one.
    """

    tasks: frozenset[TaskType]
    pre_annotations: bool
    ranking: Literal["exact", "none"]
    deletions: Literal["in feed", "full pull"]
    annotators: bool
    relabels: bool = False


class Finding(Record):
    """One line of ``bridge check``.

    Attributes:
        name: what was tried.
        ok: whether it works.
        detail: what was found.
        fix: what to do if it does not work.
    """

    name: str
    ok: bool
    detail: str
    fix: str = ""


class Refusal(Record):
    """An item that the platform did not take, or whose pre-annotation it did not take.

    Attributes:
        fatal: True when the item is not in the queue; False when only its pre-annotation failed.
    """

    key: str
    why: str
    fatal: bool = True


class PushReport(Record):
    """What became of a push.

    Attributes:
        accepted: how many items are in the platform's queue now.
        pre_annotated: how many of them carry a pre-annotation.
        refused: items that are not queued, or not pre-annotated, and why.
    """

    accepted: int
    pre_annotated: int = 0
    refused: tuple[Refusal, ...] = ()


@runtime_checkable
class Platform(Protocol):
    """One labeling project on one platform.

    Methods raise :class:`bridge.errors.BridgeError` subclasses and nothing else. Every method is
    safe to repeat after any failure, also one in which the call was executed and only the answer
    was lost.
    """

    @property
    def project(self) -> str:
        """Identity of the project, such as ``labelbox:clx…``; a store belongs to one."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this platform can do."""
        ...

    @property
    def calls(self) -> int:
        """Requests (or file and database reads) made so far."""
        ...

    def check(self) -> Iterator[Finding]:
        """Try key, project, schema and pool, one finding each; never raises for a bad answer."""
        ...

    def schema(self) -> LabelSchema:
        """Return the label schema as it is now.

        Raises:
            DataError: the project has no question that can be learned.
        """
        ...

    def pull(self, cursor: str | None) -> Iterator[Page]:
        """Yield what changed since ``cursor``, page by page; everything when it is None.

        Overlaps on purpose: what was told before may be told again. The cursor of a page must not
        pass anything that has not been yielded.
        """
        ...

    def push(self, batch: Batch, schema: LabelSchema) -> PushReport:
        """Put the batch into the platform's queue, in rank order, with pre-annotations.

        Finds its own earlier work, so that a repeated push completes it and duplicates nothing.
        """
        ...

    def rerank(self, queue: Sequence[QueueItem], schema: LabelSchema) -> PushReport:
        """Give everything that is queued and not answered this order, first item first."""
        ...

    def close(self) -> None:
        """Free connections; the platform is not used afterwards."""
        ...


class Emulated(Protocol):
    """An emulated project with people at it, for rehearsals such as ``bridge demo``."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """The keys of ``[platform]`` that reach it; its key opens nothing but the emulator."""
        ...

    def add_items(self, items: Sequence[Item]) -> None:
        """Put items where the adapter finds its pool."""
        ...

    def queue(self) -> list[str]:
        """Return the keys of what waits for an answer, in the order of asking."""
        ...

    def answer(self, key: str, classes: Sequence[str], annotator: str) -> None:
        """Answer an item as a person does."""
        ...

    def skip(self, key: str, annotator: str) -> None:
        """Skip an item as a person does."""
        ...


@dataclass(frozen=True)
class Adapter:
    """How to reach a platform.

    Attributes:
        name: the word in ``[platform] type = "…"``.
        settings: a pydantic model of the other keys of ``[platform]``. A field whose value is a
            secret has the type ``pydantic.SecretStr``. Field descriptions are the questions of
            ``bridge init``.
        connect: makes the platform from validated settings; does no network call.
        emulate: runs an emulator of the platform in the foreground; None where there is none.
            Called as ``emulate(host, port, data)`` with ``data`` a JSONL path or None.
        stage: sets up an emulated project with this task and these classes, and takes it down at
            exit; None where there is no emulator.
    """

    name: str
    settings: type[BaseModel]
    connect: Callable[[Any], Platform]
    emulate: Callable[[str, int, str | None], None] | None = None
    stage: Callable[[TaskType, tuple[str, ...]], AbstractContextManager[Emulated]] | None = None


def _found() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=GROUP)}


def adapter_names() -> list[str]:
    """Names of the adapters that are installed, sorted; loads none of them."""
    return sorted(_found())


def adapter(name: str) -> Adapter:
    """Load an installed adapter.

    Raises:
        ConfigError: no adapter has this name, or it cannot be imported.
    """
    found = _found()
    if name not in found:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigError(
            f"No adapter named '{name}' is installed (installed: {known}).",
            "Correct platform.type in bridge.toml, or install the package that has the adapter.",
        )
    try:
        loaded = found[name].load()
    except Exception as error:
        raise ConfigError(
            f"The adapter '{name}' ({found[name].value}) cannot be loaded: {error}.",
            "Install what it needs, or report it to its authors.",
        ) from error
    if not isinstance(loaded, Adapter):
        raise ConfigError(f"The entry point '{name}' ({found[name].value}) is not an Adapter.")
    return loaded
