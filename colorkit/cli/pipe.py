"""``-`` for standard input and standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from colorkit.cli import aliases

PIPE = Path("-")


@contextmanager
def piped(
    inputs: tuple[Path, ...], output: Path | None
) -> Iterator[tuple[tuple[Path, ...], Path | None]]:
    """Inputs and output with files in the place of pipes.

    Standard input is in its file from the beginning. What is in the folder that stands for standard
    output goes there when the block ends well.
    """
    if PIPE not in inputs and output != PIPE:
        yield inputs, output
        return
    from tempfile import TemporaryDirectory  # slow to import, and rarely needed

    output = output or PIPE
    if output == PIPE and sys.stdout.isatty():
        raise click.UsageError("Standard output is a terminal: send it to a file or a program.")
    with TemporaryDirectory(prefix="colorkit-") as folder:
        spooled, place = Path(folder, "standard-input"), Path(folder, "standard-output")
        aliases[str(spooled)] = "standard input"
        place.mkdir()
        if PIPE in inputs:
            with spooled.open("wb") as file:
                _copy(sys.stdin.buffer, file)
        yield (
            tuple(spooled if source == PIPE else source for source in inputs),
            place if output == PIPE else output,
        )
        for result in place.iterdir():
            with result.open("rb") as file:
                _copy(file, sys.stdout.buffer)


def _copy(source: BinaryIO, target: BinaryIO) -> None:
    while part := source.read(2**20):
        target.write(part)
    target.flush()
