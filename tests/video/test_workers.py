import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from textwrap import dedent

import numpy as np
import pytest

from colorkit import Hint
from colorkit.errors import OptionError, VideoError
from colorkit.video import Delivery, colorize_video, segments

LOSSLESS = Delivery(codec="ffv1")


def by_light(lightness):
    """Warmer where the picture as a whole is brighter."""
    n, height, width, _ = lightness.shape
    return np.full((n, height // 8, width // 8, 2), (10.0, lightness.mean()), np.float32)


def three_shots(number, size):
    """Cuts at frames 9 and 31; what is in a shot moves, and it grows lighter."""
    shot = (number >= 9) + (number >= 31)
    texture = np.random.default_rng(shot).integers(0, 120, (8, 16), dtype=np.uint8)
    tiled = np.tile(texture.repeat(8, 0).repeat(8, 1), (2, 2))
    return np.roll(tiled, number, axis=1)[: size[1], : size[0]] + np.uint8(2 * number)


KINDS = {
    "mp4": {"suffix": ".mp4"},
    "keys at cuts only": {"suffix": ".mkv", "options": [("g", "999"), ("qp", "0")]},
    "reordered": {
        "suffix": ".mp4",
        "options": [("bf", "3"), ("crf", "9"), ("x264-params", "b-pyramid=1:open-gop=1:keyint=8")],
    },
    "no keys at all": {"suffix": ".mkv", "options": [("g", "999"), ("sc_threshold", "0")]},
    "refreshed bit by bit": {
        "suffix": ".ts",
        "sound": ("mp2",),
        "options": [("x264-params", "intra-refresh=1:keyint=12:scenecut=0")],
    },
    "avi": {"suffix": ".avi", "codec": "mpeg4", "sound": (), "options": [("qscale", "2")]},
    "webm": {
        "suffix": ".webm",
        "codec": "libvpx-vp9",
        "sound": ("libopus",),
        "options": [("cpu-used", "8")],
    },
    "irregular times": {
        "suffix": ".mkv",
        "times": [n * n for n in range(10, 60)],
        "time_base": Fraction(1, 1000),
    },
    "ten bits": {"suffix": ".mkv", "codec": "ffv1", "pixel_format": "yuv420p10le", "options": []},
}


@pytest.fixture
def short(monkeypatch):
    """Make segments short."""
    monkeypatch.setattr(segments, "LENGTH", 12)


@pytest.fixture
def both(contents, tmp_path, short):
    """Colour a film by one worker and by two, and see that they agree, frame by frame."""

    def both(path, delivery=LOSSLESS, backend=by_light, steadiness=0.8):
        new = [tmp_path / "one.mkv", tmp_path / "two.mkv"]
        with ThreadPoolExecutor(2) as pool:
            reports = [
                colorize_video(
                    path, file, backend, steadiness=steadiness, delivery=delivery, workers=workers
                )
                for file, workers in zip(new, (1, pool), strict=True)
            ]
        one, two = (contents(file) for file in new)
        np.testing.assert_array_equal(two.rgb, one.rgb)
        assert (two.times, two.packets) == (one.times, one.packets)
        assert reports[0] == reports[1]
        return reports[0]

    return both


@pytest.mark.parametrize("kind", KINDS)
def test_frames_do_not_depend_on_workers(kind, film, both):
    """Whatever kind of film: frames, times and sound are those of one worker."""
    path = film(**{"times": range(50), "picture": three_shots, **KINDS[kind]})

    assert both(path).shots == 3


def test_a_piece_of_an_interlaced_film_with_hints(film, both):
    """Start, end, deinterlacing and hints are for workers what they are for one."""
    path = film(
        times=range(60),
        picture=three_shots,
        options=[("qp", "0"), ("x264-params", "tff=1:keyint=10")],
    )
    hints = {1.6: [Hint(20, 20, (40.0, 20.0), radius=9)]}
    delivery = Delivery(start=0.2, end=2, codec="ffv1", deinterlace=True, hints=hints)

    assert both(path, delivery).frames == 45


SHADES = """
    import os
    import time
    from dataclasses import dataclass
    from multiprocessing import parent_process
    from pathlib import Path

    import numpy as np

    @dataclass(frozen=True)
    class Shade:
        "Shades by light; whatever is to happen to workers, in frames that are bright."
        fate: str = ""

        def __call__(self, lightness):
            if lightness.mean() > 45 and parent_process():
                if self.fate == "dies":
                    os._exit(1)
                while self.fate == "waits" and Path("wait").exists():
                    time.sleep(0.01)
            n, height, width, _ = lightness.shape
            return np.full((n, height // 8, width // 8, 2), (10.0, lightness.mean()), np.float32)
"""
RUN = """
    import sys
    import shades
    from colorkit.video import Delivery, colorize_video, segments

    if __name__ == "__main__":
        segments.LENGTH = 12
        told = []
        colorize_video(
            "old.mkv",
            "new.mkv",
            shades.Shade("waits"),
            delivery=Delivery(codec="ffv1"),
            workers=2,
            resume=True,
            progress=lambda done, total: told.append((done, total)),
        )
        print(told)
"""


@pytest.fixture
def shades(tmp_path, monkeypatch, film, short):
    """Work in a folder with a film and a module of a backend, which other processes find, too."""
    (tmp_path / "shades.py").write_text(dedent(SHADES))
    (tmp_path / "run.py").write_text(dedent(RUN))
    film(".mkv", times=range(50), picture=three_shots, codec="ffv1", options=[])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    import shades

    yield shades.Shade
    del sys.modules["shades"]


def test_a_worker_that_dies_loses_nothing(shades, contents):
    """A dead worker is one readable error; what was finished stays, for any number of workers."""
    with pytest.raises(VideoError, match=r"a worker process has died.* resume it \(--resume\)"):
        colorize_video("old.mkv", "new.mkv", shades("dies"), delivery=LOSSLESS, workers=2)
    assert list(Path("new.mkv.parts").glob("*.npz"))
    colorize_video("old.mkv", "new.mkv", shades("dies"), delivery=LOSSLESS, resume=True)
    colorize_video("old.mkv", "once.mkv", shades(), delivery=LOSSLESS)

    np.testing.assert_array_equal(contents("new.mkv").rgb, contents("once.mkv").rgb)


def children(process):
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


@pytest.mark.skipif(sys.platform != "linux", reason="children are looked for in /proc")
@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_the_run(with_signal, shades, contents):
    """After kill -9 or Ctrl-C no process is left; resumed by two workers, the film is whole."""
    Path("wait").touch()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "run.py"]
    work = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
    while not list(Path().glob("new.mkv.parts/*.npz")):
        assert work.poll() is None
        time.sleep(0.02)
    crew = children(work.pid)
    assert len(crew) >= 2
    work.send_signal(with_signal)
    work.wait()
    while any(Path(f"/proc/{member}/fd").exists() for member in crew):
        time.sleep(0.02)
    Path("wait").unlink()
    done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE)
    colorize_video("old.mkv", "once.mkv", shades(), delivery=LOSSLESS)
    told = eval(done.stdout)

    np.testing.assert_array_equal(contents("new.mkv").rgb, contents("once.mkv").rgb)
    assert told == sorted(told)
    assert told[-1] == (50, 50)


def test_workers_that_cannot_be(film, tmp_path):
    """A number below one, and a backend that no other process can have, are wrong options."""
    for workers in (0, True, 1.5, "two"):
        with pytest.raises(OptionError, match="workers must be a number of processes, 1 or more"):
            colorize_video(film(), tmp_path / "new.mp4", by_light, workers=workers)
    with pytest.raises(OptionError, match=r"cannot be sent to other processes .*give its name"):
        colorize_video(film(), tmp_path / "new.mp4", lambda L: by_light(L), workers=2)
    assert not list(tmp_path.glob("new*"))
