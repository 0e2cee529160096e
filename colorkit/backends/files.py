"""What networks in files share: they are read whole, and see pictures of any size."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np

from colorkit.backends.base import Array
from colorkit.errors import BackendError
from colorkit.resize import fit, resample

Maps = dict[str, Array]
"""By name: ``lightness`` and what else goes in, ``logits`` and what else comes out."""

Room = tuple[int, int] | None
"""Height and width that a network is bound to, or None for one of any size."""

MAX_BYTES = 2**30


def read(path: str | os.PathLike[str]) -> bytes:
    """Read the file of a network.

    Raises
    ------
    BackendError
        When it cannot be read, or has more than `MAX_BYTES`.
    """
    try:
        size = os.stat(path).st_size
        if size > MAX_BYTES:
            raise BackendError(
                f"{os.fspath(path)!r} has {size} bytes; networks of at most {MAX_BYTES} are loaded"
            )
        return Path(path).read_bytes()
    except OSError as error:
        raise BackendError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error


def answers(run: Callable[[Maps], Maps], inputs: Maps, room: Room) -> Maps:
    """Ask a network; one that is bound to a size sees one whole picture after another.

    Parameters
    ----------
    run : callable
        The network, from maps to maps.
    inputs : dict
        Maps ``(N, h, w, c)``.
    room : tuple of int or None
        Into this a picture is shrunk to fit, never squashed.

    Returns
    -------
    dict
        Maps at any integer fraction of the inputs' size.
    """
    if room is None:
        return run(inputs)
    pictures = range(len(inputs["lightness"]))
    each = [_fitted(run, {k: v[i] for k, v in inputs.items()}, room) for i in pictures]
    return {name: np.stack([maps[name] for maps in each]) for name in each[0]}


def _fitted(run: Callable[[Maps], Maps], inputs: Maps, room: tuple[int, int]) -> Maps:
    height, width, _ = inputs["lightness"].shape
    fitted = {name: fit(values, room) for name, values in inputs.items()}
    _, network = fitted["lightness"]
    maps = {}
    for name, [values] in run({name: small[None] for name, (small, _) in fitted.items()}).items():
        factor = room[0] // values.shape[0]
        seen = values[: -(-network[0] // factor), : -(-network[1] // factor)]
        maps[name] = resample(seen, (height // factor, width // factor))
    return maps
