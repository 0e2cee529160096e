"""How fast and how lean `colorkit.colorize` is, beside the other ways to colour a gray picture.

    pip install colorkit torch scikit-image onnx
    python benchmarks/colorize.py --json FILE [--quick] [--cache FOLDER]

On 2 threads each, from uint8 gray to uint8 RGB at 0.3, 1 and 12 megapixels:

- *reference*: the network of Zhang, Isola and Efros (ECCV 2016) in PyTorch, bilinear enlargement,
  scikit-image's Lab in float64 both ways (their own script goes back in float32);
- *OpenCV*: that network in `cv2.dnn`, `cv2.cvtColor` in float32; OpenCV 4.14 and 5, of which the
  faster counts;
- everything but the network: colorkit with a formula for a backend, against scikit-image's
  `rgb2lab` and `lab2rgb`.

Those networks have random weights: time and memory are compared, not colours. Each contender lives
in a process of its own, is warmed by one call, and takes its turn in every round; a ratio is the
median of the rounds' ratios. Memory is the growth of a fresh process's peak from the smallest to
the largest picture, a pixel, without the picture (1 byte) and its colours (3 bytes). Cold starts
are whole processes, interleaved as well.

The OpenCV wheels and the network's file go to the cache folder. Where the environment variable
COLORKIT_PHOTOS names a folder, the picture is its first legacy/*.jpg, else a synthetic one.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from contenders import CONTENDERS, THREADS
from PIL import Image, ImageDraw, ImageOps

SIZES = ((640, 480), (1152, 864), (4000, 3000))
OPENCV = {"opencv4": "opencv-python-headless==4.14.*", "opencv5": "opencv-python-headless==5.*"}
PACKAGES = ("colorkit", "ai-edge-litert", "numpy", "pillow", "torch", "scikit-image", "onnx")
WORKER = Path(__file__).with_name("contenders.py")
RATIOS = {
    "reference/colorkit": ("reference", "colorkit"),
    "faster OpenCV/colorkit": ("faster OpenCV", "colorkit"),
    "scikit-image/colorkit without network": ("scikit-image", "colorkit without network"),
}
IN_AND_OUT = 4  # bytes a pixel that every contender has to hold: gray and RGB


class Worker:
    """One contender in a process of its own; called with a picture's path, it measures."""

    def __init__(self, name: str, cache: Path) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, WORKER, name, cache / "eccv16.onnx"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment(name, cache),
        )

    def __call__(self, picture: Path) -> dict[str, float]:
        """Seconds of one call and the peak memory so far."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        answer = ""
        with suppress(BrokenPipeError):
            stdin.write(json.dumps({"picture": str(picture)}) + "\n")
            stdin.flush()
            answer = stdout.readline()
        if not answer:
            sys.exit(f"The contender {self.name!r} ended early; its message stands above.")
        return dict(json.loads(answer))


@contextmanager
def working(name: str, cache: Path) -> Iterator[Worker]:
    """A worker that is gone afterwards."""
    worker = Worker(name, cache)
    try:
        yield worker
    finally:
        worker.process.communicate()


def environment(name: str, cache: Path) -> dict[str, str]:
    """Variables of a worker: its own OpenCV, the same threads for all, none of them spinning."""
    paths = [str(cache / name)] if name in OPENCV else []
    paths += filter(None, [os.environ.get("PYTHONPATH")])
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONWARNINGS": "ignore",
        "OMP_WAIT_POLICY": "PASSIVE",
        "GOMP_SPINCOUNT": "0",
        "OMP_NUM_THREADS": str(THREADS),
        "OPENBLAS_NUM_THREADS": str(THREADS),
    }


def prepare(cache: Path) -> None:
    """Check what has to be installed, and fill the cache."""
    names = {"colorkit": "colorkit", "torch": "torch", "skimage": "scikit-image", "onnx": "onnx"}
    missing = [package for module, package in names.items() if find_spec(module) is None]
    if missing:
        sys.exit(f"Missing: {', '.join(missing)}. Install: pip install {' '.join(missing)}")
    cache.mkdir(parents=True, exist_ok=True)
    for name, requirement in OPENCV.items():
        if not (cache / name).exists():
            # --no-deps: a second numpy in that folder would hide the one installed here.
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            subprocess.run([*pip, "--target", cache / name, requirement], check=True)
    if not (cache / "eccv16.onnx").exists():
        subprocess.run([sys.executable, WORKER, "onnx", cache / "eccv16.onnx"], check=True)


def photograph(size: tuple[int, int]) -> tuple[str, Image.Image]:
    """What the picture is, and the picture, gray."""
    folder = os.environ.get("COLORKIT_PHOTOS")
    photos = sorted(Path(folder, "legacy").glob("*.jpg")) if folder else []
    if not photos:
        return "synthetic, seed 0", synthetic(size)
    with Image.open(photos[0]) as photo:
        return photos[0].name, ImageOps.fit(photo.convert("L"), size, Image.Resampling.BICUBIC)


def synthetic(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Discs of all sizes that cover one another, as things in photographs do, under soft noise."""
    random = np.random.default_rng(seed)
    width, height = size
    canvas = Image.new("L", size, 128)
    draw = ImageDraw.Draw(canvas)
    for _ in range(400):
        radius = min(0.012 * random.random() ** -0.7, 0.2) * width
        x, y = random.uniform(0, width), random.uniform(0, height)
        draw.circle((x, y), radius, fill=int(random.integers(20, 236)))
    tones = np.array(canvas, np.float32)
    for octave in range(2, 11):
        grid = Image.fromarray(random.normal(size=(2**octave, 2**octave)).astype(np.float32))
        tones += 60 / octave**2 * np.asarray(grid.resize(size, Image.Resampling.BICUBIC))
    return Image.fromarray(np.clip(tones, 0, 255).astype(np.uint8))


