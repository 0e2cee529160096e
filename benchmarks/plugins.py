"""How fast the embedded network is on the runtimes of the plugins, and how near their colours are.

    pip install '.[export,onnx]' plugins/colorkit-onnx 'plugins/colorkit-opencv[opencv]'
    python benchmarks/plugins.py --json FILE [--quick]

LiteRT, ONNX Runtime and OpenCV run one network in float32, exported from Keras, with 2 threads
each, on one 256 x 256 picture; they take turns, and a ratio is the median of the rounds' ratios to
LiteRT, above 1 where it is faster. Where COLORKIT_PHOTOS names the photographs, the mean |delta ab|
to LiteRT is taken over them, at picture size, in Lab units.
"""

import argparse
import json
import os
import tarfile
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np
from colorize import machine, ratio
from colorkit_onnx import OnnxBackend
from colorkit_opencv import OpenCVBackend
from numpy.typing import NDArray
from PIL import Image

from colorkit import Backend, Colorizer, export_onnx, export_tflite
from colorkit.backends.litert import LiteRTBackend

SIDE = 256
THREADS = 2


def runtimes(folder: Path) -> dict[str, Backend]:
    """One network, as each of them has it."""
    export_tflite(folder / "lite.tflite", "lite", precision="float32")
    export_onnx(folder / "lite.onnx", "lite")
    cv2.setNumThreads(THREADS)
    return {
        "LiteRT": LiteRTBackend.from_file(folder / "lite.tflite", threads=THREADS),
        "ONNX Runtime": OnnxBackend(folder / "lite.onnx", threads=THREADS),
        "OpenCV": OpenCVBackend(folder / "lite.onnx"),
    }


def measure_speed(backends: dict[str, Backend], rounds: int) -> dict[str, Any]:
    """Milliseconds of a prediction, and ratios to LiteRT; the first two rounds are not counted."""
    rng = np.random.default_rng(0)
    lightness = rng.uniform(0, 100, (1, SIDE, SIDE, 1)).astype(np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in backends}
    for counted in range(-2, rounds):
        for name, backend in backends.items():
            start = time.perf_counter()
            backend.predict(lightness)
            if counted >= 0:
                seconds[name].append(time.perf_counter() - start)
    return {
        "milliseconds": {name: 1000 * median(times) for name, times in seconds.items()},
        "speed to LiteRT": {
            name: ratio(seconds["LiteRT"], times) for name, times in seconds.items()
        },
    }


def photographs(every: int) -> Iterator[NDArray[np.uint8]]:
    """Gray ones, of those that COLORKIT_PHOTOS has for validation."""
    with tarfile.open(Path(os.environ["COLORKIT_PHOTOS"], "val.tar")) as archive:
        members = sorted((m for m in archive if m.isfile()), key=lambda m: m.name)
        for member in members[::every]:
            with Image.open(archive.extractfile(member)) as photo:
                yield np.asarray(photo.convert("L"))


def measure_nearness(backends: dict[str, Backend], every: int) -> dict[str, Any]:
    """Mean and largest of the photographs' mean |delta ab| to LiteRT."""
    others = [name for name in backends if name != "LiteRT"]
    recipes = {name: Colorizer(backend, caution=0) for name, backend in backends.items()}
    off: dict[str, list[float]] = {name: [] for name in others}
    for gray in photographs(every):
        expected = recipes["LiteRT"].ab(gray)
        for name in others:
            off[name].append(float(np.abs(recipes[name].ab(gray) - expected).mean()))
    return {
        "photographs": len(off[others[0]]),
        "mean": {name: float(np.mean(values)) for name, values in off.items()},
        "largest": {name: max(values) for name, values in off.items()},
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, required=True, help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and photographs")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        backends = runtimes(Path(folder))
        report: dict[str, Any] = {
            "machine": machine(),
            "versions": {
                "ai-edge-litert": version("ai-edge-litert"),
                "onnxruntime": version("onnxruntime"),
                "opencv": cv2.__version__,
            },
            "speed": measure_speed(backends, 20 if options.quick else 60),
        }
        if "COLORKIT_PHOTOS" in os.environ:
            report["colours off"] = measure_nearness(backends, 20 if options.quick else 1)
    options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
