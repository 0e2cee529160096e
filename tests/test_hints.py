import json
import math
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from colorkit import ColorkitWarning, FileError, Hint, HintError, load_hints, save_hints
from colorkit.hints import MAX_BYTES, MAX_HINTS, hint_map
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
    made = hint_map([Hint(*point, (30.0, -40.0))], SAME)
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


@pytest.mark.parametrize("point", [(20, 0), (0, 30), (1e9, 0)])
def test_hints_outside_the_picture_are_refused(point):
    """The message has the point and the size."""
    row, column = point
    message = f"row {row}, column {column} lies outside the picture of 20 rows and 30 columns"

    with pytest.raises(HintError, match=message):
        hint_map([Hint(row, column, (0, 0))], SAME)


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(6)))
def test_order_counts_for_overlaps_only(order):
    """Hints that lie apart give one map, in whatever order they come."""
    hints = [Hint(3 * i, 4 * i, (10.0 * i, -5.0 * i), radius=1) for i in range(6)]
    made, again = hint_map(hints, SAME), hint_map([hints[i] for i in order], SAME)

    np.testing.assert_array_equal(made.ab, again.ab)
    np.testing.assert_array_equal(made.mask, again.mask)


@settings(max_examples=50, deadline=None)
@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_a_colour_is_the_same_in_every_form(rgb):
    """Hex digits, sRGB and the ab of scikit-image are one colour."""
    one = Hint(0, 0, rgb)

    assert Hint(0, 0, "#{:02x}{:02X}{:02x}".format(*rgb)).ab == one.ab
    assert one.ab == pytest.approx(tuple(rgb2lab(np.array(rgb) / 255)[1:]), abs=1e-9)
    assert Hint(0, 0, one.ab).ab == one.ab


def test_short_forms_and_grays():
    """Three hex digits are doubled, every gray is (0, 0), lists and arrays are taken."""
    assert Hint(0, 0, "#c42").ab == Hint(0, 0, "#cc4422").ab
    assert Hint(0, 0, "#808080").ab == pytest.approx((0, 0), abs=0.01)
    assert Hint(0, 0, [1.0, 2.0]) == Hint(0, 0, np.array([1.0, 2.0])) == Hint(0, 0, (1.0, 2.0))


@pytest.mark.parametrize(
    "colour",
    [
        "c04020",
        "#c0402",
        "#c0402g",
        "red",
        (129, 0),
        (0, math.nan),
        (1,),
        (1, 2, 3, 4),
        (0.7, 0.2, 0.1),
        (0, 0, 256),
        (0, -1, 0),
        (True, False),
        ("1", "2"),
        b"abc",
        7,
        None,
    ],
)
def test_what_is_no_colour_is_refused(colour):
    """At once, where the hint is made, with what is allowed and what came."""
    with pytest.raises(
        HintError, match=r"the colour of a hint is .#rrggbb., .*; received "
    ) as caught:
        Hint(0, 0, colour)
    assert str(caught.value).endswith(f"received {colour!r}")


@pytest.mark.parametrize("what", ["row", "column", "radius"])
@pytest.mark.parametrize("value", [-1, math.nan, math.inf, 2e9, "1", None, True])
def test_what_is_no_length_is_refused(what, value):
    """That, too, says the value and its range."""
    with pytest.raises(HintError, match=f"the {what} of a hint must be a number in 0..1e.09; rec"):
        Hint(**{"row": 0, "column": 0, "colour": "#fff", what: value})


lengths = st.integers(0, 10**9) | st.floats(0, 1e9)
colours = (
    st.tuples(*[st.floats(-128, 128)] * 2)
    | st.tuples(*[st.integers(0, 255)] * 3)
    | st.from_regex("#([0-9a-fA-F]{3}){1,2}", fullmatch=True)
)


