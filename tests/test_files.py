import contextlib
import io
import itertools
import os
import resource
import signal
import stat
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageOps

from colorkit import files
from colorkit.errors import ColorkitWarning, FileError, ImageTypeError, OptionError
from colorkit.files import FORMATS, Photo, read, write

SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".bmp")
ORIENTATION = ExifTags.Base.Orientation

# What Pillow can store of each mode; the names are Pillow's.
STORABLE = {
    "1": ("PNG", "TIFF", "BMP"),
    "L": ("JPEG", "PNG", "TIFF", "BMP"),
    "LA": ("PNG", "TIFF"),
    "P": ("PNG", "TIFF", "BMP"),
    "PA": ("TIFF",),
    "RGB": ("JPEG", "PNG", "TIFF", "WEBP", "BMP"),
    "RGBA": ("PNG", "TIFF", "WEBP"),
    "RGBX": ("TIFF",),
    "YCbCr": ("TIFF",),
}
TARGETS = {"1": "L", "L": "L", "LA": "LA", "P": "RGB", "PA": "RGBA", "RGBA": "RGBA"}


def colours(height=9, width=13, channels=4, seed=0):
    shape = (height, width, channels) if channels else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def picture(mode, height=9, width=13):
    """Make a Pillow picture of any mode from noise."""
    source = Image.fromarray(colours(height, width))
    if mode in ("P", "PA"):
        source = source.convert("RGB").quantize(16)
    if mode == "PA":
        source = source.convert("PA")
        source.putalpha(Image.fromarray(colours(height, width, 0)))
    return source.convert(mode if mode != "YCbCr" else "RGB").convert(mode)


def saved(folder, image, name, **options):
    path = folder / name
    image.save(path, FORMATS[path.suffix], **options)
    return path


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, depth, colour, rows, *extra):
    """Make a PNG file from its unfiltered rows."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(extra) + pixels + chunk(b"IEND", b"")


def camera_exif(orientation=None):
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "Kodak"
    if orientation is not None:
        exif[ORIENTATION] = orientation
    exif[ExifTags.IFD.Exif] = {
        ExifTags.Base.UserComment: b"ASCII\0\0\0grandmother",
        ExifTags.Base.ExifImageWidth: 13,
        ExifTags.Base.ExifImageHeight: 9,
    }
    exif[ExifTags.IFD.GPSInfo] = {ExifTags.GPS.GPSLatitudeRef: "N", 2: (52.0, 30.0, 1.5)}
    return exif


@contextlib.contextmanager
def without_privileges():
    """Be an ordinary user for a while, as root may read and write everything."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


def exif_of(photo):
    exif = Image.Exif()
    exif.load(photo.exif)
    return exif


def sample(folder, suffix, channels=3):
    """Write a small picture with EXIF data, and give its path."""
    image = colours(24, 31, channels)
    return saved(folder, Image.fromarray(image), f"sample{suffix}", **sample_options(suffix))


def sample_options(suffix):
    return {} if suffix == ".bmp" else {"exif": camera_exif().tobytes()}


def check_read_or_refused(path):
    """Check that reading gives a photo, or a FileError that names the file."""
    try:
        photo = read(path)
    except FileError as error:
        refusal = str(error)
    else:
        assert photo.image.dtype == np.uint8
        return True
    assert repr(str(path)) in refusal
    return False