def save_pictures(folder: Path) -> tuple[str, list[Path]]:
    """What the picture is, and one array file for each of the sizes."""
    source, largest = photograph(SIZES[-1])
    paths = []
    for size in SIZES:
        picture = largest.resize(size, Image.Resampling.LANCZOS)
        paths.append(folder / f"{size[0]}x{size[1]}.npy")
        np.save(paths[-1], np.asarray(picture))
    return source, paths


def measure_speed(cache: Path, pictures: Sequence[Path], rounds: int) -> dict[str, Any]:
    """For each size, the milliseconds of every contender and what they mean."""
    with ExitStack() as stack:
        workers = {name: stack.enter_context(working(name, cache)) for name in CONTENDERS}
        return {path.stem: summary(race(workers, path, rounds)) for path in pictures}


def race(workers: dict[str, Worker], picture: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after one that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in workers}
    for counted in range(-1, rounds):
        for name, worker in workers.items():
            elapsed = worker(picture)["seconds"]
            if counted >= 0:
                seconds[name].append(elapsed)
    return seconds


def summary(seconds: dict[str, list[float]]) -> dict[str, Any]:
    """Median milliseconds, and how many times as long as colorkit the others take."""
    faster = min(OPENCV, key=lambda name: median(seconds[name]))
    times = seconds | {"faster OpenCV": seconds[faster]}
    return {
        "milliseconds": {name: 1000 * median(values) for name, values in seconds.items()},
        "faster OpenCV is": faster,
        **{name: ratio(times[slow], times[fast]) for name, (slow, fast) in RATIOS.items()},
    }


def ratio(numerators: Sequence[float], denominators: Sequence[float]) -> float:
    """Median of the ratios, pair by pair: what disturbs a round disturbs both."""
    return median(a / b for a, b in zip(numerators, denominators, strict=True))


def measure_memory(cache: Path, pictures: Sequence[Path], rounds: int) -> dict[str, float]:
    """Bytes a pixel of each contender beyond the picture and its colours."""
    (width, height), (large_width, large_height) = SIZES[0], SIZES[-1]
    pixels = large_width * large_height - width * height
    growth = {}
    for name in CONTENDERS:
        small = median(fresh_peak(name, cache, pictures[0]) for _ in range(rounds))
        large = median(fresh_peak(name, cache, pictures[-1]) for _ in range(rounds))
        growth[name] = (large - small) / pixels - IN_AND_OUT
    return growth


