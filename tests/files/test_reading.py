import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import STORABLE, TARGETS, chunk, colours, picture, png, saved

from colorkit import files
from colorkit.files import read, reading, write


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

    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 70), st.integers(1, 70), st.sampled_from([0, 2, 3, 4]))
    def test_strips_do_not_show(self, tmp_path_factory, height, width, channels):
        """Pictures of every size come back as they were written."""
        path = tmp_path_factory.mktemp("sizes") / "photo.png"
        image = colours(height, width, channels)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(reading, "_STRIP", 128)
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
