"""``colorkit colorize``: picture files in, coloured picture files out."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, redirect_stderr
from pathlib import Path
from typing import Any, TextIO

import click

from colorkit import files
from colorkit.atomic import write_atomically
from colorkit.batch import Batch, Outcome, plan
from colorkit.cli import say, say_error
from colorkit.colorizer import MAX_SIZE, Colorizer
from colorkit.errors import FileError
from colorkit.hints import load_hints

EXAMPLE = "colorkit-example.jpg"

EPILOG = """\b
Examples:
  colorkit colorize old.jpg                      old-color.jpg stands beside it
  colorkit colorize old.jpg -o new.png           a name and format of your own
  colorkit colorize scans -o coloured --recursive
  colorkit colorize old.jpg --variants 4         four different guesses
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
    help="File for one picture, or folder; by default name-color.ext beside each.",
)
@click.option("--recursive", is_flag=True, help="Look into folders of folders; the tree is kept.")
@click.option("--backend", metavar="NAME", help="See 'colorkit backends', or a .tflite file.")
@click.option(
    "--temperature",
    type=click.FloatRange(0, min_open=True),
    metavar="T",
    help="1 is calm, towards 0 vivid with spots.  [default: 0.38]",
)
@click.option(
    "--saturation",
    type=click.FloatRange(0, 10),
    default=1.0,
    metavar="S",
    show_default=True,
    help="Factor on chroma; 0 is gray.",
)
@click.option(
    "--caution",
    type=click.FloatRange(0, 1),
    metavar="C",
    help="Fade colour where it is a bet: 0 vivid to 1 safe.",
)
@click.option(
    "--size",
    type=click.IntRange(1, MAX_SIZE),
    metavar="PIXELS",
    help="Short side of what the network sees.",
)
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
    help="jpeg, png, tiff, webp or bmp; by default the picture's own.",
)
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
    example: bool,
    **options: Any,
) -> None:
    """Colour black-and-white pictures: files, folders or patterns."""
    given = [] if hints is None else load_hints(hints)
    batch = Batch(Colorizer(**options), overwrite, max_pixels, given)
    if example:
        inputs = (*inputs, _write_example())
    if not inputs:
        raise click.UsageError("Name pictures to colour, or try --example.")
    jobs = plan(
        inputs,
        output,
        recursive=recursive,
        format=format,
        variants=variants or 0,
        compare=compare,
    )
    if hints and (variants or len(jobs) > 1):
        raise click.UsageError("--hints is for one colouring of one picture.")
    failed = False
    with nullcontext() if ctx.obj else _silent_libraries():
        for outcome in _progress(batch.run(jobs), len(jobs)):
            _report(outcome, debug=ctx.obj)
            failed |= outcome.error is not None
    ctx.exit(1 if failed else 0)


@contextmanager
def _silent_libraries() -> Iterator[None]:
    """Keep what C libraries say of themselves and of files off the terminal."""
    sys.stderr.flush()
    with open(os.dup(2), "w", encoding=sys.stderr.encoding) as ours:
        try:
            with open(os.devnull, "w") as nowhere, redirect_stderr(_beside(ours)):
                os.dup2(nowhere.fileno(), 2)
                yield
        finally:
            os.dup2(ours.fileno(), 2)


def _beside(ours: TextIO) -> TextIO:
    """Where Python is to write meanwhile: as before, unless that is the stream of C."""
    try:
        return ours if sys.stderr.fileno() == 2 else sys.stderr
    except (OSError, ValueError):
        return sys.stderr


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


def _report(outcome: Outcome, *, debug: bool) -> None:
    source = _shown(outcome.job.source)
    if outcome.error is not None:
        about = "" if isinstance(outcome.error, FileError) else f"{source}: "
        say_error(outcome.error, about=about, debug=debug)
    elif outcome.skipped:
        say(f"{source}: done before, skipped; --overwrite does it again")
    else:
        if outcome.replaced_colour:
            say(f"{source}: had colours, which are replaced")
        click.echo(f"{source} -> {', '.join(map(_shown, outcome.written))}")


def _shown(path: Path) -> str:
    """The name, quoted where it would break a line or a terminal."""
    name = str(path)
    return name if name.isprintable() else repr(name)
