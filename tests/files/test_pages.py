"""Pages of a TIFF, frames of an animation."""

import struct
import tracemalloc
import warnings
from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image
from samples import colours

from colorkit import Colorizer, ColorkitWarning, FileError
from colorkit.files import Photo, read, read_pages, write_pages


def frames(count=4, dtype=np.uint8, channels=3):
    rng = np.random.default_rng(7)
    top = 1 if np.dtype(dtype).kind == "f" else np.iinfo(dtype).max
    images = [(rng.random((9, 13, channels)) * top).astype(dtype) for _ in range(count)]
    return [Photo(image, "", shown_for=40 + i, runs=3) for i, image in enumerate(images)]


@pytest.mark.parametrize("suffix", [".tif", ".png", ".webp", ".avif"])
def test_round_trip(tmp_path, suffix):
    """All pages come back in order; of animations, times and number of runs too."""
    written = frames()
    write_pages(tmp_path / f"a{suffix}", iter(written))
    again = list(read_pages(tmp_path / f"a{suffix}"))
    assert len(again) == 4
    for page, source in zip(again, written, strict=True):
        if suffix != ".avif":
            np.testing.assert_array_equal(page.image, source.image)
        if suffix != ".tif":
            assert page.shown_for == source.shown_for
        if suffix in (".png", ".webp"):
            assert page.runs == 3


@pytest.mark.parametrize(("suffix", "dtype"), [(".tif", "u2"), (".tif", "f4"), (".png", "u2")])
def test_deep_pages(tmp_path, suffix, dtype):
    """Pages keep their depth."""
    written = frames(3, dtype)
    write_pages(tmp_path / f"a{suffix}", written)
    for page, source in zip(read_pages(tmp_path / f"a{suffix}"), written, strict=True):
        assert page.image.dtype == source.image.dtype
        np.testing.assert_array_equal(page.image, source.image)


def test_pages_of_different_kinds(tmp_path):
    """A TIFF holds pages of any size, depth and metadata; tifffile and Pillow see them too."""
    written = [
        Photo(colours(5, 7, 0), "", xmp=b"<a/>", dpi=(300.0, 300.0)),
        Photo(colours(6, 4, 4), "", iptc=b"\x1c\x02\x78\0\x01a"),
        Photo(colours(3, 3, 3).astype(np.uint16) * 257, ""),
        Photo(np.float32(colours(2, 9, 3) / 255), ""),
    ]
    path = tmp_path / "a.tif"
    write_pages(path, written)
    again = list(read_pages(path))
    for page, source in zip(again, written, strict=True):
        np.testing.assert_array_equal(page.image, source.image)
    assert [page.xmp for page in again] == [b"<a/>", b"", b"", b""]
    assert [page.iptc for page in again] == [b"", written[1].iptc, b"", b""]
    assert [page.dpi for page in again] == [(300.0, 300.0), None, None, None]
    with tifffile.TiffFile(path) as file:
        for page, source in zip(file.pages, written, strict=True):
            np.testing.assert_array_equal(page.asarray(), source.image)


def test_gif_becomes_webp(tmp_path):
    """An animated GIF in colour: its gray, its times, its number of runs."""
    grays = [colours(channels=0, seed=seed) for seed in range(3)]
    first, *rest = map(Image.fromarray, grays)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=[50, 60, 70], loop=2)
    tinted = Colorizer(lambda lightness: np.full((*lightness.shape[:3], 2), 9, np.float32))
    coloured = (
        replace(page, image=tinted.colorize(page.image)) for page in read_pages(tmp_path / "a.gif")
    )
    write_pages(tmp_path / "a.webp", coloured)
    again = list(read_pages(tmp_path / "a.webp"))
    assert [page.shown_for for page in again] == [50, 60, 70]
    assert {page.runs for page in again} == {3}  # two repetitions
    for page, gray in zip(again, grays, strict=True):
        light = page.image[..., :3] @ [0.2127, 0.7152, 0.0722]
        assert np.abs(light - gray).max() < 12


def test_gif_of_all_grays(tmp_path):
    """An animated GIF with 256 grays, which has no palette, is read as it is."""
    grays = [np.roll(np.arange(256, dtype=np.uint8), 7 * i).reshape(16, 16) for i in range(3)]
    first, *rest = map(Image.fromarray, grays)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest)
    with Image.open(tmp_path / "a.gif") as stored:
        assert stored.mode == "L"
    for page, gray in zip(read_pages(tmp_path / "a.gif"), grays, strict=True):
        np.testing.assert_array_equal(np.atleast_3d(page.image)[..., 0], gray)


def test_gif_that_runs_once(tmp_path):
    """A GIF that says nothing of repetitions runs once."""
    first, second = (Image.fromarray(colours(channels=0, seed=seed)) for seed in range(2))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second])
    assert [page.runs for page in read_pages(tmp_path / "a.gif")] == [1, 1]


