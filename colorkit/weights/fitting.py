"""Whether tensors are those of a network: names, shapes and count."""

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from colorkit.errors import WeightsError

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]

SHOWN = 5
"""Differences that a message names before it counts the rest."""


def check_fit(
    tensors: Mapping[str, NDArray[Any]],
    required: Shapes,
    verdict: str,
    optional: Shapes | None = None,
) -> None:
    """Refuse tensors unless they are all that is required, and nothing that is not known.

    Parameters
    ----------
    tensors : mapping
        Names to arrays.
    required, optional : mapping
        Names to shapes.
    verdict : str
        The beginning of the message.

    Raises
    ------
    WeightsError
        With the first differences.
    """
    found = list(_differences(tensors, required, optional or {}))
    if found:
        more = len(found) - SHOWN
        raise WeightsError(
            f"{verdict}: {'; '.join(found[:SHOWN])}{f'; and {more} more' if more > 0 else ''}"
        )


def _differences(
    tensors: Mapping[str, NDArray[Any]], required: Shapes, optional: Shapes
) -> Iterator[str]:
    known = {**required, **optional}
    for name, shape in known.items():
        if name in tensors and tensors[name].shape != shape:
            yield f"{name!r} has shape {tensors[name].shape}, not {shape}"
        elif name in required and name not in tensors:
            yield f"{name!r} is missing"
    yield from (f"{name!r} is unknown" for name in tensors if name not in known)
