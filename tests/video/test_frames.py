from itertools import islice

import av
import numpy as np
import pytest

import colorkit
from colorkit.errors import ImageValueError, OptionError
from colorkit.lab import rgb_to_lab
from colorkit.video import colorize_frames
from colorkit.video.metrics import distribution_change, warping_error


class Refiner:
    """Its own colours are those of a clock; it keeps half of what arrives, and what it was told."""

    stride, size, accepts_hints, refines = 8, 48, False, True

    def __init__(self, shape=(48, 72)):
        self.shape = shape
        self.told = []

    def predict(self, lightness, hints=None):
        assert lightness.shape == (1, *self.shape, 1)
        self.told.append(hints)
        own = np.full((1, *self.shape, 2), (5.0 * len(self.told), -8.0), np.float32)
        ab = own if hints is None else own + hints.mask / 2 * (hints.ab - own)
        return colorkit.Prediction(ab=ab)


def amber(lightness):
    """The same warm colour everywhere."""
    n, height, width, _ = lightness.shape
    return np.full((n, height // 8, width // 8, 2), (10.0, 30.0), np.float32)


def flickering():
    """A backend whose colours change with every call."""
    rng = np.random.default_rng(0)

    def backend(lightness):
        n, height, width, _ = lightness.shape
        noise = rng.normal(0, 8, (n, 1, 1, 2)) + rng.normal(0, 8, (n, height // 8, width // 8, 2))
        return np.float32(noise + np.array([10, 30]))

    return backend


def slide(number, shape=(64, 96)):
    """A texture that moves two pixels a frame."""
    texture = np.random.default_rng(7).random((20, 40)).repeat(8, 0).repeat(8, 1)
    return (np.roll(texture, 2 * number, axis=1)[: shape[0], : shape[1]] * 255).astype(np.uint8)


def ab(image):
    return rgb_to_lab(image.astype(np.float32) / 255)[..., 1:]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_frames_come_back_in_their_form(dtype):
    """As many frames as went in, in their order, dtype and lightness."""
    white = np.iinfo(dtype).max if dtype != np.float32 else 1
    frames = [(slide(i) / 255 * white).astype(dtype) for i in range(11)]
    out = list(colorize_frames(frames, amber))

    assert [frame.dtype for frame in out] == [dtype] * 11
    assert {frame.shape for frame in out} == {(64, 96, 3)}
    for before, after in zip(frames, out, strict=True):
        gray = np.repeat(before[..., None], 3, -1) / white
        lightness = [rgb_to_lab(np.float32(image))[..., 0] for image in (gray, after / white)]
        assert abs(lightness[0] - lightness[1]).max() < 0.3


def test_four_frames_are_read_ahead():
    """The first frame needs one more, any other at most four more."""
    taken = 0

    def frames():
        nonlocal taken
        for number in range(40):
            taken += 1
            yield slide(number)

    ahead = [taken - number - 1 for number, _ in enumerate(colorize_frames(frames(), amber))]

    assert ahead[0] == 1
    assert max(ahead) == 4


def test_flicker_is_calmed():
    """Colours that flicker become five times steadier along the motion, and stay the same hue."""
    frames = [slide(i) for i in range(24)]
    loose = [ab(frame) for frame in colorize_frames(frames, flickering(), steadiness=0)]
    calm = [ab(frame) for frame in colorize_frames(frames, flickering())]

    assert warping_error(calm, frames) < 0.2 * warping_error(loose, frames)
    np.testing.assert_allclose(np.mean(calm, (0, 1, 2)), np.mean(loose, (0, 1, 2)), atol=3)


def test_without_steadiness_frames_are_alone():
    """At steadiness 0 each frame's colours are those of `colorize`, but for their resolution."""
    frames = [slide(i) for i in range(3)]
    for before, after in zip(frames, colorize_frames(frames, "lite", steadiness=0), strict=True):
        assert abs(ab(after) - ab(colorkit.colorize(before))).mean() < 0.5


def test_the_network_looks_at_one_frame_in_four():
    """In a shot that moves evenly the backend is asked for the first frame, then every fourth."""
    calls = 0

    def backend(lightness):
        nonlocal calls
        calls += 1
        return amber(lightness)

    list(colorize_frames([slide(i) for i in range(41)], backend))

    assert calls == 11


def test_a_backend_that_refines_is_given_what_arrives():
    """Colours that have come along the motion, at its own size, but not at the start of a shot."""
    backend = Refiner()
    frames = [slide(i) for i in range(9)] + [255 - slide(i) // 3 for i in range(5)]
    shown = [ab(frame) for frame in colorize_frames(frames, backend)]

    assert [hints is None for hints in backend.told] == [True, False, False, True, False]
    for hints, key in zip((backend.told[i] for i in (1, 2, 4)), (0, 4, 9), strict=True):
        assert (hints.ab.shape, hints.mask.shape) == ((1, 48, 72, 2), (1, 48, 72, 1))
        assert 0 <= hints.mask.min() < hints.mask.max() <= 0.8 + 1e-6
        assert np.median(hints.mask) > 0.7
        arrived = np.median(hints.ab, axis=(0, 1, 2))
        np.testing.assert_allclose(arrived, np.median(shown[key], axis=(0, 1)), atol=0.5)


def test_what_a_backend_that_refines_answers_stands():
    """At a key the film has its answer, not a blend; frames between lead over to it."""
    backend = Refiner()
    shown = [np.median(ab(f), axis=(0, 1)) for f in colorize_frames(map(slide, range(5)), backend)]
    hints = backend.told[1]
    answer = 10 + np.median(hints.mask) / 2 * (5 - 10)

    np.testing.assert_allclose(shown[0], (5, -8), atol=0.5)
    np.testing.assert_allclose(shown[4], (answer, -8), atol=0.5)
    assert [a for a, _ in shown] == sorted(a for a, _ in shown)


def test_saturation_does_not_add_up_in_a_backend_that_refines():
    """What arrives has the saturation of the answer before it was shown."""
    backend = Refiner()
    recipe = colorkit.Colorizer(backend, saturation=2)
    first, *_ = colorize_frames(map(slide, range(5)), recipe)

    np.testing.assert_allclose(np.median(ab(first), axis=(0, 1)), (10, -16), atol=0.5)
    np.testing.assert_allclose(np.median(backend.told[1].ab, axis=(0, 1, 2)), (5, -8), atol=0.5)


def test_a_person_has_the_last_word_on_a_backend_that_refines():
    """A corrected frame is coloured from nothing, and hints are spread on top as for any other."""
    backend = Refiner()
    hint = colorkit.Hint(30, 40, (30.0, 20.0), radius=60)
    frames = [slide(i) for i in range(7)]
    shown = list(colorize_frames(frames, backend, hints={2: [hint]}))

    assert [hints is None for hints in backend.told] == [True, True, False]
    for frame in shown:
        np.testing.assert_allclose(np.median(ab(frame), axis=(0, 1)), (30, 20), atol=2)


def test_without_steadiness_nothing_arrives():
    """Every frame is coloured by itself then."""
    backend = Refiner()
    list(colorize_frames(map(slide, range(3)), backend, steadiness=0))

    assert backend.told == [None] * 3


def test_frames_in_colour_pass():
    """A shot in colour comes back as it was, unless it is forced."""
    frames = list(colorize_frames([slide(i) for i in range(6)], amber))
    green = np.float32([-40, 40])
    kept = list(colorize_frames(frames, lambda lightness: 0 * amber(lightness) + green))
    forced = list(colorize_frames(frames, lambda L: 0 * amber(L) + green, force=True))

    np.testing.assert_array_equal(kept, frames)
    assert np.mean([ab(frame)[..., 0].mean() for frame in forced]) < -15


def test_a_colorizer_brings_its_options():
    """Saturation 0 leaves every frame gray."""
    gray = colorkit.Colorizer(amber, saturation=0)

    for frame in colorize_frames([slide(i) for i in range(5)], gray):
        assert np.ptp(frame.astype(int), axis=-1).max() == 0


def test_nothing_in_nothing_out():
    """An empty film is no error."""
    assert list(colorize_frames([], amber)) == []


def test_what_cannot_be_is_refused():
    """Steadiness beyond 0..1 at once, a frame of another size when it comes."""
    with pytest.raises(OptionError, match=r"steadiness must be a number in 0..1; received 1.5"):
        colorize_frames([], amber, steadiness=1.5)
    with pytest.raises(ImageValueError, match=r"the first is \(64, 96\), number 1 is \(8, 8\)"):
        list(colorize_frames([slide(0), slide(0, (8, 8))], amber))


PIECES = {"carphone_pristine": (0, 21), "bikes": (92, 113)}


@pytest.mark.parametrize("name", PIECES)
def test_real_film_is_steadier_and_as_colourful(name, clips):
    """Against frame by frame: a third of the colours' warping error, 0.97 of the chroma, less CDC.

    The clips are of a face in a moving car, and of cars that pass a man.
    """
    with av.open(clips / f"{name}.mp4") as film:
        film = islice(film.decode(video=0), *PIECES[name])
        frames = [frame.reformat(176, 96).to_ndarray(format="gray") for frame in film]
    loose = [colorkit.colorize(frame) for frame in frames]
    calm = list(colorize_frames(frames))
    plain, steady = ([ab(frame) for frame in film] for film in (loose, calm))
    chroma, kept = (
        np.hypot(*np.moveaxis(np.array(film), -1, 0)).mean() for film in (plain, steady)
    )

    assert warping_error(steady, frames) < warping_error(plain, frames) / 3
    assert kept > 0.97 * chroma
    assert distribution_change(calm) < distribution_change(loose)
