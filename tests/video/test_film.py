import os
import signal
import subprocess
import sys
from fractions import Fraction
from textwrap import dedent

import av
import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit.errors import ColorkitWarning, OptionError, VideoError
from colorkit.lab import rgb_to_lab
from colorkit.video import Delivery, colorize_video, segments

IRREGULAR = (0, 40, 90, 100, 180, 400, 401, 500, 620, 700)
KINDS = {
    "mp4": {"suffix": ".mp4"},
    "mkv, other sound": {"suffix": ".mkv", "sound": ("libopus",)},
    "mov, uncompressed sound": {"suffix": ".mov", "sound": ("pcm_s16le",)},
    "webm": {
        "suffix": ".webm",
        "codec": "libvpx-vp9",
        "sound": ("libopus",),
        "options": [("cpu-used", "8"), ("lossless", "1")],
    },
    "avi": {
        "suffix": ".avi",
        "codec": "mpeg4",
        "sound": ("libmp3lame",),
        "options": [("qscale", "2")],
    },
    "transport stream": {"suffix": ".ts", "sound": ("mp2",)},
    "irregular times, mp4": {
        "suffix": ".mp4",
        "times": [90 * time for time in IRREGULAR],
        "time_base": Fraction(1, 90000),
    },
    "irregular times, mkv": {
        "suffix": ".mkv",
        "times": IRREGULAR,
        "time_base": Fraction(1, 1000),
    },
    "late start": {"suffix": ".mkv", "times": range(25, 40)},
    "turned": {"suffix": ".mp4", "rotation": 90},
    "turned, mkv": {"suffix": ".mkv", "rotation": -90},
    "silent": {"suffix": ".mp4", "sound": ()},
    "two languages": {"suffix": ".mp4", "sound": ("aac", "aac")},
    "subtitles": {"suffix": ".mkv", "subtitles": 2},
    "chapters, mkv": {"suffix": ".mkv", "chapters": ("Street", "Harbour"), "title": "Walks"},
    "chapters, mp4": {"suffix": ".mp4", "chapters": ("Street", "Harbour"), "title": "Walks"},
    "odd size": {"suffix": ".mkv", "codec": "ffv1", "size": (63, 47), "options": []},
    "ten bits": {"suffix": ".mkv", "pixel_format": "yuv420p10le", "codec": "ffv1", "options": []},
    "no chroma": {"suffix": ".mkv", "codec": "ffv1", "pixel_format": "gray", "options": []},
    "full range": {"suffix": ".mp4", "tags": (2, 1)},
    "wide pixels": {"suffix": ".mp4", "aspect": Fraction(16, 15)},
    "one frame": {"suffix": ".mp4", "times": [0]},
    "six by four": {"suffix": ".mkv", "codec": "ffv1", "size": (6, 4), "options": []},
}
LOSSLESS = {".mp4": Delivery(quality=0), ".mkv": Delivery(codec="ffv1")}


