import base64
import io
import re
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit import files
from colorkit.comparison import compare, sheet, side_by_side
from colorkit.errors import FileError, ImageTypeError, ImageValueError


def filled(height: int, width: int, *colour: int) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, len(colour)), colour, np.uint8)


def test_pictures_stand_in_a_row():
    """Each picture is unchanged, white lies between two, and none at the ends."""
    row = side_by_side(filled(5, 4, 10, 20, 30), filled(5, 6, 40, 50, 60), gap=3)

    assert row.shape == (5, 13, 3)
    assert (row[:, :4] == (10, 20, 30)).all()
    assert (row[:, 4:7] == 255).all()
    assert (row[:, 7:] == (40, 50, 60)).all()


def test_one_picture_is_its_own_row():
    """Nothing is added to a single picture."""
    np.testing.assert_array_equal(side_by_side(filled(2, 3, 1, 2, 3)), filled(2, 3, 1, 2, 3))


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (np.full((2, 3), 7, np.uint8), (7, 7, 7)),
        (filled(2, 3, 7), (7, 7, 7)),
        (filled(2, 3, 7, 0), (255, 255, 255)),
        (filled(2, 3, 7, 255), (7, 7, 7)),
        (filled(2, 3, 1, 2, 3, 255), (1, 2, 3)),
        (filled(2, 3, 1, 2, 3, 0), (255, 255, 255)),
        (filled(2, 3, 0, 100, 200, 51), (204, 224, 244)),
    ],
    ids=["HW", "HW1", "clear gray", "opaque gray", "opaque", "clear", "a fifth"],
)
def test_pictures_of_every_kind_are_shown_on_white(picture, shown):
    """Gray becomes RGB; transparent parts let white through in proportion."""
    assert (side_by_side(picture, gap=0) == shown).all()


@pytest.mark.parametrize("gap", [0, 1, 8])
def test_sheet_has_rows_of_one_height(gap):
    """Pictures of any size come to one height, in rows, with white between and beside them."""
    red, green, blue = np.eye(3, dtype=int) * 200
    pictures = [filled(10, 20, *red), filled(80, 40, *green), filled(20, 60, *blue)]
    made = sheet(pictures, columns=2, height=20, gap=gap)

    assert made.shape == (40 + gap, max(40 + gap + 10, 60), 3)
    assert (made[:20, :40] == red).all()
    assert (made[:20, 40 : 40 + gap] == 255).all()
    assert (made[:20, 40 + gap : 50 + gap] == green).all()
    assert (made[20 : 20 + gap] == 255).all()
    assert (made[20 + gap :, :60] == blue).all()


def test_sheet_keeps_pictures_of_its_height():
    """A picture that has the sheet's height already is shown pixel by pixel."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 9, 3), np.uint8)

    np.testing.assert_array_equal(sheet([noise], columns=4, height=16), noise)


NOISE = np.random.default_rng(2).integers(0, 256, (30, 50, 3), np.uint8)
GRAY = NOISE[..., 0]


def pictures(html: str) -> list[Image.Image]:
    """The pictures inside a page, decoded."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)
    return [Image.open(io.BytesIO(base64.b64decode(one))) for one in found]


def test_the_name_is_a_function():
    """`colorkit.compare` can be called, whatever was imported before it."""
    assert colorkit.compare is compare
    assert colorkit.Comparison is type(compare(GRAY, NOISE))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_pictures_of_every_depth_are_compared(dtype):
    """Gray before, colour after: both become 8-bit RGB, for the eye."""
    white = np.iinfo(dtype).max if np.dtype(dtype).kind == "u" else 1
    before, after = ((image / 255 * white).astype(dtype) for image in (GRAY, NOISE))
    compared = compare(before, after)

    assert compared.before.shape == compared.after.shape == (30, 50, 3)
    assert compared.before.dtype == compared.after.dtype == np.uint8
    assert np.abs(compared.before - GRAY[..., None].astype(int)).max() <= 1
    assert np.abs(compared.after - NOISE.astype(int)).max() <= 1


def test_pillow_images_and_masks_are_compared():
    """A Pillow image, of any mode that is coloured, beside a bool array."""
    compared = compare(GRAY > 90, Image.fromarray(NOISE).convert("P"))

    assert set(np.unique(compared.before)) == {0, 255}
    palette = np.asarray(Image.fromarray(NOISE).convert("P").convert("RGB"))
    np.testing.assert_array_equal(compared.after, palette)
    clear = np.dstack([NOISE, np.zeros((30, 50), np.uint8)])
    assert (compare(GRAY, clear).after == 255).all()


