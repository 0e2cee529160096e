"""How fast the published classification network is on each runtime, and how near they are.

    pip install 'colorkit[export]' torch onnx
    python benchmarks/networks.py --json FILE [--quick] [--cache FOLDER]

The network of Zhang, Isola and Efros (ECCV 2016), full width, on one 256 x 256 picture, with 2
threads each: Keras on TensorFlow; LiteRT in float32 (any size, what the backend eccv16 runs) and
in 8 bits (eccv16-int8); PyTorch; cv2.dnn of OpenCV 4.14 and 5. All have the same random weights,
drawn so that colours come out, hence the same colours up to rounding: mean and largest |delta ab|
to PyTorch are printed, of the annealed mean at the published temperature.

Each runtime lives in a process of its own, is warmed by one call, and takes its turn in every
round; a ratio is the median of the rounds' ratios to PyTorch, above 1 where it is faster.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from colorize import environment, prepare, ratio
from contenders import SIDE, THREADS, eccv16, write_onnx
from numpy.typing import NDArray

from colorkit import Distribution

Array = NDArray[Any]
Network = Callable[[Array], Array]
"""From lightness (1, SIDE, SIDE, 1) to ab (1, h, w, 2)."""

WEIGHTS, FLOAT, INT8, ONNX = "e.safetensors", "e.tflite", "e-int8.tflite", "e.onnx"


def write_files(folder: Path) -> None:
    """One network with random weights in every runtime's form."""
    import keras

    from colorkit import export_tflite
    from colorkit.networks.eccv16 import eccv16 as keras_eccv16
    from colorkit.weights import safetensors

    model = keras_eccv16()
    rng = np.random.default_rng(0)
    for weight in model.weights:
        if weight.path.endswith("kernel"):
            scale = np.sqrt(2 / np.prod(weight.shape[:-1]))
            weight.assign(scale * rng.standard_normal(weight.shape))
    tensors = {weight.path: keras.ops.convert_to_numpy(weight) for weight in model.weights}
    safetensors.write(folder / WEIGHTS, tensors)
    export_tflite(folder / FLOAT, model)
    export_tflite(folder / INT8, model, precision="int8-dynamic", size=(SIDE, SIDE), force=True)
    write_onnx(folder / ONNX, torch_network(folder))


def torch_network(folder: Path) -> Any:
    """The PyTorch network with those weights: normalised lightness to probabilities to ab."""
    import torch
    from torch import nn

    from colorkit.bins import PUBLISHED_TEMPERATURE, gamut_bins
    from colorkit.weights import safetensors

    network = eccv16()
    tensors = list(safetensors.read(folder / WEIGHTS).values())
    with torch.no_grad():
        for layer in network:
            if isinstance(layer, nn.BatchNorm2d):
                del tensors[:4]  # as they were made: 1, 0, 0, 1
            elif isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)) and tensors:
                kernel, bias = tensors.pop(0), tensors.pop(0)
                layer.weight.copy_(torch.tensor(kernel.transpose(3, 2, 0, 1).copy()))
                layer.bias.copy_(torch.tensor(bias))
        network[-4].weight /= PUBLISHED_TEMPERATURE
        network[-4].bias /= PUBLISHED_TEMPERATURE
        network[-2].weight.copy_(torch.tensor(gamut_bins().T[..., None, None].copy()))
    return network[:-1]


def by_torch(folder: Path) -> Network:
    """PyTorch, channels first, float32."""
    import torch

    torch.set_num_threads(THREADS)
    network = torch_network(folder)

    @torch.inference_mode()
    def run(lightness: Array) -> Array:
        normalised = torch.from_numpy((lightness.transpose(0, 3, 1, 2) - 50) / 100)
        return np.asarray(network(normalised).permute(0, 2, 3, 1))

    return run


def by_opencv(folder: Path) -> Network:
    """cv2.dnn."""
    import cv2

    cv2.setNumThreads(THREADS)
    network = cv2.dnn.readNetFromONNX(str(folder / ONNX))

    def run(lightness: Array) -> Array:
        network.setInput(((lightness - 50) / 100).transpose(0, 3, 1, 2))
        return np.asarray(network.forward()).transpose(0, 2, 3, 1)

    return run


