import contextlib
import os
import struct
import subprocess
import sys
import warnings
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import (
    SUFFIXES,
    check_read_or_refused,
    chunk,
    colours,
    png,
    sample,
    sample_options,
    saved,
)

from colorkit import files
from colorkit.errors import FileError
from colorkit.files import read, write


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


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "it is empty"),
            (b"grandmother, 1921\n", "it is not a JPEG, PNG, TIFF, WebP, AVIF, .* or BMP picture"),
            (b"<!DOCTYPE html><html></html>", "it is not a JPEG"),
            (b"GIF89a\x01\0\x01\0\0\0\0;", "cannot read"),
            (b"\0\0\0\x18ftypheic\0\0\0\0", "it is not a JPEG"),
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
        with pytest.raises(FileError, match="it is a pipe: of pipes, `colorkit colorize -` reads"):
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


class TestWithoutTifffile:
    @pytest.mark.parametrize("kind", ["opened", "counted"])
    def test_what_to_install(self, tmp_path, monkeypatch, kind):
        """A TIFF that Pillow does not open is answered with what to install."""
        path = tmp_path / "a.tif"
        image = colours(channels=3)
        deep = files.Photo(np.float32(image / 255), "")
        files.write_pages(path, [deep] if kind == "opened" else [files.Photo(image, ""), deep])
        monkeypatch.setitem(sys.modules, "tifffile", None)
        with pytest.raises(FileError, match=r"a\.tif': it is a TIFF.*colorkit\[tiff\]"):
            list(files.read_pages(path))

    def test_the_rest_is_read(self, tmp_path, monkeypatch):
        """Sixteen bits in gray and colour need nothing but Pillow."""
        monkeypatch.setitem(sys.modules, "tifffile", None)
        for channels in (0, 3, 4):
            image = colours(channels=channels).astype(np.uint16) * 257
            write(tmp_path / f"{channels}.tif", image)
            np.testing.assert_array_equal(read(tmp_path / f"{channels}.tif").image, image)


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
            "import sys, resource; from colorkit import FileError, files; from PIL import Image\n"
            "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
            "before = peak()\n"
            "for name in sys.argv[1:]:\n"
            "    try: files.read(name)\n"
            "    except FileError: continue\n"
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
