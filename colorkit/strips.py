"""Work on a picture strip by strip, on several threads: memory grows with the strip."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from numbers import Integral

from colorkit.errors import OptionError

PIXELS = 2**18
"""Pixels of a strip: few enough for a core's cache, enough to outweigh the calls for it."""


def each_strip(work: Callable[[slice], None], height: int, width: int, threads: int) -> None:
    """Call ``work(rows)`` for strips of rows that cover a picture of that size.

    The order is open, and strips never overlap. The first exception is raised.
    """
    rows = max(1, PIXELS // width)
    strips = [slice(start, min(start + rows, height)) for start in range(0, height, rows)]
    workers = min(threads, len(strips))
    if workers == 1:
        for strip in strips:
            work(strip)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="colorkit") as pool:
        for _ in pool.map(work, strips):
            pass


def thread_count(threads: int | None) -> int:
    """How many threads to use: as asked, or as many as this process may have cores.

    Raises
    ------
    OptionError
        When it is not a positive whole number.
    """
    if threads is None:
        return _cores()
    if isinstance(threads, bool) or not isinstance(threads, Integral) or threads < 1:
        raise OptionError(f"threads must be a whole number, at least 1; received {threads!r}")
    return int(threads)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
