"""``colorkit plugins``: who brings what, and what is broken."""

import json
from typing import Any

import click

from colorkit import registry
from colorkit.cli.table import table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def plugins(as_json: bool) -> None:
    """List the plugins: what each brings, or why it is broken."""
    rows = registry.list_plugins()
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    lines = [(row["distribution"], row["version"] or "", _brings(row)) for row in rows]
    click.echo(table(("DISTRIBUTION", "VERSION", "BRINGS"), lines))


def _brings(row: dict[str, Any]) -> str:
    if row["error"]:
        return f"broken: {row['error']}"
    kinds = (kind for kind in ("backends", "networks", "weights", "commands") if row[kind])
    return "; ".join(f"{kind} {', '.join(row[kind])}" for kind in kinds)
