"""Every file of the corpus comes out right, or is refused in one sentence."""

import re
import warnings

import corpus
import numpy as np
import pytest

from colorkit import Colorizer, ColorkitWarning, FileError, files, lab

GOODS = {good.name: good for good in corpus.goods()}
BADS = {bad.name: bad for bad in corpus.bads()}


def sepia(lightness):
    return np.full((*lightness.shape[:3], 2), (8, 20), np.float32)


def white(image):
    return 1 if image.dtype.kind == "f" else np.iinfo(image.dtype).max


def lightness(image):
    """L* of a picture, alpha left out."""
    planes = np.atleast_3d(image / white(image))
    return lab.rgb_to_lab(planes[..., [0, 1, 2] if planes.shape[2] > 2 else [0, 0, 0]])[..., 0]


def check(image, expected, tolerance):
    assert (image.shape, image.dtype) == (expected.shape, expected.dtype)
    apart = np.abs(image.astype(np.float64) - expected).max() / white(expected)
    assert apart <= tolerance + 1e-9


def read(path, warning=""):
    """Read a file, and check that it is warned of what it should, and nothing else."""
    if not warning:
        return files.read(path)
    with pytest.warns(ColorkitWarning, match=re.escape(warning)):
        return files.read(path)


def test_there_are_enough():
    """More than a hundred kinds of good files, and forty of bad ones."""
    assert len(GOODS) > 100
    assert len(BADS) > 40


@pytest.mark.parametrize("name", GOODS)
def test_good_files(tmp_path, name):
    """It is read as what it is: size, depth, alpha and every value, as sRGB."""
    good = GOODS[name]
    (tmp_path / name).write_bytes(good.data)

    photo = read(tmp_path / name, good.warning)

    check(photo.image, good.image, good.tolerance)


@pytest.mark.parametrize("name", GOODS)
def test_good_files_in_colour(tmp_path, name):
    """Coloured and written in its own format, it has its size, depth, alpha and lightness."""
    good = GOODS[name]
    (tmp_path / name).write_bytes(good.data)
    photo = read(tmp_path / name, good.warning)
    target = tmp_path / f"out{files.suffix_like(name)}"

    files.write(target, Colorizer(sepia).colorize(photo.image), like=photo)
    again = files.read(target)

    lossless = target.suffix in (".png", ".tif", ".webp", ".bmp")
    deep = target.suffix in (".png", ".tif")
    assert again.image.dtype == (photo.image.dtype if deep else np.uint8)
    assert again.image.shape[:2] == photo.image.shape[:2]
    apart = np.abs(lightness(again.image) - lightness(photo.image))
    if lossless:
        assert apart.max() < (0.5 if photo.image.dtype == np.uint8 else 0.01)
    else:
        assert apart.mean() < 1.5
    if again.image.shape[2] == 4:
        np.testing.assert_array_equal(again.image[..., 3], photo.image[..., -1])
    elif photo.image.ndim == 3 and photo.image.shape[2] in (2, 4):
        assert (photo.image[..., -1] == white(photo.image)).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({name, target.name})


@pytest.mark.parametrize("name", BADS)
def test_bad_files(tmp_path, name):
    """It ends in one sentence that names the file and says what is wrong with it."""
    bad = BADS[name]
    (tmp_path / name).write_bytes(bad.data)
    warnings.simplefilter("ignore")  # until the end of the test: of Pillow and tifffile
    with pytest.raises(FileError, match=bad.reason) as caught:
        files.read(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["gray.jpg", "16-gray.tif", "16-rgba.png", "rgba.avif"])
def test_the_embedded_network_colours_them(tmp_path, name):
    """What the shipped backend makes of a file has its depth, alpha and lightness too."""
    (tmp_path / name).write_bytes(GOODS[name].data)
    photo = files.read(tmp_path / name)
    coloured = Colorizer().colorize(photo.image)
    assert coloured.dtype == photo.image.dtype
    assert np.abs(lightness(coloured) - lightness(photo.image)).max() < 0.5
