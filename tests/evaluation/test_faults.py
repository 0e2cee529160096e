import numpy as np
import pytest

from colorkit.evaluation.faults import blotches, neutral_pixels

WHOLE = (100, 100)
SQUARE = np.s_[20:60, 30:80]
SHARE = 40 * 50 / 100**2


def with_square(inside, outside=0.0):
    """A plane with a square that is different."""
    plane = np.full(WHOLE, outside, np.float32)
    plane[SQUARE] = inside
    return plane


def ab(inside, outside=0.0):
    """Colour along a alone."""
    return np.dstack([with_square(inside, outside), with_square(0)])


@pytest.mark.parametrize(
    ("colours", "lightness", "share"),
    [
        (ab(40), with_square(50, 50), SHARE),
        (ab(40), with_square(70, 50), 0),
        (ab(40), with_square(59, 50), SHARE),
        (ab(24), with_square(50, 50), 0),
        (ab(40, 40), with_square(50, 50), 0),
        (ab(0, 40), with_square(50, 50), 1 - SHARE),
    ],
    ids=["no edge", "an edge", "a faint edge", "pale", "everywhere", "all around"],
)
def test_vivid_regions_without_an_edge_around_them_are_blotches(colours, lightness, share):
    """A blotch is vivid, and its border is no edge of lightness; the picture's rim is no border."""
    assert blotches(colours, lightness) == pytest.approx(share)


def test_dots_are_no_blotches():
    """What covers less than 0.2 % of a picture is not counted."""
    colours = np.zeros((*WHOLE, 2), np.float32)
    colours[10:14, 10:14] = 40

    assert blotches(colours, with_square(50, 50)) == 0


def test_a_border_that_follows_lightness_for_more_than_half_its_length():
    """A region is judged by its whole border: where most of it is an edge, it is no blotch."""
    lightness = np.full(WHOLE, 50.0, np.float32)
    lightness[:, 30:] = 80  # its left side
    assert blotches(ab(40), lightness) == pytest.approx(SHARE)
    lightness[:20], lightness[60:] = 20, 20  # above and below it too
    assert blotches(ab(40), lightness) == 0


def test_gray_that_stays_gray():
    """Pixels of true chroma below 5 are gray; they stay so below a chroma of 10."""
    truth = np.array([[[0, 4.9], [0, 5.1], [3, 3], [0, 0]]])
    colours = np.array([[[0, 9.9], [0, 0], [8, 8], [0, 0]]])

    assert neutral_pixels(colours, truth) == (3, 2)
