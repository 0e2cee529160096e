import pathlib
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.color import rgb2lab

from colorkit.errors import ImageError, ImageTypeError, ImageValueError
from colorkit.pixels import eight_bit, has_colour, split
from colorkit.strips import PIXELS

DTYPES = ["?", "u1", "<u2", ">u2", "<f2", ">f2", "<f4", ">f4", "<f8", ">f8"]
CHANNELS = [None, 1, 2, 3, 4]


def picture(dtype: str, channels: int | None, height: int = 7, width: int = 9) -> np.ndarray:
    """Random values over the whole range of a dtype, black and white among them."""
    shape = (height, width) if channels is None else (height, width, channels)
    rng = np.random.default_rng(len(shape) + height)
    kind = np.dtype(dtype)
    if kind.kind == "f":
        values = rng.random(shape).astype(kind)
    else:
        values = rng.integers(0, 2 if kind.kind == "b" else 256**kind.itemsize, shape).astype(kind)
    values[0, 0] = 0
    values[-1, -1] = 1 if kind.kind in "fb" else np.iinfo(kind).max
    return values


def white(dtype: np.dtype) -> int:
    return int(np.iinfo(dtype).max) if dtype.kind == "u" else 1


def lightness_of(image: np.ndarray) -> np.ndarray:
    """L* of an image by scikit-image, its alpha left out."""
    code = image.astype(np.float64) / white(image.dtype)
    code = code.reshape(*image.shape[:2], -1)
    rgb = code[..., :3] if code.shape[2] > 2 else np.repeat(code[..., :1], 3, axis=2)
    return rgb2lab(rgb)[..., 0]


def check_split(image: np.ndarray, given: object = None) -> None:
    """Lightness, alpha, dtype and canvas are right, and the input keeps its bytes."""
    given = image if given is None else given
    before = image.tobytes()
    pixels = split(given)
    canvas = pixels.canvas()
    with_alpha = image.ndim == 3 and image.shape[2] in (2, 4)

    assert pixels.lightness.dtype == np.float32
    np.testing.assert_allclose(pixels.lightness, lightness_of(image), rtol=0, atol=1e-4)
    assert pixels.dtype == canvas.dtype == (np.uint8 if image.dtype == bool else image.dtype)
    assert canvas.shape == (*image.shape[:2], 4 if with_alpha else 3)
    assert (canvas.flags.c_contiguous, canvas.flags.writeable) == (True, True)
    assert (pixels.alpha is not None) == with_alpha
    if with_alpha and image.dtype == bool:
        np.testing.assert_array_equal(canvas[..., 3], image[..., -1] * 255)
    elif with_alpha:
        assert canvas[..., 3].tobytes() == image[..., -1].tobytes()
    canvas.fill(1)
    pixels.lightness.fill(-1)
    assert image.tobytes() == before
    assert not np.shares_memory(pixels.wrap(canvas), image)


