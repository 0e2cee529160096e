"""``colorkit dask``: an archive in, the archive in colour out."""

import sys
from contextlib import nullcontext

import click

from colorkit import Colorizer
from colorkit_dask.archive import colorize_files
from colorkit_dask.pictures import Picture

EPILOG = """\b
Examples:
  colorkit dask scans -o colour
  colorkit dask /archive/scans -o /archive/colour --scheduler tcp://head:8786
  colorkit dask 's3://archive/19*/*.tif' -o s3://archive/colour --scheduler tls://head:8786

The same command again carries on where it was stopped and tries what failed once more. Exit
status: 0 all done, 1 some failed and the rest is done, 2 wrong usage, 130 interrupted."""


@click.command(epilog=EPILOG)
@click.argument("inputs", nargs=-1, required=True, metavar="IN...")
@click.option("-o", "--output", required=True, metavar="OUT", help="Folder or URL; trees are kept.")
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Of a dask cluster whose workers have colorkit-dask; by default all cores here.",
)
@click.option("--backend", metavar="NAME", help="See 'colorkit backends'.")
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
@click.option("--overwrite", is_flag=True, help="Write over results that are there.")
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=1,
    metavar="N",
    show_default=True,
    help="Try what fails again that often.",
)
@click.pass_context
def dask(
    ctx: click.Context,
    inputs: tuple[str, ...],
    output: str,
    scheduler: str | None,
    backend: str | None,
    saturation: float,
    caution: float | None,
    overwrite: bool,
    retries: int,
) -> None:
    """Colour pictures, folders and patterns, here or on a dask cluster.

    Paths are those of the workers; URLs are any that fsspec knows: s3, gs, abfs, sftp ...
    """
    from distributed import Client
    from tqdm import tqdm

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
            colorizer=Colorizer(backend, saturation=saturation, caution=caution),
            overwrite=overwrite,
            retries=retries,
            progress=show,
        )
    click.echo(
        f"{report.written} coloured, {report.skipped} done before, {len(report.failures)} failed"
    )
    ctx.exit(1 if report.failures else 0)
