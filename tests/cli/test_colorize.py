import os
import re
import shutil
import signal
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

import colorkit
from colorkit import files, register_backend
from colorkit.provenance import Note, from_xmp

LITE = Path(colorkit.__file__).parent / "models" / "lite.tflite"


def warm(lightness):
    return np.broadcast_to(np.float32([10, 30]), (*lightness.shape[:3], 2))


def picture(name, image=None):
    """Write a picture, gray if nothing else is given."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, np.full((8, 12), 128, np.uint8) if image is None else image)
    return path


@pytest.fixture
def colorize(run):
    """Run `colorkit colorize` with a quick backend, in an empty folder."""
    register_backend("warm")(warm)
    return lambda *arguments: run("colorize", "--backend", "warm", *arguments)


@pytest.fixture
def many(tmp_path, monkeypatch):
    """Make a folder of pictures and work beside it."""
    monkeypatch.chdir(tmp_path)
    first = picture("in/0.png")
    for i in range(1, 150):
        os.link(first, f"in/{i}.png")


def start(*arguments, **options):
    """Start the command line as a shell does, without plugins."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    command = [sys.executable, "-m", "colorkit", "colorize", *arguments]
    return subprocess.Popen(command, env=os.environ | {"COLORKIT_PLUGINS": "none"} | ENV, **pipes)


ENV = {"PYTHONPATH": str(Path(colorkit.__file__).parents[1])}


def test_colours_a_file_beside_it(colorize):
    """The result's name is printed, alone on stdout."""
    picture("old.png")

    assert colorize("old.png") == (0, "old.png -> old-color.png\n", "")
    red, _, blue = files.read("old-color.png").image[0, 0]
    assert red > blue


@pytest.mark.parametrize("output", ["new.jpg", "some/new/folder/new.tif", "folder"])
def test_makes_the_output(colorize, output):
    """Files go where they are wanted; folders are made."""
    picture("old.png")
    target = Path(output) if Path(output).suffix else Path(output, "old.png")

    assert colorize("old.png", "-o", output).out == f"old.png -> {target}\n"
    assert files.read(target).format == files.FORMATS[target.suffix]


@pytest.mark.parametrize("name", ["a b.png", "\u8001.png", "-o.png", "$(x).png", "a%d[1]{2}.png"])
def test_takes_any_name(colorize, name):
    """Names are no options, patterns or programs."""
    picture(f"./{name}")

    assert colorize("--", name).code == 0
    assert files.read(Path(name).with_stem(f"{Path(name).stem}-color")).image.ndim == 3


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_quotes_names_that_would_break_the_line(colorize):
    """A line of output is one line, and holds nothing that a terminal obeys."""
    picture("a\nb\x1b[2J.png")
    Path("c\n.png").touch()

    code, out, err = colorize(".")

    assert code == 1
    assert out == "'a\\nb\\x1b[2J.png' -> 'a\\nb\\x1b[2J-color.png'\n"
    assert err == "colorkit: cannot read 'c\\n.png': it is empty\n"


def test_keeps_the_tree(colorize):
    """--recursive fills a folder with the same tree, also one inside the input, and only once."""
    picture("in/a.png")
    picture("in/s/b.png")

    first = colorize("in", "-o", "in/out", "--recursive")
    again = colorize("in", "-o", "in/out", "--recursive")

    assert first.out == "in/a.png -> in/out/a.png\nin/s/b.png -> in/out/s/b.png\n"
    assert (again.code, again.out) == (0, "")
    assert sorted(map(str, Path("in/out").rglob("*.png"))) == ["in/out/a.png", "in/out/s/b.png"]


def test_a_second_run_skips_what_is_done(colorize):
    """It says so, succeeds, and takes no result for a picture; --overwrite does all again."""
    picture("a.png")
    picture("b.png")
    colorize(".")
    before = sorted(Path().iterdir())

    code, out, err = colorize(".")

    assert (code, out) == (0, "")
    assert err.splitlines() == [
        f"colorkit: {name}: done before, skipped; --overwrite does it again"
        for name in ("a.png", "b.png")
    ]
    assert sorted(Path().iterdir()) == before
    assert colorize("*.png", "--overwrite").out.count("->") == 2
    assert sorted(Path().iterdir()) == before


