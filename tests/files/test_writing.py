import contextlib
import io
import itertools
import os
import resource
import signal
import stat
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from samples import SUFFIXES, colours, sample

from colorkit import files, strips
from colorkit.errors import ColorkitWarning, FileError, ImageTypeError
from colorkit.files import FORMATS, Photo, read, tiff, write


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

    @pytest.mark.parametrize("suffix", [".png", ".tif"])
    @pytest.mark.parametrize("channels", [0, 2, 3, 4])
    def test_sixteen_bits(self, tmp_path, suffix, channels):
        """PNG and TIFF give back 16 bits a channel, and other programs see them."""
        image = np.random.default_rng(0).integers(0, 65536, (30, 41, channels or 1), np.uint16)
        image = image if channels else image[..., 0]
        write(tmp_path / f"a{suffix}", image)
        np.testing.assert_array_equal(read(tmp_path / f"a{suffix}").image, image)
        if suffix == ".tif":
            np.testing.assert_array_equal(tifffile.imread(tmp_path / "a.tif"), image)
        elif channels != 2:
            with Image.open(tmp_path / "a.png") as stored:
                high = np.asarray(stored)
            np.testing.assert_array_equal(high, image >> 8 if channels else image)

    @pytest.mark.parametrize("channels", [0, 2, 3, 4])
    def test_floats(self, tmp_path, channels):
        """A TIFF gives floats back, a PNG 16 bits of them, a JPEG the nearest 8 and says so."""
        image = colours(channels=channels) / np.float64(255)
        write(tmp_path / "a.tif", image)
        np.testing.assert_array_equal(read(tmp_path / "a.tif").image, image.astype(np.float32))
        write(tmp_path / "a.png", image)
        np.testing.assert_array_equal(read(tmp_path / "a.png").image, np.rint(image * 65535))
        with pytest.warns(ColorkitWarning, match=r"8 bits a channel, all that WEBP holds; \.png"):
            write(tmp_path / "a.webp", image)
        seen = read(tmp_path / "a.webp").image
        np.testing.assert_array_equal(seen[..., 0], np.rint(np.atleast_3d(image)[..., 0] * 255))

    @settings(max_examples=40, deadline=None)
    @given(
        st.integers(1, 40),
        st.integers(1, 40),
        st.sampled_from([0, 2, 3, 4]),
        st.sampled_from([np.uint8, np.uint16]),
        st.sampled_from([".png", ".tif"]),
        st.integers(1, 300),
    )
    def test_every_size(self, tmp_path_factory, height, width, channels, dtype, suffix, strip):
        """Pictures of every size come back, whatever the size of the strips."""
        path = tmp_path_factory.mktemp("sizes") / f"a{suffix}"
        image = colours(height, width, channels).astype(dtype)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(strips, "PIXELS", strip)
            patch.setattr(tiff, "PIXELS", strip)
            write(path, image)
        np.testing.assert_array_equal(read(path).image, image)
        if suffix == ".png":  # whose checksums Pillow looks at
            with Image.open(path) as stored:
                stored.load()

    def test_png_is_as_small_as_pillows(self, tmp_path):
        """A photograph takes about the bytes that Pillow needs at the same level."""
        y, x = np.mgrid[:300, :400]
        smooth = 128 + 60 * np.sin(x / 50) * np.cos(y / 40)
        noise = np.random.default_rng(0).normal(0, 2, (300, 400, 3))
        image = np.clip(smooth[..., None] + noise, 0, 255).astype(np.uint8)
        write(tmp_path / "a.png", image)
        Image.fromarray(image).save(tmp_path / "b.png", compress_level=3)
        sizes = [(tmp_path / name).stat().st_size for name in ("a.png", "b.png")]
        assert sizes[0] < 1.1 * sizes[1]

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
        """What is no picture is refused: other dtypes, shapes and empty arrays."""
        with pytest.raises(ImageTypeError, match=r"must be uint8, uint16 or floats.*not int32"):
            write(tmp_path / "a.png", np.zeros((3, 3), np.int32))
        for shape in [(3, 3, 5), (0, 3), (3,), (1, 3, 3, 3)]:
            with pytest.raises(FileError, match=r"cannot write.*no picture has the shape"):
                write(tmp_path / "a.png", np.zeros(shape, np.uint8))
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
            "import sys, numpy as np; from colorkit import FileError, files\n"
            "image = np.full((50, 50), int(sys.argv[2]), np.uint8)\n"
            "print('ready', flush=True); sys.stdin.readline()\n"
            "try: files.write(sys.argv[1], image)\n"
            "except FileError: print('lost')\n"
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

    @pytest.mark.parametrize(
        ("suffix", "pages"),
        [
            *itertools.product((*SUFFIXES, ".avif"), (1,)),
            *itertools.product((".png", ".tif", ".webp", ".avif"), (3,)),
        ],
    )
    def test_full_disk(self, tmp_path, suffix, pages):
        """When the disk is full, at any moment of the writing, nothing is left behind."""
        photos = [Photo(colours(60, 80, 3), "", dpi=(300.0, 300.0)) for _ in range(pages)]
        path = tmp_path / f"a{suffix}"
        files.write_pages(path, photos)
        size = path.stat().st_size
        path.unlink()
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        try:
            for room in sorted({*range(40), *range(40, size, size // 20), size - 1}):
                resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
                with pytest.raises(FileError, match=r"cannot write.*File too large"):
                    files.write_pages(path, photos)
                assert os.listdir(tmp_path) == []
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)

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
