import threading
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit.ahead import map_ahead


def running():
    return [thread.name for thread in threading.enumerate() if "colorkit-ahead" in thread.name]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers()), st.integers(1, 3), st.integers(1, 5))
def test_results_are_those_of_map(items, threads, buffersize):
    """Every item is worked on once, and results come in the order of items."""
    found = list(map_ahead(str, items, threads=threads, buffersize=buffersize))

    assert found == [*map(str, items)]


@pytest.mark.parametrize("buffersize", [1, 4])
def test_few_items_are_taken_ahead(buffersize):
    """Of an endless iterable, one item less than the buffer holds is taken beyond a result."""
    taken = []
    numbers = (taken.append(number) or number for number in count())
    ahead = map_ahead(abs, numbers, threads=1, buffersize=buffersize)
    for number in range(10):
        assert next(ahead) == number
        assert len(taken) == number + buffersize
    ahead.close()


def test_items_are_taken_in_the_thread_of_the_caller():
    """Only the work itself is done elsewhere, so that warnings of an iterable name their place."""

    def places():
        yield threading.current_thread()

    (here, there), *_ = map_ahead(
        lambda place: (place, threading.current_thread()), places(), threads=1, buffersize=1
    )

    assert here is threading.current_thread()
    assert there is not here


def test_an_error_in_the_work_comes_in_its_turn():
    """What was made before is handed out first; then it ends, and no thread is left."""
    shares = map_ahead(lambda n: 6 / n, (1, 2, 0, 3), threads=1, buffersize=3)

    assert [next(shares), next(shares)] == [6, 3]
    with pytest.raises(ZeroDivisionError):
        next(shares)
    assert not running()


def test_an_error_of_the_items_ends_it():
    """It is raised as it comes, and no thread is left."""

    def items():
        yield from range(4)
        raise KeyError("no more")

    with pytest.raises(KeyError, match="no more"):
        list(map_ahead(abs, items(), threads=2, buffersize=3))
    assert not running()


def test_nothing_goes_on_when_it_is_left():
    """Closed early, it works on nothing more, and leaves no thread."""
    begun = []
    ahead = map_ahead(begun.append, range(100), threads=1, buffersize=8)
    next(ahead)
    ahead.close()

    assert len(begun) <= 8
    assert not running()
