"""Three objectives on one trunk, for equal minutes, as in Zhang et al. (ECCV 2016).

L2 regression of ab, classification, and classification that favours rare colours learn the decoder
of lite on the ImageNet encoder, which stays as it is. Equal are the encoder, the photographs, the
crops and their order, batch, schedule, averaging, and the minutes. The three learn in turns, so
that whatever else the computer does costs all of them the same; in the same minutes a cheaper
objective sees more crops. What differs is the head and the loss.

    KERAS_BACKEND=torch python benchmarks/objectives.py PHOTOS... --validate VAL --minutes 30

Runs are kept in the folder of -o, and go on there. Scores are of the odd photographs of VAL at
256 x 256, annealed mean at 0.38, no caution; after ± half of the 95 % interval.
"""

import argparse
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from colorkit import Colorizer
from colorkit.evaluation import SCORES, Row, evaluate
from colorkit.photos import photos
from colorkit.training.loop import WEIGHTS, Report, Run
from colorkit.training.recipe import Recipe

OBJECTIVES: dict[str, dict[str, Any]] = {
    "L2 regression": {"head": "regression"},
    "classification": {"rebalance": 1.0},
    "classification, rebalanced": {"rebalance": 0.5},
}
TURNS = 12
SHOWN = ("auc", "auc_rebalanced_own", "auc_rebalanced_prior", "psnr", "colorfulness_ratio")


class TurnEndedError(Exception):
    """The next one learns."""


def recipe(given: argparse.Namespace, objective: dict[str, Any]) -> Recipe:
    """The paper's loss alone, on a pretrained encoder."""
    return Recipe(
        weights="imagenet",
        freeze="block15",
        minutes=given.minutes,
        batch=given.batch,
        crops=(given.crop,),
        learning_rate=2e-3,
        regress=0.0,
        precision=given.precision,
        per_source=given.per_source,
        **objective,
    )


def learn(runs: Sequence[Run], minutes: float) -> None:
    """Give each so many minutes, in turns."""
    for turn in range(1, TURNS + 1):
        due = minutes * turn / TURNS
        for run in runs:
            if run.minutes < due:
                take_turn(run, due)


def take_turn(run: Run, due: float) -> None:
    """Learn until a run has had that many minutes."""

    def check(report: Report) -> None:
        if report.minutes >= due:
            raise TurnEndedError

    with suppress(TurnEndedError):
        run.train(check, report_every=10)
    run.save()


def line(name: str, run: Run | None, row: Row) -> str:
    """Of the Markdown table."""
    budget = (f"{run.minutes:.1f}", f"{run.step * run.recipe.batch:,}") if run else ("-", "-")
    scores = (row.scores[key] for key in SHOWN)
    cells = (f"{score.value:.2f} ±{(score.high - score.low) / 2:.2f}" for score in scores)
    return f"| {' | '.join([name, *budget, *cells])} |"


def main() -> None:
    """Train the three, and print their scores."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--validate", nargs="+", required=True, metavar="VAL")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("-o", "--output", type=Path, metavar="FOLDER")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=160)
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    parser.add_argument("--per-source", type=int)
    given = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        output, found = given.output or Path(folder), photos(given.photos)
        runs = {
            name: Run(output / name.replace(", ", "-").replace(" ", "-"), found, recipe(given, its))
            for name, its in OBJECTIVES.items()
        }
        learn([*runs.values()], given.minutes)
        recipes = {
            name: Colorizer(
                run.folder / WEIGHTS, caution=None if run.recipe.head == "regression" else 0
            )
            for name, run in runs.items()
        }
        report = evaluate(photos(given.validate)[1::2], recipes, quick=True)
    print("| | minutes | crops |", " | ".join(SCORES[key].title for key in SHOWN), "|")
    print("| --- |" + " ---: |" * (2 + len(SHOWN)))
    for name in ("gray", *runs):
        print(line(name, runs.get(name), report.rows[name]))


if __name__ == "__main__":
    main()