class TestModes:
    @pytest.mark.parametrize(
        ("mode", "stored_as"), [(mode, name) for mode in STORABLE for name in STORABLE[mode]]
    )
    def test_every_mode_in_every_format(self, tmp_path, mode, stored_as):
        """Each kind of 8-bit picture is read as what Pillow makes of it, gray as gray."""
        path = saved(tmp_path, picture(mode), f"photo{files.suffix_for(stored_as)}")
        with Image.open(path) as stored:
            expected = np.asarray(stored.convert(TARGETS.get(mode, "RGB")))
        photo = read(path)
        np.testing.assert_array_equal(photo.image, expected)
        assert photo.format == stored_as

    def test_premultiplied_gray(self, tmp_path):
        """Gray that a TIFF stores multiplied by its alpha is divided by it again."""
        path = saved(tmp_path, picture("LA"), "pre.tif")
        alpha = struct.pack("<HHIHH", 338, 3, 1, 2, 0)
        data = path.read_bytes()
        assert data.count(alpha) == 1
        path.write_bytes(data.replace(alpha, struct.pack("<HHIHH", 338, 3, 1, 1, 0)))
        with Image.open(path) as stored:
            assert stored.mode == "La"
            expected = np.asarray(stored.convert("LA"))
        np.testing.assert_array_equal(read(path).image, expected)

    @pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
    @pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA"])
    def test_tiff_compressions(self, tmp_path, mode, compression):
        """A TIFF's compression does not change its pixels."""
        plain = read(saved(tmp_path, picture(mode), "plain.tif"))
        packed = read(saved(tmp_path, picture(mode), "packed.tif", compression=compression))
        np.testing.assert_array_equal(packed.image, plain.image)

    def test_one_bit_becomes_black_and_white(self, tmp_path):
        """1-bit pixels become 0 and 255."""
        image = read(saved(tmp_path, picture("1"), "scan.png")).image
        assert set(np.unique(image)) == {0, 255}

    def test_alpha_is_bit_exact_even_where_all_is_transparent(self, tmp_path):
        """Colour under full transparency is kept."""
        pixels = colours()
        pixels[..., 3] = 0
        path = saved(tmp_path, Image.fromarray(pixels), "clear.png")
        np.testing.assert_array_equal(read(path).image, pixels)

    @pytest.mark.parametrize("transparency", [3, bytes(range(0, 256, 16))])
    def test_palette_transparency_becomes_alpha(self, tmp_path, transparency):
        """Palette entries with transparency give RGBA."""
        flat = Image.fromarray(colours(channels=3)).quantize(16)
        path = saved(tmp_path, flat, "flat.png", transparency=transparency)
        index = np.asarray(flat)
        image = read(path).image
        np.testing.assert_array_equal(image[..., :3], np.asarray(flat.convert("RGB")))
        alpha = np.where(index == 3, 0, 255) if transparency == 3 else index * 16
        np.testing.assert_array_equal(image[..., 3], alpha)

    def test_gray_palette_is_gray(self, tmp_path):
        """A palette with nothing but gray gives gray; with transparency, gray and alpha."""
        index = colours(channels=0) % 4
        flat = Image.fromarray(index).convert("L")
        flat.putpalette([level for level in (10, 200, 30, 90) for _ in range(3)])
        assert flat.mode == "P"
        gray = np.array([10, 200, 30, 90], np.uint8)[index]
        np.testing.assert_array_equal(read(saved(tmp_path, flat, "a.png")).image, gray)
        image = read(saved(tmp_path, flat, "b.png", transparency=1)).image
        np.testing.assert_array_equal(image, np.dstack([gray, np.where(index == 1, 0, 255)]))

    @pytest.mark.parametrize("depth", [1, 2, 4, 8])
    def test_transparent_gray(self, tmp_path, depth):
        """The transparent level of a gray PNG is made alpha at every bit depth."""
        top = 2**depth - 1
        count = 8 // depth
        level = 1
        row = sum(min(i, top) << (8 - depth * (i + 1)) for i in range(count))
        path = tmp_path / "gray.png"
        trns = chunk(b"tRNS", struct.pack(">H", level))
        path.write_bytes(png(count, 2, depth, 0, bytes([0, row, 0, level << (8 - depth)]), trns))
        image = read(path).image
        assert image.shape == (2, count, 2)
        np.testing.assert_array_equal(image[..., 1] == 0, image[..., 0] == level * 255 // top)
        assert (image[..., 1] == 0).any()

    def test_transparent_rgb(self, tmp_path):
        """The transparent colour of an RGB PNG is made alpha."""
        pixels = colours(channels=3)
        path = saved(
            tmp_path, Image.fromarray(pixels), "t.png", transparency=tuple(pixels[2, 3].tolist())
        )
        alpha = np.where((pixels == pixels[2, 3]).all(axis=2), 0, 255)
        np.testing.assert_array_equal(read(path).image, np.dstack([pixels, alpha]))

    @pytest.mark.parametrize(
        ("mode", "suffix"),
        [("I;16", ".png"), ("I;16", ".tif"), ("I", ".tif"), ("F", ".tif"), ("CMYK", ".jpg")],
    )
    def test_kinds_of_a_later_release(self, tmp_path, mode, suffix):
        """CMYK, 16-bit, integer and float pixels are refused with the mode and a remedy."""
        path = saved(tmp_path, Image.new(mode, (4, 3)), f"deep{suffix}")
        with pytest.raises(FileError, match=rf"holds {mode} pixels.*convert it to 8-bit"):
            read(path)

    @pytest.mark.parametrize(("colour", "mode", "size"), [(2, "RGB", 6), (6, "RGBA", 8)])
    def test_sixteen_bit_colour_is_not_cut_silently(self, tmp_path, colour, mode, size):
        """16-bit colour, which Pillow would cut to 8 bits, is refused."""
        path = tmp_path / "deep.png"
        path.write_bytes(png(1, 1, 16, colour, bytes(1 + size)))
        with pytest.raises(FileError, match=rf"holds {mode} pixels of 16 bits a channel"):
            read(path)

    def test_sixteen_bit_colour_tiff(self, tmp_path):
        """16-bit RGB in TIFF is refused as well."""
        entries = [(256, 1), (257, 1), (258, (16, 16, 16)), (259, 1), (262, 2), (277, 3)]
        entries += [(273, 200), (278, 1), (279, 6)]
        body, extra = b"", struct.pack("<HHH", 16, 16, 16)
        for tag, value in sorted(entries):
            if isinstance(value, tuple):
                body += struct.pack("<HHII", tag, 3, 3, 190)
            else:
                body += struct.pack("<HHII", tag, 4, 1, value)
        data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4)
        path = tmp_path / "deep.tif"
        path.write_bytes(data.ljust(190, b"\0") + extra + bytes(20))
        with pytest.raises(FileError, match="holds RGB pixels of 16 bits a channel"):
            read(path)

    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([0, 2, 3, 4]))
    def test_strips_do_not_show(self, tmp_path_factory, height, width, channels):
        """Pictures of every size come back as they were written."""
        path = tmp_path_factory.mktemp("sizes") / "photo.png"
        image = colours(height, width, channels)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(files, "_STRIP", 128)
            write(path, image)
            np.testing.assert_array_equal(read(path).image, image)