def fresh_peak(name: str, cache: Path, picture: Path) -> float:
    """Peak bytes of a process that colours one picture."""
    with working(name, cache) as worker:
        return worker(picture)["peak"]


def measure_starts(picture: Path, folder: Path, rounds: int) -> dict[str, Any]:
    """Whole processes: the command on a JPEG, and the bare import."""
    photo = folder / "photo.jpg"
    Image.fromarray(np.load(picture)).save(photo, quality=90)
    colored = folder / "colored.jpg"
    command = Path(sysconfig.get_path("scripts"), "colorkit")
    python = (sys.executable, "-c")
    commands: dict[str, list[str | Path]] = {
        "colorkit colorize": [command, "colorize", photo, "-o", colored, "--overwrite"],
        "bare imports": [*python, "import numpy, PIL.Image, ai_edge_litert.interpreter"],
        "import colorkit": [*python, "import colorkit"],
        "import numpy": [*python, "import numpy"],
    }
    # An installed package has its modules compiled; in a checkout the first round does it.
    compiling = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for counted in range(-1, rounds):
        for name, arguments in commands.items():
            start = time.perf_counter()
            subprocess.run(
                arguments, check=True, cwd=folder, env=compiling, stdout=subprocess.DEVNULL
            )
            if counted >= 0:
                seconds[name].append(time.perf_counter() - start)
    pairs = zip(seconds["import colorkit"], seconds["import numpy"], strict=True)
    return {
        "milliseconds": {name: 1000 * median(times) for name, times in seconds.items()},
        "colorkit colorize/bare imports": ratio(
            seconds["colorkit colorize"], seconds["bare imports"]
        ),
        "import colorkit above numpy (ms)": 1000 * median(a - b for a, b in pairs),
    }


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "system": platform.platform(),
    }


def versions(cache: Path) -> dict[str, str]:
    """Versions of Python and of all that took part."""
    found = {"python": platform.python_version()}
    found |= {name: metadata.version(name) for name in PACKAGES}
    for name in OPENCV:
        [wheel] = metadata.distributions(name="opencv-python-headless", path=[str(cache / name)])
        found[name] = wheel.version
    return found


def table(report: dict[str, Any]) -> str:
    """The ratios, to be read by people."""
    lines = ["Time, as a multiple of colorkit's"]
    for name in RATIOS:
        values = [f"{size} {row[name]:>6.1f}x" for size, row in report["sizes"].items()]
        lines.append(f"  {name:<40}" + "   ".join(values))
    lines.append("Memory, bytes a pixel beyond input and output")
    lines += [f"  {name:<40}{value:>6.1f}" for name, value in report["memory"].items()]
    lines.append("Cold start")
    starts = report["starts"].items()
    lines += [f"  {name:<40}{value:>6.1f}" for name, value in starts if name != "milliseconds"]
    return "\n".join(lines)


def measure(cache: Path, quick: bool) -> dict[str, Any]:
    """Everything, with what is needed to judge it."""
    rounds, fresh, starts = (3, 1, 5) if quick else (7, 3, 11)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source, pictures = save_pictures(folder)
        return {
            "machine": machine(),
            "versions": versions(cache),
            "picture": source,
            "threads": THREADS,
            "rounds": {"speed": rounds, "memory": fresh, "starts": starts},
            "sizes": measure_speed(cache, pictures, rounds),
            "memory": measure_memory(cache, pictures, fresh),
            "starts": measure_starts(pictures[1], folder, starts),
        }


def main() -> None:
    """The command line."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--cache", type=Path, default=home / "colorkit-benchmark", help="folder")
    options = parser.parse_args()
    cache = options.cache.resolve()
    prepare(cache)
    report = measure(cache, options.quick)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