@settings(max_examples=50, deadline=None)
@given(hints=st.lists(st.builds(Hint, lengths, lengths, colours, lengths), max_size=5))
def test_files_give_back_what_was_saved(tmp_path_factory, hints):
    """Every hint survives its file exactly."""
    path = tmp_path_factory.mktemp("hints") / "hints.json"
    save_hints(path, hints)

    assert load_hints(path) == hints


def test_the_file_format(tmp_path):
    """It is what the documentation says, and numbers of NumPy go in as numbers."""
    path = tmp_path / "hints.json"
    save_hints(path, [Hint(np.int64(1), np.float32(2.5), (3, 4), 5)])
    assert json.loads(path.read_text()) == {
        "version": 1,
        "hints": [{"row": 1, "column": 2.5, "colour": [3, 4], "radius": 5}],
    }
    path.write_text('{"version": 1, "hints": [{"row": 1, "column": 2, "colour": "#c04020"}]}')
    assert load_hints(path) == [Hint(1, 2, "#c04020")]


ONE = {"row": 1, "column": 2, "colour": "#fff"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "Expecting value"),
        ("\N{GRINNING FACE}" * 9, "Expecting value"),
        ("[" * 100_000, ""),
        ("9" * 10_000, ""),
        ("[]", 'it must hold {"version": 1, "hints": '),
        ({"hints": []}, "it must hold"),
        ({"version": 1, "hints": [], "more": 1}, "it must hold"),
        ({"version": 2, "hints": []}, "its version is 2; this colorkit reads 1"),
        ({"version": "1" * 10_000, "hints": []}, "its version is '1{99}...; this"),
        ({"version": 1, "hints": {}}, "its hints must be a list, of at most 1000"),
        ({"version": 1, "hints": [ONE] * (MAX_HINTS + 1)}, "of at most 1000"),
        ({"version": 1, "hints": [[1, 2]]}, r"a hint has row, .*; received \[1, 2\]"),
        ({"version": 1, "hints": [{"row": 1, "column": 2}]}, "a hint has row, column, colour and"),
        ({"version": 1, "hints": [ONE | {"raduis": 1}]}, "received {.*'raduis': 1}"),
        ({"version": 1, "hints": [ONE | {"row": math.nan}]}, "row of a hint .* received nan"),
        ({"version": 1, "hints": [ONE | {"row": 10**4000}]}, "row of a hint .* received 10{99}..."),
        ({"version": 1, "hints": [ONE | {"radius": 1e300}]}, "radius of a hint .* received 1e.300"),
        ({"version": 1, "hints": [ONE | {"colour": {"#fff": 1}}]}, "colour of a hint is"),
        ({"version": 1, "hints": [ONE | {"colour": [[1], 2]}]}, "colour of a hint is"),
        (" " * (MAX_BYTES + 1), "it has more than 1000000 bytes"),
    ],
)
def test_hostile_files_are_refused(tmp_path, content, message):
    """Whatever a file holds, it is hints or a HintError with the file's name, of one short line."""
    path = tmp_path / "hints.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text, encoding="utf-8")

    with pytest.raises(HintError, match=rf"hints.json' is no file of hints: .*{message}") as caught:
        load_hints(path)
    assert len(str(caught.value)) < 500 + len(str(path))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60))
def test_bytes_that_are_no_hints_are_refused(tmp_path_factory, content):
    """They raise nothing but HintError."""
    path = tmp_path_factory.getbasetemp() / "bytes.json"
    path.write_bytes(content)

    with pytest.raises(HintError, match="is no file of hints"):
        load_hints(path)


def test_files_that_cannot_be_reached(tmp_path):
    """These are FileErrors, with the name and the reason."""
    with pytest.raises(FileError, match=r"cannot read '.*none.json': No such file"):
        load_hints(tmp_path / "none.json")
    with pytest.raises(FileError, match=r"cannot read .*: Is a directory"):
        load_hints(tmp_path)
    with pytest.raises(FileError, match=r"cannot write .*hints.json.: No such file"):
        save_hints(os.fspath(tmp_path / "none" / "hints.json"), [])