class TestArrays:
    @pytest.mark.parametrize("channels", CHANNELS)
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_every_kind_of_pixels(self, dtype, channels):
        """All dtypes, byte orders and channels: scikit-image's L*, the same dtype, alpha's bits."""
        check_split(picture(dtype, channels))

    @pytest.mark.parametrize("channels", CHANNELS)
    @pytest.mark.parametrize("dtype", DTYPES)
    @pytest.mark.parametrize(
        "cut",
        [np.s_[::-1], np.s_[:, ::-1], np.s_[::2, 1::3], np.s_[2:5, 3:4]],
        ids=["upside down", "mirrored", "every other", "cut out"],
    )
    def test_any_strides(self, dtype, channels, cut):
        """Views of other arrays are taken as they are seen."""
        check_split(picture(dtype, channels)[cut])

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_any_order_in_memory(self, dtype):
        """Fortran order, transposed axes, channels cut from a wider array."""
        check_split(np.asfortranarray(picture(dtype, 4)))
        check_split(picture(dtype, 3).swapaxes(0, 1))
        check_split(picture(dtype, 4)[..., 2::-1])
        check_split(picture(dtype, 4)[..., 1:3])

    @pytest.mark.parametrize("channels", CHANNELS)
    @pytest.mark.parametrize("dtype", DTYPES)
    def test_read_only(self, dtype, channels):
        """An array that must not be written to is not written to."""
        image = picture(dtype, channels)
        image.flags.writeable = False
        check_split(image)

    @pytest.mark.parametrize("dtype", DTYPES)
    def test_memory_mapped(self, tmp_path, dtype):
        """A file mapped into memory is an image; the result is a plain array."""
        image = picture(dtype, 4)
        path = tmp_path / "image.npy"
        np.save(path, image)
        mapped = np.load(path, mmap_mode="r")
        check_split(image, mapped)

        assert type(split(mapped).canvas()) is np.ndarray

    @settings(max_examples=80, deadline=None)
    @given(
        st.sampled_from(DTYPES), st.sampled_from(CHANNELS), st.integers(1, 40), st.integers(1, 40)
    )
    def test_any_size(self, dtype, channels, height, width):
        """From one pixel on."""
        check_split(picture(dtype, channels, height, width))

    @pytest.mark.parametrize("threads", [1, 2, 5])
    @pytest.mark.parametrize(("height", "width"), [(1, 200_001), (200_001, 1), (700, 301)])
    def test_threads_change_nothing(self, threads, height, width):
        """Lightness is the same, bit by bit, on any number of threads."""
        image = picture("u1", 3, height, width)

        np.testing.assert_array_equal(split(image, threads).lightness, split(image).lightness)

    @pytest.mark.parametrize(("dtype", "levels"), [("u1", 256), ("u2", 65536)])
    def test_every_gray_level(self, dtype, levels):
        """Each gray of 8 and 16 bits has scikit-image's L*, gray or RGB; no two are the same."""
        ramp = np.arange(levels, dtype=dtype)[None]
        lightness = split(ramp).lightness
        repeated = split(np.repeat(ramp[..., None], 3, axis=2)).lightness

        np.testing.assert_allclose(lightness, lightness_of(ramp), rtol=0, atol=1e-5)
        np.testing.assert_allclose(repeated, lightness, rtol=0, atol=1e-4)
        assert (np.diff(lightness[0]) > 0).all()

    def test_bool_is_black_and_white(self):
        """False is L* 0, True is 100; colours come back in uint8."""
        pixels = split(np.array([[False, True]]))

        assert pixels.lightness.tolist() == [[0, pytest.approx(100, abs=1e-4)]]
        assert pixels.canvas().dtype == np.uint8

    def test_alpha_hides_nothing(self):
        """Clear pixels have a lightness of their own, and alpha is not looked at."""
        image = np.float32([[[0.5, 0.0], [0.5, 1.0]]])

        assert np.ptp(split(image).lightness) == 0

    @pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
    @pytest.mark.parametrize("off", [1e-4, 9e-4])
    def test_floats_may_be_off_a_little(self, dtype, off):
        """Values that resampling left just outside [0, 1] count as black and white."""
        image = np.array([[-off, 0.5, 1 + off]], dtype)
        lightness = split(image).lightness

        assert lightness[0, 0] == 0
        assert lightness[0, 2] == pytest.approx(100, abs=1e-4)

    def test_nested_lists(self):
        """Lists of rows are an image too."""
        check_split(np.array([[0.0, 0.5], [0.25, 1.0]]), [[0.0, 0.5], [0.25, 1.0]])

    def test_subclasses_of_arrays(self):
        """A masked array without masked pixels, or a record array, gives a plain array back."""
        image = picture("u1", None)
        for kind in (np.ma.array(image), np.ma.array(image, mask=False), image.view(np.recarray)):
            check_split(image, kind)
            assert type(split(kind).canvas()) is np.ndarray

    def test_objects_that_convert(self):
        """Whatever has ``__array__`` is taken by it, as tensors and data frames do."""

        class Tensor:
            def __array__(self, dtype=None, copy=None):
                return picture("u1", 3)

        check_split(picture("u1", 3), Tensor())

    def test_array_comes_back_as_array(self):
        """For an array the canvas itself is handed back."""
        pixels = split(picture("u1", 3))
        canvas = pixels.canvas()

        assert pixels.wrap(canvas) is canvas


class Stubborn:
    def __array__(self, dtype=None, copy=None):
        raise RuntimeError("the tensor lives on another device")


class Flat:
    def __array__(self, dtype=None, copy=None):
        return "no array"


def masked(*mask: bool) -> np.ma.MaskedArray:
    return np.ma.array(np.zeros((1, len(mask)), np.uint8), mask=[list(mask)])


def zeros(dtype: str) -> np.ndarray:
    return np.zeros((2, 3), dtype)


