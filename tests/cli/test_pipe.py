import io
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit import files
from colorkit.provenance import from_xmp

SLOPE = np.add.outer(np.arange(24), np.arange(36)).astype(np.uint8)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder, and see that no temporary file stays."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    monkeypatch.setenv("COLORKIT_PLUGINS", "none")
    monkeypatch.setenv("PYTHONPATH", str(Path(colorkit.__file__).parents[1]))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    yield
    assert os.listdir(temporary) == []


def picture(format="PNG"):
    stream = io.BytesIO()
    Image.fromarray(SLOPE).save(stream, format)
    return stream.getvalue()


def colorize(*arguments, content=b""):
    """Run the command with bytes at its pipes."""
    command = [sys.executable, "-m", "colorkit", "colorize", "--threads", "1", *arguments]
    done = subprocess.run(command, input=content, capture_output=True, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


def read(content):
    Path("read").write_bytes(content)
    return files.read("read")


@pytest.mark.parametrize("arguments", [["-", "-o", "-"], ["-"]])
def test_a_picture_goes_through_a_pipe(arguments):
    """Bytes in, bytes out, the format kept, nothing else on stdout, the note in them."""
    code, out, err = colorize(*arguments, content=picture("TIFF"))

    assert (code, err) == (0, "")
    photo = read(out)
    assert photo.format == "TIFF"
    assert photo.image.shape == (24, 36, 3)
    assert from_xmp(photo.xmp).model == "lite"


def test_the_format_can_be_chosen():
    """--format holds for pipes too; line ends are no line ends in pictures."""
    code, out, _ = colorize("-", "--format", "png", content=picture("BMP"))

    assert code == 0
    assert out.startswith(b"\x89PNG\r\n\x1a\n")
    assert read(out).image.shape == (24, 36, 3)


def test_pipes_and_files_mix():
    """From a pipe to a file, and from a file to a pipe: the same picture."""
    Path("old.png").write_bytes(picture())

    to_file = colorize("-", "-o", "new.png", content=picture())
    to_pipe = colorize("old.png", "-o", "-")

    assert to_file == (0, b"standard input -> new.png\n", "")
    assert to_pipe == (0, Path("new.png").read_bytes(), "")


@pytest.mark.parametrize(
    ("content", "message"), [(b"", "it is empty"), (b"no picture", "it is not a JPEG")]
)
def test_what_is_no_picture_gives_nothing(content, message):
    """One line on stderr, exit 1, and not a byte on stdout."""
    code, out, err = colorize("-", content=content)

    assert (code, out) == (1, b"")
    assert err.startswith(f"colorkit: cannot read 'standard input': {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments", [["-", "--variants", "2"], ["-", "--compare"], ["a.png", "b.png", "-o", "-"]]
)
def test_a_pipe_takes_one_picture(arguments):
    """More than one is wrong usage."""
    code, out, err = colorize(*arguments, content=picture())

    assert (code, out) == (2, b"")
    assert "Standard output takes one picture." in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_a_terminal_is_spared():
    """Bytes of a picture are not written to a terminal."""
    ours, theirs = os.openpty()
    command = [sys.executable, "-m", "colorkit", "colorize", "-"]
    done = subprocess.run(command, input=picture(), stdout=theirs, stderr=subprocess.PIPE)
    os.close(theirs)
    os.close(ours)

    assert done.returncode == 2
    assert b"Standard output is a terminal" in done.stderr
