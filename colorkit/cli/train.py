"""``colorkit train``: weights for a network, from photographs."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from colorkit.cli import say
from colorkit.errors import FileError, OptionError
from colorkit.photos import photos as find
from colorkit.training.recipe import RECIPE, Head, Precision, Recipe

if TYPE_CHECKING:
    from colorkit.training.loop import Report

EPILOG = """\b
Examples:
  colorkit train lite holidays/ -o run --minutes 30                  what lite knows, and yours
  colorkit train lite shards/*.tar -o run --weights imagenet --steps 20000
  colorkit train lite holidays/ -o run --resume                      go on after a stop"""


class Sides(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has no argument there
    """Whole numbers, as in 160,192."""

    name = "PIXELS,..."

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Read them."""
        if isinstance(value, tuple):
            return value
        if not all(side.isdecimal() for side in value.split(",")):
            self.fail(f"{value!r} is not a list of sides in pixels, as in 160,192", param, ctx)
        return tuple(map(int, value.split(",")))


@click.command(epilog=EPILOG)
@click.argument("network")
@click.argument("photos", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="RUN_DIR",
    help="Folder for weights, checkpoint, recipe and log.",
)
@click.option("--resume", is_flag=True, help="Go on where the run in RUN_DIR stopped.")
@click.option(
    "--validate", multiple=True, metavar="PATH", help="Photographs to score on: not for learning."
)
@click.option(
    "--clips",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Film in colour, for networks that learn motion.",
)
@click.option("--every", type=int, default=1000, show_default=True, help="Steps between scores.")
@click.option("--weights", metavar="START", help="A .safetensors file, a name, imagenet or none.")
@click.option("--steps", type=int, help="Batches to learn from.")
@click.option("--minutes", type=float, help="How long, in place of --steps.")
@click.option("--width", type=float, help="Share of the channels, for networks that take one.")
@click.option("--head", type=click.Choice(get_args(Head)), help="regression is a baseline: gray.")
@click.option("--batch", type=int, help="Crops in a step.")
@click.option("--crop", "crops", type=Sides(), help="Sides of the crops, one after the other.")
@click.option("--learning-rate", type=float, help="At its highest.")
@click.option("--freeze", metavar="LAYER", help="Keep the network up to there, as in block4.")
@click.option(
    "--variants", type=int, help="Crops of a photograph, if frozen layers are to be quick."
)
@click.option("--encoder", metavar="LAYER", help="Go gently up to there.")
@click.option("--encoder-rate", type=float, help="Share of the learning rate that it takes.")
@click.option("--rebalance", type=float, help="Lambda: 0 favours rare colours, 1 none.")
@click.option("--regress", type=float, help="Share of the distance between colours in the loss.")
@click.option("--film/--no-film", default=None, help="Faults of old film.")
@click.option("--ema", "average", type=float, help="Momentum of the average of the weights.")
@click.option("--precision", type=click.Choice(get_args(Precision)), help="Of the layers.")
@click.option("--per-source", type=int, help="Photographs of a source in an epoch, at most.")
@click.option("--seed", type=int, help="Of all that is drawn.")
def train(
    network: str,
    photos: tuple[str, ...],
    output: Path,
    resume: bool,
    validate: tuple[str, ...],
    clips: tuple[Path, ...],
    every: int,
    **options: Any,
) -> None:
    """Train a network on photographs: pictures, folders, patterns or tar files."""
    given = {name: value for name, value in options.items() if value is not None}
    recipe = _recipe(network, output, resume, given)
    damaged: list[FileError] = []
    found = find(photos, damaged=damaged)
    for error in damaged:
        say(str(error))
    if not found:
        raise FileError(f"no photographs in {', '.join(map(repr, photos))}")
    # Threads of OpenMP spin while they wait: beside another process, half of the speed is lost.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from colorkit.training.loop import Run

    run = Run(output, found, recipe, clips)
    say(f"{len(found):,} photographs, {run.crops.epoch:,} in an epoch")
    watched = find(validate)
    path = run.train(_Progress(), watched=watched, save_every=every)
    click.echo(f"{path}: step {run.step:,}")


def _recipe(network: str, output: Path, resume: bool, given: dict[str, Any]) -> Recipe:
    if resume:
        if given:
            raise OptionError(
                f"a run is taken up with its own recipe; leave out {', '.join(sorted(given))}"
            )
        return Recipe.read(output / RECIPE)
    if (output / RECIPE).exists():
        raise OptionError(f"{str(output)!r} holds a run; --resume takes it up")
    if given.get("weights") == "none":
        given["weights"] = None
    if not {"steps", "minutes"} & given.keys():
        given["minutes"] = 60.0
    return Recipe(network=network, **given)


class _Progress:
    """A line a report."""

    def __call__(self, report: "Report") -> None:
        means = {"loss": report.loss, **report.terms}
        terms = "  ".join(f"{name} {mean:.4f}" for name, mean in means.items())
        left = report.minutes * (1 / max(report.progress, 1e-6) - 1)
        click.echo(
            f"{time.strftime('%H:%M:%S')}  step {report.step:>7,}  {report.progress:4.0%}  "
            f"{report.side} px  {terms}  {report.crops_per_second:.1f} crops/s  "
            f"{left:.0f} min left",
            err=True,
        )
