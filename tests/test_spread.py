import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import HintMap
from colorkit.spread import spread

RED, BLUE, GRAY = (60.0, 40.0), (10.0, -50.0), (0.0, 0.0)


def scene(seed, height=48, width=64):
    """Smooth tones with an edge or two, ``(1, h, w, 1)``."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    tones = 40 + 10 * np.sin(rows / rng.uniform(5, 20)) + columns / 8
    tones[rng.integers(height) :] += 25
    tones[:, rng.integers(width) :] -= 20
    return tones.astype(np.float32)[None, :, :, None]


def hints(points, shape=(48, 64)):
    """Give colours at (row, column), of two at one place the later."""
    ab, mask = np.zeros((1, *shape, 2), np.float32), np.zeros((1, *shape, 1), np.float32)
    for (row, column), colour in points:
        ab[0, row, column], mask[0, row, column] = colour, 1
    return HintMap(ab, mask)


def test_one_colour_fills_what_it_can_reach():
    """In a flat picture it is everywhere, and counts less from cell to cell."""
    ab, weight = spread(hints([((24, 10), RED)]), np.full((1, 48, 64, 1), 50, np.float32))

    np.testing.assert_allclose(ab, np.broadcast_to(RED, ab.shape), atol=1e-3)
    assert weight[24, 10] == 1
    assert weight[24, 10 + 48] == pytest.approx(np.exp(-1), abs=0.03)
    assert (np.diff(weight[24, 10:, 0]) <= 0).all()
    assert (weight > 0.2).all()


def test_colours_stop_at_edges():
    """Two hints beside an edge keep their sides, right up to it; one alone hardly passes it."""
    lightness = np.full((1, 48, 64, 1), 30, np.float32)
    lightness[:, :, 32:] = 80
    ab, _ = spread(hints([((24, 30), RED), ((24, 33), BLUE)]), lightness)
    _, weight = spread(hints([((24, 30), RED)]), lightness)

    assert np.abs(ab[:, :32] - RED).max() < 0.5
    assert np.abs(ab[:, 32:] - BLUE).max() < 0.5
    assert weight[24, 31] > 0.95
    assert weight[24, 32] < 0.05


def test_colours_go_round_corners():
    """In a winding corridor a hint is followed round its bends, not through its walls."""
    lightness = np.full((1, 40, 60, 1), 20, np.float32)
    lightness[:, 4:36, 4:14] = lightness[:, 26:36, 4:40] = lightness[:, 4:36, 30:40] = 70
    _, weight = spread(hints([((5, 8), RED)], (40, 60)), lightness)

    assert weight[5, 35] > 2 * weight[5, 22]


def test_colours_of_one_region_blend():
    """Halfway between two hints is their mean, and no step is seen on the way."""
    flat = np.full((1, 48, 65, 1), 50, np.float32)
    ab, _ = spread(hints([((24, 8), RED), ((24, 56), BLUE)], (48, 65)), flat)
    way = ab[24, 8:57]

    np.testing.assert_allclose(way[24], np.mean([RED, BLUE], axis=0), atol=0.1)
    assert (np.diff(way[:, 0]) <= 1e-4).all()
    assert np.abs(np.diff(way[4:-4], axis=0)).max() < 8
    np.testing.assert_allclose(way[0], RED, atol=0.1)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000), st.data())
def test_each_hint_has_its_way(seed, data):
    """At every hint is its colour, and counts in full; elsewhere colours lie between."""
    cells = st.tuples(st.integers(0, 47), st.integers(0, 63))
    points = data.draw(st.lists(cells, min_size=1, max_size=6, unique=True))
    colours = [(20.0 * i - 50, 30.0 - 12 * i) for i in range(len(points))]
    ab, weight = spread(hints(zip(points, colours, strict=True)), scene(seed))

    assert np.isfinite(ab).all()
    assert ((weight > 0) & (weight <= 1)).all()
    for axis in (0, 1):
        values = [colour[axis] for colour in colours]
        assert ab[..., axis].max() <= max(values) + 1e-3
        assert ab[..., axis].min() >= min(values) - 1e-3
    for (row, column), colour in zip(points, colours, strict=True):
        np.testing.assert_allclose(ab[row, column], colour, atol=3)
        assert weight[row, column] == 1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000))
def test_mirrored_pictures_get_mirrored_colours(seed):
    """So do turned ones: no direction is special, but for the order of sweeps."""
    points = [((10, 12), RED), ((30, 50), BLUE)]
    mirrored = [((row, 63 - column), colour) for (row, column), colour in points]
    ab, weight = spread(hints(points), scene(seed))
    other, other_weight = spread(hints(mirrored), scene(seed)[:, :, ::-1])

    np.testing.assert_allclose(other[:, ::-1], ab, atol=0.01)
    np.testing.assert_allclose(other_weight[:, ::-1], weight, atol=1e-4)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(0, 20), st.integers(0, 20))
def test_moved_pictures_get_moved_colours(seed, down, across):
    """A thing on a plain ground is coloured alike wherever it lies."""
    thing = scene(seed, 20, 30)[0, ..., 0]

    def placed(row, column):
        lightness = np.full((1, 60, 60, 1), 5, np.float32)
        lightness[0, row : row + 20, column : column + 30, 0] = thing
        points = [((row + 4, column + 5), RED), ((row + 15, column + 20), BLUE)]
        ab, weight = spread(hints(points, (60, 60)), lightness)
        place = np.s_[row : row + 20, column : column + 30]
        return ab[place], weight[place]

    for here, there in zip(placed(5, 5), placed(5 + down, 5 + across), strict=True):
        np.testing.assert_allclose(here, there, atol=0.02)


def test_many_colours_are_as_good_as_few():
    """Colours that are worked on in groups give what each alone is owed."""
    points = [((2 * i % 48, 7 * i % 64), (float(i), -float(i))) for i in range(40)]
    ab, weight = spread(hints(points), scene(2))

    for (row, column), colour in dict(points).items():
        assert weight[row, column] == 1
        assert np.abs(ab[row, column] - colour).max() < 3
    np.testing.assert_array_equal(spread(hints(points[::-1]), scene(2))[0], ab)


@pytest.mark.parametrize(
    ("shape", "grid"),
    [
        ((256, 352), (256, 352)),
        ((512, 768), (256, 384)),
        ((520, 777), (520, 777)),
        ((8, 8), (8, 8)),
    ],
)
def test_large_inputs_are_spread_on_a_coarser_grid(shape, grid):
    """Of at least 256 cells along the short side, at a whole fraction of the size."""
    lightness = np.full((1, *shape, 1), 50, np.float32)
    ab, weight = spread(hints([((shape[0] - 1, 3), BLUE)], shape), lightness)

    assert ab.shape == (*grid, 2)
    assert weight.shape == (*grid, 1)
    assert weight[-1, 3 * grid[1] // shape[1]] == 1
