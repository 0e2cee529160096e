import sys

import numpy as np
import pytest

from colorkit.errors import VideoError
from colorkit.video.flow import fetch, flows, grid, reduced, ways


def texture(seed=0):
    small = np.random.default_rng(seed).random((20, 30))
    return (np.kron(small, np.ones((8, 8))) * 255).astype(np.uint8)


def test_motion_is_found():
    """A picture that moves three pixels right and two down is followed, there and back."""
    before = texture()
    ahead, back = flows(before, np.roll(before, (2, 3), (0, 1)))

    np.testing.assert_allclose(np.median(ahead, (0, 1)), [3, 2], atol=0.2)
    np.testing.assert_allclose(np.median(back, (0, 1)), [-3, -2], atol=0.2)


def test_ways_lead_to_the_same_thing():
    """What is fetched along a way looks like the frame where the way begins, and is trusted."""
    before = texture()
    after = np.roll(before, (2, 3), (0, 1))
    for (here, there), way in zip(
        ((before, after), (after, before)), ways(before, after), strict=True
    ):
        inner = np.s_[16:-16, 16:-16]
        found = way.fetch(there.astype(np.float32))

        assert np.median(abs(found - here)[inner]) < 2
        assert np.median(way.trust[inner]) > 0.9


def test_a_lamp_that_flickers_is_trusted():
    """All of a frame a little brighter is the same scene; another scene is not."""
    before = texture() // 2
    _, brighter = ways(before, before + 30)
    _, other = ways(before, texture(1) // 2)

    assert brighter.trust.mean() > 0.9
    assert other.trust.mean() < 0.3


def test_what_appears_is_not_trusted():
    """Pixels of an object that was not there before are hardly trusted, their surroundings are."""
    before = texture()
    after = before.copy()
    after[60:100, 80:120] = texture(2)[60:100, 80:120]
    _, back = ways(before, after)

    assert back.trust[65:95, 85:115].mean() < 0.4
    assert back.trust[:40].mean() > 0.9


def test_places_are_across_and_down():
    """Values at the grid are the values; one place to the right is the next column."""
    values = np.float32(np.arange(12).reshape(3, 4))
    places = grid(values.shape)

    np.testing.assert_array_equal(fetch(values, places), values)
    np.testing.assert_array_equal(fetch(values, places + np.float32([1, 0]))[:, :-1], values[:, 1:])


def test_reduced_means_areas():
    """Half the size is the mean of four pixels."""
    values = np.float32([[1, 3, 5, 7], [1, 3, 5, 7]])

    np.testing.assert_array_equal(reduced(values, (1, 2)), [[2, 6]])


def test_without_opencv_the_remedy_is_named(monkeypatch):
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(VideoError, match="pip install opencv-python-headless"):
        flows(texture(), texture())