class TestColour:
    def test_gray_and_toned_pictures_hold_no_colour(self, tmp_path):
        """Gray in RGB, and the tint of old paper, do not count as colour."""
        gray = colours(64, 64, 0)
        path = saved(tmp_path, Image.fromarray(np.dstack([gray] * 3)), "gray.jpg", quality=60)
        assert not read(path).has_colour
        tint = np.dstack([gray // 2 + 20, gray // 2 + 14, gray // 2 + 5])
        assert not read(saved(tmp_path, Image.fromarray(tint), "tint.png")).has_colour
        assert not read(saved(tmp_path, Image.fromarray(gray), "l.png")).has_colour

    def test_coloured_pictures_hold_colour(self, tmp_path):
        """A small stamp in colour is enough."""
        image = np.full((100, 100, 3), 128, np.uint8)
        image[:5, :5] = 255, 0, 0
        assert read(saved(tmp_path, Image.fromarray(image), "stamp.png")).has_colour

    def test_colour_nobody_sees_does_not_count(self, tmp_path):
        """Colour under full transparency is not visible."""
        image = np.zeros((10, 10, 4), np.uint8)
        image[..., 0] = 255
        assert not read(saved(tmp_path, Image.fromarray(image), "hidden.png")).has_colour

    def test_historic_photographs(self):
        """Scanned black-and-white prints hold no colour, colour photographs do."""
        root = os.environ.get("COLORKIT_PHOTOS")
        if not root:
            assert os.environ.get("CI") != "true", "COLORKIT_PHOTOS is not set"
            pytest.skip("COLORKIT_PHOTOS is not set")
        paths = sorted(Path(root, "legacy").glob("*.jpg"))
        assert paths
        assert not [path.name for path in paths if read(path).has_colour]


class TestBesideThePixels:
    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_orientation(self, tmp_path, orientation, suffix):
        """Each of the eight orientations is applied; EXIF data then says 1 and the new sides."""
        stored = Image.fromarray(colours(channels=3))
        options = {"lossless": True} if suffix == ".webp" else {}
        exif = camera_exif(orientation).tobytes()
        path = saved(tmp_path, stored, f"turned{suffix}", exif=exif, **options)
        with Image.open(path) as reopened:
            expected = np.asarray(ImageOps.exif_transpose(reopened))
        photo = read(path)
        np.testing.assert_array_equal(photo.image, expected)
        assert photo.image.shape == ((13, 9, 3) if orientation > 4 else (9, 13, 3))
        exif = exif_of(photo)
        assert exif.get(ORIENTATION, 1) == 1
        details = exif.get_ifd(ExifTags.IFD.Exif)
        sides = details[ExifTags.Base.ExifImageWidth], details[ExifTags.Base.ExifImageHeight]
        assert sides == ((9, 13) if orientation > 4 else (13, 9))

    @pytest.mark.parametrize("compression", [None, "tiff_lzw"])
    @pytest.mark.parametrize("orientation", [3, 6])
    def test_orientation_of_compressed_tiff(self, tmp_path, orientation, compression):
        """A TIFF is turned once, and only once, however it is stored."""
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        pixels = colours(channels=3)
        path = saved(tmp_path, Image.fromarray(pixels), "t.tif", exif=exif, compression=compression)
        np.testing.assert_array_equal(read(path).image, np.rot90(pixels, {3: 2, 6: 3}[orientation]))

    @pytest.mark.parametrize("orientation", [0, 9, 65535])
    def test_senseless_orientation(self, tmp_path, orientation):
        """An orientation that does not exist counts as upright."""
        path = sample(tmp_path, ".png")
        image = Image.open(path)
        turned = saved(tmp_path, image, "odd.png", exif=camera_exif(orientation).tobytes())
        np.testing.assert_array_equal(read(turned).image, read(path).image)
        assert exif_of(read(turned))[ORIENTATION] == 1

    @pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp"])
    @pytest.mark.parametrize("source", [".jpg", ".png", ".tif", ".webp"])
    def test_exif_is_kept(self, tmp_path, source, target):
        """Camera, comment and place travel from every format to every format."""
        path = saved(
            tmp_path,
            Image.fromarray(colours(channels=3)),
            f"in{source}",
            exif=camera_exif(6).tobytes(),
        )
        photo = read(path)
        out = tmp_path / f"out{target}"
        write(out, photo.image, like=photo)
        again = read(out)
        assert again.image.shape == photo.image.shape
        exif = exif_of(again)
        assert exif[ExifTags.Base.Make] == "Kodak"
        assert exif.get(ORIENTATION, 1) == 1
        comment = exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment]
        assert comment == b"ASCII\0\0\0grandmother"
        place = exif.get_ifd(ExifTags.IFD.GPSInfo)
        assert place == {1: "N", 2: (52.0, 30.0, 1.5)}

    @pytest.mark.parametrize("target", [".jpg", ".png", ".tif", ".webp", ".bmp"])
    @pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
    def test_layout_of_a_tiff_stays_behind(self, tmp_path, target, options):
        """Tags on how a TIFF stores its pixels do not reach files that store others."""
        path = saved(
            tmp_path, Image.fromarray(colours(channels=0)), "in.tif", dpi=(300, 300), **options
        )
        photo = read(path)
        assert not {256, 257, 258, 259, 262, 273, 279}.intersection(exif_of(photo))
        out = tmp_path / f"out{target}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if target == ".bmp" else "error")
            write(out, np.dstack([photo.image] * 3), like=photo)
        again = read(out).image
        if target != ".jpg":
            np.testing.assert_array_equal(again, np.dstack([photo.image] * 3))

    def test_thumbnail_is_dropped(self, tmp_path):
        """The small gray picture inside EXIF data does not survive."""
        body = camera_exif().tobytes()[6:]
        at = struct.unpack(">I" if body[:2] == b"MM" else "<I", body[4:8])[0]
        order = ">" if body[:2] == b"MM" else "<"
        count = struct.unpack_from(order + "H", body, at)[0]
        thumbnail = b"\xff\xd8 a very small picture \xff\xd9"
        start = len(body) + 2 + 2 * 12 + 4
        ifd1 = struct.pack(order + "H", 2)
        ifd1 += struct.pack(order + "HHII", 0x0201, 4, 1, start)
        ifd1 += struct.pack(order + "HHII", 0x0202, 4, 1, len(thumbnail)) + bytes(4)
        linked = bytearray(body)
        struct.pack_into(order + "I", linked, at + 2 + 12 * count, len(body))
        exif = b"Exif\0\0" + bytes(linked) + ifd1 + thumbnail
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), "thumb.jpg", exif=exif)
        assert thumbnail in path.read_bytes()
        with Image.open(path) as stored:
            assert stored.getexif().get_ifd(ExifTags.IFD.IFD1)[0x0201] == start
        photo = read(path)
        assert thumbnail not in photo.exif
        assert exif_of(photo).get_ifd(ExifTags.IFD.IFD1) == {}
        assert exif_of(photo)[ExifTags.Base.Make] == "Kodak"

    @pytest.mark.parametrize(
        ("source", "target"), list(itertools.product([".jpg", ".png", ".tif"], repeat=2))
    )
    def test_dpi_is_kept(self, tmp_path, source, target):
        """A scan at 300 by 200 dots an inch stays one."""
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), f"a{source}", dpi=(300, 200))
        photo = read(path)
        assert photo.dpi == pytest.approx((300, 200), abs=0.01)
        write(tmp_path / f"b{target}", photo.image, like=photo)
        assert read(tmp_path / f"b{target}").dpi == photo.dpi

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
    def test_dpi_turns_with_the_picture(self, tmp_path, suffix):
        """Where a picture is turned on its side, the two resolutions change places."""
        exif = camera_exif(6)
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = 300.0, 200.0
        exif[ExifTags.Base.ResolutionUnit] = 2
        path = saved(
            tmp_path,
            Image.fromarray(colours(channels=0)),
            f"a{suffix}",
            dpi=(300, 200),
            exif=exif.tobytes(),
        )
        photo = read(path)
        assert photo.dpi == pytest.approx((200, 300), abs=0.01)
        assert exif_of(photo)[ExifTags.Base.XResolution] == 200

    @pytest.mark.parametrize("dpi", [(0, 0), (1, 1), (70000, 70000)])
    def test_senseless_dpi(self, tmp_path, dpi):
        """A resolution that cannot be meant is none."""
        path = saved(tmp_path, Image.fromarray(colours(channels=0)), "a.tif", dpi=dpi)
        assert read(path).dpi is None

    def test_broken_exif_does_not_cost_the_picture(self, tmp_path):
        """EXIF data that cannot be read is left out with a warning."""
        pixels = Image.fromarray(colours(channels=0))
        path = saved(tmp_path, pixels, "a.png", exif=b"Exif\0\0nonsense that is no TIFF header")
        with pytest.warns(ColorkitWarning, match=r"a\.png.*EXIF data that cannot be read") as seen:
            photo = read(path)
        assert photo.exif == b""
        assert seen[0].filename == __file__
        np.testing.assert_array_equal(photo.image, np.asarray(pixels))

    def test_exif_too_large_for_jpeg(self, tmp_path):
        """EXIF data above 64 KB is kept where it fits; a JPEG is written without, and says so."""
        exif = Image.Exif()
        exif[ExifTags.Base.ImageDescription] = "x" * 70000
        image = colours(channels=0)
        path = saved(tmp_path, Image.fromarray(image), "a.png", exif=exif.tobytes())
        photo = read(path)
        with pytest.warns(ColorkitWarning, match="written without EXIF data.*JPEG") as seen:
            write(tmp_path / "b.jpg", image, like=photo)
        assert seen[0].filename == __file__
        assert read(tmp_path / "b.jpg").exif == b""
        write(tmp_path / "b.png", image, like=photo)
        assert len(exif_of(read(tmp_path / "b.png"))[ExifTags.Base.ImageDescription]) == 70000

    def test_bmp_says_that_it_holds_no_exif(self, tmp_path):
        """BMP cannot keep EXIF data: the warning says so."""
        photo = read(sample(tmp_path, ".png"))
        with pytest.warns(ColorkitWarning, match="written without EXIF data.*BMP"):
            write(tmp_path / "b.bmp", photo.image, like=photo)

    @pytest.mark.parametrize("suffix", [".png", ".tif", ".webp"])
    def test_first_page(self, tmp_path, suffix):
        """Of several pages the first is read, and a warning counts them."""
        pages = [Image.fromarray(colours(channels=3, seed=seed)) for seed in range(3)]
        path = tmp_path / f"pages{suffix}"
        options = {"lossless": True} if suffix == ".webp" else {}
        pages[0].save(path, save_all=True, append_images=pages[1:], **options)
        with pytest.warns(ColorkitWarning, match="holds 3 pages: only the first") as seen:
            photo = read(path)
        assert seen[0].filename == __file__
        np.testing.assert_array_equal(photo.image, np.asarray(pages[0]))

    def test_unreadable_second_page(self, tmp_path):
        """A second page that nobody can read does not cost the first."""
        pages = [Image.fromarray(colours(channels=0, seed=seed)) for seed in range(2)]
        path = tmp_path / "pages.tif"
        pages[0].save(path, save_all=True, append_images=pages[1:])
        depth = struct.pack("<HHIH", 258, 3, 1, 8)
        first, second, rest = path.read_bytes().split(depth)
        path.write_bytes(first + depth + second + struct.pack("<HHIH", 258, 3, 1, 7) + rest)
        with pytest.warns(ColorkitWarning, match="holds several pages: only the first"):
            photo = read(path)
        np.testing.assert_array_equal(photo.image, np.asarray(pages[0]))

    def test_name_and_content_differ(self, tmp_path):
        """A PNG named .jpg is read as what it is, with a warning."""
        path = tmp_path / "photo.jpg"
        Image.fromarray(colours(channels=3)).save(path, "PNG")
        with pytest.warns(ColorkitWarning, match=r"photo\.jpg' holds PNG"):
            assert read(path).format == "PNG"


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "it is empty"),
            (b"grandmother, 1921\n", "it is not a JPEG, PNG, TIFF, WebP or BMP picture"),
            (b"<!DOCTYPE html><html></html>", "it is not a JPEG"),
            (b"GIF89a\x01\0\x01\0\0\0\0;", "it is not a JPEG"),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n", "it is not a JPEG"),
            (b"BM", "cannot read"),
            (b"\xff\xd8\xff", "cannot read"),
            (b"\x89PNG\r\n\x1a\n", "cannot read"),
            (b"II*\0", "cannot read"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "cannot read"),
        ],
    )
    def test_not_a_picture(self, tmp_path, content, reason):
        """Text, pages, other formats and bare signatures are refused by name."""
        path = tmp_path / "photo.png"
        path.write_bytes(content)
        with pytest.raises(FileError, match=rf"photo\.png.*{reason}|{reason}.*photo\.png"):
            read(path)

    def test_no_file(self, tmp_path):
        """A missing file, a folder and a pipe are refused at once."""
        with pytest.raises(FileError, match=r"none\.png.*No such file") as caught:
            read(tmp_path / "none.png")
        assert isinstance(caught.value.__cause__, FileNotFoundError)
        with pytest.raises(FileError, match="it is not a file"):
            read(tmp_path)
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(FileError, match="it is not a file"):
            read(tmp_path / "pipe.png")
        with pytest.raises(FileError, match="null"):
            read("a\0b.png")

    def test_no_permission(self, tmp_path):
        """A file that may not be read is refused with the system's words."""
        path = sample(tmp_path, ".png")
        path.chmod(0)
        with (
            without_privileges(),
            pytest.raises(FileError, match=r"sample\.png.*Permission denied"),
        ):
            read(path)

    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_truncated(self, tmp_path, suffix):
        """A file cut anywhere gives a picture or a FileError, and mostly the error."""
        whole = sample(tmp_path, suffix).read_bytes()
        path = tmp_path / f"cut{suffix}"
        outcomes = []
        for length in range(0, len(whole), max(1, len(whole) // 100)):
            path.write_bytes(whole[:length])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                outcomes.append(check_read_or_refused(path))
        assert sum(outcomes) <= 0.1 * len(outcomes)

    @pytest.mark.parametrize("suffix", [*SUFFIXES, ".lzw.tif"])
    def test_flipped_bytes(self, tmp_path, suffix):
        """A damaged byte anywhere gives a picture or a FileError, and nothing else."""
        options = {"compression": "tiff_lzw"} if suffix == ".lzw.tif" else sample_options(suffix)
        image = Image.fromarray(colours(24, 31, 3))
        whole = saved(tmp_path, image, f"sample{suffix}", **options).read_bytes()
        path = tmp_path / f"flipped{suffix}"
        places = {*range(0, len(whole), 64), *range(min(256, len(whole)))}
        for place in sorted(places):
            damaged = bytearray(whole)
            damaged[place] ^= 0xFF
            path.write_bytes(damaged)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check_read_or_refused(path)

    @settings(max_examples=200, deadline=None)
    @given(st.sampled_from([b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"BM"]), st.binary())
    def test_any_bytes(self, tmp_path_factory, head, rest):
        """Bytes that only begin like a picture never give anything but FileError or a picture."""
        path = tmp_path_factory.mktemp("any") / "photo"
        path.write_bytes(head + rest)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            check_read_or_refused(path)


def bomb(folder, suffix, width=30000, height=30000):
    """Make a small file that claims a large picture."""
    path = folder / f"bomb{suffix}"
    if suffix == ".png":
        path.write_bytes(png(width, height, 8, 2, bytes(4_000_000)))
    elif suffix == ".bmp":
        path.write_bytes(
            b"BM"
            + struct.pack("<IHHI", 54, 0, 0, 54)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
        )
    elif suffix == ".webp":
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        path.write_bytes(
            b"RIFF" + struct.pack("<I", 22) + b"WEBPVP8X" + struct.pack("<II", 10, 0) + sides
        )
    elif suffix == ".tif":
        entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (278, 1)]
        body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
        path.write_bytes(b"II*\0\x08\0\0\0" + struct.pack("<H", len(entries)) + body + bytes(4))
    else:
        Image.new("L", (16, 16)).save(path, "JPEG")
        data = bytearray(path.read_bytes())
        at = data.index(b"\xff\xc0")
        struct.pack_into(">HH", data, at + 5, height, width)
        path.write_bytes(data)
    return path


class TestBombs:
    @pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".jpg"])
    def test_bomb(self, tmp_path, suffix):
        """A small file that claims 900 megapixels is refused with its size and the way out."""
        path = bomb(tmp_path, suffix)
        assert path.stat().st_size < 20_000
        with pytest.raises(FileError, match=r"30000 x 30000 pixels.*250000000.*--max-pixels"):
            read(path)

    def test_bomb_takes_no_memory(self, tmp_path):
        """Refusing a bomb takes hardly more memory than having Pillow."""
        script = (
            "import sys, resource; from colorkit import files; from PIL import Image\n"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "before = peak()\n"
            "for name in sys.argv[1:]:\n"
            "    try: files.read(name)\n"
            "    except files.FileError: continue\n"
            "    raise SystemExit('read a bomb')\n"
            "print(peak() - before)"
        )
        bombs = [bomb(tmp_path, suffix) for suffix in SUFFIXES]
        done = subprocess.run(
            [sys.executable, "-c", script, *bombs], check=True, capture_output=True, text=True
        )
        assert int(done.stdout) < 40_000

    def test_webp_beyond_pillow(self, tmp_path):
        """A WebP larger than Pillow decodes is refused with a remedy."""
        path = bomb(tmp_path, ".webp", 16383, 16383)
        with pytest.raises(FileError, match=r"larger than Pillow decodes from WebP.*PNG or TIFF"):
            read(path)

    @pytest.mark.parametrize("suffix", SUFFIXES)
    def test_limit_is_an_argument(self, tmp_path, suffix):
        """The limit counts pixels, and a picture of just that many is read."""
        path = sample(tmp_path, suffix)
        assert read(path, max_pixels=24 * 31).image.shape == (24, 31, 3)
        with pytest.raises(FileError, match="31 x 24 pixels, more than the limit of 743"):
            read(path, max_pixels=24 * 31 - 1)

    @pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp"])
    def test_pillows_limit_plays_no_part(self, tmp_path, suffix, monkeypatch):
        """Pictures above Pillow's limit are read without its warning or error."""
        path = saved(tmp_path, Image.new("L", (2100, 1100)), f"large{suffix}")
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2**20)
        with pytest.raises(Image.DecompressionBombError), Image.open(path) as image:
            image.load()
        assert read(path).image.shape == (1100, 2100)
        assert Image.MAX_IMAGE_PIXELS == 2**20

    def test_text_bomb(self, tmp_path):
        """A PNG with a text chunk that swells to 100 MB is refused."""
        text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(100_000_000), 9))
        path = tmp_path / "text.png"
        path.write_bytes(png(1, 1, 8, 0, b"\0\0", text))
        with pytest.raises(FileError, match=r"text\.png.*Decompressed data too large"):
            read(path)


