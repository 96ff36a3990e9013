"""Where chunks of work are computed: here, in processes of this machine, or on a Dask cluster.

Chunks come back in order, and each is computed from what its task says alone, so that the result is
the same wherever it is computed. A worker that dies (``kill -9``, out of memory) costs time and
nothing else: Dask gives its chunks to others, and processes are started afresh.
"""

from __future__ import annotations

import itertools
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from functools import lru_cache, partial
from importlib import import_module
from typing import Any, Literal, TypeVar

from pydantic import Field, model_validator

from bridge.errors import BridgeError, ConfigError, ExecutionError
from bridge.records import Record

__all__ = ["ExecutionSettings", "each"]

log = logging.getLogger(__name__)

CHUNKS_A_WORKER = 4  # under way at once, which bounds memory
ATTEMPTS = 3  # sets of processes that may die over the same chunks
IDLE = 10  # seconds after which a process that waits for work ends
CONNECT = 20  # seconds to reach a cluster, and to wait for its first worker

Compute = Callable[[Callable[[Any], Any], list[Any]], list[Any]]
T = TypeVar("T")
R = TypeVar("R")


class ExecutionSettings(Record):
    """``[execution]``: where items are encoded and the pool is scored.

    Attributes:
        backend: ``serial``: in Bridge's own process. ``processes``: in several processes of this
            machine. ``dask``: on a Dask cluster. The results are the same.
        workers: how many processes; 0 is one for each processor. A cluster has its own.
        address: the scheduler of the Dask cluster, such as ``tcp://10.0.0.5:8786``.
    """

    backend: Literal["serial", "processes", "dask"] = "serial"
    workers: int = Field(default=0, ge=0, le=1024)
    address: str = ""

    @model_validator(mode="after")
    def _address_where_needed(self) -> ExecutionSettings:
        if self.backend == "dask" and not self.address:
            raise ValueError("the backend 'dask' needs execution.address, that of its scheduler")
        return self


def each(settings: ExecutionSettings, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
    """Yield ``work(task)`` of each task, in order.

    Tasks are taken as they are needed, so that memory is bounded however many there are.

    Args:
        work: a function of a module, where workers are to find it; what it returns depends on the
            task alone.
        tasks: what a worker needs to know; picklable.

    Raises:
        ExecutionError: the cluster cannot be reached, or workers died again and again.
        ConfigError: the backend is not installed.
        Exception: whatever ``work`` raises.
    """
    if settings.backend == "serial":
        for task in tasks:
            yield _on_one_thread(work, (task,))
        return
    remaining = iter(tasks)
    with _backend(settings) as (compute, workers):
        while wave := list(itertools.islice(remaining, CHUNKS_A_WORKER * workers)):
            yield from compute(work, wave)


def _on_one_thread(work: Callable[[T], R], packed: tuple[T]) -> R:
    # A matrix product on several threads adds up in another order than on one.
    with _threads(len(sys.modules)).limit(limits=1, user_api="blas"):
        return work(packed[0])


@lru_cache(maxsize=1)
def _threads(modules: int) -> Any:
    """Return the libraries with threads that are loaded; looked for anew after an import."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


# ---------------------------------------------------------------------------------------- backends


@contextmanager
def _backend(settings: ExecutionSettings) -> Iterator[tuple[Compute, int]]:
    """Yield what computes some tasks at once, and the number of workers."""
    if settings.backend == "processes":
        from joblib import cpu_count

        workers = settings.workers or cpu_count()
        yield partial(_in_processes, workers), workers
        return
    with _client(settings) as client:
        yield partial(_on_cluster, settings, client), sum(client.ncores().values())


@contextmanager
def _client(settings: ExecutionSettings) -> Iterator[Any]:
    try:
        distributed = import_module("distributed")
    except ImportError:
        raise ConfigError(
            "execution.backend = 'dask' needs Dask, which is not installed.",
            "Install it: pip install 'label-bridge[dask]'",
        ) from None
    try:
        client = distributed.Client(settings.address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise _lost(settings, error) from error
    try:
        try:
            client.wait_for_workers(1, timeout=CONNECT)
        except OSError as error:
            raise _lost(settings, error) from error
        yield client
    finally:
        client.close()


def _in_processes(workers: int, work: Callable[[Any], Any], wave: list[Any]) -> list[Any]:
    """Compute some tasks at once; all of them again where a process died."""
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky.process_executor import BrokenProcessPool

    configured = partial(
        parallel_config, "loky", n_jobs=workers, inner_max_num_threads=1, idle_worker_timeout=IDLE
    )
    for attempt in range(1, ATTEMPTS + 1):
        calls = [delayed(_on_one_thread)(work, (task,)) for task in wave]
        try:
            with configured():
                return list(Parallel(batch_size=1, pre_dispatch="all")(calls))
        except BrokenProcessPool:
            log.warning("a worker process died; its chunks are computed again (%d)", attempt)
    raise ExecutionError(
        f"Worker processes died {ATTEMPTS} times over the same chunks; perhaps memory ran out.",
        'Set execution.workers lower, or execution.backend to "serial".',
    )


def _on_cluster(
    settings: ExecutionSettings, client: Any, work: Callable[[Any], Any], wave: list[Any]
) -> list[Any]:
    """Compute some tasks on the cluster, which gives those of a dead worker to others.

    By Dask's own client: joblib waits for ever for a task that kills each worker it meets.
    """
    try:
        # In a tuple: a large argument by itself Dask would put onto one worker, and lose with it.
        futures = [client.submit(_on_one_thread, work, (task,), pure=False) for task in wave]
        return list(client.gather(futures))
    except Exception as error:
        if _of_cluster(error):
            raise _lost(settings, error) from error
        raise


def _of_cluster(error: Exception) -> bool:
    """Whether the cluster failed, not the work."""
    if isinstance(error, BridgeError) or "distributed" not in sys.modules:
        return False
    distributed = sys.modules["distributed"]
    of_cluster = (distributed.KilledWorker, distributed.comm.CommClosedError, CancelledError)
    return isinstance(error, of_cluster)


def _lost(settings: ExecutionSettings, error: Exception) -> ExecutionError:
    said = str(error).strip().partition("\n")[0] or type(error).__name__
    return ExecutionError(
        f"The Dask cluster {settings.address} did not do its work: {said}.".replace("..", "."),
        "See that its scheduler and workers run and have enough memory, or correct "
        "execution.address.",
    )
