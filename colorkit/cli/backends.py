"""``colorkit backends``: what there is to colour with."""

import json
from typing import Any

import click

from colorkit import registry
from colorkit.cli.table import table
from colorkit.registry import BackendSpec


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def backends(as_json: bool) -> None:
    """List the backends: names, what they are, and what they still need."""
    specs = dict(sorted(registry.backends().items()))
    if as_json:
        click.echo(json.dumps([_row(name, spec) for name, spec in specs.items()], indent=2))
        return
    lines = [
        (name, ", ".join(spec.aliases), spec.remedy if spec.missing else "ready", spec.summary)
        for name, spec in specs.items()
    ]
    click.echo(table(("NAME", "ALIASES", "STATE", "SUMMARY"), lines))


def _row(name: str, spec: BackendSpec) -> dict[str, Any]:
    return {
        "name": name,
        "aliases": list(spec.aliases),
        "summary": spec.summary,
        "license": spec.license,
        "missing": list(spec.missing),
        "remedy": spec.remedy if spec.missing else None,
    }
