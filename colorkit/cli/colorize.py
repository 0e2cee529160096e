"""``colorkit colorize``: picture files in, coloured picture files out."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from colorkit import files
from colorkit.atomic import write_atomically
from colorkit.batch import Batch, Outcome
from colorkit.cli import say, say_error, shown, silent_libraries
from colorkit.cli.pipe import piped
from colorkit.cli.recipe import recipe_options
from colorkit.colorizer import Colorizer
from colorkit.errors import FileError
from colorkit.hints import load_hints
from colorkit.plan import Job, plan

EXAMPLE = "colorkit-example.jpg"

EPILOG = """\b
Examples:
  colorkit colorize old.jpg                      old-color.jpg stands beside it
  colorkit colorize old.jpg -o new.png           a name and format of your own
  colorkit colorize scans -o coloured --recursive
  colorkit colorize old.jpg --variants 4         four different guesses
  colorkit colorize scans -o coloured --dry-run  what would be done, and about how long it takes
  colorkit colorize - -o - < old.jpg > new.jpg   from a pipe, to a pipe
  colorkit colorize --example                    no photograph at hand

Pictures whose result is there already are skipped. Exit status: 0 all done, 1 some failed and
the rest is done, 2 wrong usage, 130 interrupted."""


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, metavar="IN...", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    metavar="OUT",
    type=click.Path(path_type=Path),
    help="File for one picture, or folder, or -; by default name-color.ext beside each.",
)
@click.option("--recursive", is_flag=True, help="Look into folders of folders; the tree is kept.")
@recipe_options
@click.option(
    "--variants",
    type=click.IntRange(1, 1000),
    metavar="N",
    help="That many colourings of each picture.",
)
@click.option(
    "--hints",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Colours at points of the one picture, as JSON.",
)
@click.option("--compare", is_flag=True, help="Write before and after side by side as well.")
@click.option(
    "--format",
    metavar="FORMAT",
    help="jpeg, png, tiff, webp, avif or bmp; by default the picture's own.",
)
@click.option(
    "--metadata",
    type=click.Choice(files.METADATA),
    default="keep",
    show_default=True,
    help="Of the picture: safe leaves out places, owners and serial numbers.",
)
@click.option(
    "--no-provenance",
    "provenance",
    is_flag=True,
    flag_value=False,
    default=True,
    help="Leave out the note that a model made the colours.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be done; write nothing.")
@click.option("--overwrite", is_flag=True, help="Write over results that are there.")
@click.option("--threads", type=click.IntRange(1), metavar="N", help="By default all cores.")
@click.option(
    "--max-pixels",
    type=click.IntRange(1),
    default=files.MAX_PIXELS,
    metavar="N",
    show_default=True,
    help="Refuse larger pictures.",
)
@click.option("--example", is_flag=True, help=f"Write {EXAMPLE}, an old photograph, and colour it.")
@click.pass_context
def colorize(
    ctx: click.Context,
    /,
    inputs: tuple[Path, ...],
    output: Path | None,
    recursive: bool,
    format: str | None,
    variants: int | None,
    hints: Path | None,
    compare: bool,
    overwrite: bool,
    max_pixels: int,
    metadata: str,
    provenance: bool,
    dry_run: bool,
    example: bool,
    **options: Any,
) -> None:
    """Colour black-and-white pictures: files, folders, patterns, or - for standard input."""
    given = [] if hints is None else load_hints(hints)
    batch = Batch(Colorizer(**options), overwrite, max_pixels, given, metadata, provenance)
    if example:
        inputs = (*inputs, _write_example())
    if not inputs:
        raise click.UsageError("Name pictures to colour, or try --example.")
    with piped(inputs, output) as (sources, place):
        jobs = plan(
            sources,
            place,
            recursive=recursive,
            format=format,
            variants=variants or 0,
            compare=compare,
        )
        if hints and (variants or len(jobs) > 1):
            raise click.UsageError("--hints is for one colouring of one picture.")
        to_pipe = place != output
        if to_pipe and sum(len(job.targets) for job in jobs) > 1:
            raise click.UsageError("Standard output takes one picture.")
        failed = False
        with nullcontext() if ctx.obj else silent_libraries():
            outcomes = _previewed(batch, jobs) if dry_run else batch.run(jobs)
            for outcome in _progress(outcomes, len(jobs)):
                _report(outcome, to_pipe=to_pipe, debug=ctx.obj)
                failed |= outcome.error is not None
    ctx.exit(1 if failed else 0)


def _previewed(batch: Batch, jobs: Sequence[Job]) -> Iterator[Outcome]:
    from colorkit import forecast

    pixels = []
    for prospect in forecast.prospects(batch, jobs):
        pixels.append(prospect.pixels)
        yield prospect
    if any(pixels):
        suffix = jobs[0].target.suffix or ".png"
        seconds = forecast.seconds(batch, list(filter(None, pixels)), suffix)
        say(f"nothing was written; to colour them takes about {_duration(seconds)}")


def _duration(seconds: float) -> str:
    for unit, length in (("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    whole = max(1, round(seconds))
    return f"{whole} second{'s' * (whole > 1)}"


def _write_example() -> Path:
    path = Path(EXAMPLE)
    if not path.exists():
        write_atomically(path, Path(__file__).with_name("example.jpg").read_bytes())
        click.echo(f"{path}: The Tetons, 1942 (Ansel Adams, National Park Service; public domain)")
    return path


def _progress(outcomes: Iterator[Outcome], total: int) -> Iterator[Outcome]:
    """Draw a bar where a person watches and there is something to wait for."""
    if total < 2 or not sys.stderr.isatty():
        yield from outcomes
        return
    from tqdm import tqdm

    with tqdm(total=total, unit="picture") as bar:
        for outcome in outcomes:
            with tqdm.external_write_mode():
                yield outcome
            bar.update()


def _report(outcome: Outcome, *, to_pipe: bool, debug: bool) -> None:
    source = shown(outcome.job.source)
    if outcome.error is not None:
        about = "" if isinstance(outcome.error, FileError) else f"{source}: "
        say_error(outcome.error, about=about, debug=debug)
    elif outcome.skipped:
        say(f"{source}: done before, skipped; --overwrite does it again")
    else:
        for remark in outcome.remarks:
            say(f"{source}: {remark}")
        if not to_pipe:
            click.echo(f"{source} -> {', '.join(map(shown, outcome.written))}")
