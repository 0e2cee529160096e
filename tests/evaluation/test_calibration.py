import numpy as np
import pytest

from colorkit.bins import Distribution, gamut_bins
from colorkit.evaluation.calibration import calibration_error, reliability

FAR = (7, 300)
"""Bins that are further apart than colours that are like each other."""


def believed(shares, cells=(4, 4), cell=(1.0, 1.0)):
    """The same belief in two bins everywhere."""
    logits = np.full((1, *cells, 313), -50, np.float32)
    logits[..., list(FAR)] = np.log(shares)
    return Distribution(logits, cell=cell)


def truth(right, cells=(4, 4)):
    """The first bin in so many cells, the second in the others."""
    colours = np.broadcast_to(gamut_bins()[FAR[1]], (cells[0] * cells[1], 2)).copy()
    colours[:right] = gamut_bins()[FAR[0]]
    return colours.reshape(*cells, 2)


def test_confidence_that_is_right_has_no_error():
    """Where three quarters are believed and three quarters come true, the error is 0."""
    sums = reliability(believed([0.75, 0.25]), truth(12), temperature=0.05)

    assert calibration_error(*sums) == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize(("right", "error"), [(16, 0.25), (8, 0.25), (0, 0.75)])
def test_the_error_is_the_difference(right, error):
    """Too much confidence and too little are counted alike."""
    cells, sure, hits = reliability(believed([0.75, 0.25]), truth(right), temperature=0.05)

    assert (cells[7], hits[7], cells.sum()) == (16, right, 16)
    assert sure[7] == pytest.approx(12)
    assert calibration_error(cells, sure, hits) == pytest.approx(error, abs=1e-5)


def test_levels_are_weighed_by_their_cells():
    """Errors of opposite sign at different confidence do not cancel; resamples come as an axis."""
    cells, sure, hits = np.zeros((3, 2, 10))
    cells[:, [2, 8]] = 30, 10
    sure[:, [2, 8]] = 7.5, 8.5
    hits[0, [2, 8]] = 13.5, 2.5
    hits[1, [2, 8]] = 7.5, 8.5

    np.testing.assert_allclose(calibration_error(cells, sure, hits), [0.3, 0])


def test_cells_are_compared_with_the_pixel_at_their_centre():
    """A grid that is coarser than the picture, and reaches beyond it, is matched by place."""
    picture = np.broadcast_to(gamut_bins()[FAR[1]], (8, 8, 2)).copy()
    picture[2, 6] = gamut_bins()[FAR[0]]  # the centre of the first row's second cell
    belief = believed([0.75, 0.25], cells=(2, 3), cell=(4.0, 4.0))

    assert reliability(belief, picture, temperature=0.05)[2].sum() == 1
