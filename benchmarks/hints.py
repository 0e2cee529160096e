"""What a few points of true colour are worth for a backend that takes no hints.

    pip install colorkit
    python benchmarks/hints.py PHOTOS [--points 10] [--every 20] [--backend lite]

PHOTOS is a folder or a tar file of colour photographs, squashed to 256 x 256. In each K-th, points
are drawn at random; the hint is the true mean colour of the 7 x 7 pixels around a point. The table
has the PSNR (8-bit RGB, dB) of colours without and with the hints, for each
photograph and in the mean, and how long the spreading takes (median, without the network).
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import Colorizer, Hint, lab
from colorkit.evaluation.marks import SIDE, Truth
from colorkit.evaluation.metrics import psnr
from colorkit.hints import hint_map
from colorkit.photos import photos
from colorkit.resize import Frame
from colorkit.spread import spread

Array = NDArray[Any]

REACH = 3
SEED = 0


def true_hints(photo: Array, points: int, rng: np.random.Generator) -> list[Hint]:
    """Colours of a photograph at random points."""
    ab = lab.rgb_to_lab(photo / np.float32(255))[..., 1:]
    hints = []
    for row, column in rng.integers(REACH, SIDE - REACH, (points, 2)).tolist():
        around = ab[row - REACH : row + REACH + 1, column - REACH : column + REACH + 1]
        a, b = around.mean(axis=(0, 1)).tolist()
        hints.append(Hint(row, column, (a, b)))
    return hints


def seconds(photo: Array, hints: list[Hint]) -> float:
    """Of rasterising and spreading."""
    lightness = lab.rgb_to_lab(photo / np.float32(255))[None, ..., :1]
    size = photo.shape[:2]
    start = time.perf_counter()
    spread(hint_map(hints, Frame(size, size, size)), lightness)
    return time.perf_counter() - start


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder or tar file")
    parser.add_argument("--points", type=int, default=10)
    parser.add_argument("--every", type=int, default=20, metavar="K", help="score each K-th only")
    parser.add_argument("--backend", default="lite")
    options = parser.parse_args()
    rng, colorizer = np.random.default_rng(SEED), Colorizer(options.backend)
    rows, times = [], []
    print("photograph                without      with      gain")
    for stored in photos([options.photos])[:: options.every]:
        photo = Truth.of(stored).rgb
        hints = true_hints(photo, options.points, rng)
        images = colorizer.colorize(photo), colorizer.colorize(photo, hints=hints)
        rows.append([psnr(image, photo) for image in images])
        times.append(seconds(photo, hints))
        without, hinted = rows[-1]
        print(f"{stored.name:23}{without:10.2f}{hinted:10.2f}{hinted - without:+10.2f}")
    without, hinted = np.mean(rows, axis=0)
    print(f"mean of {len(rows):<15}{without:10.2f}{hinted:10.2f}{hinted - without:+10.2f}")
    print(f"spreading {options.points} hints: {1000 * np.median(times):.0f} ms")


if __name__ == "__main__":
    main()