class TestWrite:
    @pytest.mark.parametrize(
        ("suffix", "channels"),
        [
            *itertools.product((".png", ".tif", ".webp", ".bmp"), (0, 3)),
            *itertools.product((".png", ".tif", ".webp"), (2, 4)),
        ],
    )
    def test_lossless(self, tmp_path, suffix, channels):
        """PNG, TIFF, WebP and BMP give back what was written, hidden colour included."""
        image = colours(40, 50, channels)
        write(tmp_path / f"a{suffix}", image)
        again = read(tmp_path / f"a{suffix}").image
        if suffix == ".webp" and channels in (0, 2):  # WebP knows no gray
            gray = image if channels == 0 else image[..., 0]
            np.testing.assert_array_equal(again[..., 0], gray)
            image = np.dstack([gray] * 3 + ([image[..., 1]] if channels else []))
        np.testing.assert_array_equal(again, image)

    def test_jpeg_keeps_colour_sharp(self, tmp_path):
        """JPEG files are written at quality 95 and without subsampling."""
        write(tmp_path / "a.jpg", colours(16, 16, 3))
        with Image.open(tmp_path / "a.jpg") as stored:
            assert [layer[1:3] for layer in stored.layer] == [(1, 1)] * 3
            best = io.BytesIO()
            Image.fromarray(colours(16, 16, 3)).save(best, "JPEG", quality=95, subsampling=0)
            assert stored.quantization == Image.open(best).quantization

    def test_gray_stays_gray(self, tmp_path):
        """A gray array gives a file of one channel."""
        write(tmp_path / "a.jpg", colours(channels=0))
        assert read(tmp_path / "a.jpg").image.ndim == 2

    @pytest.mark.parametrize("view", ["flipped", "transposed", "read-only"])
    def test_views(self, tmp_path, view):
        """Arrays in any order of memory are written as they look."""
        image = colours(channels=3)
        image.flags.writeable = False
        image = {"flipped": image[::-1, ::-1], "transposed": image.swapaxes(0, 1)}.get(view, image)
        write(tmp_path / "a.png", image)
        np.testing.assert_array_equal(read(tmp_path / "a.png").image, image)

    def test_same_bytes(self, tmp_path):
        """The same picture gives the same file."""
        photo = read(sample(tmp_path, ".png"))
        for suffix in (".jpg", ".png", ".tif", ".webp"):
            first, second = tmp_path / f"1{suffix}", tmp_path / f"2{suffix}"
            write(first, photo.image, like=photo)
            write(second, photo.image, like=photo)
            assert first.read_bytes() == second.read_bytes()

    @pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
    @pytest.mark.parametrize("channels", [2, 4])
    def test_no_silent_loss_of_alpha(self, tmp_path, suffix, channels):
        """Formats without transparency refuse pictures that have it and name those that fit."""
        assert not files.can_hold_alpha(FORMATS[suffix])
        with pytest.raises(FileError, match=r"holds no transparency; choose \.png, \.webp or"):
            write(tmp_path / f"a{suffix}", colours(channels=channels))
        assert list(tmp_path.iterdir()) == []

    def test_unknown_ending(self, tmp_path):
        """An ending that cannot be written is answered with those that can; `format` settles it."""
        with pytest.raises(FileError, match=r"a\.xyz'.*\.jpg, \.jpeg,.*\.png"):
            write(tmp_path / "a.xyz", colours())
        write(tmp_path / "a.xyz", colours(), format="PNG")
        assert read(tmp_path / "a.xyz").format == "PNG"

    @pytest.mark.parametrize(("suffix", "side"), [(".webp", 16384), (".jpg", 65501)])
    def test_too_wide_for_the_format(self, tmp_path, suffix, side):
        """A panorama beyond what a format can hold is refused with one that can."""
        image = np.zeros((1, side), np.uint8)
        with pytest.raises(FileError, match=rf"at most {side - 1} pixels a side.*choose \.png"):
            write(tmp_path / f"a{suffix}", image)
        write(tmp_path / f"a{suffix}", image[:, 1:])
        assert read(tmp_path / f"a{suffix}").image.shape[:2] == (1, side - 1)

    def test_wrong_arrays(self, tmp_path):
        """Only uint8 is written: other dtypes would be written as something else."""
        with pytest.raises(ImageTypeError, match=r"must be uint8.*not float32"):
            write(tmp_path / "a.png", np.zeros((3, 3), np.float32))
        with pytest.raises(FileError, match="cannot write"):
            write(tmp_path / "a.png", np.zeros((3, 3, 5), np.uint8))
        with pytest.raises(FileError, match="cannot write"):
            write(tmp_path / "a.png", np.zeros((0, 3), np.uint8))
        assert list(tmp_path.iterdir()) == []

    @pytest.mark.parametrize("name", ["großmutter 祖母.png", "two\nlines.png", " .png", "-o.png"])
    def test_odd_names(self, tmp_path, name):
        """Names in any script, with newlines or spaces, are written and read; errors quote them."""
        write(tmp_path / name, colours(channels=0))
        np.testing.assert_array_equal(read(tmp_path / name).image, colours(channels=0))
        with pytest.raises(FileError, match="already exists") as caught:
            write(tmp_path / name, colours(channels=0))
        assert "\n" not in str(caught.value)

    def test_long_name(self, tmp_path):
        """A name as long as the file system allows is written."""
        path = tmp_path / ("x" * 251 + ".png")
        write(path, colours(channels=0))
        assert read(path).format == "PNG"

    def test_relative_path(self, tmp_path, monkeypatch):
        """A bare name is written into the current folder."""
        monkeypatch.chdir(tmp_path)
        write("a.png", colours())
        assert os.listdir(tmp_path) == ["a.png"]