def test_png_with_a_picture_in_place_of_its_animation(tmp_path):
    """Its frames are those of the animation; read as one picture, it is the other one."""
    other, *shown = (Image.fromarray(colours(channels=0, seed=seed)) for seed in range(3))
    path = tmp_path / "a.png"
    other.save(path, save_all=True, append_images=shown, default_image=True, duration=50)
    pages = list(read_pages(path))
    assert [page.shown_for for page in pages] == [50, 50]
    for page, frame in zip(pages, shown, strict=True):
        np.testing.assert_array_equal(page.image, np.asarray(frame))
    with pytest.warns(ColorkitWarning, match="only the first is read"):
        np.testing.assert_array_equal(read(path).image, np.asarray(other))


def test_gif_without_delays(tmp_path):
    """Frames of a GIF that says nothing of time follow each other at once, the first one too."""
    first, second = (Image.fromarray(colours(channels=0, seed=seed)) for seed in range(2))
    first.save(tmp_path / "a.gif", save_all=True, append_images=[second], duration=0)
    assert [page.shown_for for page in read_pages(tmp_path / "a.gif")] == [0, 0]


@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_long_frames(tmp_path, suffix):
    """A slide may stay for ten minutes; from a minute on, PNG holds whole seconds."""
    first, second = frames(2)
    written = [replace(first, shown_for=65535), replace(second, shown_for=600_000)]
    write_pages(tmp_path / f"a{suffix}", written)
    assert [page.shown_for for page in read_pages(tmp_path / f"a{suffix}")] == [65535, 600_000]


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_formats_of_one_picture(tmp_path, suffix):
    """They hold one page, and refuse more before anything is there."""
    with pytest.raises(FileError, match=r"holds one picture; choose \.tif for pages or \.webp"):
        write_pages(tmp_path / f"a{suffix}", frames())
    assert list(tmp_path.iterdir()) == []
    write_pages(tmp_path / f"a{suffix}", frames(1))
    assert read(tmp_path / f"a{suffix}").image.shape == (9, 13, 3)


def test_frames_that_differ(tmp_path):
    """A PNG's frames are of one kind."""
    odd = [*frames(2), *frames(1, channels=4)]
    with pytest.raises(FileError, match=r"frame 3 is of another kind than the first"):
        write_pages(tmp_path / "a.png", odd)
    assert list(tmp_path.iterdir()) == []


def test_a_bad_page(tmp_path):
    """Pages before a bad one are read, and it ends in one sentence; nothing is half written."""
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(colours(channels=0))
        file.write(np.full((4, 4), 7.0, np.float32))
    pages = read_pages(tmp_path / "a.tif")
    np.testing.assert_array_equal(next(pages).image, colours(channels=0))
    with pytest.raises(FileError, match=r"cannot read.*a\.tif': it holds floats.*7 to 7"):
        next(pages)
    with pytest.raises(FileError, match="cannot read"):
        write_pages(tmp_path / "b.tif", read_pages(tmp_path / "a.tif"))
    assert [path.name for path in tmp_path.iterdir()] == ["a.tif"]


def test_a_circle_of_pages(tmp_path):
    """A TIFF whose last page leads to its first has an end."""
    write_pages(tmp_path / "a.tif", frames(3))
    data = bytearray((tmp_path / "a.tif").read_bytes())
    place = first = struct.unpack_from("<I", data, 4)[0]
    while place:
        link = place + 2 + 12 * struct.unpack_from("<H", data, place)[0]
        place = struct.unpack_from("<I", data, link)[0]
    struct.pack_into("<I", data, link, first)
    (tmp_path / "a.tif").write_bytes(data)
    assert len(list(read_pages(tmp_path / "a.tif"))) == 3


def test_the_limit_is_of_each_page(tmp_path):
    """A page that is too large is refused when its turn comes."""
    write_pages(tmp_path / "a.tif", [Photo(colours(4, 4), ""), Photo(colours(40, 40), "")])
    pages = read_pages(tmp_path / "a.tif", max_pixels=100)
    assert next(pages).image.shape == (4, 4, 4)
    with pytest.raises(FileError, match="40 x 40 pixels, more than the limit of 100"):
        next(pages)


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_constant_memory(tmp_path, suffix):
    """Ten times the pages, read and written as they come, take the memory of one."""
    image = colours(300, 400, 3)

    def peak(count):
        path = tmp_path / f"{count}{suffix}"
        tracemalloc.start()
        write_pages(path, (Photo(image, "") for _ in range(count)))
        assert sum(page.image.shape == image.shape for page in read_pages(path)) == count
        size = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return size

    peak(2)
    assert peak(30) < peak(3) + image.nbytes / 2


def test_one_warning_for_all_pages(tmp_path):
    """What a format cannot hold is said once."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        write_pages(tmp_path / "a.webp", frames(3, np.uint16))
    assert [warning.category for warning in seen] == [ColorkitWarning]
    assert "8 bits a channel, all that WEBP holds" in str(seen[0].message)
    assert seen[0].filename == __file__
