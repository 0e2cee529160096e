import numpy as np
import pytest

from colorkit.video.steady import Steady, Still, blend

SHAPE = (48, 64)


def gray(number, shot=0):
    """A texture that moves a pixel a frame; another for each shot."""
    texture = np.random.default_rng(shot).integers(0, 256, (6, 16), dtype=np.uint8)
    return np.roll(texture.repeat(8, 0).repeat(8, 1), number, axis=1)[:, : SHAPE[1]].copy()


def stills(colours, shots=None):
    """Frames whose own colours are as given; what the network is asked for goes to a list."""
    asked = []

    def paint(number):
        asked.append(number)
        colour = colours[number]
        return None if colour is None else np.full((*SHAPE, 2), colour, np.float32)

    frames = [
        Still(number, gray(number, shots[number] if shots else 0), lambda n=number: paint(n))
        for number in range(len(colours))
    ]
    return frames, asked


def middles(steady, frames):
    """The colour in the middle of every frame, after a look at their order."""
    out = list(steady(frames))
    assert [still.frame for still, _ in out] == [still.frame for still in frames]
    return [None if ab is None else float(ab[24, 32, 0]) for _, ab in out]


def test_one_frame():
    """A film of one frame has that frame's own colours."""
    frames, _ = stills([7.0])

    assert middles(Steady(0.8, 4), frames) == [7.0]


def test_keys_blend_and_frames_between_lead_over():
    """A key keeps a share of what arrives; between two keys colours go from one to the other."""
    frames, asked = stills([0.0, 99.0, 99.0, 99.0, 10.0])
    shown = middles(Steady(0.8, 4), frames)

    assert asked == [0, 4]
    assert shown[0] == 0
    assert shown[4] == pytest.approx(2, abs=0.2)
    assert shown == sorted(shown)


def test_nothing_crosses_a_cut():
    """A new shot begins with its own colours; the old one ends with a key of its own."""
    frames, asked = stills([20.0] * 6 + [-20.0] * 6, shots=[0] * 6 + [1] * 6)
    steady = Steady(1, 4)
    shown = middles(steady, frames)

    np.testing.assert_allclose(shown, [20] * 6 + [-20] * 6, atol=0.01)
    assert asked == [0, 4, 5, 6, 10, 11]
    assert steady.shots == 2


def test_what_cannot_be_trusted_is_asked_for():
    """Where frames have nothing in common, short of a cut, the network looks at each."""
    frames, asked = stills([float(i) for i in range(9)])
    noise = np.random.default_rng(0)
    for number, still in enumerate(frames):
        wild = gray(0) // 2 + noise.integers(0, 128, SHAPE, dtype=np.uint8)
        frames[number] = Still(still.frame, wild, still.paint)
    middles(Steady(0.8, 4), frames)

    assert asked == list(range(9))


def test_a_key_carries_on():
    """A film worked on in two pieces, the key handed over, has the colours of the second's own."""
    frames, _ = stills([0.0] * 5 + [10.0] * 8)
    whole = middles(Steady(0.8, 4), frames)
    first = Steady(0.8, 4)
    pieces = middles(first, frames[:5]) + middles(Steady(0.8, 4, first.key), frames[5:])

    assert pieces == whole


def test_frames_that_keep_their_colours():
    """After a frame that keeps its colours each one is asked; a shot may turn gray, and back."""
    frames, _ = stills([None] * 5 + [30.0] * 4 + [None] * 4)
    shown = middles(Steady(0.8, 4), frames)

    assert shown == [None] * 5 + [30.0] * 4 + [None] * 4


def test_blend_is_linear():
    """A share of 0 is the first, of 1 the second, of a half their mean."""
    one, two = np.float32(np.random.default_rng(0).normal(0, 20, (2, 3, 4, 2)))
    for share, wanted in ((0, one), (1, two), (0.5, (one + two) / 2)):
        mixed = blend(one, two, np.full((3, 4), share, np.float32))
        np.testing.assert_allclose(mixed, wanted, atol=1e-5)
