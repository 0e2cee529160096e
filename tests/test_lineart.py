import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter, ImageFont
from skimage import data

from colorkit.lineart import is_line_art

WORDS = ("the", "harbour", "was", "a", "narrow", "inlet", "with", "three", "boats", "and", "wooden")


def page(size):
    """A page of text, black on white."""
    rng = np.random.default_rng(size)
    image = Image.new("L", (900, 1200), 255)
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(size)
    for top in range(60, 1120, size * 3 // 2):
        draw.text((60, top), " ".join(rng.choice(WORDS, 240 // size)), 0, font=font)
    return np.asarray(image)


def drawing(lines):
    """Lines and bows in ink."""
    rng = np.random.default_rng(lines)
    image = Image.new("L", (1000, 800), 250)
    draw = ImageDraw.Draw(image)
    for x, y, dx, dy in rng.integers((0, 0, 10, 10), (1000, 800, 300, 300), (lines, 4)):
        draw.line((x, y, x + dx, y - dy), 10, 3)
        draw.arc((x, y, x + dx, y + dy), 30, 200, 10, 3)
    return np.asarray(image)


def scanned(image):
    """The same on gray paper in uneven light, a little out of focus, with grain."""
    soft = np.asarray(Image.fromarray(image).filter(ImageFilter.GaussianBlur(0.8)), np.float32)
    light = np.add.outer(np.linspace(0.35, 0.5, len(soft)), np.linspace(0.2, 0.5, soft.shape[1]))
    grain = np.random.default_rng(0).normal(0, 3, soft.shape)
    return ((60 + 0.7 * soft) * light + grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    "image",
    [page(16), page(24), page(40), drawing(20), drawing(80), data.page(), data.text()],
    ids=["small", "text", "large", "sketch", "drawing", "real page", "real text"],
)
def test_pages_and_drawings_are_recognized(image):
    """Clean or scanned in bad light, in any form and depth."""
    assert is_line_art(image)
    assert is_line_art(np.dstack([image] * 3).astype(np.uint16) * 257)
    assert is_line_art((image / 255).astype(np.float32))


@pytest.mark.parametrize("image", [page(24), page(40), drawing(20), drawing(80)])
def test_bad_light_makes_no_difference(image):
    """A page is one in uneven light, on gray paper, out of focus and with grain."""
    assert is_line_art(scanned(image))


@pytest.mark.parametrize("name", ["camera", "coins", "moon", "clock", "horse", "binary_blobs"])
def test_other_pictures_are_not_taken_for_pages(name):
    """Neither photographs nor shapes in black and white."""
    assert not is_line_art(np.uint8(255 * (getattr(data, name)() / np.max(getattr(data, name)()))))


@pytest.mark.parametrize("shape", [(1, 1), (31, 400), (64, 64), (300, 2), (40, 50, 4)])
def test_little_tells_nothing(shape):
    """Tiny pictures, and blank ones, are no pages."""
    assert not is_line_art(np.zeros(shape, np.uint8))
    assert not is_line_art(np.random.default_rng(0).integers(0, 255, shape).astype(np.uint8))


def test_photographs_raise_no_alarm(photos):
    """Of 412 photographs, 12 of them historic, less than one in a hundred is one: in fact none."""
    alarms = [is_line_art(gray) for gray in (*photos.legacy(), *photos.validation())]

    assert len(alarms) > 400
    assert np.mean(alarms) < 0.01
