"""Whether colours stay when the picture changes in ways that do not matter."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.colorizer import DEFAULT_BACKEND, MAX_SIZE, Colorizer

Array = NDArray[np.float32]

CROPPED = 0.05
"""What is cut off at each side, as a share of it."""

SCALES = (0.75, 1.5)
"""Times the usual size of what the network sees."""


def instability(
    image: NDArray[Any], ab: Array, colorizer: Colorizer, rescaled: Sequence[Colorizer]
) -> float:
    """Mean distance in ab, Lab units, between the colours of a picture and of four like it.

    These are its mirror image, what is left when 5 % are cut off at every side, and the same
    picture where the network sees it at 0.75 and at 1.5 times the usual size.

    Parameters
    ----------
    image : ndarray
        ``(H, W)`` or ``(H, W, 3)``, what was coloured.
    ab : ndarray
        ``(H, W, 2)``, the colours that it got.
    colorizer : Colorizer
        The recipe that they are from.
    rescaled : sequence of Colorizer
        Of `at_other_scales`.
    """

    def pairs() -> Iterator[tuple[Array, Array]]:
        yield ab, colorizer.ab(image[:, ::-1])[:, ::-1]
        inner = tuple(slice(round(n * CROPPED), n - round(n * CROPPED)) for n in ab.shape[:2])
        yield ab[inner], colorizer.ab(image[inner])
        yield from ((ab, other.ab(image)) for other in rescaled)

    return float(np.mean([np.linalg.norm(one - other, axis=-1).mean() for one, other in pairs()]))


def at_other_scales(colorizer: Colorizer) -> list[Colorizer]:
    """The same recipe, its network seeing more and less; all share one backend."""
    wanted = DEFAULT_BACKEND if colorizer.backend is None else colorizer.backend
    _, backend = registry.get_backend(wanted, threads=colorizer.threads)
    sizes = [round(scale * (colorizer.size or backend.size)) for scale in SCALES]
    return [replace(colorizer, backend=backend, size=min(size, MAX_SIZE)) for size in sizes]
