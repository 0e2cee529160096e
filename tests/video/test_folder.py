import numpy as np
import pytest
from PIL import Image

from colorkit.errors import VideoError
from colorkit.files import read
from colorkit.video import colorize_folder


def by_light(lightness):
    """Dark frames red, bright ones green."""
    n, height, width, _ = lightness.shape
    colour = (40.0, 20.0) if lightness.mean() < 50 else (-40.0, 20.0)
    return np.full((n, height // 8, width // 8, 2), colour, np.float32)


@pytest.fixture
def frames(tmp_path):
    """Twelve pictures; those after number 8 are bright, of another shot."""
    folder = tmp_path / "frames"
    folder.mkdir()
    texture = np.random.default_rng(0).integers(0, 90, (48, 64))
    for number in range(1, 13):
        picture = texture if number < 9 else 255 - texture.T[:48, :48].repeat(2, 1)[:, :64]
        Image.fromarray(picture.astype(np.uint8)).save(folder / f"shot{number}.png")
    (folder / "notes.txt").write_text("reel 3")
    return folder


def test_frames_come_out_under_their_names(frames, tmp_path):
    """In the order of their numbers, so that a shot is a shot; with the note of their origin."""
    assert colorize_folder(frames, tmp_path / "new", by_light) == 12
    made = {path.name: read(path) for path in (tmp_path / "new").iterdir()}

    assert sorted(made) == sorted(path.name for path in frames.glob("*.png"))
    for number in range(1, 13):
        red, green, _ = np.moveaxis(made[f"shot{number}.png"].image.astype(float), -1, 0)
        assert (red > green).mean() > 0.9 if number < 9 else (green > red).mean() > 0.9
    assert b"by_light" in made["shot1.png"].xmp


def test_what_cannot_be_is_refused(frames, tmp_path):
    """A folder without pictures, and one for the frames that is not empty."""
    (tmp_path / "none").mkdir()
    with pytest.raises(VideoError, match="none' holds no pictures"):
        colorize_folder(tmp_path / "none", tmp_path / "new", by_light)
    with pytest.raises(VideoError, match="frames' is not empty"):
        colorize_folder(frames, frames, by_light)
