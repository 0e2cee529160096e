"""How fast each precision of an exported network is against its float32.

    pip install 'colorkit[export]'
    python benchmarks/export.py lite eccv16 --calibration scans --json FILE [--quick]

Every file is bound to 256 x 256 and run by LiteRT on two threads, in one process: each takes its
turn in every round, after one call that prepares it; a ratio is the median of the rounds' ratios to
float32, above 1 where the precision is faster. A `precision` is worth offering for a network where
it is; "int8" is left out where nothing is given to calibrate on. `--random` draws the weights, for
networks whose own are not at hand: their speed is the same.
"""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, get_args

import numpy as np

from colorkit.backends.metadata import write_metadata
from colorkit.export import Precision
from colorkit.export.convert import convert
from colorkit.export.measure import runner
from colorkit.export.plan import plan
from colorkit.export.quantize import quantize
from colorkit.export.source import source
from colorkit.export.tflite import samples
from colorkit.export.views import Arrays, Network

SIDE = 256


def files(network: str, calibration: Sequence[Path], *, random: bool) -> dict[str, bytes]:
    """The network in every precision."""
    origin = source(network, None if random else "default")
    size = (SIDE, SIDE)
    float32 = convert(origin, plan(origin, size=size))
    made = {}
    for precision in get_args(Precision):
        if precision == "int8" and not calibration:
            continue
        metadata = plan(origin, precision=precision, size=size)
        content = quantize(float32, metadata, origin.model, samples(calibration, metadata))
        made[precision] = write_metadata(content, metadata)
    return made


def seconds(run: Network, inputs: Arrays) -> float:
    """Of one run."""
    start = time.perf_counter()
    run(inputs)
    return time.perf_counter() - start


def measure(files: dict[str, bytes], rounds: int) -> dict[str, dict[str, float]]:
    """Bytes, median milliseconds, and how much faster than float32."""
    inputs = {"lightness": np.full((1, SIDE, SIDE, 1), 50, np.float32)}
    runners = {name: runner(content) for name, content in files.items()}
    for run in runners.values():
        seconds(run, inputs)
    times: dict[str, list[float]] = {name: [] for name in files}
    for _ in range(rounds):
        for name, run in runners.items():
            times[name].append(seconds(run, inputs))
    return {
        name: {
            "bytes": len(content),
            "ms": 1000 * median(times[name]),
            "ratio": median(a / b for a, b in zip(times["float32"], times[name], strict=True)),
        }
        for name, content in files.items()
    }


def table(report: dict[str, Any]) -> str:
    """The figures as Markdown."""
    head = ("network", "precision", "bytes", "ms", "times float32")
    lines = [f"| {' | '.join(head)} |", "| --- | --- | ---: | ---: | ---: |"]
    for network, precisions in report.items():
        for name, it in precisions.items():
            cells = (network, f"`{name}`", f"{it['bytes'] / 1e6:.1f} M", f"{it['ms']:.0f}")
            lines.append(f"| {' | '.join(cells)} | {it['ratio']:.2f} |")
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="+", help="names, such as lite")
    parser.add_argument("--calibration", type=Path, nargs="*", default=[], help="for int8")
    parser.add_argument("--random", action="store_true", help="draw the weights")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file to write")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    options = parser.parse_args()
    rounds = 10 if options.quick else 60
    report = {
        name: measure(files(name, options.calibration, random=options.random), rounds)
        for name in options.networks
    }
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")
    print(table(report))


if __name__ == "__main__":
    main()
