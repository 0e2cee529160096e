"""Archives of photographs, and film, in colour, on as many machines as dask has."""

from collections.abc import Callable

import colorkit
from colorkit_dask.archive import Report, colorize_files
from colorkit_dask.arrays import colorize_array
from colorkit_dask.film import colorize_video
from colorkit_dask.pictures import Picture

__all__ = ["Picture", "Report", "colorize_array", "colorize_files", "colorize_video"]


@colorkit.hookimpl
def register_commands(register: Callable[[colorkit.CommandSpec], None]) -> None:
    """Register ``colorkit dask``."""
    register(
        colorkit.CommandSpec(
            "dask",
            "colorkit_dask.command:dask",
            summary="Colour an archive on many machines",
            requires=("distributed",),
        )
    )