def by_keras(folder: Path) -> Network:
    """Keras on TensorFlow, as the backend eccv16-keras runs it."""
    from colorkit.backends.keras import KerasBackend
    from colorkit.networks import load_weights
    from colorkit.networks.eccv16 import eccv16 as keras_eccv16
    from colorkit.weights import safetensors

    model = keras_eccv16()
    load_weights(model, safetensors.read(folder / WEIGHTS), folder / WEIGHTS)
    return _colour(KerasBackend(model, stride=8))


def by_litert(file: str) -> Callable[[Path], Network]:
    """LiteRT, as the published backends run it."""

    def make(folder: Path) -> Network:
        from colorkit.backends.litert import LiteRTBackend

        return _colour(LiteRTBackend.from_file(folder / file, threads=THREADS))

    return make


def _colour(backend: Any) -> Network:
    def run(lightness: Array) -> Array:
        believed: Distribution = backend.predict(lightness).distribution
        return believed.mean()

    return run


RUNTIMES: dict[str, Callable[[Path], Network]] = {
    "torch": by_torch,
    "litert": by_litert(FLOAT),
    "litert int8": by_litert(INT8),
    "keras": by_keras,
    "opencv4": by_opencv,
    "opencv5": by_opencv,
}


def work(name: str, folder: Path) -> None:
    """Answer every line of the standard input with the time of one picture; the first as a file."""
    run = RUNTIMES[name](folder)
    lightness = np.load(folder / "lightness.npy")
    np.save(folder / f"{name}.npy", run(lightness))
    for _ in sys.stdin:
        start = time.perf_counter()
        run(lightness)
        print(time.perf_counter() - start, flush=True)


def race(folder: Path, cache: Path, rounds: int) -> dict[str, list[float]]:
    """Seconds of each runtime in each round."""
    seconds: dict[str, list[float]] = {name: [] for name in RUNTIMES}
    with ExitStack() as stack:
        workers = {}
        for name in RUNTIMES:
            command = [sys.executable, __file__, "--worker", name, folder]
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment(name, cache) | {"TF_NUM_INTRAOP_THREADS": str(THREADS)},
            )
            workers[name] = stack.enter_context(process)
        for counted in range(-1, rounds):
            for name, process in workers.items():
                print("go", file=process.stdin, flush=True)
                elapsed = float(process.stdout.readline())
                if counted >= 0:
                    seconds[name].append(elapsed)
    return seconds


def measure(cache: Path, rounds: int) -> dict[str, Any]:
    """Times, ratios and deviations, all to PyTorch."""
    from colorkit.export.pictures import load
    from colorkit.pixels import split

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_files(folder)
        [photograph] = load([], [(SIDE, SIDE)])
        np.save(folder / "lightness.npy", split(photograph).lightness[None, :, :, None])
        seconds = race(folder, cache, rounds)
        colours = {name: np.load(folder / f"{name}.npy") for name in RUNTIMES}
    deltas = {name: np.abs(ab - colours["torch"]) for name, ab in colours.items()}
    return {
        name: {
            "milliseconds": 1000 * median(seconds[name]),
            "speed to PyTorch": ratio(seconds["torch"], seconds[name]),
            "mean |delta ab|": float(deltas[name].mean()),
            "max |delta ab|": float(deltas[name].max()),
        }
        for name in RUNTIMES
    } | {"largest |ab|": float(np.abs(colours["torch"]).max()), "rounds": rounds}


def table(report: dict[str, Any]) -> str:
    """For people."""
    lines = [f"{'':16}{'speed to PyTorch':>18}{'mean |delta ab|':>18}{'max |delta ab|':>18}"]
    for name in RUNTIMES:
        row = report[name]
        speed, mean, most = (row[key] for key in list(row)[1:])
        lines.append(f"{name:16}{speed:17.2f}x{mean:18.4f}{most:18.4f}")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--cache", type=Path, default=home / "colorkit-benchmark", help="folder")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker[0], Path(options.worker[1]))
        return
    cache = options.cache.resolve()
    prepare(cache)
    report = measure(cache, 3 if options.quick else 9)
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
