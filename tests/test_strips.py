import os
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import OptionError
from colorkit.strips import PIXELS, each_strip, thread_count

SIDES = st.one_of(st.integers(1, 300), st.integers(1, 3 * PIXELS))


@settings(max_examples=60, deadline=None)
@given(SIDES, SIDES, st.integers(1, 4))
def test_strips_cover_every_row_once(height, width, threads):
    """Whatever the size and the threads, each row is worked on exactly once, in small strips."""
    height = min(height, 10 * max(1, PIXELS // width))  # ten strips tell as much as a million
    visits = np.zeros(height, int)

    def work(rows: slice) -> None:
        visits[rows] += 1
        assert 0 < rows.stop - rows.start <= max(1, PIXELS // width)
        assert rows.stop <= height

    each_strip(work, height, width, threads)

    assert (visits == 1).all()


@pytest.mark.parametrize("threads", [1, 3])
def test_work_is_spread_over_threads(threads):
    """No more threads than asked for work at once; one means the caller's own."""
    names = set()
    each_strip(lambda rows: names.add(threading.current_thread().name), 20, PIXELS, threads)

    assert len(names) <= threads
    assert (threading.current_thread().name in names) == (threads == 1)


@pytest.mark.parametrize("threads", [1, 3])
def test_failure_reaches_the_caller(threads):
    """What goes wrong in a strip is raised, and of several the topmost strip's."""

    def work(rows: slice) -> None:
        if rows.start in (3, 5):
            raise KeyError(rows.start)

    with pytest.raises(KeyError, match=r"^3$"):
        each_strip(work, 8, PIXELS, threads)


@pytest.mark.parametrize("threads", [1, 7, np.int64(2)])
def test_threads_are_as_asked(threads):
    """A whole number is taken as it is, NumPy's too."""
    assert thread_count(threads) == threads
    assert type(thread_count(threads)) is int


def test_threads_default_to_the_cores_of_this_process():
    """Without a number, every core that this process may use counts."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()

    assert thread_count(None) == cores


@pytest.mark.parametrize("threads", [0, -2, 1.0, 2.5, True, "2", np.float32(2), float("nan")])
def test_other_threads_are_refused(threads):
    """The message shows what was received."""
    with pytest.raises(OptionError, match="threads must be a whole number, at least 1") as caught:
        thread_count(threads)

    assert str(caught.value).endswith(f"received {threads!r}")
