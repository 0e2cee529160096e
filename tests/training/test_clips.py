import sys

import numpy as np
import pytest

from colorkit import VideoError
from colorkit.training.clips import PAIRS, read_pairs


def numbered(count):
    """Frames that tell their number by their gray."""
    return [np.full((32, 48, 3), number, np.uint8) for number in range(count)]


def test_pairs_are_spread_over_a_clip(clip):
    """A hundred at most, from its first to its last frame, one to three frames apart."""
    pairs = read_pairs(clip(numbered(240)))
    firsts, seconds = np.array([[int(frame[0, 0, 0]) for frame in pair] for pair in pairs]).T
    assert len(pairs) == PAIRS == 100
    assert (firsts[0], firsts[-1]) == (0, 238)
    assert set(np.diff(firsts)) == {2, 3}
    assert set(seconds - firsts) == {1, 2, 3}


def test_a_short_clip_gives_what_it_has(clip):
    """Each frame but the last begins a pair."""
    assert len(read_pairs(clip(numbered(5)))) == 4


def test_frames_are_kept_small(clip):
    """Reduced to a short side of 256 pixels, in their own shape; small ones stay as they are."""
    (first, second), *_ = read_pairs(clip([np.zeros((320, 480, 3), np.uint8)] * 2))
    assert first.shape == second.shape == (256, 384, 3)
    assert read_pairs(clip(numbered(2)))[0][0].shape == (32, 48, 3)


def test_what_is_no_clip_is_refused(clip, tmp_path):
    """Absent, no film, or a single frame: the message names the file."""
    with pytest.raises(VideoError, match=r"cannot read '.*none.mp4': No such file"):
        read_pairs(tmp_path / "none.mp4")
    (tmp_path / "words.mp4").write_text("no film")
    with pytest.raises(VideoError, match=r"cannot read '.*words.mp4': Invalid data"):
        read_pairs(tmp_path / "words.mp4")
    with pytest.raises(VideoError, match=r"clip.mkv' has no two frames to learn from"):
        read_pairs(clip(numbered(1)))


def test_a_missing_reader_is_named(tmp_path, monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "colorkit.video.container", raising=False)
    with pytest.raises(VideoError, match=r"read by PyAV, .* pip install 'colorkit\[video\]'"):
        read_pairs(tmp_path / "walk.mp4")
