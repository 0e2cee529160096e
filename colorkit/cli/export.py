"""``colorkit export``: a network as one TFLite or ONNX file."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args

import click

from colorkit.atomic import write_atomically
from colorkit.backends.metadata import Interface
from colorkit.cli.table import table
from colorkit.errors import ExportError
from colorkit.export import ExportReport, Precision, export_onnx, export_tflite
from colorkit.export.overview import overview
from colorkit.export.plan import NetworkOutput

EPILOG = """\b
Examples:
  colorkit export lite lite.tflite --precision int8-weights    the file that colorkit ships
  colorkit export lite phone.tflite --size 256x384 --output ab
  colorkit export lite page.tflite --size 256x256 --size 256x384 --size 384x256
  colorkit export lite app.tflite --size 512x768 --interface rgb
  colorkit export lite small.tflite --size 256x256 --precision int8 --calibration scans
  colorkit export lite lite.onnx"""

F = TypeVar("F", bound=Callable[..., Any])

TFLITE_ONLY = ("precision", "interface", "network_size", "calibration")


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


def _choice(name: str, choices: Any, words: str) -> Callable[[F], F]:
    """An option that takes one of a Literal's words; the first is the default."""
    known = get_args(choices)
    return click.option(name, type=click.Choice(known), help=f"{words}  [default: {known[0]}]")


@click.command(epilog=EPILOG)
@click.argument("network")
@click.argument("path", metavar="[OUT]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--weights", help="A .safetensors file, or a name of `colorkit weights`.  [default: its own]"
)
@click.option("--license", metavar="SPDX", help="Of the weights.  [default: what is known]")
@_choice("--precision", Precision, "Of weights, and in int8 and int8-dynamic of arithmetic.")
@click.option(
    "--size",
    type=Size(),
    multiple=True,
    help="Bind the file to one size; several share the weights.  [default: any size]",
)
@_choice("--output", NetworkOutput, "Logits on the ab bins, or ab itself.")
@click.option("--temperature", type=float, help="Of the ab inside.  [default: 0.38]")
@_choice("--interface", Interface, "What goes in: L*, or 8-bit pictures; these come out as RGB.")
@click.option("--network-size", type=int, help="With pictures: the short side that is looked at.")
@click.option("--calibration", multiple=True, metavar="PATH", help="Photographs for int8.")
@click.option(
    "--photos",
    multiple=True,
    metavar="PATH",
    help="Photographs, folders or tar files to compare on.  [default: one that ships]",
)
@click.option("--force", is_flag=True, help="Keep a file that is refused.")
@click.option("--overwrite", is_flag=True, help="Write over a file that is there.")
@click.option("--report", is_flag=True, help="No file: a table of all precisions and interfaces.")
def export(network: str, path: Path | None, overwrite: bool, report: bool, **options: Any) -> None:
    """Write a network as one file, OUT.tflite or OUT.onnx, and compare it with Keras.

    What was found is printed, and written beside it as OUT.json.
    """
    given = {name: value for name, value in options.items() if value not in (None, ())}
    if report:
        kept = {k: v for k, v in given.items() if k in ("weights", "calibration", "photos")}
        click.echo(overview(network, **kept))
        return
    if path is None:
        raise click.UsageError("OUT is missing; --report alone goes without")
    if path.exists() and not overwrite:
        raise ExportError(f"{str(path)!r} is there already; --overwrite replaces it")
    made = _made(path, network, given)
    write_atomically(path.with_suffix(".json"), json.dumps(made.as_dict(), indent=2).encode())
    click.echo(table(("", str(path)), list(_rows(made))))


def _made(path: Path, network: str, options: dict[str, Any]) -> ExportReport:
    if len(options.get("size", ())) == 1:
        options["size"] = options["size"][0]
    if path.suffix.lower() != ".onnx":
        return export_tflite(path, network, **options)
    if unfit := [name for name in TFLITE_ONLY if name in options]:
        raise click.UsageError(f"an ONNX file has no --{unfit[0].replace('_', '-')}")
    return export_onnx(path, network, **options)


def _rows(made: ExportReport) -> Iterator[tuple[str, str]]:
    """What was measured, in words."""
    far = made.deviation
    yield "bytes", f"{made.bytes:,}"
    yield "operators", _counted(made.operators)
    yield "photographs compared", str(far.photographs)
    yield "|delta ab|", f"mean {far.mean_ab:.2g}, max {far.max_ab:.2g}"
    yield "CIEDE2000", f"{far.ciede2000:.2g}"
    if far.auc_drop is not None:
        yield "rebalanced AuC lost", f"{far.auc_drop:.2f} points"
    if far.mean_logits is not None:
        yield "|delta logits|", f"mean {far.mean_logits:.2g}, max {far.max_logits:.2g}"
    if far.within_two_levels is not None:
        yield "within two levels", f"{far.within_two_levels:.2%} of pixels"
        yield "lightness off by", f"{far.max_lightness:.2f} L* at most"
    if made.cost is not None:
        yield "one run", f"{made.cost.milliseconds:.0f} ms"
        if made.cost.times_float32 is not None:
            yield "times as fast as float32", f"{made.cost.times_float32:.2f}"
        if made.cost.megabytes is not None:
            yield "memory", f"{made.cost.megabytes:.0f} MB"
        yield "operators delegated", ", ".join(map(str, made.cost.partitions)) or "none"
        yield "not delegated", _counted(made.cost.rest) or "none"


def _counted(operators: Any) -> str:
    return ", ".join(f"{name} {count}" for name, count in operators.items())
