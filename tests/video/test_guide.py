import numpy as np
import pytest

import colorkit
from colorkit import Hint
from colorkit.errors import HintError, OptionError, VideoError
from colorkit.lab import rgb_to_lab
from colorkit.provenance import from_xmp
from colorkit.video import Delivery, colorize_folder, colorize_frames, colorize_video, segments

RED = (40.0, 20.0)
COAT = (slice(30, 66), slice(20, 50))
"""Where it is in frame 0, rows and columns; it goes two pixels to the right in each."""


def neutral(lightness):
    """No colours at all."""
    n, height, width, _ = lightness.shape
    return np.zeros((n, height // 8, width // 8, 2), np.float32)


def walk(number, size=(128, 96)):
    """A bright coat that walks through the street; from frame 20 on, another street."""
    rng = np.random.default_rng(number // 20)
    street = rng.integers(0, 60, (size[1] // 4, size[0] // 4), dtype=np.uint8).repeat(4, 0)
    street = street.repeat(4, 1)
    if number < 20:
        cloth = rng.integers(120, 160, (9, 10), dtype=np.uint8).repeat(4, 0).repeat(3, 1)
        street[coat(number)] = cloth
    return street


def coat(number):
    rows, columns = COAT
    return rows, slice(columns.start + 2 * number, columns.stop + 2 * number)


def middle_of_coat(number):
    rows, columns = coat(number)
    return (rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2


def reds(frames):
    """a* of the coat and of the street around it, frame by frame of the first shot."""
    for number, frame in enumerate(frames[:20]):
        a = rgb_to_lab(frame / np.float32(255))[..., 1]
        inside = np.zeros(a.shape, bool)
        inside[coat(number)] = True
        near = np.roll(inside, 8, 0) | np.roll(inside, -8, 0)
        yield a[inside].mean(), a[~inside & ~near].mean()


def chroma(frames):
    return np.ptp(np.array(frames, int), axis=-1).max()


@pytest.fixture(scope="module")
def street():
    return [walk(number) for number in range(28)]


@pytest.fixture(scope="module")
def red(street):
    """The street with the coat hinted red at frame 12."""
    hints = {12: [Hint(*middle_of_coat(12), RED, radius=8)]}
    return list(colorize_frames(street, neutral, hints=hints))


def test_a_shot_follows_a_hint(red):
    """A coat that is red in one frame is so in all of the shot; all else is not."""
    inside, outside = zip(*reds(red), strict=True)

    assert min(inside) > 0.6 * RED[0]
    assert max(outside) < 0.2 * RED[0]


def test_no_hint_crosses_a_cut(red):
    """The next shot is as it was without hints."""
    assert chroma(red[20:]) <= 2


def test_a_shot_follows_a_painted_frame(street, red):
    """A coat that is painted red in one frame is so in all; what was left gray stays as it was."""
    painting = np.repeat(street[5][..., None], 3, axis=-1)
    painting[coat(5)] = red[5][coat(5)]
    painted = list(colorize_frames(street, neutral, hints={5: painting}))
    inside, outside = zip(*reds(painted), strict=True)

    assert min(inside) > 0.6 * RED[0]
    assert max(outside) < 0.05 * RED[0]
    assert chroma(painted[20:]) <= 2


def test_the_frame_itself_is_as_asked(street):
    """What the colours were before does not count in the frame that is corrected."""

    def blue(lightness):
        return neutral(lightness) + np.float32([10, -40])

    hints = [Hint(*middle_of_coat(13), RED, radius=8)]
    still = colorkit.colorize(street[13], blue, hints=hints)
    first, *_ = colorize_frames(street[13:18], blue, hints={0: hints})
    *_, last = colorize_frames(street[7:14], blue, hints={6: hints})

    for shown in (first, last):
        difference = rgb_to_lab(shown / np.float32(255)) - rgb_to_lab(still / np.float32(255))
        assert abs(difference[coat(13)][..., 1:]).mean() < 8


def test_hints_of_a_film(film, contents, tmp_path, monkeypatch):
    """By time, also into segments that were finished before; steadiness 0 does not hinder it."""
    monkeypatch.setattr(segments, "LENGTH", 7)
    path = film(times=range(28), size=(128, 96), picture=walk)
    hints = {0.48: [Hint(*middle_of_coat(12), RED, radius=8)]}
    for steadiness in (0.8, 0):
        new = tmp_path / f"{steadiness}.mp4"
        colorize_video(path, new, neutral, steadiness=steadiness, delivery=Delivery(hints=hints))
        shown = contents(new).rgb
        inside, outside = zip(*reds(shown), strict=True)

        assert min(inside) > 0.5 * RED[0]
        assert max(outside) < 0.2 * RED[0]
        assert chroma(shown[20:]) < 12


def test_hints_of_a_turned_film(film, contents, tmp_path):
    """Rows and columns are those of the picture as it is shown, upright."""
    path = film(times=range(8), size=(128, 96), picture=walk, rotation=90)
    row, column = middle_of_coat(4)
    upright = Hint(128 - 1 - column, row, RED, radius=8)
    colorize_video(path, tmp_path / "new.mp4", neutral, delivery=Delivery(hints={0.16: [upright]}))
    inside, _ = zip(*reds(contents(tmp_path / "new.mp4").rgb), strict=True)

    assert min(inside) > 0.5 * RED[0]


def test_hints_of_a_folder(street, tmp_path):
    """By the number of a picture, from 0 on; each tells how many hints a person gave the film."""
    (tmp_path / "old").mkdir()
    for number in range(6):
        colorkit.files.write(tmp_path / "old" / f"{number}.png", street[number])
    hints = {3: [Hint(*middle_of_coat(3), RED, radius=8)]}
    colorize_folder(tmp_path / "old", tmp_path / "new", neutral, hints=hints)
    frames = [
        np.asarray(colorkit.files.read(tmp_path / "new" / f"{n}.png").image) for n in range(6)
    ]

    assert min(inside for inside, _ in reds(frames)) > 0.6 * RED[0]
    assert from_xmp(colorkit.files.read(tmp_path / "new" / "0.png").xmp).hints == 1


def test_other_hints_are_another_order(film, tmp_path, monkeypatch):
    """What was finished with other hints is not taken for a film with these."""
    monkeypatch.setattr(segments, "LENGTH", 7)
    path = film(times=range(14), size=(128, 96), picture=walk)

    def stop(done, total):
        if done == 9:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        colorize_video(path, tmp_path / "new.mp4", neutral, progress=stop)
    delivery = Delivery(hints={0: [Hint(*middle_of_coat(0), RED)]})
    with pytest.raises(VideoError, match="version or options"):
        colorize_video(path, tmp_path / "new.mp4", neutral, delivery=delivery, resume=True)


def test_what_cannot_be_followed_is_refused(street):
    """Hints outside the picture or the film, paintings of another size or gray, and iterators."""
    hint = Hint(10, 10, RED)
    with pytest.raises(HintError, match=r"the film ends before 28, for which hints are given"):
        list(colorize_frames(street, neutral, hints={28: [hint]}))
    with pytest.raises(HintError, match=r"row 96, column 0 lies outside the picture of 96 rows"):
        list(colorize_frames(street, neutral, hints={0: [Hint(96, 0, RED)]}))
    with pytest.raises(HintError, match=r"the size of the film, 128 x 96 pixels; received 8 x 8"):
        list(colorize_frames(street, neutral, hints={0: np.zeros((8, 8, 3), np.uint8)}))
    with pytest.raises(HintError, match=r"must have colours; received one that is gray"):
        list(colorize_frames(street, neutral, hints={0: street[0]}))
    with pytest.raises(OptionError, match=r"are gone through twice; give a list"):
        colorize_frames(iter(street), neutral, hints={0: [hint]})
    with pytest.raises(HintError, match=r"hints are for 0.5 s, which is not between"):
        Delivery(start=1, hints={0.5: [hint]})


def test_a_later_correction_holds_from_there_on(street):
    """Between two corrections colours lead over; outside each holds, to the ends of the shot."""
    first, second = (
        [Hint(*middle_of_coat(number), colour, radius=8)]
        for number, colour in ((4, RED), (12, (-40.0, 20.0)))
    )
    shown = colorize_frames(street[:20], neutral, steadiness=0, hints={4: first, 12: second})
    inside, _ = zip(*reds(list(shown)), strict=True)

    assert min(inside[:5]) > 0.6 * RED[0]
    assert max(inside[12:]) < -0.6 * RED[0]
    assert list(inside[4:13]) == sorted(inside[4:13], reverse=True)
    assert abs(inside[8]) < 0.3 * RED[0]


def test_hints_for_other_things_go_on(street):
    """A later correction of the street, or a painting of it, leaves the coat as it was hinted."""
    coat_hint = [Hint(*middle_of_coat(4), RED, radius=8)]
    painting = np.repeat(street[10][..., None], 3, axis=-1)
    painting[80:, 90:] = 40, 90, 60
    for given in ([Hint(88, 110, (-30.0, 20.0), radius=4)], painting):
        shown = list(colorize_frames(street[:20], neutral, hints={4: coat_hint, 10: given}))
        inside, _ = zip(*reds(shown), strict=True)

        assert min(inside) > 0.5 * RED[0]
        assert min(rgb_to_lab(shown[10] / np.float32(255))[84:92, 106:114, 1].ravel()) < -10