TYPES = {
    "int32": (zeros("i4"), "image has the dtype int32: .* convert with astype(numpy.uint8)"),
    "int64": (zeros("i8"), "image has the dtype int64: .* convert with astype(numpy.uint8)"),
    "int8": (zeros("i1"), "image has the dtype int8: whole numbers of that kind have no fixed"),
    "uint32": (zeros("u4"), "image has the dtype uint32: .* astype(numpy.uint16) for values up"),
    "complex": (zeros("c8"), "image has the dtype complex64: it holds no lightness; pass bool, u"),
    "dates": (zeros("M8[s]"), "image has the dtype datetime64[s]: it holds no lightness"),
    "text array": (np.array([["a"]]), "image has the dtype <U1: it holds no lightness"),
    "objects": (zeros("O"), "image has the dtype object: an array of objects holds no pixels; ch"),
    "record": (zeros("u1,u1"), "it holds no lightness; pass bool, uint8, uint16, or floats in [0"),
    "ragged": ([[1, 2], [3]], "received list, which does not convert: setting an array element"),
    "text": ("a.jpg", "received 'a.jpg'. To colour a file, use the command 'colorkit colorize'"),
    "path": (pathlib.PurePosixPath("a.jpg"), "received PurePosixPath('a.jpg'). To colour a file"),
    "bytes": (b"\xff\xd8", r"received b'\xff\xd8'. To colour a file"),
    "None": (None, "image must be an array or a Pillow image; received None"),
    "number": (5, "image must be an array or a Pillow image; received 5"),
    "dict": ({"a": 1}, "image must be an array or a Pillow image; received {'a': 1}"),
    "stubborn": (Stubborn(), "received Stubborn, which does not convert: the tensor lives on ano"),
    "flat": (Flat(), "received Flat, which does not convert: "),
}

VALUES = {
    "0 x 0": (np.zeros((0, 0), "u1"), "image is empty: its shape is (0, 0)"),
    "no rows": (np.zeros((0, 4, 3), "u1"), "image is empty: its shape is (0, 4, 3)"),
    "no channels": (np.zeros((4, 4, 0), "u1"), "image is empty: its shape is (4, 4, 0)"),
    "1-d": (np.zeros(6, "u1"), "received (6,). Give the values their rows with reshape(height, w"),
    "4-d": (np.zeros((2, 3, 4, 3), "u1"), "received (2, 3, 4, 3). Colour the pictures of a stac"),
    "five channels": (np.zeros((2, 3, 5), "u1"), "image has 5 channels: its shape is (2, 3, 5);"),
    "channels first": (np.zeros((3, 20, 20), "u1"), "3 is RGB, 4 is RGB and alpha. Channels come"),
    "NaN": (np.float32([[0, np.nan]]), "image holds NaN or infinity in 1 places; replace them f"),
    "infinity": (np.float64([[np.inf, -np.inf]]), "image holds NaN or infinity in 2 places"),
    "NaN in RGB": (np.full((2, 2, 3), np.nan, "f2"), "image holds NaN or infinity in 12 places"),
    "0..255": (np.float32([[0, 255]]), "floats must lie in [0, 1]; received 0 to 255. Divide by"),
    "-1..1": (np.float64([[-1, 1]]), "floats must lie in [0, 1]; received -1 to 1. Divide by the"),
    "just above": (np.float64([[0.5, 1.002]]), "floats must lie in [0, 1]; received 0.5 to 1.002"),
    "just below": (np.float16([[-0.002, 1]]), "floats must lie in [0, 1]; received -0.002"),
    "huge": (np.float64([[0, 1e300]]), "floats must lie in [0, 1]; received 0 to 1e+300"),
    "masked": (masked(True, False, True), "image has 2 masked values, which have no lightness; f"),
}


