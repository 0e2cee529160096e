"""The networks of colorkit-zoo side by side: the table of docs/zoo.md.

    pip install '.[skimage,video]' opencv-python-headless plugins/colorkit-zoo
    python benchmarks/zoo.py RUNS PHOTO... [--film FILE]... [--quick]

RUNS holds the folders that `colorkit train` left, named as the networks: minutes and numbers are
read there. Scores are those of `colorkit evaluate` on the photographs, with each backend's default
options. The time is that of `colorize` with 2 threads, the median over photographs.

Below is `fav`, which gives several colours of a picture: how far, in ab, each is from the truth,
and how far any two are apart. On films it is coloured frame by frame; with the colours of every
fourth frame carried to those between, as they are; and with these refined by what arrives.
"""

import argparse
import time
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from colorkit_zoo.backends import Fav
from skimage.color import rgb2lab

from colorkit import Colorizer, HintMap, Prediction, registry
from colorkit.evaluation import Row, evaluate
from colorkit.photos import StoredPhoto, photos
from colorkit.training.recipe import RECIPE, Recipe
from colorkit.video.evaluate import evaluate_film
from colorkit.weights import safetensors

THREADS = 2
TIMED = 20

HEAD = (
    "network", "minutes", "numbers, millions", "AuC, %", "rebalanced AuC, %",
    "colourfulness to truth's, %", "ms a picture",
)  # fmt: skip


def names() -> list[str]:
    """The zoo's backends, and what they are compared with."""
    [zoo] = [row for row in registry.list_plugins() if row["distribution"] == "colorkit-zoo"]
    return [*zoo["backends"], "lite"]


def learned(run: Path) -> tuple[str, str]:
    """Minutes of a run, and millions of numbers in what it left."""
    if not run.is_dir():
        return "", ""
    count = sum(tensor.size for tensor in safetensors.read(run / "weights.safetensors").values())
    return f"{Recipe.read(run / RECIPE).minutes:.0f}", f"{count / 1e6:.2f}"


def milliseconds(colorizer: Colorizer, found: Sequence[StoredPhoto]) -> float:
    """Of one picture."""
    pictures = [photo.read() for photo in found[:TIMED]]
    colorizer.colorize(pictures[0])
    spent = []
    for picture in pictures:
        began = time.perf_counter()
        colorizer.colorize(picture)
        spent.append(time.perf_counter() - began)
    return 1000 * median(spent)


def cells(row: Row) -> list[str]:
    """Its scores."""
    wanted = ("auc", "auc_rebalanced_own", "colorfulness_ratio")
    return [f"{row.scores[name].value:.1f}" for name in wanted]


def alternatives(colorizer: Colorizer, found: Sequence[StoredPhoto]) -> tuple[list[float], float]:
    """Distance of each colour from the truth, and of two colours: means over pictures."""
    misses, spreads = [], []
    for photo in found:
        picture = photo.read()
        colours = [rgb2lab(it)[..., 1:] for it in colorizer.variants(picture)]
        misses.append([distance(it, rgb2lab(picture)[..., 1:]) for it in colours])
        spreads.append(np.mean([distance(*pair) for pair in combinations(colours, 2)]))
    return np.mean(misses, axis=0).tolist(), float(np.mean(spreads))


def distance(one: Any, two: Any) -> float:
    """Of colours, the mean."""
    return float(np.linalg.norm(one - two, axis=-1).mean())


class Unrefined(Fav):
    """Without the second network, whatever arrives."""

    def predict(self, lightness: Any, hints: HintMap | None = None) -> Prediction:
        """Colours for lightness alone."""
        return super().predict(lightness)


def steadiness(film: str) -> list[list[str]]:
    """Of `fav` on a film that is in colour."""
    ways = {"unrefined": Colorizer(Unrefined()), "refined": Colorizer(Fav())}
    scores = evaluate_film(film, ways)
    rows = ("unrefined, frame by frame", "unrefined", "refined")
    wanted = ("warping_ab", "cdc", "chroma")
    return [[film, row, *(f"{scores[row][name]:.3f}" for name in wanted)] for row in rows]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--film", action="append", default=[])
    parser.add_argument("--quick", action="store_true", help="every tenth photograph")
    options = parser.parse_args()
    found = photos(options.photos)[:: 10 if options.quick else 1]
    recipes = {name: Colorizer(name, threads=THREADS) for name in names()}
    report = evaluate(found, recipes, quick=True)
    lines = [list(HEAD), ["---", *["---:"] * (len(HEAD) - 1)]]
    lines.append(["gray", "", "", *cells(report.rows["gray"]), ""])
    for name, recipe in recipes.items():
        speed = f"{milliseconds(recipe, found):.0f}"
        lines.append([name, *learned(options.runs / name), *cells(report.rows[name]), speed])
    show(lines)
    misses, spread = alternatives(recipes["fav"], found)
    print(f"\nfav: {', '.join(f'{it:.2f}' for it in misses)} from the truth, {spread:.2f} apart\n")
    show(row for film in options.film for row in steadiness(film))


def show(rows: Iterable[Sequence[str]]) -> None:
    """Print rows of a table."""
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
