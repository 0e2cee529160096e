import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from colorkit import Hint, save_hints

av = pytest.importorskip("av")


@pytest.fixture
def old(tmp_path):
    """A gray film of two seconds, without sound."""
    with av.open(tmp_path / "old.mp4", "w") as file:
        video = file.add_stream("libx264", rate=25, options={"crf": "30"})
        video.width, video.height = 64, 48
        slope = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(np.roll(slope, number, axis=1), format="gray")
            file.mux(video.encode(frame))
        file.mux(video.encode(None))
    return tmp_path / "old.mp4"


def count(path):
    with av.open(path) as film:
        return sum(1 for _ in film.decode(video=0))


def test_a_film_gets_a_name_beside_it(old, run, tmp_path):
    """Without -o the result is name-color; a line says what was done."""
    done = run("video", old)

    assert done == (0, f"{old} -> {tmp_path / 'old-color.mp4'}: 50 frames, 1 shot\n", "")
    assert count(tmp_path / "old-color.mp4") == 50


def test_nothing_is_overwritten_unasked(old, run, tmp_path):
    """A result that is there is an error, unless --overwrite is given."""
    (tmp_path / "new.mkv").write_text("precious")
    refused = run("video", old, "-o", "new.mkv")
    kept = (tmp_path / "new.mkv").read_text()
    replaced = run("video", old, "-o", "new.mkv", "--overwrite", "--end", "0:00.4")

    assert (refused.code, kept) == (1, "precious")
    assert refused.err == "colorkit: 'new.mkv' is there already; --overwrite replaces it\n"
    assert (replaced.code, count(tmp_path / "new.mkv")) == (0, 10)


def test_options_of_the_encoder(old, run, tmp_path):
    """Codec, quality and pixel format are those that were asked for."""
    done = run(
        *("video", old, "-o", "new.mkv", "--codec", "libx265", "--quality", 40),
        *("--pixel-format", "yuv444p10le", "--end", 0.2, "--no-provenance"),
    )
    with av.open(tmp_path / "new.mkv") as film:
        context = film.streams.video[0].codec_context

        assert done.code == 0
        assert (context.name, context.pix_fmt) == ("hevc", "yuv444p10le")
        assert "COMMENT" not in film.metadata


def test_hints(old, run, tmp_path):
    """Points as JSON and a painted frame colour a film from --hints; a folder, by number."""
    save_hints(tmp_path / "points.json", [Hint(24, 32, "#c02020", radius=60)])
    painting = np.full((48, 64, 3), (192, 32, 32), np.uint8)
    Image.fromarray(painting).save(tmp_path / "painted.png")
    (tmp_path / "scans").mkdir()
    for number in range(3):
        Image.fromarray(painting[..., 0] - 90).save(tmp_path / "scans" / f"{number}.png")
    options = ("--end", 0.4, "--saturation", 0)
    done = [
        run("video", old, "-o", "points.mp4", "--hints", "0:00.2=points.json", *options),
        run("video", old, "-o", "painted.mp4", "--hints", "0.2=painted.png", *options),
        run("video", "scans", "-o", "coloured", "--hints", "2=painted.png", "--saturation", 0),
    ]
    with av.open("points.mp4") as points, av.open("painted.mp4") as painted:
        films = [film.decode(video=0) for film in (points, painted)]
        firsts = [next(film).to_ndarray(format="rgb24") for film in films]
    firsts.append(np.asarray(Image.open(tmp_path / "coloured" / "0.png")))

    assert [d.code for d in done] == [0, 0, 0]
    for frame in firsts:
        red, green, _ = frame.mean(axis=(0, 1))
        assert red > green + 30


def test_hints_that_say_nothing(old, run):
    """Without a file, or with two for one time, the usage is wrong; a missing file is named."""
    shapeless = run("video", old, "--hints", "0.2")
    save_hints("none.json", [])
    twice = run("video", old, "--hints", "1=none.json", "--hints", "0:01=none.json")
    missing = run("video", old, "--hints", "0.2=points.json")

    assert shapeless.code == 2
    assert "'0.2' is no time and file, as 1:30=hints.json is" in shapeless.err
    assert (twice.code, missing.code) == (2, 1)
    assert "--hints takes one file for each time." in twice.err
    assert missing.err.startswith("colorkit: cannot read 'points.json'")


def test_films_in_colour_are_told_of(old, run):
    """The line says how many frames were in colour before."""
    run("video", old, "-o", "new.mp4", "--end", 0.4, "--saturation", 3)
    again = run("video", "new.mp4", "-o", "again.mp4")

    assert again.out.endswith("10 frames, 1 shot; 10 frames in colour before\n")