class TestRefusals:
    @pytest.mark.parametrize(("image", "message"), TYPES.values(), ids=TYPES)
    def test_other_types(self, image, message):
        """What is no image is a TypeError that names what was found and what to do."""
        with pytest.raises(ImageTypeError, match=re.escape(message).replace(r"\.\*", ".*")):
            split(image)

    @pytest.mark.parametrize(("image", "message"), VALUES.values(), ids=VALUES)
    def test_other_shapes_and_values(self, image, message):
        """An image that cannot be coloured is a ValueError that names what was found."""
        with pytest.raises(ImageValueError, match=re.escape(message)):
            split(image)

    @pytest.mark.skipif(np.dtype("longdouble").itemsize == 8, reason="longdouble is float64 here")
    def test_longer_floats(self):
        """Floats beyond 64 bits would lose digits silently: they are refused."""
        with pytest.raises(ImageTypeError, match=r"float128: convert with astype\(numpy.float64\)"):
            split(np.zeros((2, 2), "longdouble"))

    def test_causes_are_chained(self):
        """What the object's own conversion raised is the cause."""
        with pytest.raises(ImageTypeError) as caught:
            split(Stubborn())

        assert isinstance(caught.value.__cause__, RuntimeError)

    @pytest.mark.parametrize("threads", [1, 3])
    def test_messages_speak_of_the_whole_image(self, threads):
        """Counts and ranges are the image's, also when it is worked on in strips."""
        image = np.zeros((8, PIXELS), np.float32)
        image[2, 0], image[6, 7] = -3, 200
        with pytest.raises(ImageValueError, match="received -3 to 200"):
            split(image, threads)
        image[1, 1] = image[7, 7] = np.nan
        with pytest.raises(ImageValueError, match="in 2 places"):
            split(image, threads)

    def test_long_objects_are_cut(self):
        """A message never holds a whole file."""
        with pytest.raises(ImageTypeError) as caught:
            split(b"x" * 10**6)

        assert len(str(caught.value)) < 300


def photo(mode: str) -> Image.Image:
    """A small colourful Pillow image of that mode, alpha from clear to opaque."""
    ramp = np.linspace(0, 255, 48).astype(np.uint8).reshape(6, 8)
    rgba = Image.fromarray(np.stack([ramp, ramp[::-1], ramp.T.reshape(6, 8), 255 - ramp], axis=-1))
    if mode == "PA":
        indexed = rgba.convert("RGB").convert("P").convert("PA")
        indexed.putalpha(rgba.getchannel("A"))
        return indexed
    if mode in ("La", "RGBa"):
        return rgba.convert({"La": "LA", "RGBa": "RGBA"}[mode]).convert(mode)
    return (rgba if mode == "RGBA" else rgba.convert("RGB") if mode != "LA" else rgba).convert(mode)


