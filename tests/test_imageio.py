"""The reader for imageio, on real files and with imageio's own plugins."""

import copy
import gc
import io
import os
import subprocess
import sys
import weakref
import zipfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from textwrap import dedent
from types import SimpleNamespace

import imageio.v2
import imageio.v3 as iio
import numpy as np
import pytest
import tifffile
from imageio.config import known_extensions, known_plugins
from imageio.core.request import InitializationError, Request
from imageio.core.v3_plugin_api import PluginV3
from PIL import Image

import colorkit
import colorkit.imageio
from colorkit.errors import FileError, ImageTypeError, ImageValueError, OptionError
from colorkit.imageio import ColorizePlugin

SLOPE = (np.add.outer(3 * np.arange(32), 2 * np.arange(48)) + 10).astype(np.uint8)
ALPHA = np.repeat(np.arange(32, dtype=np.uint8)[:, None] * 8, 48, axis=1)
FRAMES = [np.roll(SLOPE, 5 * i, axis=1) for i in range(3)]
RED = np.stack([SLOPE, SLOPE // 4, SLOPE // 4], axis=-1)

NOISE = (
    "ignore:.*DICOM.*:DeprecationWarning",
    "ignore:.*:ResourceWarning",
    "ignore:.*:pytest.PytestUnraisableExceptionWarning",
)
"""What imageio leaves behind when it tries all of its plugins: open files, its own warnings."""


def searches(test):
    """Mark a test in which imageio tries all of its plugins."""
    test = pytest.mark.usefixtures("_collected")(test)
    for noise in NOISE:
        test = pytest.mark.filterwarnings(noise)(test)
    return test


class Dusk:
    """Blue shadows, amber lights; no larger than the pictures of these tests."""

    stride, size, accepts_hints = 1, 32, False

    def predict(self, lightness, hints=None):
        warmth = lightness / 50 - 1
        return colorkit.Prediction(ab=np.concatenate([5 * warmth, 25 * warmth], axis=-1))


dusk = Dusk()


@pytest.fixture
def _collected():
    """Close what a search left open before the next test begins."""
    yield
    gc.collect()


@pytest.fixture(autouse=True)
def _registered():
    colorkit.imageio.register()
    yield
    colorkit.imageio.unregister()


def in_colour(path, **options):
    return iio.imread(path, plugin="colorkit", backend=dusk, **options)


def picture(array, *, mode=None, **options) -> Callable[[Path], None]:
    """How to save one picture with Pillow."""

    def save(path: Path) -> None:
        image = Image.fromarray(array)
        (image.convert(mode) if mode else image).save(path, **options)

    return save


def animation(path: Path) -> None:
    first, *rest = map(Image.fromarray, FRAMES)
    first.save(path, save_all=True, append_images=rest)


def stack(array, **options) -> Callable[[Path], None]:
    """How to save a TIFF file with tifffile."""
    return lambda path: tifffile.imwrite(path, array, **options)


def film(path: Path, frames=FRAMES) -> None:
    pytest.importorskip("av")
    rgb = [frame if frame.ndim == 3 else np.stack([frame] * 3, axis=-1) for frame in frames]
    iio.imwrite(path, np.stack(rgb), plugin="pyav", codec="mpeg4", fps=5)


def numpy_file(path: Path) -> None:
    np.savez(path, SLOPE)


RGB = np.stack([SLOPE] * 3, axis=-1)
WIDE = SLOPE.astype(np.uint16) * 257
KINDS = {
    "gray.png": (0, picture(SLOPE)),
    "gray-alpha.png": (2, picture(np.stack([SLOPE, ALPHA], axis=-1))),
    "rgb.png": (3, picture(RGB)),
    "rgba.png": (4, picture(np.concatenate([RGB, ALPHA[..., None]], axis=-1))),
    "palette.png": (3, picture(SLOPE, mode="P")),
    "sixteen.png": (0, picture(WIDE)),
    "bits.png": (0, picture(SLOPE > 90)),
    "animated.png": (0, animation),
    "gray.jpg": (0, picture(SLOPE)),
    "rgb.jpg": (3, picture(RGB, quality=95)),
    "progressive.jpg": (0, picture(SLOPE, progressive=True)),
    "gray.tif": (0, picture(SLOPE)),
    "deflate.tif": (0, picture(SLOPE, compression="tiff_adobe_deflate")),
    "rgb.tif": (3, stack(RGB, photometric="rgb")),
    "sixteen.tif": (0, stack(WIDE)),
    "sixteen-rgb.tif": (3, stack(np.stack([WIDE] * 3, axis=-1), photometric="rgb")),
    "floats.tif": (0, stack((SLOPE / 255).astype(np.float32))),
    "doubles.tif": (0, stack(SLOPE / 255)),
    "big.tif": (0, stack(SLOPE, bigtiff=True)),
    "pages.tif": (0, animation),
    "stack.tif": (0, stack(np.stack(FRAMES), photometric="minisblack")),
    "rgb-stack.tif": (3, stack(np.stack([RGB, RGB[::-1]]), photometric="rgb")),
    "volumes.tif": (0, stack(np.stack([FRAMES, FRAMES]), photometric="minisblack")),
    "still.gif": (3, picture(SLOPE)),
    "animated.gif": (3, animation),
    "gray.bmp": (3, picture(RGB)),
    "lossless.webp": (3, picture(RGB, lossless=True)),
    "animated.webp": (3, animation),
    "gray.pgm": (0, picture(SLOPE)),
    "rgb.ppm": (3, picture(RGB)),
    "gray.tga": (0, picture(SLOPE)),
    "gray.sgi": (0, picture(SLOPE)),
    "rgb.dds": (3, picture(RGB)),
    "rgb.ico": (3, picture(RGB)),
    "gray.jp2": (0, picture(SLOPE)),
    "gray.pcx": (3, picture(SLOPE)),
    "array.npz": (0, numpy_file),
    "film.mp4": (3, film),
    "film.avi": (3, film),
    "film.mkv": (3, film),
}
"""Files, and how many channels their pictures have once decoded; 0 is no axis for them."""


@pytest.fixture
def file(tmp_path):
    """Save a file of a kind."""

    def save(name: str) -> Path:
        KINDS[name][1](tmp_path / name)
        return tmp_path / name

    return save


def run(code: str) -> str:
    """Run a program in an interpreter of its own, and return what it prints."""
    paths = [str(Path(colorkit.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    finished = subprocess.run(
        [sys.executable, "-c", dedent(code)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def expected(decoded, channels):
    """What `colorize` makes of decoded pictures, one by one."""
    axes = 3 if channels else 2
    pictures = decoded.reshape(-1, *decoded.shape[decoded.ndim - axes :])
    coloured = np.stack([colorkit.colorize(one, dusk) for one in pictures])
    return coloured.reshape(*decoded.shape[: decoded.ndim - axes], *coloured.shape[1:])


class TestFiles:
    @pytest.mark.parametrize("name", KINDS)
    def test_every_kind_is_colorize_of_what_imageio_reads(self, file, name):
        """Reading with colorkit is reading with imageio, then `colorize`, and keeps the dtype."""
        decoded = iio.imread(path := file(name))
        colour = in_colour(path)

        assert decoded.shape[-1] == KINDS[name][0] or not KINDS[name][0]
        np.testing.assert_array_equal(colour, expected(decoded, KINDS[name][0]))
        assert colour.dtype == (np.uint8 if decoded.dtype == bool else decoded.dtype)
        assert colour.shape[-1] == (4 if KINDS[name][0] in (2, 4) else 3)
        assert decoded.dtype == bool or np.ptp(colour[..., :3].astype(float), axis=-1).any()

    @pytest.mark.parametrize("name", ["gray.png", "animated.gif", "animated.png", "pages.tif"])
    def test_all_and_one(self, file, name):
        """`index=...` stacks all pictures, a number gives one of them, as without colorkit."""
        path, channels = file(name), KINDS[name][0]
        for index in (..., 0):
            decoded = iio.imread(path, index=index)
            np.testing.assert_array_equal(in_colour(path, index=index), expected(decoded, channels))

    @pytest.mark.parametrize("name", KINDS)
    def test_one_after_another(self, file, name):
        """`imiter` gives as many pictures as imageio does, each in colour."""
        decoded = list(iio.imiter(path := file(name)))
        colours = list(iio.imiter(path, plugin="colorkit", backend=dusk))

        for gray, colour in zip(decoded, colours, strict=True):
            np.testing.assert_array_equal(colour, expected(gray, KINDS[name][0]))

    # imageio describes one page of a TIFF stack where it reads all, for every reader.
    @pytest.mark.parametrize("name", [n for n in KINDS if n not in ("pages.tif", "stack.tif")])
    @pytest.mark.parametrize("index", [None, 0, ...])
    def test_properties_are_those_of_the_coloured_picture(self, file, name, index):
        """`improps` tells the shape and dtype that `imread` gives."""
        path = file(name)
        properties = iio.improps(path, plugin="colorkit", index=index)
        colour = in_colour(path, index=index)
        plain = iio.improps(path, index=index)

        if plain.shape == iio.imread(path, index=index).shape:
            assert properties.shape == colour.shape
        assert properties.dtype == colour.dtype
        assert (properties.n_images, properties.is_batch) == (plain.n_images, plain.is_batch)

    @pytest.mark.parametrize(
        ("name", "inner"),
        [
            ("animated.gif", None),
            ("animated.png", None),
            ("animated.webp", None),
            ("pages.tif", "pillow"),
            ("film.mp4", "pyav"),
        ],
    )
    def test_pictures_have_one_order(self, file, name, inner):
        """The picture of a number is the one of that place in `imiter`, and in the stack."""
        path = file(name)
        stack = in_colour(path, index=..., inner=inner)
        pictures = list(iio.imiter(path, plugin="colorkit", backend=dusk, inner=inner))

        assert len(stack) == len(pictures) == 3
        for number, picture in enumerate(pictures):
            one = in_colour(path, index=number, inner=inner)
            found = iio.improps(path, index=number, plugin="colorkit", inner=inner)
            np.testing.assert_array_equal(one, picture)
            np.testing.assert_array_equal(one, stack[number])
            assert (found.shape, found.dtype, found.is_batch) == (one.shape, one.dtype, False)

    # Of .npz files, imageio raises an error instead.
    @pytest.mark.parametrize("name", [name for name in KINDS if name != "array.npz"])
    def test_metadata_of_every_kind(self, file, name):
        """`immeta` gives a dict, the one that imageio gives without colorkit."""
        found = iio.immeta(path := file(name), plugin="colorkit")

        assert isinstance(found, dict)
        assert found.keys() == iio.immeta(path).keys()

    def test_metadata_is_that_of_the_file(self, tmp_path):
        """`immeta` says what the decoding plugin says."""
        Image.fromarray(SLOPE).save(path := tmp_path / "old.jpg", dpi=(300, 300))

        found = iio.immeta(path, plugin="colorkit")
        assert found == iio.immeta(path)
        assert found["dpi"] == (300, 300)
        Image.fromarray(SLOPE).convert("P").save(path := tmp_path / "palette.png")
        assert "palette" not in iio.immeta(path, plugin="colorkit")
        assert "palette" in iio.immeta(path, plugin="colorkit", exclude_applied=False)

    def test_any_source(self, file):
        """A name, a URI, bytes, a buffer, an open file, a file in a zip archive: all are read."""
        path = file("gray.png")
        whole = in_colour(path)
        with zipfile.ZipFile(path.with_name("old.zip"), "w") as archive:
            archive.write(path, "gray.png")

        content = path.read_bytes()
        zipped = f"{path.with_name('old.zip')}/gray.png"
        with path.open("rb") as stream:
            for source in (str(path), path.as_uri(), content, io.BytesIO(content), stream, zipped):
                np.testing.assert_array_equal(in_colour(source), whole)

    def test_the_extension_can_be_given(self, file):
        """`extension=` has its say in who decodes, as without colorkit."""
        content = file("pages.tif").read_bytes()
        assert in_colour(content).shape == (32, 48, 3)
        assert in_colour(content, extension=".tif").shape == (3, 32, 48, 3)

    def test_orientation_is_left_to_imageio(self, tmp_path):
        """Pixels come as they are stored; `rotate=True` turns them, as without colorkit."""
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(SLOPE).save(path := tmp_path / "turned.jpg", exif=exif)

        assert in_colour(path).shape == (32, 48, 3)
        turned = iio.imread(path, rotate=True)
        np.testing.assert_array_equal(in_colour(path, rotate=True), expected(turned, 0))
        assert turned.shape == (48, 32)

    def test_a_narrow_stack_is_no_picture_with_channels(self, tmp_path):
        """Gray pages of four columns, read with `index=...`, are pages."""
        first, *rest = (Image.fromarray(frame[:8, :4]) for frame in FRAMES)
        first.save(path := tmp_path / "narrow.tif", save_all=True, append_images=rest)

        colour = in_colour(path, index=..., inner="pillow")
        assert colour.shape == (3, 8, 4, 3)

    def test_imageio_2(self, file):
        """The functions of imageio.v2 take the name as a format."""
        still, moving = file("gray.png"), file("animated.gif")
        options = {"format": "colorkit", "backend": dusk}

        np.testing.assert_array_equal(imageio.v2.imread(still, **options), in_colour(still))
        np.testing.assert_array_equal(imageio.v2.mimread(moving, **options), in_colour(moving))


class TestColour:
    def test_what_is_in_colour_passes(self, tmp_path):
        """A colour picture comes out as without colorkit, of any depth, unless it is forced."""
        Image.fromarray(RED).save(eight := tmp_path / "red.png")
        tifffile.imwrite(wide := tmp_path / "red.tif", RED.astype(np.uint16) * 257)
        for path in (eight, wide):
            np.testing.assert_array_equal(in_colour(path), iio.imread(path))
            forced = in_colour(path, force=True)
            np.testing.assert_array_equal(forced, colorkit.colorize(iio.imread(path), dusk))

    @pytest.mark.parametrize(
        ("name", "save"),
        [
            ("red.jpg", picture(RED)),
            ("red.webp", picture(RED)),
            ("red.gif", lambda path: iio.imwrite(path, np.stack([RED, RED[::-1]]))),
            ("red.mp4", lambda path: film(path, [RED, RED[::-1]])),
        ],
    )
    def test_colour_of_every_kind_passes(self, tmp_path, name, save):
        """Photographs, animations and film in colour come out as without colorkit."""
        save(path := tmp_path / name)
        np.testing.assert_array_equal(in_colour(path), iio.imread(path))

    @pytest.mark.parametrize("name", ["inks.jpg", "inks.tif"])
    def test_inks_are_not_taken_for_light(self, tmp_path, name):
        """CMYK is refused with the way out, which gives what Pillow makes of it."""
        picture(SLOPE, mode="CMYK")(path := tmp_path / name)
        assert iio.imread(path).shape == (32, 48, 4)
        for read in (in_colour, lambda path: list(iio.imiter(path, plugin="colorkit"))):
            with pytest.raises(ImageValueError, match=rf"{name}': it holds CMYK; inner='pillow'"):
                read(path)

        rgb = in_colour(path, inner="pillow", mode="RGB")
        np.testing.assert_array_equal(rgb, expected(np.asarray(Image.open(path).convert("RGB")), 3))

    def test_each_page_by_itself(self, tmp_path):
        """In one file, gray pages are coloured and colour pages pass."""
        tifffile.imwrite(path := tmp_path / "mixed.tif", np.stack([RGB, RED]), photometric="rgb")

        gray, red = in_colour(path)
        np.testing.assert_array_equal(gray, colorkit.colorize(RGB, dusk))
        np.testing.assert_array_equal(red, RED)
        forced = iio.imiter(path, plugin="colorkit", backend=dusk, force=True, inner="pillow")
        np.testing.assert_array_equal(list(forced)[1], colorkit.colorize(RED, dusk))

    def test_options_are_those_of_colorize(self, file):
        """Options of the look reach `colorize`, from `imread` and from `imiter`."""
        path = file("gray.png")
        options = {"saturation": 0.4, "size": 40}
        colour = colorkit.colorize(SLOPE, dusk, **options)

        np.testing.assert_array_equal(in_colour(path, **options), colour)
        [one] = iio.imiter(path, plugin="colorkit", backend=dusk, **options)
        np.testing.assert_array_equal(one, colour)
        look = {"temperature": 0.8, "caution": 0.9}
        np.testing.assert_array_equal(
            iio.imread(path, plugin="colorkit", **look), colorkit.colorize(SLOPE, **look)
        )

    def test_a_recipe_is_loaded_once(self, file):
        """Files that are read with equal options share one loaded backend."""
        loaded = []

        class Counted(Dusk):
            def __init__(self):
                loaded.append(self)

        path = file("gray.png")
        for options in ({}, {"saturation": 1.0}, {"size": None}):
            iio.imread(path, plugin="colorkit", backend=Counted, **options)
        assert len(loaded) == 1
        iio.imread(path, plugin="colorkit", backend=Counted, saturation=0.5)
        assert len(loaded) == 2
        colorkit.imageio.unregister()
        iio.imread(path, plugin=ColorizePlugin, backend=Counted)
        assert len(loaded) == 3

    def test_backends_without_a_hash(self, file):
        """A backend that is an object of any class will do."""

        class Plain(Dusk):
            __hash__ = None

        path = file("gray.png")
        colour = iio.imread(path, plugin="colorkit", backend=Plain())
        np.testing.assert_array_equal(colour, in_colour(path))


class Endless(PluginV3):
    """A film that never ends; it knows which of its frames are still in memory."""

    def __init__(self, request):
        super().__init__(request)
        self.frames = []

    def iter(self):
        while True:
            frame = SLOPE.copy()
            self.frames.append(weakref.ref(frame))
            yield frame
            del frame


class Ended(PluginV3):
    """A file that is shorter than it says."""

    opened, closed = [], []

    def __init__(self, request):
        super().__init__(request)
        self.opened.append(self)

    def read(self, *, index=None):
        raise EOFError("the end")

    def close(self):
        self.closed.append(self)
        super().close()


class TestFilm:
    def test_one_frame_at_a_time(self, file):
        """`imiter` decodes no frame before it is wanted, and keeps none."""
        with iio.imopen(file("gray.png"), "r", plugin="colorkit", inner=Endless) as film:
            frames = film.iter(backend=dusk)
            for number, colour in enumerate(islice(frames, 12), 1):
                assert colour.shape == (32, 48, 3)
                made = film._decoders[None].frames
                gc.collect()
                assert len(made) == number
                assert sum(frame() is not None for frame in made) <= 2
            frames.close()

    def test_long_film_takes_no_more_memory(self, tmp_path):
        """`imiter` over 500 frames has at its peak what it had after 50."""
        pytest.importorskip("resource")
        film(path := tmp_path / "long.mp4", [np.kron(SLOPE, np.ones((4, 4), np.uint8))] * 500)
        code = f"""
            import resource
            import imageio.v3 as iio
            import colorkit.imageio

            def sepia(lightness):
                return lightness.repeat(2, axis=-1) * 0 + 15

            def peak():
                return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

            plugin = colorkit.imageio.ColorizePlugin
            frames = iio.imiter({str(path)!r}, plugin=plugin, inner="pyav", backend=sepia, size=32)
            for number, frame in enumerate(frames, 1):
                assert frame.shape == (128, 192, 3) and frame.std(axis=-1).any()
                if number == 50:
                    early = peak()
            print(number, peak() - early)
        """
        number, grown = map(int, run(code).split())
        unit = 1 if sys.platform == "darwin" else 1024
        assert number == 500
        assert grown * unit < 8e6 < 450 * 128 * 192 * 3

    def test_one_frame_of_a_film(self, file):
        """A number gives one frame of a film."""
        path = file("film.mp4")
        decoded = iio.imread(path, index=1, plugin="pyav")

        colour = in_colour(path, index=1, inner="pyav")
        np.testing.assert_array_equal(colour, expected(decoded, 3))


class TestDecoder:
    def test_the_decoder_can_be_named(self, file):
        """`inner` picks the plugin that decodes; its own options reach it."""
        path = file("pages.tif")
        assert in_colour(path, inner="pillow").shape == (32, 48, 3)
        assert in_colour(path, inner="tifffile").shape == (3, 32, 48, 3)
        one = in_colour(path, inner="tifffile", page=1)
        np.testing.assert_array_equal(one, expected(FRAMES[1], 0))
        assert iio.improps(path, plugin="colorkit", inner="pillow", index=...).n_images == 3
        assert "is_ome" in iio.immeta(path, plugin="colorkit", inner="tifffile")

    @pytest.mark.parametrize(
        "opened", [lambda p: p.open("rb"), lambda p: io.BytesIO(p.read_bytes())]
    )
    def test_an_open_file_goes_from_one_decoder_to_the_next(self, file, opened):
        """`inner` reads an open file from its beginning, wherever another decoder left it."""
        path = file("pages.tif")
        for inner in ("tifffile", "pillow"):
            with opened(path) as stream:
                colour = in_colour(stream, inner=inner)
            np.testing.assert_array_equal(colour, in_colour(path, inner=inner))

    def test_named_when_it_is_opened(self, file):
        """`imopen` takes `inner` and what that plugin's constructor takes."""
        with iio.imopen(file("pages.tif"), "r", plugin="colorkit", inner="pillow") as pages:
            assert pages.read(backend=dusk).shape == (32, 48, 3)
            assert pages.read(backend=dusk, inner="tifffile").shape == (3, 32, 48, 3)
            assert pages.read(backend=dusk).shape == (32, 48, 3)

    def test_decoders_are_closed(self, file):
        """Who closes the file closes it for each plugin that decoded."""
        Ended.opened.clear()
        Ended.closed.clear()
        with iio.imopen(file("gray.png"), "r", plugin="colorkit", inner=Ended):
            assert len(Ended.opened) == 1
            assert not Ended.closed
        assert set(Ended.closed) == set(Ended.opened)

    @pytest.mark.parametrize("name", ["gray.png", "pages.tif", "animated.gif", "film.mp4"])
    @pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="asks Linux what is open")
    def test_files_are_let_go(self, file, name):
        """After `with`, and after `imread`, `imiter`, `improps` and `immeta`, nothing is open."""
        path = file(name)

        def is_open():
            links = (Path(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd"))
            return any(link.exists() and link.readlink() == path for link in links)

        with iio.imopen(path, "r", plugin="colorkit") as opened:
            opened.read(backend=dusk)
            assert is_open()
        assert not is_open()
        in_colour(path)
        list(iio.imiter(path, plugin="colorkit", backend=dusk))
        iio.improps(path, plugin="colorkit")
        iio.immeta(path, plugin="colorkit")
        assert not is_open()

    def test_closed_twice(self, file):
        """Closing a closed file does nothing."""
        opened = iio.imopen(file("gray.png"), "r", plugin="colorkit")
        opened.close()
        opened.close()

    def test_colorkit_is_no_decoder(self, file):
        """Naming colorkit as its own decoder ends in an error, not in a recursion."""
        path = file("gray.png")
        for inner in ("colorkit", ColorizePlugin):
            with pytest.raises(FileError, match=r"gray\.png.*colorkit decodes nothing"):
                in_colour(path, inner=inner)
            with pytest.raises(OSError, match="can not handle"):
                iio.imopen(path, "r", plugin="colorkit", inner=inner)


class TestErrors:
    @pytest.mark.parametrize(
        "name", ["gray.png", "animated.gif", "pages.tif", "film.mp4", "array.npz"]
    )
    def test_an_index_out_of_range(self, file, name):
        """Whatever decodes, an index out of range is one error, and a ValueError."""
        path = file(name)
        with pytest.raises(
            OptionError, match=rf"^index 99 is out of range in '.*{name}'$"
        ) as caught:
            in_colour(path, index=99)
        assert isinstance(caught.value, ValueError)
        assert caught.value.__cause__ is not None

    def test_damage(self, file):
        """A file that opens and does not decode is a FileError with its name and the cause."""
        path = file("gray.png")
        path.write_bytes(path.read_bytes()[:60])
        with pytest.raises(FileError, match=r"^cannot read '.*gray\.png': .+") as caught:
            in_colour(path)
        assert isinstance(caught.value.__cause__, OSError)
        with pytest.raises(FileError, match=r"gray\.png"):
            list(iio.imiter(path, plugin="colorkit"))
        with pytest.raises(FileError, match=r"'<bytes>'"):
            in_colour(path.read_bytes())
        with path.open("rb") as stream, pytest.raises(FileError, match=r"'.*gray\.png'"):
            in_colour(stream)

    def test_an_early_end_is_damage(self, file):
        """A decoder that finds no first picture has met a damaged file."""
        for index in (None, 0, ...):
            with pytest.raises(FileError, match=r"gray\.png': the end"):
                in_colour(file("gray.png"), inner=Ended, index=index)
        with pytest.raises(OptionError, match="index 1 is out of range"):
            in_colour(file("gray.png"), inner=Ended, index=1)

    def test_warnings_stay_what_they_are(self, tmp_path):
        """With warnings turned into errors, colorkit's are not taken for damage of the file."""
        Image.fromarray(SLOPE[:3]).save(path := tmp_path / "long.png")
        with pytest.raises(colorkit.ColorkitWarning, match="very long"):
            in_colour(path, size=256)
        with pytest.warns(colorkit.ColorkitWarning, match="very long"):
            assert in_colour(path, size=256).shape == (3, 48, 3)

    @searches
    def test_text_named_as_a_picture(self, tmp_path):
        """A text file named .png, which a plugin for film may open, is an OSError."""
        (path := tmp_path / "text.png").write_text("not a picture\n" * 20)
        with pytest.raises(OSError, match=r"can not handle|cannot read"):
            in_colour(path)

    def test_what_cannot_be_coloured(self, tmp_path):
        """Pixels that `colorize` refuses are its error, with the file's name."""
        tifffile.imwrite(whole := tmp_path / "whole.tif", SLOPE.astype(np.int32))
        with pytest.raises(ImageTypeError, match=r"whole\.tif'.*int32") as caught:
            in_colour(whole)
        assert isinstance(caught.value.__cause__, ImageTypeError)
        tifffile.imwrite(bright := tmp_path / "bright.tif", SLOPE.astype(np.float32))
        with pytest.raises(ImageValueError, match=r"bright\.tif'.*\[0, 1\]"):
            list(iio.imiter(bright, plugin="colorkit", backend=dusk))

    def test_mistakes_of_the_caller(self, file):
        """A misspelt option is a TypeError, a wrong value or name colorkit's own error."""
        path = file("gray.png")
        with pytest.raises(TypeError, match="temprature"):
            in_colour(path, temprature=1)
        with pytest.raises(TypeError, match="temprature"):
            list(iio.imiter(path, plugin="colorkit", temprature=1))
        with pytest.raises(OptionError, match="saturation"):
            in_colour(path, saturation=-1)
        with pytest.raises(colorkit.BackendError, match="nobody"):
            iio.imread(path, plugin="colorkit", backend="nobody")
        with pytest.raises(FileError, match=r"gray\.png': `nothing` is not a registered"):
            in_colour(path, inner="nothing")
        with pytest.raises(FileError, match=r"gray\.png': `tifffile` can not handle"):
            in_colour(path, inner="tifffile")

    def test_nothing_is_written(self, tmp_path):
        """Writing is refused, and leaves no file."""
        with pytest.raises(OSError, match="can not handle") as caught:
            iio.imwrite(path := tmp_path / "new.png", SLOPE, plugin="colorkit")
        assert "write with another plugin" in str(caught.value.__cause__)
        with pytest.raises(RuntimeError, match="can not handle"):  # as imageio 2 refuses
            imageio.v2.imwrite(path, SLOPE, format="colorkit")
        assert not path.exists()

    def test_a_missing_file(self, tmp_path):
        """A file that is not there is a FileNotFoundError."""
        with pytest.raises(FileNotFoundError):
            in_colour(tmp_path / "none.png")

    @searches
    def test_a_file_that_no_plugin_opens(self, tmp_path):
        """The error says that nobody else opens it, by name and by class."""
        (path := tmp_path / "junk.xyz").write_bytes(b"junk")
        with pytest.raises(OSError, match="can not handle") as caught:
            in_colour(path)
        assert "no plugin before it opens the file" in str(caught.value.__cause__)
        colorkit.imageio.unregister()
        with pytest.raises(OSError, match="can not handle") as caught:
            iio.imread(path, plugin=ColorizePlugin)
        assert "Could not find a backend" in str(caught.value.__cause__)

    def test_the_constructor_fails_in_one_way(self, file):
        """Whatever a decoder's constructor raises, a search for a plugin goes on after it."""

        class Broken(PluginV3):
            def __init__(self, request):
                super().__init__(request)
                raise ZeroDivisionError("broken")

        path = file("gray.png")
        for inner in (Broken, "nothing", "tifffile"):
            with pytest.raises(InitializationError) as caught:
                ColorizePlugin(Request(path, "r"), inner=inner)
            assert caught.value.__cause__ is not None


class Late(PluginV3):
    """Opens what others do not."""

    def read(self, *, index=0):
        return SLOPE

    def properties(self, index=0):
        raise NotImplementedError


class TestOthers:
    def test_names_and_extensions(self):
        """Registering adds one name, the last, and no extension; it may be done twice."""
        colorkit.imageio.unregister()
        names = list(known_plugins)
        extensions = {key: [vars(f).copy() for f in v] for key, v in known_extensions.items()}
        extensions = copy.deepcopy(extensions)
        colorkit.imageio.register()
        colorkit.imageio.register()

        assert list(known_plugins) == [*names, "colorkit"]
        assert {k: [vars(f) for f in v] for k, v in known_extensions.items()} == extensions
        colorkit.imageio.unregister()
        colorkit.imageio.unregister()
        assert list(known_plugins) == names

    def test_the_name_is_unknown_before(self, file):
        """Without `register`, the class works and the name does not."""
        colorkit.imageio.unregister()
        path = file("gray.png")
        with pytest.raises(ValueError, match="not a registered plugin"):
            in_colour(path)
        assert iio.imread(path, plugin=ColorizePlugin, backend=dusk).shape == (32, 48, 3)

    @pytest.mark.parametrize("name", KINDS)
    def test_a_plain_imread_stays_gray(self, file, name):
        """Files that are read without `plugin=` are read by the same plugin as before."""
        path = file(name)
        used = []
        for change in (colorkit.imageio.register, colorkit.imageio.unregister):
            change()
            with iio.imopen(path, "r") as opened:
                used.append((type(opened), getattr(opened, "_format", opened).__class__))
        assert used[0] == used[1]
        assert used[0][0] is not ColorizePlugin

    @searches
    @pytest.mark.parametrize("read", [iio.imread, imageio.v2.imread])
    def test_junk_fails_as_before(self, tmp_path, read):
        """A file that no plugin opens raises the same error, registered or not."""
        (path := tmp_path / "junk.xyz").write_bytes(b"junk")
        errors = []
        for change in (colorkit.imageio.register, colorkit.imageio.unregister):
            change()
            with pytest.raises((OSError, ValueError)) as caught:
                read(path)
            errors.append((type(caught.value), str(caught.value)))
        assert errors[0] == errors[1]

    @searches
    def test_plugins_that_come_later_keep_their_files(self, tmp_path, monkeypatch):
        """A file that only a plugin behind colorkit opens is read by that plugin alone."""
        late = SimpleNamespace(name="late", plugin_class=Late, install_name="late")
        monkeypatch.setitem(known_plugins, "late", late)
        (path := tmp_path / "junk.xyz").write_bytes(b"junk")

        assert list(known_plugins)[-2:] == ["colorkit", "late"]
        np.testing.assert_array_equal(iio.imread(path), SLOPE)

    def test_importing_is_cheap(self):
        """Importing the module registers nothing, and brings no decoder and no runtime along."""
        code = """
            import sys
            import colorkit.imageio
            import imageio

            assert imageio is not colorkit.imageio and imageio.__version__
            assert "colorkit" not in imageio.config.known_plugins
            heavy = {"PIL", "pluggy", "ai_edge_litert", "av", "tifffile", "keras", "scipy"}
            print(sorted(heavy & set(sys.modules)))
        """
        assert run(code).strip() == "[]"