class TestWholeOrNotAtAll:
    def test_existing_file(self, tmp_path):
        """A file that is there is kept, unless it may be overwritten."""
        path = tmp_path / "a.png"
        path.write_text("precious")
        with pytest.raises(FileError, match=r"a\.png' already exists: choose another name"):
            write(path, colours())
        assert path.read_text() == "precious"
        write(path, colours(), overwrite=True)
        np.testing.assert_array_equal(read(path).image, colours())
        assert os.listdir(tmp_path) == ["a.png"]

    def test_mode_follows_the_umask(self, tmp_path):
        """The file gets the permissions that any new file gets."""
        write(tmp_path / "a.png", colours())
        (tmp_path / "plain").touch()
        modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a.png", "plain")]
        assert modes[0] == modes[1]

    def test_one_of_many_wins(self, tmp_path):
        """When several write one name at the same moment, one wins and the others are told."""
        path = tmp_path / "a.png"
        script = (
            "import sys, numpy as np; from colorkit import files\n"
            "image = np.full((50, 50), int(sys.argv[2]), np.uint8)\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "try: files.write(sys.argv[1], image)\n"
            "except files.FileError: print('lost')\n"
            "else: print('won', sys.argv[2])"
        )
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", script, path]
        racers = [
            subprocess.Popen([*command, str(number)], stdin=pipe, stdout=pipe, text=True)
            for number in range(4)
        ]
        for racer in racers:
            assert racer.stdout.readline() == "ready\n"
        for racer in racers:
            racer.stdin.write("\n")
            racer.stdin.flush()
        said = [racer.communicate()[0].strip() for racer in racers]
        winners = [line.split()[1] for line in said if line.startswith("won")]
        assert len(winners) == 1
        assert said.count("lost") == 3
        assert (read(path).image == int(winners[0])).all()
        assert os.listdir(tmp_path) == ["a.png"]

    @pytest.mark.parametrize("links", [True, False])
    def test_lost_race(self, tmp_path, monkeypatch, links):
        """A name taken while the picture was encoded is not taken away, hard links or not."""
        path = tmp_path / "a.png"

        def refuse(*args):
            raise PermissionError(1, "Operation not permitted")

        if not links:  # as on FAT
            monkeypatch.setattr(os, "link", refuse)
        monkeypatch.setattr(os.path, "lexists", lambda name: "tmp" in os.path.basename(name))
        path.write_text("precious")
        with pytest.raises(FileError, match="already exists"):
            write(path, colours())
        assert path.read_text() == "precious"
        path.unlink()
        write(path, colours())
        np.testing.assert_array_equal(read(path).image, colours())

    def test_links(self, tmp_path):
        """Links are never followed: without `overwrite` refused, with it replaced."""
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "original.png").write_text("precious")
        for target in ("original.png", "nowhere.png"):
            link = tmp_path / "link.png"
            link.symlink_to(outside / target)
            with pytest.raises(FileError, match="already exists"):
                write(link, colours())
            write(link, colours(), overwrite=True)
            assert not link.is_symlink()
            link.unlink()
        assert os.listdir(outside) == ["original.png"]
        assert (outside / "original.png").read_text() == "precious"

    def test_places_that_cannot_be_written(self, tmp_path):
        """A missing folder, a file for a folder, and a folder for a file are refused."""
        with pytest.raises(FileError, match=r"none/a\.png': its folder does not exist; make it"):
            write(tmp_path / "none" / "a.png", colours())
        (tmp_path / "file").touch()
        with pytest.raises(FileError, match=r"file/a\.png': Not a directory"):
            write(tmp_path / "file" / "a.png", colours())
        (tmp_path / "folder.png").mkdir()
        with pytest.raises(FileError, match=r"cannot write.*folder\.png"):
            write(tmp_path / "folder.png", colours(), overwrite=True)
        with pytest.raises(FileError, match="cannot write"):
            write("/proc/a.png", colours())
        assert sorted(os.listdir(tmp_path)) == ["file", "folder.png"]

    def test_read_only_folder(self, tmp_path):
        """A folder that may not be written to is refused with the system's words."""
        write(tmp_path / "before.png", colours())
        tmp_path.chmod(0o500)
        with (
            without_privileges(),
            pytest.raises(FileError, match=r"a\.png': Permission denied"),
        ):
            write(tmp_path / "a.png", colours())
        assert os.listdir(tmp_path) == ["before.png"]

    @pytest.mark.parametrize("suffix", SUFFIXES)
    @pytest.mark.parametrize("missing", [1, 5000])
    def test_full_disk(self, tmp_path, suffix, missing):
        """When the disk is full, by little or by much, nothing is left behind."""
        image = colours(100, 100, 3)
        path = tmp_path / f"a{suffix}"
        write(path, image)
        size = path.stat().st_size
        path.unlink()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - missing, before[1]))
        try:
            with pytest.raises(FileError, match=r"cannot write.*File too large"):
                write(path, image)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
        assert os.listdir(tmp_path) == []

    def test_interrupted(self, tmp_path, monkeypatch):
        """Ctrl-C during the write leaves neither the file nor its beginning."""

        def interrupt(descriptor):
            raise KeyboardInterrupt

        monkeypatch.setattr(os, "fsync", interrupt)
        with pytest.raises(KeyboardInterrupt):
            write(tmp_path / "a.png", colours())
        assert os.listdir(tmp_path) == []

    def test_killed(self, tmp_path):
        """A process killed in the middle of writing leaves whole files only."""
        script = (
            "import itertools, sys, numpy as np; from colorkit import files\n"
            "image = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)\n"
            "print('ready', flush=True)\n"
            "for i in itertools.count():\n"
            "    files.write(f'{sys.argv[1]}/{i % 7}.png', image, overwrite=True)\n"
            "    print(i, flush=True)"
        )
        command = [sys.executable, "-c", script, tmp_path]
        for rounds in (1, 2, 5, 8, 13, 16):
            with subprocess.Popen(command, stdout=subprocess.PIPE) as writer:
                for _ in range(1 + rounds):
                    assert writer.stdout.readline()
                writer.kill()
            assert list(tmp_path.glob("*.png"))
            for path in tmp_path.glob("*.png"):
                assert read(path).image.shape == (200, 200, 3)


