"""``colorkit evaluate``: scores on photographs whose colours are known."""

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click

from colorkit import __version__, files
from colorkit.atomic import write_atomically
from colorkit.cli.table import table
from colorkit.colorizer import MAX_SIZE, Colorizer
from colorkit.evaluation import contact_sheet
from colorkit.evaluation import evaluate as score
from colorkit.photos import photos
from colorkit.training.degrade import NAMED

ON_THE_SHEET = 40

EPILOG = """\b
Examples:
  colorkit evaluate photos/ --json scores.json
  colorkit evaluate val.tar --backend lite --backend eccv16
  colorkit evaluate val.tar --quick --degrade grain --degrade faded
  colorkit evaluate val.tar --half even --quick --caution 0 --caution 0.5 --saturation 1.2
  colorkit evaluate val.tar --sheet sheet.jpg
  colorkit evaluate clip.mp4 --video

Each combination of the options is scored, beside gray, the colours of other photographs, and the
true ones; then how much it differs from the first. What the scores mean: docs/evaluation.md."""


@click.command(epilog=EPILOG)
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option(
    "--backend",
    "backends",
    multiple=True,
    metavar="NAME",
    default=["lite"],
    show_default=True,
    help="See 'colorkit backends', a .tflite file, or weights in the folder of a training run. May "
    "be repeated, as the next five.",
)
@click.option("--temperature", multiple=True, type=click.FloatRange(0, min_open=True), metavar="T")
@click.option("--saturation", multiple=True, type=click.FloatRange(0, 10), metavar="S")
@click.option("--caution", multiple=True, type=click.FloatRange(0, 1), metavar="C")
@click.option("--size", multiple=True, type=click.IntRange(1, MAX_SIZE), metavar="PIXELS")
@click.option(
    "--degrade",
    "faults",
    multiple=True,
    type=click.Choice([*NAMED]),
    help="Score pictures with this fault of old film, too.",
)
@click.option(
    "--half",
    type=click.Choice(["even", "odd"]),
    help="Only every other photograph, counted from 0: choose options on one half, report the "
    "other.",
)
@click.option("--video", is_flag=True, help="PATHs are films: how steady their colours are, too.")
@click.option("--quick", is_flag=True, help="Leave out stability and calibration.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE")
@click.option(
    "--sheet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"A picture of at most {ON_THE_SHEET} of the photographs: before, coloured, true.",
)
def evaluate(
    paths: tuple[str, ...],
    backends: tuple[str, ...],
    faults: tuple[str, ...],
    half: str | None,
    video: bool,
    quick: bool,
    json_file: Path | None,
    sheet: Path | None,
    **options: Sequence[float],
) -> None:
    """Score colours on photographs in colour: pictures, folders, patterns or tar files."""
    if video:
        if faults or half or quick or sheet:
            raise click.UsageError("--degrade, --half, --quick and --sheet are for photographs.")
        _score_films(paths, _recipes(backends, options), json_file)
        return
    found = photos(paths)[slice(half == "odd", None, 2 if half else 1)]
    recipes = _recipes(backends, options)
    if sheet:
        shown = found[:: -(-len(found) // ON_THE_SHEET)]
        files.write(sheet, contact_sheet(shown, list(recipes.values())), overwrite=True)
        click.echo(f"{sheet}: gray, {', '.join(recipes)}, truth")
    degrade = {name: NAMED[name] for name in faults}
    progress = partial(_progress, total=len(found))
    report = score(found, recipes, degrade=degrade, quick=quick, progress=progress)
    click.echo(report.table())
    if len(recipes) + len(faults) > 1:
        click.echo(f"\n{report.differences(next(iter(recipes)))}")
    if json_file:
        write_atomically(json_file, report.to_json().encode())


def _score_films(
    paths: Sequence[str], recipes: dict[str, Colorizer], json_file: Path | None
) -> None:
    from colorkit.video.evaluate import TITLES, evaluate_film

    films = {path: evaluate_film(path, recipes) for path in paths}
    for path, found in films.items():
        rows = [
            [title, *(f"{scores[score]:.3f}" for scores in found.values())]
            for score, title in TITLES.items()
        ]
        click.echo(table([path, *found], rows))
    if json_file:
        content = {"colorkit": __version__, "films": films}
        write_atomically(json_file, (json.dumps(content, indent=2) + "\n").encode())


def _recipes(backends: Sequence[str], options: dict[str, Sequence[float]]) -> dict[str, Colorizer]:
    """A recipe for each combination, by a name that says what was chosen."""
    given = {name: values for name, values in options.items() if values}
    recipes = {}
    for backend in backends:
        for values in product(*given.values()):
            chosen: dict[str, Any] = dict(zip(given, values, strict=True))
            name = " ".join([backend, *(f"{key}={value:g}" for key, value in chosen.items())])
            recipes[name] = Colorizer(backend, **chosen)
    return recipes


def _progress(done: Iterator[Any], total: int) -> Iterable[Any]:
    """Draw a bar where a person watches."""
    from tqdm import tqdm

    return tqdm(done, total=total, unit="photo", disable=None)