def test_the_rest_is_done(colorize):
    """Bad and missing files are one line each on stderr; the others are coloured; exit 1."""
    picture("in/a.png")
    picture("in/c.png")
    Path("in/b.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    code, out, err = colorize("missing.png", "in")

    assert code == 1
    assert out == "in/a.png -> in/a-color.png\nin/c.png -> in/c-color.png\n"
    missing, broken = err.splitlines()
    assert missing.startswith("colorkit: cannot read 'missing.png': No such file")
    assert broken.startswith("colorkit: cannot read 'in/b.png': ")


def test_backends_that_fail_are_told_with_the_picture(colorize):
    """An error that is not about a file is told with the file's name."""
    picture("a.png")

    code, out, err = colorize("a.png", "--variants", "2")

    assert (code, out) == (1, "")
    assert err.startswith("colorkit: a.png: backend 'warm' gives one answer only")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Name pictures to colour, or try --example."),
        (["a.png", "--size", "0"], "0 is not in the range 1<=x<=1024"),
        (["a.png", "--temperature", "0"], "0.0 is not in the range x>0"),
        (["a.png", "--temperature", "nan"], "temperature must be a positive number"),
        (["a.png", "--caution", "1.5"], "1.5 is not in the range 0<=x<=1"),
        (["a.png", "--caution", "nan"], "caution must be a number in 0..1; received nan"),
        (["a.png", "--variants", "0"], "0 is not in the range 1<=x<=1000"),
        (["a.png", "--format", "gif"], "unknown picture format 'gif': choose one of JPEG, PNG"),
        (["a.png", "--backend", "lit"], "did you mean 'lite' or 'litert'?"),
        (["a.png", "b.png", "-o", "c.png"], "'c.png' names one file, but there are 2 pictures"),
        (["a.png", "-o", "a.png"], "'a.png' is one of the pictures to be coloured"),
        (
            ["a.png", "a.tif", "--format", "jpg"],
            "'a.png' and 'a.tif' would both become 'a-color.jpg'",
        ),
        (["b.png", "s/B.png", "-o", "out"], "'b.png' and 's/B.png' would both become"),
    ],
)
def test_wrong_usage_is_refused_before_anything_is_written(colorize, arguments, message):
    """Such a mistake exits with 2, and nothing is written."""
    for name in ("a.png", "b.png", "a.tif", "s/B.png"):
        picture(name)
    before = sorted(Path().rglob("*"))

    code, out, err = colorize(*arguments)

    assert (code, out) == (2, "")
    assert message in err
    assert sorted(Path().rglob("*")) == before


def test_options_reach_the_colours(colorize):
    """--saturation 0 is gray, and colours that were there are replaced with a word."""
    picture("red.png", np.uint8([[[200, 0, 0]] * 4]))

    code, _, err = colorize("red.png", "--saturation", "0")

    assert code == 0
    assert err == "colorkit: red.png: had colours, which are replaced\n"
    assert np.ptp(files.read("red-color.png").image, axis=-1).max() == 0


def test_warnings_about_files_are_lines(colorize):
    """What a careful user wants to know about a file is told, and the file is coloured."""
    picture("old.png")
    os.rename("old.png", "old.jpg")

    code, out, err = colorize("old.jpg")

    assert (code, out) == (0, "old.jpg -> old-color.jpg\n")
    assert err == "colorkit: 'old.jpg' holds PNG, which its name does not say\n"


def test_damaged_exif_is_told_in_one_line(colorize):
    """What Pillow says of it, without a name, is not."""
    exif = Image.Exif()
    exif[0x010E] = "Harbour, 1921"
    Image.new("L", (8, 8), 128).save("old.jpg", exif=exif.tobytes()[:-6])

    code, out, err = colorize("old.jpg")

    assert (code, out) == (0, "old.jpg -> old-color.jpg\n")
    what = "has EXIF data of which a part cannot be read and is left out"
    assert err == f"colorkit: 'old.jpg' {what}\n"


def test_damaged_tiffs_are_told_in_one_line(tmp_path, monkeypatch):
    """Neither Pillow nor tifffile adds lines of its own; the picture is coloured."""
    monkeypatch.chdir(tmp_path)
    image = np.full((8, 8, 3), 0.5, np.float32)
    tifffile.imwrite("old.tif", image, photometric="rgb", software="s" * 99, metadata=None)
    data = bytearray(Path("old.tif").read_bytes())
    entry = data.index(struct.pack("<HHI", 305, 2, 100))
    data[entry + 8 : entry + 12] = b"\0\0\xff\x7f"  # beyond the end
    Path("old.tif").write_bytes(data)

    out, err = start("old.tif").communicate()

    assert out == "old.tif -> old-color.tif\n"
    what = "has EXIF data of which a part cannot be read and is left out"
    assert err == f"colorkit: 'old.tif' {what}\n"