class TestPillow:
    @pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"])
    def test_modes_without_alpha(self, mode):
        """Each mode is converted as Pillow shows it, and an RGB image comes back."""
        image = photo(mode)
        pixels = split(image)
        shown = np.asarray(image.convert("L" if mode in "1L" else "RGB"))
        back = pixels.wrap(pixels.canvas())

        assert image.mode == mode
        np.testing.assert_allclose(pixels.lightness, lightness_of(shown), atol=1e-4)
        assert (back.mode, back.size) == ("RGB", image.size)

    @pytest.mark.parametrize("mode", ["LA", "PA", "RGBA", "La", "RGBa"])
    def test_modes_with_alpha(self, mode):
        """Alpha comes back with its bits, and lightness is that of the colours beneath it."""
        image = photo(mode)
        pixels = split(image)
        shown = np.asarray(image.convert("LA" if mode in ("LA", "La") else "RGBA"))
        back = pixels.wrap(pixels.canvas())

        assert image.mode == mode
        np.testing.assert_allclose(pixels.lightness, lightness_of(shown), atol=1e-4)
        assert (back.mode, back.size) == ("RGBA", image.size)
        assert back.getchannel("A").tobytes() == shown[..., -1].tobytes()
        assert back.getchannel("A").tobytes() == photo("RGBA").getchannel("A").tobytes()

    def test_values_are_not_indices(self):
        """A palette image has the lightness of its colours, one of 1 bit that of its black."""
        palette = Image.new("P", (2, 1))
        palette.putpalette([255, 255, 255, 255, 0, 0])
        palette.putdata([1, 0])

        lightness = split(palette).lightness
        assert lightness.tolist() == [pytest.approx([53.24, 100], abs=0.01)]
        assert split(Image.new("1", (1, 1), 1)).lightness[0, 0] == pytest.approx(100, abs=1e-4)
        assert split(Image.new("CMYK", (1, 1))).lightness[0, 0] == pytest.approx(100, abs=1e-4)

    @pytest.mark.parametrize(("mode", "clear"), [("P", 1), ("L", 9), ("RGB", (9, 9, 9))])
    def test_transparent_colours_become_alpha(self, mode, clear):
        """A colour that a PNG or GIF declares transparent is clear in the result."""
        image = Image.new(mode, (2, 1))
        if mode == "P":
            image.putpalette([0, 0, 0, 9, 9, 9])
        image.putpixel((1, 0), clear)
        image.info["transparency"] = clear
        pixels = split(image)

        assert pixels.wrap(pixels.canvas()).getchannel("A").tobytes() == b"\xff\x00"

    @pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
    def test_sixteen_bits_are_refused(self, mode):
        """Pillow cannot give 16-bit colour back; the message says how to get it."""
        image = Image.new(mode, (3, 2), 500)
        with pytest.raises(ImageTypeError, match=rf"mode '{mode}'; pass numpy.asarray\(image\)"):
            split(image)
        check_split(np.asarray(image))

    @pytest.mark.parametrize("mode", ["I", "F"])
    def test_modes_without_range_are_refused(self, mode):
        """32-bit modes do not say where white is."""
        with pytest.raises(ImageTypeError, match=f"mode '{mode}' have no fixed white; divide nump"):
            split(Image.new(mode, (3, 2)))

    def test_empty_images_are_refused(self):
        """A Pillow image without pixels is told apart like an array."""
        with pytest.raises(ImageValueError, match=r"image is empty: its shape is \(0, 0\)"):
            split(Image.new("L", (0, 0)))

    def test_broken_files_are_refused(self, tmp_path):
        """A file that Pillow opened but cannot decode is an ImageError, its cause chained."""
        path = tmp_path / "broken.png"
        Image.effect_noise((64, 64), 50).save(path)
        path.write_bytes(path.read_bytes()[:900])
        with (
            Image.open(path) as image,
            pytest.raises(ImageError, match="does not decode") as caught,
        ):
            split(image)

        assert isinstance(caught.value.__cause__, OSError)

    def test_size_is_width_first_in_pillow(self):
        """A wide image stays wide."""
        pixels = split(Image.new("L", (5, 2)))

        assert pixels.lightness.shape == (2, 5)
        assert pixels.wrap(pixels.canvas()).size == (5, 2)

    def test_resolution_and_exif_stay(self):
        """The image that comes back has the resolution and EXIF data of the one handed in."""
        image = Image.new("L", (3, 2))
        image.info.update(dpi=(300, 300), exif=b"Exif\0\0...", other=1)
        pixels = split(image)

        assert pixels.wrap(pixels.canvas()).info == {"dpi": (300, 300), "exif": b"Exif\0\0..."}

    def test_image_is_not_touched(self):
        """Pixels, mode and info of the image handed in stay as they were."""
        image = photo("P")
        before = image.tobytes(), image.mode, dict(image.info)
        pixels = split(image)
        pixels.canvas().fill(9)

        assert (image.tobytes(), image.mode, dict(image.info)) == before

    def test_pillow_is_not_needed(self, monkeypatch):
        """Arrays are taken where Pillow was never imported."""
        monkeypatch.delitem(sys.modules, "PIL.Image")
        check_split(picture("u1", 3))


def test_eight_bits_are_the_nearest():
    """For the eye, every code value of 16 bits and of floats becomes the nearest of 8 bits."""
    wide = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    nearest = np.rint(wide / 257)[..., None]

    for image in (wide, wide.astype(">u2"), wide / 65535):
        seen = eight_bit(image)
        assert seen.dtype == np.uint8
        np.testing.assert_array_equal(seen, nearest)


class TestHasColour:
    @pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float16, np.float32, np.float64])
    def test_of_any_dtype(self, dtype):
        """More than a tint is colour, whatever the numbers are that stand for white."""
        white = np.iinfo(dtype).max if np.issubdtype(dtype, np.integer) else 1
        for spread, coloured in ((0.08, False), (0.12, True)):
            image = np.full((20, 30, 3), 0.5 * white, dtype)
            image[:4, :4, 0] += dtype(spread * white)
            assert has_colour(image) is coloured

    def test_of_bool(self):
        """Red on black in bits is colour, white on black is not."""
        image = np.zeros((8, 8, 3), bool)
        image[:4] = True
        assert not has_colour(image)
        image[:4, :, 1:] = False
        assert has_colour(image)

    def test_gray_arrays(self):
        """Without three channels there is no colour; nor is there any in what is not finite."""
        assert not has_colour(np.zeros((8, 8), np.uint8))
        assert not has_colour(np.arange(128, dtype=np.uint8).reshape(8, 8, 2))
        assert not has_colour(np.full((8, 8, 3), np.nan))
        assert not has_colour(np.full((8, 8, 4), np.inf))