def amber(lightness):
    """The same warm colour everywhere."""
    n, height, width, _ = lightness.shape
    return np.full((n, height // 8, width // 8, 2), (10.0, 30.0), np.float32)


def by_light(lightness):
    """Dark frames red, bright ones green."""
    n, height, width, _ = lightness.shape
    colour = (40.0, 20.0) if lightness.mean() < 50 else (-40.0, 20.0)
    return np.full((n, height // 8, width // 8, 2), colour, np.float32)


def two_shots(number, size):
    """A texture that moves a pixel a frame, and another from frame 9 on."""
    texture = np.random.default_rng(number // 9).integers(0, 256, (6, 16), dtype=np.uint8)
    tiled = texture.repeat(8, 0).repeat(8, 1)
    return np.roll(tiled, number, axis=1)[: size[1], : size[0]]


def dark_and_bright(number, size):
    """Frames 0 to 9 are stripes of dark grays, all others stripes of bright ones across."""
    stripes = np.arange(max(size)) // 8 % 2 * 60
    bright = (stripes[: size[1], None] + 180).repeat(size[0], 1)
    dark = (stripes[None, : size[0]] + 20).repeat(size[1], 0)
    return (dark if number < 10 else bright).astype(np.uint8)


@pytest.mark.parametrize("kind", KINDS)
def test_all_but_colour_stays(kind, film, contents, tmp_path):
    """Sound and subtitles, bit for bit, and times, length, turn, pixel shape, chapters, title."""
    path = film(**KINDS[kind])
    new = tmp_path / f"new{path.suffix}"
    colorize_video(path, new, amber, delivery=LOSSLESS.get(path.suffix, Delivery()))
    before, after = contents(path), contents(new)

    assert after.times == before.times
    assert after.packets == before.packets
    assert after.captions == before.captions
    assert after.tracks == before.tracks
    assert after.seconds == pytest.approx(before.seconds, abs=0.002)
    assert after.first.rotation == before.first.rotation
    assert after.aspect == before.aspect
    assert after.chapters == before.chapters
    assert after.metadata.get("title") == before.metadata.get("title")
    assert [rgb.shape for rgb in after.rgb] == [rgb.shape for rgb in before.rgb]
    if path.suffix in LOSSLESS:
        np.testing.assert_array_equal(after.luma, before.luma)
    red, _, blue = np.moveaxis(np.array(after.rgb, float), -1, 0)
    assert (red - blue).mean() > 20
    assert not (tmp_path / f"new{path.suffix}.parts").exists()


@pytest.mark.parametrize("tags", [(1, 1), (2, 1), (1, 6), (2, 9), (0, 2)])
def test_the_colour_is_what_a_player_shows(tags, film, contents, tmp_path):
    """A player that honours the tags of matrix and range shows the colours that were meant."""
    pictures = {"picture": lambda number, size: np.full(size[::-1], 128, np.uint8)}
    path = film(".mkv", tags=tags, times=range(3), **pictures)
    new = tmp_path / "new.mkv"
    colorize_video(path, new, amber, delivery=Delivery(codec="ffv1", pixel_format="yuv444p"))
    gray = contents(path).rgb[0]

    shown = contents(new).rgb[0].astype(int)
    assert abs(shown - colorkit.colorize(gray, amber)).max() <= 4


def test_no_colour_crosses_a_cut(film, contents, tmp_path):
    """Frames on both sides of a cut have the colours of their own shot."""
    path = film(picture=dark_and_bright)
    report = colorize_video(path, tmp_path / "new.mp4", by_light)
    tints = [rgb[..., 0].mean() - rgb[..., 1].mean() for rgb in contents(tmp_path / "new.mp4").rgb]

    assert report.shots == 2
    assert min(tints[:10]) > 20
    assert max(tints[10:]) < -20


def test_a_backend_that_refines_has_the_last_word(film, contents, tmp_path):
    """At keys it is given the colours that the film had before, and the film has its answer."""

    class Refiner:
        stride, size, accepts_hints, refines = 8, 48, False, True

        def __init__(self):
            self.told, self.answers = [], []

        def predict(self, lightness, hints=None):
            self.told.append(hints)
            a = 30 if hints is None else hints.ab[..., :1].mean() - 10 * (hints.mask.max() > 0)
            self.answers.append(a)
            return colorkit.Prediction(np.full((*lightness.shape[:3], 2), (a, 20), np.float32))

    backend = Refiner()
    path = film(suffix=".mkv", codec="ffv1", options=[], picture=two_shots, times=range(14))
    colorize_video(path, tmp_path / "new.mkv", backend, delivery=LOSSLESS[".mkv"])
    pictures = contents(tmp_path / "new.mkv").rgb
    shown = [np.median(rgb_to_lab(rgb / np.float32(255))[..., 1]) for rgb in pictures]

    assert [hints is None for hints in backend.told] == [True, False, False, True, False]
    for hints in filter(None, backend.told):
        assert hints.ab.shape == (1, 48, 64, 2)
        assert 0 <= hints.mask.min() < hints.mask.max() <= 0.8 + 1e-6
    np.testing.assert_allclose(backend.answers, [30, 20, 10, 30, 20], atol=0.5)
    for key, answer in zip((0, 4, 8, 9, 13), backend.answers, strict=True):
        assert shown[key] == pytest.approx(answer, abs=2)


def test_without_steadiness_frames_are_alone(film, contents, tmp_path):
    """At steadiness 0 a film is coloured, too, and its shots are counted."""
    path = film(picture=dark_and_bright)
    report = colorize_video(path, tmp_path / "new.mp4", by_light, steadiness=0)

    assert (report.frames, report.shots) == (20, 2)


def test_a_film_in_colour_stays_as_it_is(film, contents, tmp_path):
    """Shots in colour pass unchanged, and are told of; force colours them all the same."""
    first, second, third = (tmp_path / f"{name}.mkv" for name in ("first", "second", "third"))
    path = film(".mkv", picture=dark_and_bright)
    lossless = Delivery(codec="ffv1")
    colorize_video(path, first, by_light, delivery=lossless)
    again = colorize_video(first, second, amber, delivery=lossless)
    forced = colorize_video(first, third, amber, delivery=Delivery(codec="ffv1", force=True))

    assert (again.kept, forced.kept) == (20, 0)
    np.testing.assert_array_equal(contents(second).rgb, contents(first).rgb)
    assert (np.array(contents(third).rgb[15], int) - contents(first).rgb[15]).max() > 20


def test_a_piece_of_a_film(film, contents, tmp_path):
    """From one second to another: pictures and sound of that time, which begins at 0."""
    path = film(times=range(50))
    report = colorize_video(
        path, tmp_path / "new.mp4", amber, delivery=Delivery(start=0.4, end=1.2)
    )
    before, after = contents(path), contents(tmp_path / "new.mp4")
    sound = [data for _, time, data in before.packets if Fraction(2, 5) <= time < Fraction(6, 5)]

    assert report.frames == 20
    assert after.times == before.times[:20]
    assert [data for _, _, data in after.packets] == sound
    assert after.seconds == pytest.approx(0.8, abs=0.03)


def test_interlaced_film_is_named_and_deinterlaced_on_request(film, contents, tmp_path):
    """A warning tells of interlaced pictures; asked for, as many whole ones are made of them."""
    path = film(options=[("qp", "0"), ("x264-params", "tff=1")])
    with pytest.warns(ColorkitWarning, match="is interlaced"):
        colorize_video(path, tmp_path / "combed.mp4", amber)
    colorize_video(path, tmp_path / "new.mp4", amber, delivery=Delivery(deinterlace=True))

    assert contents(tmp_path / "new.mp4").times == contents(path).times


def test_what_the_file_cannot_hold_is_named(film, contents, tmp_path):
    """A stream that does not fit into the new kind of file is left out, with a warning."""
    path = film(".mkv", subtitles=1)
    with pytest.warns(ColorkitWarning, match=r"\.mp4 does not hold subtitle \(srt\)"):
        colorize_video(path, tmp_path / "new.mp4", amber)

    assert [kind for kind, *_ in contents(tmp_path / "new.mp4").tracks] == ["video", "audio"]


def test_the_film_says_how_it_was_coloured(film, contents, tmp_path):
    """The comment of the new film tells that a model made the colours."""
    colorize_video(film(), tmp_path / "new.mp4", amber)

    comment = contents(tmp_path / "new.mp4").metadata["comment"]
    assert comment == f"colours made by a model: colorkit {colorkit.__version__}, amber"


def test_the_film_says_how_many_colours_a_person_gave(film, contents, tmp_path):
    """The comment of the new film counts hints; a painted frame is one."""
    red = colorkit.Hint(20, 20, "#a02030")
    painting = np.full((48, 64, 3), (192, 32, 32), np.uint8)
    delivery = Delivery(hints={0: [red, red], 0.2: painting})
    colorize_video(film(times=range(8)), tmp_path / "new.mp4", amber, delivery=delivery)

    assert contents(tmp_path / "new.mp4").metadata["comment"].endswith("; hints by a person: 3")


def broken(path, **changes):
    """A copy of a film's file that ends early."""
    cut = path.with_name(f"cut{path.suffix}")
    cut.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 5])
    return cut


@pytest.mark.parametrize(
    ("suffix", "message"),
    [(".mp4", "cannot read .*cut.mp4': Invalid data"), (".mkv", "cut.mkv' is cut off: it ends")],
)
def test_a_truncated_film_is_refused(suffix, message, film, tmp_path):
    """A film whose end is missing is an error, and leaves nothing behind."""
    path = broken(film(suffix, times=range(75)))
    there = sorted(tmp_path.iterdir())
    with pytest.raises(VideoError, match=message):
        colorize_video(path, tmp_path / f"new{suffix}", amber)

    assert sorted(tmp_path.iterdir()) == there


@pytest.mark.parametrize(
    "name", ["empty.mp4", "text.mp4", "sound.m4a", "picture.png", "absent.mp4"]
)
def test_what_is_no_film_is_refused(name, tmp_path):
    """Empty, foreign and missing files, sound without pictures and stills are each one error."""
    path = tmp_path / name
    if name == "empty.mp4":
        path.touch()
    elif name == "text.mp4":
        path.write_text("A film of a dog.")
    elif name == "picture.png":
        Image.new("L", (32, 32)).save(path)
    elif name == "sound.m4a":
        with av.open(path, "w") as file:
            track = file.add_stream("aac", rate=48000)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), "s16", "stereo")
            frame.sample_rate = 48000
            file.mux([*track.encode(frame), *track.encode(None)])
    with pytest.raises(VideoError, match=f"{name}'"):
        colorize_video(path, tmp_path / "new.mp4", amber)

    assert not list(tmp_path.glob("new*"))


def test_names_that_cannot_be_written_are_refused(film, tmp_path):
    """An ending that stands for no kind of film, and the film's own name, are errors."""
    path = film()
    with pytest.raises(OptionError, match=r"new.txt' must have a name that ends in \.mp4, "):
        colorize_video(path, tmp_path / "new.txt", amber)
    with pytest.raises(VideoError, match="is the film itself"):
        colorize_video(path, path, amber)
    with pytest.raises(OptionError, match=r"\.webm takes no film by 'libx264'"):
        colorize_video(path, tmp_path / "new.webm", amber, delivery=Delivery(codec="libx264"))


class Stop(Exception):
    """Somebody stops the work."""


def stop_after(frames):
    def progress(done, total):
        if done == frames:
            raise Stop

    return progress


def test_interrupted_work_is_resumed(film, contents, tmp_path, monkeypatch):
    """Resumed after an interruption, the film is that of an uninterrupted run, frame by frame."""
    monkeypatch.setattr(segments, "LENGTH", 7)
    path = film(times=range(40))
    colorize_video(path, tmp_path / "once.mp4", "colorkit:lite", delivery=Delivery(quality=0))
    for frames in (9, 22, 40):
        with pytest.raises(Stop):
            colorize_video(
                path,
                tmp_path / "new.mp4",
                "colorkit:lite",
                delivery=Delivery(quality=0),
                resume=True,
                progress=stop_after(frames),
            )
        assert not (tmp_path / "new.mp4").exists()
    parts = sorted(part.name for part in (tmp_path / "new.mp4.parts").glob("*.npz"))
    assert len(parts) == 5
    colorize_video(
        path, tmp_path / "new.mp4", "colorkit:lite", delivery=Delivery(quality=0), resume=True
    )
    once, resumed = contents(tmp_path / "once.mp4"), contents(tmp_path / "new.mp4")

    np.testing.assert_array_equal(resumed.rgb, once.rgb)
    assert (resumed.times, resumed.packets) == (once.times, once.packets)
    assert not (tmp_path / "new.mp4.parts").exists()


def test_finished_work_is_not_thrown_away(film, tmp_path, monkeypatch):
    """What an interrupted run has finished is neither deleted unasked nor mixed with others."""
    monkeypatch.setattr(segments, "LENGTH", 7)
    path, new = film(times=range(40)), tmp_path / "new.mp4"
    with pytest.raises(Stop):
        colorize_video(path, new, amber, progress=stop_after(20))
    with pytest.raises(VideoError, match="interrupted run has finished: resume it"):
        colorize_video(path, new, amber)
    with pytest.raises(VideoError, match="another film, version or options"):
        colorize_video(path, new, amber, steadiness=0.5, resume=True)

    assert len(list((tmp_path / "new.mp4.parts").glob("*.npz"))) == 2


KILLED = """
    import os, signal, sys
    import colorkit.video
    from colorkit.video import Delivery, colorize_video, segments

    segments.LENGTH = 7

    def progress(done, total):
        if 0 < int(sys.argv[1]) <= done:
            os.kill(os.getpid(), signal.SIGKILL)

    colorize_video(
        "old.mp4", "new.mp4", delivery=Delivery(quality=0), resume=True, progress=progress
    )
"""


def kill_and_resume(moments, tmp_path, contents, film):
    film(times=range(40))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for moment in moments:
        done = subprocess.run(
            [sys.executable, "-c", dedent(KILLED), str(moment)], cwd=tmp_path, env=environment
        )
        assert done.returncode == (-signal.SIGKILL if moment else 0)
    once = tmp_path / "once.mp4"
    subprocess.run(
        [sys.executable, "-c", dedent(KILLED).replace("new.mp4", "once.mp4"), "0"],
        cwd=tmp_path,
        env=environment,
        check=True,
    )

    np.testing.assert_array_equal(contents(tmp_path / "new.mp4").rgb, contents(once).rgb)
    assert not list(tmp_path.glob("*.parts"))


@pytest.mark.skipif(os.name == "nt", reason="nothing is killed like that on Windows")
def test_a_killed_run_is_resumed(film, contents, tmp_path):
    """After kill -9 the work goes on, and the film is that of an uninterrupted run."""
    kill_and_resume((17, 0), tmp_path, contents, film)


@pytest.mark.soak
@pytest.mark.skipif(os.name == "nt", reason="nothing is killed like that on Windows")
def test_a_run_killed_twenty_times_is_resumed(film, contents, tmp_path):
    """Twenty times killed at any frame, the film is whole in the end."""
    moments = np.random.default_rng(0).integers(1, 41, 20)
    kill_and_resume((*moments.tolist(), 0), tmp_path, contents, film)


PEAK = """
    import resource, sys
    import numpy as np
    from colorkit.video import Delivery, colorize_video

    def amber(lightness):
        n, height, width, _ = lightness.shape
        return np.full((n, height // 8, width // 8, 2), (10.0, 30.0), np.float32)

    delivery = Delivery(end=int(sys.argv[1]) / 25)
    report = colorize_video("old.avi", "new.avi", amber, delivery=delivery)
    assert report.frames == int(sys.argv[1])
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units there")
def test_memory_does_not_grow_with_the_film(film, tmp_path):
    """A film of 400 frames takes hardly more than one of 60: less than an eighth of the frames."""
    size = (320, 240)

    def tiled(number, size):
        return np.tile(dark_and_bright(number % 10, (64, 48)), (5, 5))

    film(
        ".avi",
        times=range(400),
        size=size,
        picture=tiled,
        codec="mpeg4",
        options=[("qscale", "9")],
        sound=(),
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    peaks = []
    for frames in (60, 400):
        done = subprocess.run(
            [sys.executable, "-c", dedent(PEAK), str(frames)],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        peaks.append(1024 * int(done.stdout.split()[-1]))

    assert peaks[1] - peaks[0] < 340 * size[0] * size[1] * 3 / 8