def test_large_pictures_need_permission(colorize):
    """The message names the option that permits it."""
    picture("a.png")

    assert "--max-pixels" in colorize("a.png", "--max-pixels", "95").err
    assert colorize("a.png", "--max-pixels", "96").code == 0


def test_an_output_that_cannot_be_made_is_told(colorize):
    """A file in the place of a folder is one line and exit 1."""
    picture("a.png")
    Path("out").touch()

    code, out, err = colorize("a.png", "-o", "out")

    assert (code, out) == (1, "")
    assert err == "colorkit: cannot make the folder 'out': File exists\n"


def test_draws_several_variants_and_a_comparison(run):
    """--variants numbers the files, --compare adds one more, --format chooses their kind."""
    picture("a.png", np.add.outer(np.arange(24), np.arange(36)).astype(np.uint8) * 3)
    options = ("--variants", "2", "--compare", "--format", "webp", "--threads", "1")

    code, out, _ = run("colorize", "a.png", *options)
    again = run("colorize", ".", *options)

    written = ["a-color-1.webp", "a-color-2.webp", "a-color-compare.webp"]
    assert code == 0
    assert out == f"a.png -> {', '.join(written)}\n"
    first, second, both = (files.read(name).image for name in written)
    assert (first != second).any()
    assert both.shape == (24, 3 * 36 + 2 * 8, 3)
    assert (again.code, again.out) == (0, "")


def test_a_file_can_be_the_backend(run):
    """--backend takes the path of a .tflite file, with the colours of the embedded one."""
    picture("a.png")
    shutil.copy(LITE, "own.tflite")

    assert run("colorize", "a.png").code == 0
    assert run("colorize", "a.png", "--backend", "own.tflite", "-o", "b.png").code == 0
    np.testing.assert_array_equal(files.read("b.png").image, files.read("a-color.png").image)
    code, _, err = run("colorize", "a.png", "--backend", "none.tflite", "-o", "c.png")
    assert code == 1
    assert "none.tflite" in err


def test_the_example_is_at_hand(colorize):
    """--example writes a photograph and colours it; what is there is kept."""
    code, out, err = colorize("--example")

    assert (code, err) == (0, "")
    assert out.startswith("colorkit-example.jpg: ")
    assert out.endswith("colorkit-example.jpg -> colorkit-example-color.jpg\n")
    assert files.read("colorkit-example-color.jpg").image.ndim == 3
    code, out, err = colorize("--example")
    assert (code, out) == (0, "")
    assert "colorkit-example.jpg: done before, skipped" in err


def test_help_has_examples(run):
    """`colorkit colorize -h` shows command lines to copy, and the exit statuses."""
    code, out, _ = run("colorize", "-h")

    assert code == 0
    assert "\n    colorkit colorize old.jpg -o new.png " in out
    assert "130 interrupted" in out


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")
def test_what_was_finished_is_kept(many, stop):
    """Stopped by Ctrl-C or by the system, it exits with 130; every file that is there is whole."""
    running = start("in", "-o", "out")
    running.stdout.readline()
    running.send_signal(stop)
    _, err = running.communicate(timeout=60)

    written = os.listdir("out")
    assert running.returncode == 130
    assert err.strip() == "colorkit: interrupted; what was finished is kept"
    assert 1 <= len(written) < 150
    assert all(files.read(f"out/{name}").image.shape == (8, 12, 3) for name in written)


def test_a_closed_pipe_ends_it_quietly(many):
    """`colorkit colorize in | head -1` shows one line and no traceback."""
    running = start("in", "-o", "out")
    first = running.stdout.readline()
    running.stdout.close()

    assert running.wait(60) == 1
    assert first == "in/0.png -> out/0.png\n"
    with running.stderr:
        assert running.stderr.read() == ""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such terminals")
def test_a_bar_is_drawn_for_a_person_only(colorize, many):
    """On a terminal stderr has a progress bar; stdout stays a list."""
    import termios

    for i in range(5, 150):
        os.unlink(f"in/{i}.png")
    ours, theirs = os.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    running = start("in", "-o", "out", stderr=theirs)
    os.close(theirs)
    out, drawn = running.stdout.read(), b""
    try:
        while part := os.read(ours, 4096):
            drawn += part
    except OSError:  # the end, as Linux tells it
        pass
    os.close(ours)
    running.communicate(timeout=60)

    assert running.returncode == 0
    assert b"5/5" in drawn
    assert out.splitlines() == [f"in/{i}.png -> out/{i}.png" for i in range(5)]
    assert colorize("in", "-o", "piped").err == ""


