"""Work on items one after another, in threads, some ahead of the one that is asked for."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_ahead(
    function: Callable[[Item], Result], items: Iterable[Item], *, threads: int, buffersize: int
) -> Generator[Result, None, None]:
    """Results in the order of their items, some of them made before they are asked for.

    As `Executor.map` does from Python 3.14 on. Items are taken in the caller's thread. When the
    iterator is exhausted or closed, or has raised the first error of ``function`` or ``items``, no
    thread is left.

    Parameters
    ----------
    function : callable
        Works on one item.
    items : iterable
        May be endless.
    threads : int
        That work at the same time.
    buffersize : int
        Items that are in work, or whose results wait, at most.

    Yields
    ------
    object
        What ``function`` makes of an item.
    """
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="colorkit-ahead") as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) == buffersize:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            for future in pending:
                future.cancel()