def test_a_preview(old, run, tmp_path):
    """A sheet and a clip have names of their own; the film itself is not made."""
    done = run("video", old, "--preview", 4)
    made = sorted(path.name for path in tmp_path.iterdir())

    assert done.code == 0
    assert made == ["old-color-preview.mp4", "old-color-preview.png", "old.mp4"]
    with Image.open(tmp_path / "old-color-preview.png") as sheet:
        assert sheet.mode == "RGB"


def test_a_folder_of_frames(run, tmp_path):
    """Numbered pictures come out under their names, in another folder."""
    (tmp_path / "frames").mkdir()
    for number in range(3):
        Image.new("L", (32, 32), 90 + number).save(tmp_path / "frames" / f"{number}.png")
    done = run("video", "frames", "-o", "new")

    assert done == (0, "frames -> new: 3 frames\n", "")
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["0.png", "1.png", "2.png"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("absent.mp4", None, "cannot read 'absent.mp4': No such file or directory"),
        ("empty.mp4", b"", "cannot read 'empty.mp4': Invalid data found when processing input"),
        ("notes.txt", b"A dog.", "cannot read 'notes.txt': Invalid data found when"),
    ],
)
def test_what_is_no_film_is_one_line(name, content, message, run, tmp_path):
    """An error is one line and exit code 1, and leaves nothing behind."""
    if content is not None:
        (tmp_path / name).write_bytes(content)
    there = sorted(tmp_path.iterdir())
    failed = run("video", name)

    assert (failed.code, failed.out, failed.err.count("\n")) == (1, "", 1)
    assert failed.err.startswith(f"colorkit: {message}")
    assert sorted(tmp_path.iterdir()) == there


def test_wrong_usage(old, run):
    """A time that is none, an unknown encoder and an unknown ending are wrong usage."""
    assert "'soon' is no time, as 90 or 1:30 is" in run("video", old, "--start", "soon").err
    for options, message in (
        (("--codec", "celluloid"), "there is no encoder 'celluloid'; try libx264"),
        (("-o", "new.txt"), "'new.txt' must have a name that ends in .mp4, "),
        (("--start", 3, "--end", 2), "start and end must be seconds in that order"),
    ):
        failed = run("video", old, *options)

        assert failed.code == 2
        assert message in failed.err


@pytest.mark.skipif(os.name == "nt", reason="processes are interrupted in another way there")
def test_interrupted_work_is_kept_and_resumed(old, tmp_path):
    """Ctrl-C ends with 130 and one line; --resume makes the film whole."""
    long = tmp_path / "long.mkv"
    with av.open(long, "w") as file:
        video = file.add_stream("mpeg4", rate=25)
        video.width, video.height = 64, 48
        for number in range(320):
            shade = np.full((48, 64), 40 + number % 150, np.uint8)
            file.mux(video.encode(av.VideoFrame.from_ndarray(shade, format="gray")))
        file.mux(video.encode(None))
    command = [sys.executable, "-m", "colorkit", "video", long, "-o", "new.mkv", "--size", "64"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    work = subprocess.Popen(
        command, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
    )
    while work.poll() is None and not list(tmp_path.glob("new.mkv.parts/*.npz")):
        time.sleep(0.05)
    work.send_signal(signal.SIGINT)
    _, said = work.communicate()

    assert work.returncode == 130
    assert said.strip() == "colorkit: interrupted; what was finished is kept"
    refused = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert "what an interrupted run has finished: resume it (--resume)" in refused.stderr
    subprocess.run([*command, "--resume"], cwd=tmp_path, env=environment, check=True)
    assert count(tmp_path / "new.mkv") == 320


def test_films_are_scored(old, run, tmp_path):
    """`evaluate --video` scores both ways to colour beside the gray and the true film."""
    run("video", old, "-o", "true.mp4", "--end", 0.4, "--saturation", 2)
    done = run("evaluate", "true.mp4", "--video", "--json", "scores.json")
    refused = run("evaluate", "true.mp4", "--video", "--quick")
    ways = json.loads((tmp_path / "scores.json").read_text())["films"]["true.mp4"]

    assert (done.code, refused.code) == (0, 2)
    assert done.out.splitlines()[0].split("  ")[0] == "true.mp4"
    assert [*ways] == ["gray", "lite, frame by frame", "lite", "truth"]
    assert ways["gray"]["chroma"] < 0.1 < 1 < ways["lite"]["chroma"]
    assert ways["truth"]["auc_own"] == 100
    assert ways["truth"]["psnr"] > ways["lite"]["psnr"]
