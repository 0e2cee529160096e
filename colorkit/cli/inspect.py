"""``colorkit inspect``: whether a model made a picture's colours, and which."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from colorkit import files
from colorkit.backends.metadata import read_metadata
from colorkit.cli import say_error, shown
from colorkit.errors import ColorkitError, FileError
from colorkit.provenance import from_xmp, source_type

EPILOG = """\b
Examples:
  colorkit inspect old-color.jpg      which model made its colours, and how it was asked
  colorkit inspect network.tflite     what network it is

A picture without a note may have been coloured all the same: a note is easily lost. Exit
status: 0 all were read, 1 some were not, 2 wrong usage."""


@click.command(epilog=EPILOG)
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@click.pass_context
def inspect(ctx: click.Context, paths: tuple[Path, ...], as_json: bool) -> None:
    """Tell whether a model made a picture's colours, which one, and with which options."""
    found = []
    for path in paths:
        try:
            found.append({"file": str(path), **_said_by(path)})
        except ColorkitError as error:
            found.append({"file": str(path), "error": str(error)})
            about = "" if repr(str(path)) in str(error) else f"{shown(path)}: "
            say_error(error, about=about, debug=ctx.obj)
            continue
        if not as_json:
            click.echo(f"{shown(path)}: {_in_words(found[-1])}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
    ctx.exit(1 if any("error" in one for one in found) else 0)


def _said_by(path: Path) -> dict[str, Any]:
    """What a file says of itself, as plain data."""
    if path.suffix.lower() == ".tflite":
        return {"network": _network(path)}
    packet = files.read_xmp(path)
    if not packet:
        return {"note": None, "source_type": None}
    note = from_xmp(packet)
    said = {k: v for k, v in asdict(note).items() if v is not None} if note else None
    return {"note": said, "source_type": source_type(packet)}


def _network(path: Path) -> dict[str, Any]:
    try:
        model = path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {str(path)!r}: {error.strerror}") from error
    metadata = asdict(read_metadata(model, path))
    return {**metadata, "sha256": hashlib.sha256(model).hexdigest()}


def _in_words(found: dict[str, Any]) -> str:
    if "network" in found:
        network = found["network"]
        return f"a network: {_listed({**network, 'bins': _extent(network['bins'])})}"
    if found["note"]:
        return f"coloured by a model: {_listed(found['note'])}"
    if found["source_type"]:
        return f"no note; its IPTC source type is {shown(found['source_type'])}"
    return "no note"


def _extent(bins: Sequence[tuple[float, float]]) -> str:
    if not bins:
        return "none"
    reach = (f"{min(side):g} to {max(side):g}" for side in zip(*bins, strict=True))
    return "{} with a {} and b {}".format(len(bins), *reach)


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())
