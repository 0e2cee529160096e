"""``colorkit export``: a network as one TFLite file."""

from pathlib import Path
from typing import Any, get_args

import click

from colorkit.backends.metadata import Output
from colorkit.errors import ExportError
from colorkit.export import Deviation, Precision, export_tflite

EPILOG = """\b
Examples:
  colorkit export lite lite.tflite --precision int8-weights    the file that colorkit ships
  colorkit export lite phone.tflite --size 256x384 --output ab"""


class Size(click.ParamType):  # type: ignore[type-arg]  # click 8.1 has no argument there
    """Height and width, as in 256x384."""

    name = "HxW"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Read two whole numbers."""
        height, _, width = str(value).partition("x")
        if not (height.isdecimal() and width.isdecimal()):
            self.fail(f"{value!r} is not a height and a width, as in 256x384", param, ctx)
        return int(height), int(width)


@click.command(epilog=EPILOG)
@click.argument("network")
@click.argument("path", metavar="OUT.tflite", type=click.Path(path_type=Path))
@click.option(
    "--precision",
    type=click.Choice(get_args(Precision)),
    default="float32",
    show_default=True,
    help="Of the stored weights.",
)
@click.option("--size", type=Size(), help="Bind the file to one size.  [default: any size]")
@click.option(
    "--output",
    type=click.Choice(get_args(Output)),
    default="logits",
    show_default=True,
    help="Logits on the 313 ab bins, or ab itself.",
)
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
def export(network: str, path: Path, overwrite: bool, **options: Any) -> None:
    """Write a network as one TFLite file, and check it against Keras."""
    if path.exists() and not overwrite:
        raise ExportError(f"{str(path)!r} is there already; --overwrite replaces it")
    report = export_tflite(path, network, **options)
    used = ", ".join(f"{name} {count}" for name, count in report.operators.items())
    click.echo(f"{path}: {report.bytes:,} bytes")
    click.echo(f"operators: {used}")
    click.echo(f"deviation from Keras: {_words(report.deviation)}")


def _words(deviation: Deviation) -> str:
    parts = [f"|delta ab| mean {deviation.mean_ab:.2g}, max {deviation.max_ab:.2g}"]
    if deviation.mean_logits is not None:
        parts += [
            f"|delta logits| mean {deviation.mean_logits:.2g}, max {deviation.max_logits:.2g}"
        ]
    return "; ".join(parts)
