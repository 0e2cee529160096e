import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import ColorkitWarning, Hint, HintError
from colorkit.hints import hint_map
from colorkit.resize import Frame, shrink

SAME = Frame((20, 30), (20, 30), (24, 32))
HALF = Frame((40, 60), (20, 30), (24, 32))


def test_no_hints_leave_the_map_empty():
    """Shapes and dtypes are those that the contract of a backend names."""
    made = hint_map([], SAME)

    assert (made.ab.shape, made.mask.shape) == ((1, 24, 32, 2), (1, 24, 32, 1))
    assert (made.ab.dtype, made.mask.dtype) == (np.float32, np.float32)
    assert not made.ab.any()
    assert not made.mask.any()


@pytest.mark.parametrize("point", [(0, 0), (19, 29), (0, 29), (7, 11), (19.6, 29.9)])
def test_hint_without_radius_is_one_pixel(point):
    """A point of the picture, corners included, is the pixel under it and no other."""
    made = hint_map([Hint(*point, ab=(30.0, -40.0))], SAME)
    row, column = min(round(point[0]), 19), min(round(point[1]), 29)

    assert np.argwhere(made.mask[0, ..., 0]).tolist() == [[row, column]]
    assert made.ab[0, row, column].tolist() == [30, -40]
    assert np.count_nonzero(made.ab) == 2


def test_hints_are_in_picture_pixels():
    """At half size, a point and its radius are half as far from the corner and half as wide."""
    made = hint_map([Hint(19.5, 39.5, (10.0, 20.0), radius=8.0)], HALF)
    marked = made.mask[0, ..., 0] > 0
    rows, columns = np.mgrid[:24, :32] + 0.5

    np.testing.assert_array_equal(marked, np.hypot(rows - 10, columns - 20) <= 4)
    assert (made.ab[0, marked] == (10, 20)).all()


def test_later_hints_win():
    """Of two hints at one place, the later counts, and gray is a colour like others."""
    made = hint_map([Hint(5, 5, (50.0, 50.0), radius=3), Hint(5, 5, (0.0, 0.0))], SAME)

    assert made.ab[0, 5, 5].tolist() == [0, 0]
    assert made.mask[0, 5, 5] == 1
    assert made.ab[0, 5, 6].tolist() == [50, 50]


@pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1), (1, 1), (3, 1000)])
def test_hints_reach_every_picture(shape):
    """In a panorama a single row high, too, a hint lands where its point is seen."""
    lightness = np.zeros(shape, np.float32)
    if max(shape) > 4 * min(shape):
        with pytest.warns(ColorkitWarning, match="very long"):
            _, frame = shrink(lightness, 64, 8)
    else:
        _, frame = shrink(lightness, 64, 8)
    row, column = shape[0] // 2, shape[1] // 2
    marked = np.argwhere(hint_map([Hint(row, column, (9.0, 9.0))], frame).mask[0, ..., 0])

    expected = [(p + 0.5) * frame.network[i] / shape[i] for i, p in enumerate((row, column))]
    assert marked.tolist() == [[int(expected[0]), int(expected[1])]]


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_every_hint_marks_the_network(data):
    """No point of a picture is lost, whatever the sizes."""
    picture = data.draw(st.tuples(st.integers(1, 200), st.integers(1, 200)))
    network = data.draw(st.tuples(st.integers(1, 50), st.integers(1, 50)))
    inside = [st.floats(0, n, exclude_max=True) for n in picture]
    hint = Hint(*data.draw(st.tuples(*inside)), (1.0, 1.0), data.draw(st.floats(0, 50)))
    made = hint_map([hint], Frame(picture, network, network))

    assert made.mask.sum() >= 1
    assert (made.ab == made.mask).all()


@pytest.mark.parametrize(
    ("hint", "message"),
    [
        (Hint(-1, 0, (0, 0)), "row -1, column 0 lies outside the picture of 20 rows and 30 col"),
        (Hint(20, 0, (0, 0)), "row 20, column 0 lies outside"),
        (Hint(0, 30, (0, 0)), "row 0, column 30 lies outside"),
        (Hint(math.nan, 0, (0, 0)), "row nan, column 0 lies outside"),
        (Hint(0, 0, (129, 0)), r"the colour of a hint is \(a, b\) in -128..128; .* \(129, 0\)"),
        (Hint(0, 0, (0, math.nan)), r"the colour of a hint .* \(0, nan\)"),
        (Hint(0, 0, (1, 2, 3)), r"the colour of a hint .* \(1, 2, 3\)"),
        (Hint(0, 0, (1,)), r"the colour of a hint .* \(1,\)"),
        (Hint(0, 0, (0, 0), -1), "the radius of a hint must be a number, at least 0; received -1"),
        (Hint(0, 0, (0, 0), math.inf), "received inf"),
        (Hint(0, 0, (0, 0), math.nan), "received nan"),
    ],
)
def test_senseless_hints_are_refused(hint, message):
    """The message shows what was wrong."""
    with pytest.raises(HintError, match=message):
        hint_map([hint], SAME)