def test_names_that_a_stream_cannot_hold_are_escaped(tmp_path, monkeypatch):
    """Output goes on where the terminal has no letter for a name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(ENV, "PYTHONIOENCODING", "latin-1")
    picture("\u8001.png")

    running = start("\u8001.png")
    out, err = running.communicate(timeout=60)

    assert (running.returncode, err) == (0, "")
    assert out == "\\u8001.png -> \\u8001-color.png\n"


def test_hints_colour_their_points(colorize):
    """--hints FILE gives a picture a person's colours."""
    picture("old.png", np.full((60, 90), 128, np.uint8))
    colorkit.save_hints("hints.json", [colorkit.Hint(30, 45, (-40.0, 20.0))])

    assert colorize("old.png", "--hints", "hints.json") == (0, "old.png -> old-color.png\n", "")
    red, green, _ = files.read("old-color.png").image[30, 45].astype(int)
    assert green > red + 50


def test_hints_are_for_one_picture(colorize):
    """Of several pictures, or several colourings of one, it is wrong usage to ask for them."""
    picture("in/a.png")
    picture("in/b.png")
    colorkit.save_hints("hints.json", [colorkit.Hint(3, 3, "#f00")])

    for arguments in (["in"], ["in/a.png", "--variants", "2"]):
        code, out, err = colorize(*arguments, "--hints", "hints.json")
        assert (code, out) == (2, "")
        assert "--hints is for one colouring of one picture." in err
    assert len(list(Path("in").iterdir())) == 2


def test_bad_hints_are_one_line(colorize):
    """A file that is none, or absent, or a point outside the picture fails with its reason."""
    picture("old.png")
    Path("bad.json").write_text("[]")
    colorkit.save_hints("far.json", [colorkit.Hint(99, 0, "#f00")])

    for name, message in [
        ("bad.json", "'bad.json' is no file of hints: it must hold"),
        ("none.json", "cannot read 'none.json': No such file"),
        ("far.json", "old.png: a hint at row 99, column 0 lies outside the picture of 8 rows"),
    ]:
        code, out, err = colorize("old.png", "--hints", name)
        assert (code, out) == (1, "")
        assert err.startswith(f"colorkit: {message}")
        assert err.count("\n") == 1


def test_a_dry_run_writes_nothing(colorize):
    """--dry-run says what would be done, what not and why, and about how long it takes."""
    picture("in/a.png")
    picture("in/b.png", np.full((8, 12, 2), 128, np.uint8))
    picture("in/c.png", np.uint8([[[200, 0, 0]] * 4]))
    picture("out/d.jpg")
    picture("in/d.png")
    Path("in/e.png").write_bytes(b"no picture")
    before = sorted(Path().rglob("*"))

    options = ("in", "-o", "out", "--format", "jpeg")
    code, out, err = colorize(*options, "--dry-run")

    assert code == 1
    assert out == "in/a.png -> out/a.jpg\nin/c.png -> out/c.jpg\n"
    alpha, red, there, bad, time = err.splitlines()
    assert alpha.startswith("colorkit: cannot write 'out/b.jpg': JPEG holds no transparency; ")
    assert red == "colorkit: in/c.png: had colours, which are replaced"
    assert there == "colorkit: in/d.png: done before, skipped; --overwrite does it again"
    assert bad.startswith("colorkit: cannot read 'in/e.png': ")
    took = r"colorkit: nothing was written; .* takes about (1 second|\d+ seconds)"
    assert re.fullmatch(took, time)
    assert sorted(Path().rglob("*")) == before
    assert colorize(*options).out == out


def test_metadata_and_the_note_can_be_left_out(colorize):
    """--metadata none leaves the note alone; --no-provenance leaves that out."""
    Image.new("L", (8, 8), 128).save("old.jpg", comment=b"Harbour")

    assert colorize("old.jpg", "-o", "none.jpg", "--metadata", "none").err == ""
    assert colorize("old.jpg", "-o", "keep.jpg", "--no-provenance").err == ""

    none, keep = files.read("none.jpg"), files.read("keep.jpg")
    assert (none.comment, from_xmp(none.xmp)) == (b"", Note("warm"))
    assert (keep.comment, keep.xmp) == (b"Harbour", b"")
