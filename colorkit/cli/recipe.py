"""The options of a recipe, for every command that colours."""

from typing import Any

import click

from colorkit.colorizer import MAX_SIZE

_OPTIONS = (
    click.option(
        "--backend",
        metavar="NAME",
        help="See 'colorkit backends'; or a .tflite file, or the weights of a training run.",
    ),
    click.option(
        "--temperature",
        type=click.FloatRange(0, min_open=True),
        metavar="T",
        help="1 is calm, towards 0 vivid with spots.  [default: 0.38]",
    ),
    click.option(
        "--saturation",
        type=click.FloatRange(0, 10),
        default=1.0,
        metavar="S",
        show_default=True,
        help="Factor on chroma; 0 is gray.",
    ),
    click.option(
        "--caution",
        type=click.FloatRange(0, 1),
        metavar="C",
        help="Fade colour where it is a bet: 0 vivid to 1 safe.",
    ),
    click.option(
        "--size",
        type=click.IntRange(1, MAX_SIZE),
        metavar="PIXELS",
        help="Short side of what the network sees.",
    ),
)


def recipe_options(command: Any) -> Any:
    """Give a click command the options of a recipe: those that `colorkit colorize` has.

    Parameters
    ----------
    command : callable
        A function that gets ``backend``, ``temperature``, ``saturation``, ``caution`` and ``size``,
        which are keywords of `Colorizer`; decorated before `click.command`.

    Returns
    -------
    callable
        The same, with ``--backend``, ``--temperature``, ``--saturation``, ``--caution`` and
        ``--size``, in this order.
    """
    for option in reversed(_OPTIONS):
        command = option(command)
    return command
