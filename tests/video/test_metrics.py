import numpy as np
import pytest

from colorkit.errors import ImageValueError
from colorkit.video.metrics import distribution_change, flicker, flicker_spectrum, warping_error


def slide(number):
    texture = np.random.default_rng(0).random((8, 16)).repeat(8, 0).repeat(8, 1)
    return (np.roll(texture, number, axis=1) * 255).astype(np.uint8)


def test_what_moves_along_does_not_count():
    """Colours that move with the film have next to no error; a jump of 0.2 has 0.04."""
    source = [slide(i) for i in range(6)]
    along = [np.dstack([s, s, s]) / 255 * 0.1 for s in source]
    jumping = [frame + 0.2 * (i % 2) for i, frame in enumerate(along)]

    assert warping_error(along, source) < 0.001
    assert warping_error(jumping, source) == pytest.approx(0.04, abs=0.002)


def test_cuts_do_not_count():
    """What changes at a cut is no error."""
    source = [slide(0)] * 3 + [slide(0).T.repeat(2, 1)[:, :128]] * 3
    colours = [np.full((64, 128), value, np.float32) for value in (0, 0, 0, 1, 1, 1)]

    assert warping_error(colours, [s[:64] for s in source]) == 0


def test_change_of_distribution():
    """A still film has none; frames without a colour in common have ln 2, the most there is."""
    still = [np.dstack([slide(0)] * 3)] * 6
    wild = [np.full((8, 8, 3), 20 * i, np.uint8) for i in range(6)]

    assert distribution_change(still) == 0
    assert distribution_change(wild) == pytest.approx(np.log(2))
    with pytest.raises(ImageValueError, match="4 frames are too few; five are needed"):
        distribution_change(still[:4])


@pytest.mark.parametrize(("speed", "band"), [(0.5, 0), (2, 1), (6, 2), (12.5, 2)])
def test_swings_by_how_fast_they_are(speed, band):
    """A swing is in the band of its speed; one of all the picture alike is in its mean, too."""
    turns = speed * np.arange(100)[:, None, None, None] / 25 + np.zeros((18, 32, 2))
    alike = np.float32(3 * np.cos(2 * np.pi * turns))
    opposite = alike * np.where(np.arange(32) % 2, 1, -1)[:, None]
    effective = 3 if speed == 12.5 else 3 / np.sqrt(2)
    wanted = np.eye(3)[band] * effective

    np.testing.assert_allclose(flicker_spectrum(list(alike), 25), [wanted] * 2, atol=0.15)
    np.testing.assert_allclose(flicker_spectrum(list(opposite), 25), [[0] * 3, wanted], atol=0.15)


def test_drift_is_no_flicker():
    """Colours that go evenly from one to another do not swing fast."""
    drift = np.linspace(0, 20, 50, dtype=np.float32)[:, None, None, None] + np.zeros((18, 32, 2))

    assert (flicker_spectrum(list(np.float32(drift)), 25)[:, 2] < 0.05).all()


def test_flicker_is_what_swings_fast():
    """Colours that swing by 3 from frame to frame have a flicker of 3; slow ones of 0."""
    phase = np.arange(32)[:, None, None, None] * np.ones((18, 32, 2), np.float32)
    fast, slow = 3 * np.cos(np.pi * phase), 3 * np.cos(np.pi / 8 * phase)

    assert flicker(list(np.float32(slow))) < 1e-3
    assert flicker(list(np.float32(fast))) == pytest.approx(3, rel=1e-3)
