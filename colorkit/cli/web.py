"""``colorkit web``: a page that colours photographs in the browser."""

from pathlib import Path

import click

from colorkit.web import write_page

EPILOG = """\b
Examples:
  colorkit web site                        the page, with the embedded network
  colorkit web site --model page.tflite    with a file of `colorkit export`
  python -m http.server -d site            look at it, at http://localhost:8000"""


@click.command(epilog=EPILOG)
@click.argument("folder", metavar="OUT", type=click.Path(path_type=Path))
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    help="A .tflite file of fixed sizes that gives logits.  [default: the embedded network]",
)
def web(folder: Path, model: Path | None) -> None:
    """Write a page that colours photographs in the browser, into the folder OUT.

    Any web server will do; no picture is sent to it. npm fetches LiteRT.js, which runs the
    network there.
    """
    write_page(folder, model)
    click.echo(f"{folder}: put it on any web server, or run: python -m http.server -d {folder}")
