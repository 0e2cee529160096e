"""How good the colours are: scores on photographs whose colour is known, and a sheet to look at.

    pip install colorkit
    python benchmarks/quality.py PHOTOS [--caution 0 0.5 1] [--upsampling guided bilinear] ...

PHOTOS is a folder or a tar file of colour photographs; each is squashed to 256 x 256 (bicubic),
made gray, and coloured. Every combination of the options is one row, beside *gray*:

- AuC: area under the curve of the share of pixels whose ab is off by at most 0, 1 ... 150 Lab
  units (Zhang et al. 2016, section 3.1), over all pixels of all photographs, in percent; the ab is
  that of the backend, enlarged, before it is fitted into the gamut;
- rebalanced: the same, every pixel weighed by one over the frequency of its true bin among all
  scored pixels, or in the file given by --prior (313 probabilities, as .npy);
- PSNR in dB: of 8-bit RGB, mean over the photographs;
- colour: Hasler and Suesstrunk's colourfulness, as a share of the truth's.

--sheet writes the pictures in a folder, gray and then coloured with every row's options.
"""

import argparse
import itertools
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from colorkit import Colorizer, lab
from colorkit.bins import gamut_bins, nearest_bin
from colorkit.compare import sheet
from colorkit.skimage import colorfulness

Array = NDArray[Any]

SIDE = 256
THRESHOLDS = 150
ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"}
SEED = 0


def photographs(source: Path) -> Iterator[Array]:
    """RGB ``(256, 256, 3)``, uint8, in the order of their names."""
    if source.is_dir():
        for path in sorted(p for p in source.rglob("*") if p.suffix.lower() in ENDINGS):
            yield squashed(path)
        return
    with tarfile.open(source) as archive:
        members = [m for m in archive if m.isfile() and Path(m.name).suffix.lower() in ENDINGS]
        for member in sorted(members, key=lambda m: m.name):
            yield squashed(archive.extractfile(member))


def squashed(file: Any) -> Array:
    """One photograph at the size of the test."""
    with Image.open(file) as photo:
        return np.asarray(photo.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BICUBIC))


@dataclass
class Score:
    """Sums over photographs."""

    errors: Array = field(default_factory=lambda: np.zeros((len(gamut_bins()), THRESHOLDS + 2)))
    psnr: list[float] = field(default_factory=list)
    colourfulness: list[float] = field(default_factory=list)

    def add(self, ab: Array, truth: Array, rgb: Array, true_rgb: Array) -> None:
        """Take in one photograph: ab and true ab in Lab units, both pictures uint8."""
        error = np.ceil(np.hypot(*np.moveaxis(ab - truth, -1, 0))).clip(0, THRESHOLDS + 1)
        cells = nearest_bin(truth) * (THRESHOLDS + 2) + error.astype(int)
        self.errors += np.bincount(cells.ravel(), minlength=self.errors.size).reshape(
            self.errors.shape
        )
        square = np.mean((rgb.astype(float) - true_rgb) ** 2)
        self.psnr.append(10 * np.log10(255**2 / max(square, 1e-9)))
        self.colourfulness.append(colorfulness(rgb))

    def auc(self, weights: Array) -> float:
        """Area under the curve in percent; one weight for every true bin."""
        curve = np.cumsum(weights @ self.errors)
        return float(100 * np.trapezoid(curve[: THRESHOLDS + 1] / curve[-1]) / THRESHOLDS)

    def row(self, true_colourfulness: float, prior: Array | None) -> dict[str, float]:
        """The figures."""
        counts = self.errors.sum(axis=1)
        rare = np.divide(1, counts, out=np.zeros_like(counts), where=counts > 0)
        row = {"AuC": self.auc(np.ones(len(counts))), "rebalanced, own": self.auc(rare)}
        if prior is not None:
            row["rebalanced, prior"] = self.auc(1 / prior)
        mean = float(np.mean(self.colourfulness))
        return row | {"PSNR": float(np.mean(self.psnr)), "colour": mean / true_colourfulness}


def score(
    colorizers: dict[str, Colorizer], source: Path, keep: Callable[[int], bool], prior: Array | None
) -> dict[str, dict[str, float]]:
    """Figures by row, *gray* first."""
    scores = {name: Score() for name in ("gray", *colorizers)}
    true_colourfulness = []
    for index, photo in enumerate(photographs(source)):
        if not keep(index):
            continue
        truth = lab.rgb_to_lab(photo / np.float32(255))
        lightness, true_ab = truth[..., 0], truth[..., 1:]
        true_colourfulness.append(colorfulness(photo))
        for name, total in scores.items():
            ab = colorizers[name].ab(photo) if name in colorizers else np.zeros_like(true_ab)
            coloured = lab.lab_to_rgb(np.dstack([lightness, ab]))
            total.add(ab, true_ab, np.rint(255 * coloured).astype(np.uint8), photo)
    mean = float(np.mean(true_colourfulness))
    return {name: total.row(mean, prior) for name, total in scores.items()}


def write_sheet(path: Path, folder: Path, colorizers: dict[str, Colorizer]) -> None:
    """Every picture of a folder in a row: gray, then each colouring."""
    pictures: list[Array] = []
    for file in sorted(p for p in folder.iterdir() if p.suffix.lower() in ENDINGS):
        with Image.open(file) as photo:
            gray = np.asarray(photo.convert("L"))
        pictures += [gray, *(colorizer.colorize(gray) for colorizer in colorizers.values())]
    Image.fromarray(sheet(pictures, 1 + len(colorizers))).save(path, quality=90)


def table(rows: dict[str, dict[str, float]]) -> str:
    """For people."""
    head = list(rows["gray"])
    lines = ["".ljust(48) + "".join(name.rjust(20) for name in head)]
    for name, row in rows.items():
        lines.append(name.ljust(48) + "".join(f"{value:20.2f}" for value in row.values()))
    return "\n".join(lines)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path, help="folder or tar file")
    parser.add_argument("--backend", nargs="+", default=["lite"])
    parser.add_argument("--temperature", nargs="+", type=float, default=[None])
    parser.add_argument("--saturation", nargs="+", type=float, default=[1.0])
    parser.add_argument("--caution", nargs="+", type=float, default=[None])
    parser.add_argument("--upsampling", nargs="+", default=["guided"])
    parser.add_argument("--every", type=int, default=1, metavar="K", help="score each K-th only")
    parser.add_argument("--first", type=int, default=0, metavar="I", help="of these, from I on")
    parser.add_argument("--prior", type=Path, help="313 probabilities, as .npy")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--sheet", type=Path, nargs=2, metavar=("FILE", "FOLDER"))
    options = parser.parse_args()
    names = ("backend", "temperature", "saturation", "caution", "upsampling")
    choices = itertools.product(*(getattr(options, name) for name in names))
    recipes = (Colorizer(**dict(zip(names, choice, strict=True))) for choice in choices)
    colorizers = {repr(recipe): recipe for recipe in recipes}
    prior = None if options.prior is None else np.load(options.prior)
    if options.sheet:
        write_sheet(*options.sheet, colorizers)
    rows = score(colorizers, options.photos, lambda i: i % options.every == options.first, prior)
    print(table(rows))
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
