"""``colorkit weights``: the files of published networks."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from colorkit import registry
from colorkit.cli import say
from colorkit.cli.table import table
from colorkit.errors import WeightsError
from colorkit.registry import WeightsSpec
from colorkit.weights import cache, catalog

EPILOG = """\b
Environment variables:
  COLORKIT_CACHE      an absolute path: where the files are kept
  COLORKIT_OFFLINE    1 forbids to fetch anything"""


@click.group(epilog=EPILOG)
def weights() -> None:
    """Fetch, add and check the weights of published networks."""


@weights.command("list")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(as_json: bool) -> None:
    """List what is known, and what of it is here."""
    specs = dict(sorted(registry.weights().items()))
    if as_json:
        click.echo(json.dumps([_row(name, spec) for name, spec in specs.items()], indent=2))
        return
    lines = [
        (name, catalog.state(name), _size(spec.bytes), spec.license, spec.summary)
        for name, spec in specs.items()
    ]
    click.echo(table(("NAME", "STATE", "SIZE", "LICENSE", "SUMMARY"), lines))


@weights.command()
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def fetch(names: tuple[str, ...]) -> None:
    """Fetch files into the cache, and print where they are."""
    for name in names:
        click.echo(catalog.fetch(name, progress=sys.stderr.isatty()))


@weights.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--as", "name", metavar="NAME", help="What it is, where its hash does not tell.")
def add(file: Path, name: str | None) -> None:
    """Copy a file that you have into the cache, and print where it is."""
    click.echo(catalog.add(file, name))


@weights.command()
@click.argument("name", required=False)
def path(name: str | None) -> None:
    """Print where a file is, or would be; without a name, the folder of all."""
    click.echo(catalog.path(name) if name else cache.folder())


@weights.command()
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.pass_context
def verify(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Check size and hash of files in the cache: those named, or all that are here."""
    failed = False
    for name in names or _here():
        try:
            click.echo(f"{name}: {catalog.verify(name)} is intact")
        except WeightsError as error:
            say(f"{name}: {error}")
            failed = True
    ctx.exit(1 if failed else 0)


@weights.command()
@click.option("--all", "everything", is_flag=True, help="Files that you added, too.")
def clean(everything: bool) -> None:
    """Delete what was fetched and what was made from it."""
    click.echo(f"{cache.folder()}: {_size(catalog.clean(everything=everything))} freed")


def _here() -> list[str]:
    return [name for name in sorted(registry.weights()) if catalog.state(name) != "absent"]


def _row(name: str, spec: WeightsSpec) -> dict[str, Any]:
    return {
        "name": name,
        "state": catalog.state(name),
        "network": spec.network,
        "format": spec.format,
        "bytes": spec.bytes,
        "sha256": spec.sha256,
        "urls": list(spec.urls),
        "license": spec.license,
        "citation": spec.citation,
        "summary": spec.summary,
    }


def _size(count: int | None) -> str:
    return "" if count is None else f"{count / 1e6:.1f} MB"
