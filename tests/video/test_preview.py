import numpy as np
import pytest

from colorkit import Hint
from colorkit.errors import VideoError
from colorkit.video import preview


def amber(lightness):
    """The same warm colour everywhere."""
    n, height, width, _ = lightness.shape
    return np.full((n, height // 8, width // 8, 2), (10.0, 30.0), np.float32)


def growing_light(number, size):
    """Frame by frame brighter."""
    return np.full(size[::-1], 20 + 2 * number, np.uint8)


def test_frames_of_all_the_film(film):
    """So many frames in their order, each beside its coloured self, three in a row."""
    sheet = preview(film(times=range(100), picture=growing_light), amber, frames=4)
    pair = (sheet.shape[1] + 8) // 3
    places = [(90, 0), (90, pair), (90, 2 * pair), (278, 0)]
    before = np.array([sheet[row, column + pair // 4] for row, column in places], int)
    after = np.array([sheet[row, column + 3 * pair // 4] for row, column in places], int)

    assert sheet.shape[0] == 2 * 180 + 8
    assert np.ptp(before, axis=1).tolist() == [0] * 4
    assert (np.diff(before[:, 0]) > 0).all()
    assert (after[:, 0] - after[:, 2] > 20).all()


def test_frames_with_hints_are_shown(film):
    """Beside the others, in their order, are the frames with hints, coloured as they ask for."""
    red = [Hint(24, 32, (60.0, 30.0), radius=90)]
    path = film(times=range(100), picture=growing_light)
    sheet = preview(path, lambda L: 0 * amber(L), frames=2, hints={2: red})
    pair = (sheet.shape[1] + 8) // 3
    tints = [np.ptp(sheet[90, i * pair + 3 * pair // 4].astype(int)) for i in range(3)]

    assert tints[0] == tints[2] == 0
    assert tints[1] > 40


def test_a_turned_film_is_shown_upright(film):
    """Pictures on the sheet stand as a player shows them."""
    sheet = preview(film(rotation=90), amber, frames=1)

    height, width = sheet.shape[:2]
    assert width / 2 < height


def test_what_is_no_film_is_refused(tmp_path):
    """A missing file is one readable error."""
    with pytest.raises(VideoError, match=r"cannot read .*old\.mp4': No such file"):
        preview(tmp_path / "old.mp4", amber)
