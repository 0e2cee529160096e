"""``colorkit dask``: an archive in, the archive in colour out."""

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from colorkit import Colorizer, VideoError
from colorkit.cli.recipe import recipe_options
from colorkit_dask.archive import colorize_files
from colorkit_dask.film import colorize_video, is_film
from colorkit_dask.pictures import Picture

EPILOG = """\b
Examples:
  colorkit dask scans -o colour
  colorkit dask /archive/scans -o /archive/colour --scheduler tcp://head:8786
  colorkit dask 's3://archive/19*/*.tif' -o s3://archive/colour --scheduler tls://head:8786
  colorkit dask /archive/film.mp4 -o /archive/film-color.mp4 --scheduler tcp://head:8786

The same command again carries on where it was stopped and tries what failed once more. Exit
status: 0 all done, 1 some failed and the rest is done, 2 wrong usage, 130 interrupted."""


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="OUT",
    help="Folder or URL; trees are kept. For a film, a file.",
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a dask cluster whose workers have colorkit-dask; by default all cores here.",
)
@recipe_options
@click.option("--overwrite", is_flag=True, help="Write over results that are there.")
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=1,
    metavar="N",
    show_default=True,
    help="Try what fails again that often.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(0, min_open=True),
    default=300,
    metavar="SECONDS",
    show_default=True,
    help="Wait for the first worker no longer than that.",
)
@click.pass_context
def dask(
    ctx: click.Context,
    /,
    inputs: tuple[str, ...],
    output: str,
    scheduler: str | None,
    overwrite: bool,
    retries: int,
    timeout: float,
    **recipe: Any,
) -> None:
    """Colour pictures, folders and patterns, or one film, here or on a dask cluster.

    Paths are those of the workers; URLs are any that fsspec knows: s3, gs, abfs, sftp ...
    """
    from distributed import Client
    from tqdm import tqdm

    if len(inputs) == 1 and is_film(inputs[0]):
        _colour_film(inputs[0], output, scheduler, Colorizer(**recipe), overwrite=overwrite)
        return
    with (
        nullcontext() if scheduler is None else Client(scheduler) as client,
        tqdm(unit="picture", disable=not sys.stderr.isatty()) as bar,
    ):

        def show(picture: Picture) -> None:
            if picture.error is not None:
                with tqdm.external_write_mode():
                    about = "" if picture.source in picture.error else f"{picture.source}: "
                    click.echo(f"colorkit: {about}{picture.error}", err=True)
            bar.update()

        report = colorize_files(
            inputs,
            output,
            client,
            colorizer=Colorizer(**recipe),
            overwrite=overwrite,
            retries=retries,
            timeout=timeout,
            progress=show,
        )
    click.echo(
        f"{report.written} coloured, {report.skipped} done before, {len(report.failures)} failed"
    )
    ctx.exit(1 if report.failures else 0)


def _colour_film(
    film: str, target: str, scheduler: str | None, colorizer: Colorizer, *, overwrite: bool
) -> None:
    from distributed import Client
    from tqdm import tqdm

    if Path(target).exists() and not overwrite:
        raise VideoError(f"{target!r} is there already; --overwrite replaces it")
    with (
        nullcontext() if scheduler is None else Client(scheduler) as client,
        tqdm(unit="frame", disable=not sys.stderr.isatty()) as bar,
    ):

        def show(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        report = colorize_video(film, target, client, colorizer=colorizer, progress=show)
    click.echo(f"{report.frames} frames coloured, {report.shots} shots")