def test_sizes_have_to_agree():
    """Another size is refused, and both are named, width first."""
    with pytest.raises(ImageValueError, match="before is 50 x 30 pixels and after 48 x 30"):
        compare(GRAY, NOISE[:, 1:-1])
    with pytest.raises(ImageValueError, match="before is 50 x 30 pixels and after 30 x 50"):
        compare(GRAY, NOISE.swapaxes(0, 1))


def test_what_is_no_picture_is_refused():
    """As by `colorize`, with the same remedies."""
    with pytest.raises(ImageTypeError, match=r"int64.*astype"):
        compare(GRAY.astype(np.int64), NOISE)
    with pytest.raises(ImageValueError, match=r"floats must lie in \[0, 1\]"):
        compare(GRAY, NOISE.astype(float))
    with pytest.raises(ImageValueError, match="NaN"):
        compare(np.full((30, 50), np.nan), NOISE)
    with pytest.raises(ImageTypeError, match=r"received 'old.jpg'"):
        compare("old.jpg", NOISE)


def test_a_comparison_is_frozen():
    """Its pictures cannot be replaced; printed, it says their size."""
    compared = compare(GRAY, NOISE)

    assert repr(compared) == "<Comparison of 50 x 30 pixels>"
    with pytest.raises(FrozenInstanceError):
        compared.before = NOISE


@pytest.mark.parametrize("shape", [(100, 2048), (4096, 10), (1025, 1), (30, 50)])
def test_large_pictures_shrink_in_a_notebook(shape):
    """There the longer side has at most 1024 pixels; small pictures keep their size."""
    html = compare(np.zeros(shape, np.uint8), np.ones((*shape, 3), np.uint8))._repr_html_()
    scale = min(1, 1024 / max(shape))
    size = tuple(max(1, round(side * scale)) for side in shape[::-1])

    assert [picture.size for picture in pictures(html)] == [size, size]
    assert f"max-width: {size[0]}px" in html


@pytest.mark.parametrize("ending", [".html", ".HTM"])
def test_saved_as_a_page(tmp_path, ending):
    """One file, which holds both pictures, larger than in a notebook."""
    (path := tmp_path / f"compared{ending}").write_text("an older one")
    large = np.repeat(np.repeat(NOISE, 40, axis=0), 40, axis=1)
    compare(large[..., 0], large).save(path)
    page = path.read_text(encoding="utf-8")

    assert page.startswith("<!DOCTYPE html>")
    before, after = pictures(page)
    assert before.size == after.size == (2000, 1200)
    assert np.abs(np.asarray(after) - large.astype(int)).mean() < 8
    assert list(tmp_path.iterdir()) == [path]


def test_a_page_has_its_limit(tmp_path):
    """There the longer side has at most 8192 pixels."""
    long = np.zeros((8, 9000), np.uint8)
    compare(long, long).save(path := tmp_path / "long.html")

    assert {picture.size for picture in pictures(path.read_text())} == {(8192, 7)}


def test_saved_as_a_picture(tmp_path):
    """Both stand side by side, in a file of any format that is written; it may be there already."""
    for _ in range(2):
        compare(GRAY, NOISE).save(path := tmp_path / "compared.png")
    written = files.read(path).image

    assert written.shape == (30, 50 + 8 + 50, 3)
    np.testing.assert_array_equal(written[:, :50], np.dstack([GRAY] * 3))
    np.testing.assert_array_equal(written[:, 58:], NOISE)


@pytest.mark.parametrize("name", ["none/compared.html", "none/compared.png"])
def test_a_file_that_cannot_be_written(tmp_path, name):
    """It is a FileError with the file's name and the reason."""
    with pytest.raises(FileError, match=r"^cannot write '.*none.compared\.\w+'") as caught:
        compare(GRAY, NOISE).save(tmp_path / name)
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_an_unknown_ending(tmp_path):
    """What is neither a page nor a picture is refused; nothing is written."""
    with pytest.raises(FileError, match=r"cannot tell a format from '.*compared\.txt'"):
        compare(GRAY, NOISE).save(tmp_path / "compared.txt")
    assert not list(tmp_path.iterdir())
