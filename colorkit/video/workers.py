"""A film among processes: who makes which segment, and when."""

import os
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from multiprocessing import get_context
from multiprocessing.connection import Connection
from numbers import Integral
from threading import Thread

from colorkit.errors import OptionError
from colorkit.strips import thread_count
from colorkit.video.artist import Recipe
from colorkit.video.flow import opencv
from colorkit.video.segments import Segment, is_finished
from colorkit.video.tasks import Task, colour


class Crew:
    """Tasks of one film, done by an executor."""

    def __init__(self, executor: Executor, tell: Callable[[int], None]) -> None:
        """Prepare; ``tell`` is told of every so many frames that are done."""
        self._executor = executor
        self._tell = tell
        self._made: dict[int, Segment] = {}
        self._running: dict[Future[Segment], int] = {}
        self._waiting: dict[int, Task] = {}

    def do(self, tasks: Iterable[Task]) -> list[Segment]:
        """Do all tasks, each of them once what it goes on from is there; segments in order."""
        try:
            for task in tasks:
                self._take(task)
                self._settle(timeout=0)
            while self._running:
                self._settle()
        finally:
            for future in self._running:
                future.cancel()
        return [self._made[number] for number in sorted(self._made)]

    def _take(self, task: Task) -> None:
        if is_finished(task.path):
            self._finish(task.number, Segment.load(task.path))
        elif task.begins or task.number - 1 in self._made:
            self._begin(task)
        else:
            self._waiting[task.number] = task

    def _begin(self, task: Task) -> None:
        self._running[self._executor.submit(colour, task)] = task.number

    def _settle(self, timeout: float | None = None) -> None:
        for future in wait(self._running, timeout, FIRST_COMPLETED).done:
            self._finish(self._running.pop(future), future.result())

    def _finish(self, number: int, segment: Segment) -> None:
        self._made[number] = segment
        self._tell(len(segment.times))
        if number + 1 in self._waiting:
            self._begin(self._waiting.pop(number + 1))


def check_workers(workers: int | Executor) -> None:
    """Refuse, with `OptionError`, what is neither a number of processes nor an executor."""
    whole = isinstance(workers, Integral) and not isinstance(workers, bool)
    if not isinstance(workers, Executor) and not (whole and workers > 0):
        raise OptionError(
            f"workers must be a number of processes, 1 or more, or an Executor; received "
            f"{workers!r}"
        )


@contextmanager
def hired(workers: int | Executor, recipe: Recipe) -> Iterator[tuple[Executor, Recipe]]:
    """An executor, and a recipe for its processes: those that are ours share out its threads."""
    if isinstance(workers, Executor):
        yield workers, recipe
        return
    threads = max(1, thread_count(recipe.colorizer.threads) // workers)
    with _processes(workers, threads) as pool:
        yield pool, replace(recipe, colorizer=replace(recipe.colorizer, threads=threads))


@contextmanager
def _processes(count: int, threads: int) -> Iterator[Executor]:
    """So many processes of so many threads, which end with the block, or with this process."""
    context = get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    with ours, theirs, ProcessPoolExecutor(count, context, _prepare, (ours, threads)) as pool:
        try:
            yield pool
        except BaseException:
            theirs.close()
            raise


def _prepare(parent: Connection, threads: int) -> None:
    """Make a process one that leaves Ctrl-C to its parent, and ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with, args=(parent,), daemon=True).start()
    opencv().setNumThreads(threads)


def _end_with(parent: Connection) -> None:
    """Wait for the other end of a pipe to be closed, be it by a kill."""
    with suppress(EOFError, OSError):
        parent.recv()
    os._exit(1)