class TestNames:
    def test_suffix_for(self):
        """Formats and endings, in any case, lead to the usual ending."""
        names = ["JPEG", "jpeg", ".JPG", "jfif", "png", "TIFF", "tif", "webp", "BMP"]
        endings = [".jpg"] * 4 + [".png", ".tif", ".tif", ".webp", ".bmp"]
        assert [files.suffix_for(name) for name in names] == endings
        with pytest.raises(OptionError, match="'gif': choose one of JPEG, PNG, TIFF, WEBP, BMP"):
            files.suffix_for("gif")
        with pytest.raises(OptionError, match="unknown picture format ''"):
            files.suffix_for("")

    def test_is_picture(self):
        """Names of pictures are told by their ending, in any case."""
        assert files.is_picture("a/b.JPG")
        assert files.is_picture(Path("a.tiff"))
        assert not files.is_picture("a/b.gif")
        assert not files.is_picture("png")
        assert not files.is_picture("a/._b.jpg")

    def test_formats(self):
        """Every ending can be written, and every format says whether it holds alpha."""
        assert {files.suffix_for(name) for name in FORMATS.values()} == set(SUFFIXES)
        assert [files.can_hold_alpha(FORMATS[suffix]) for suffix in SUFFIXES] == [
            suffix not in (".jpg", ".bmp") for suffix in SUFFIXES
        ]

    def test_photos_are_values_of_their_own(self, tmp_path):
        """A photo cannot be changed by accident, and two reads are two photos."""
        path = sample(tmp_path, ".png")
        photo = read(path)
        assert isinstance(photo, Photo)
        assert photo != read(path)
        with pytest.raises(AttributeError, match="cannot assign"):
            photo.format = "GIF"
