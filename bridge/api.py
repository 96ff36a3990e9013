"""The Python face of the loop: what the command line does, as methods with typed results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bridge.config import Settings, from_mapping, load
from bridge.errors import ConfigError
from bridge.platforms import Finding, Platform
from bridge.progress import Progress
from bridge.records import Item, Prediction
from bridge.results import Explanation, LoopStatus, SyncResult
from bridge.watching import watched

if TYPE_CHECKING:
    from bridge.sync import StepName
    from bridge.verify import Verification

__all__ = ["Bridge"]


class Bridge:
    """One loop: a labeling project, a store, and a learner.

    ::

        from bridge import Bridge

        with Bridge.from_config("bridge.toml") as bridge:
            result = bridge.sync()

    Args:
        settings: validated settings.
        platform: a connection to use; by default the adapter that the settings name connects.
        progress: hears what is being done; silent by default.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        platform: Platform | None = None,
        progress: Progress | None = None,
    ) -> None:
        self.settings = settings
        self._platform = platform
        self._progress = progress
        self._offline = False

    @classmethod
    def from_config(
        cls, path: str | Path = "bridge.toml", *, offline: bool = False, **options: Any
    ) -> Self:
        """Read ``bridge.toml``.

        Args:
            offline: only the store will be asked, so that the platform's key need not be there.

        Raises:
            ConfigError: it cannot be used; names the field.
        """
        made = cls(load(path, offline=offline), **options)
        made._offline = offline
        return made

    @classmethod
    def from_settings(
        cls, settings: Mapping[str, Any], *, directory: str | Path = ".", **options: Any
    ) -> Self:
        """Take settings as the mapping that ``bridge.toml`` would hold; paths are relative to
        ``directory``.

        Raises:
            ConfigError: they cannot be used; names the field.
        """
        return cls(from_mapping(settings, directory=Path(directory).resolve()), **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection to the platform."""
        if self._platform is not None:
            self._platform.close()
            self._platform = None

    @property
    def platform(self) -> Platform:
        """The connection to the platform, made when first used.

        Raises:
            ConfigError: the loop was opened offline.
        """
        if self._offline:
            raise ConfigError("This loop was opened offline; it cannot ask the platform.")
        if self._platform is None:
            self._platform = self.settings.adapter.connect(self.settings.platform)
        return self._platform

    # ------------------------------------------------------------------------- the turn

    def sync(
        self,
        *,
        full: bool = False,
        force_train: bool = False,
        dry_run: bool = False,
        wait: float = 0.0,
        metrics_file: Path | None = None,
    ) -> SyncResult:
        """Take the loop one turn further: pull, train, rank, push.

        Args:
            full: pull everything, which finds what change feeds do not tell.
            force_train: train even if nothing is new.
            dry_run: say what would happen, and change nothing here or there.
            wait: seconds to wait for another run to end.
            metrics_file: Prometheus text file to write, in place of ``operations.metrics_file``.

        Raises:
            Locked: another run is at work.
            BridgeError: a step failed; what the steps before it did is kept.
        """
        turn = partial(self._run, full=full, force_train=force_train, dry_run=dry_run, wait=wait)
        if dry_run:
            return turn()
        return watched(turn, self.settings, metrics_file, self._progress)

    def pull(self, *, full: bool = False) -> SyncResult:
        """Pull answers and items, and no more."""
        return self._run("pull", full=full)

    def train(self, *, force: bool = True) -> SyncResult:
        """Train on the answers that are stored, and promote the model if it is not worse."""
        return self._run("train", force_train=force)

    def rank(self) -> SyncResult:
        """Plan the next batch with the champion; :meth:`push` pushes it."""
        return self._run("rank")

    def push(self) -> SyncResult:
        """Push what is planned."""
        return self._run("push")

    def _run(self, *steps: StepName, **how: Any) -> SyncResult:
        """Take these steps, or all of them; ``how`` as :class:`bridge.sync.Wanted` has it."""
        from bridge.sync import STEPS, Wanted, run  # looking at the loop needs none of it

        wanted = Wanted(frozenset(steps) or STEPS, **how)
        return run(self.settings, self.platform, wanted, self._progress)

    # ------------------------------------------------------------------------- looking

    def check(self) -> list[Finding]:
        """Try the store, the learner and the platform; each finding says ok or what to do."""
        from bridge.checks import check

        return check(self.settings, self.platform)

    def status(self) -> LoopStatus:
        """Return where the loop stands, from the store alone."""
        from bridge.opening import store_of
        from bridge.status import status

        with store_of(self.settings) as store:
            return status(store)

    def explain(self, key: str) -> Explanation:
        """Return why an item is, or is not, in the queue.

        Raises:
            DataError: the store has no such item.
        """
        from bridge.opening import store_of
        from bridge.status import explain

        with store_of(self.settings) as store:
            return explain(store, key)

    def verify(self) -> Verification:
        """Compare the store with the platform; changes nothing."""
        from bridge.verify import verify

        return verify(self.settings, self.platform, self._progress)

    def rollback(self) -> tuple[str, str]:
        """Put the former champion back into use; return (former, present) champion.

        Raises:
            DataError: there is none whose files are still there.
        """
        from bridge.rollback import rollback

        return rollback(self.settings)

    def predict(self, items: Sequence[Item]) -> list[Prediction]:
        """Return the champion's predictions of any items, known to the store or not.

        Raises:
            DataError: there is no champion yet.
        """
        from bridge.prediction import predict

        return predict(self.settings, items)
