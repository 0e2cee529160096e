"""Layers that Keras does not have: pictures cut into tiles and joined, a vector repeated.

They run on every backend of Keras, and in files of any size.
"""

from typing import Any

import keras
import numpy as np
from keras import ops

Tensor = Any  # of the backend of Keras
Shape = tuple[int | None, ...]

TILE = 32
"""Side of a tile in pixels."""

HALF = TILE // 2


class Tiles(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """Pictures ``(N, H, W, C)``, sides multiples of 32, to tiles ``(M, 32, 32, C)``.

    Those of one picture follow each other by rows. In training they lie side by side; else each
    overlaps the next by half, and the outer ones reach half a tile beyond the picture, which is
    reflected there: every pixel is in four tiles.
    """

    def call(self, pictures: Tensor, training: bool | None = None) -> Tensor:
        """Cut."""
        if not training:
            beyond = (HALF, HALF)
            pictures = ops.pad(pictures, [(0, 0), beyond, beyond, (0, 0)], "reflect")
        n, height, width, channels = ops.shape(pictures)
        rows = _cut(ops.reshape(pictures, (n, height, width * channels)), training)
        outer = n * ops.shape(rows)[1]
        parts = _cut(ops.reshape(rows, (outer * TILE, width, channels)), training)
        columns = ops.shape(parts)[1]
        tiles = ops.reshape(parts, (outer, TILE, columns, TILE * channels))
        return ops.reshape(ops.transpose(tiles, (0, 2, 1, 3)), (-1, TILE, TILE, channels))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """How many there are is left open."""
        return (None, TILE, TILE, input_shape[-1])


class Blended(keras.layers.Layer):  # type: ignore[misc]
    """What became of `Tiles`, ``(M, s, s, C)``, as one map ``(N, H s / 32, W s / 32, C)``.

    Called with the tiles, and with the pictures that they were cut from. Where tiles overlap,
    their shares rise and fall smoothly, and sum to 1 everywhere.
    """

    def call(self, tiles: Tensor, pictures: Tensor, training: bool | None = None) -> Tensor:
        """Join."""
        n, height, width, _ = ops.shape(pictures)
        side, channels = tiles.shape[1], tiles.shape[-1]
        rows, columns = (_count(length, training) for length in (height, width))
        tiles = ops.reshape(tiles, (n * rows, columns, side, side * channels))
        parts = ops.transpose(tiles, (0, 2, 1, 3))
        strips = _join(ops.reshape(parts, (n * rows * side, columns, side, channels)), training)
        across = width * side // TILE
        whole = _join(ops.reshape(strips, (n, rows, side, across * channels)), training)
        return ops.reshape(whole, (n, height * side // TILE, across, channels))

    def compute_output_shape(self, tiles_shape: Shape, pictures_shape: Shape) -> Shape:
        """Of the picture, with as many cells a tile as there are."""
        n, *sides, _ = pictures_shape
        side = tiles_shape[1] or TILE
        return (n, *(length and length * side // TILE for length in sides), tiles_shape[-1])


class Everywhere(keras.layers.Layer):  # type: ignore[misc]
    """Vectors ``(N, C)``, one a picture, at each place of its features ``(M, h, w, D)``.

    Called with both. ``M`` is a multiple of ``N``: the tiles of one picture follow each other.
    """

    def call(self, vectors: Tensor, features: Tensor) -> Tensor:
        """Repeat: ``(M, h, w, C)``."""
        n, channels = ops.shape(vectors)
        m, height, width, _ = ops.shape(features)
        places = m // n * height * width
        spread = ops.broadcast_to(vectors[:, None], (n, places, channels))
        return ops.reshape(spread, (m, height, width, channels))

    def compute_output_shape(self, vectors_shape: Shape, features_shape: Shape) -> Shape:
        """That of the features, with the vectors' channels."""
        return (*features_shape[:3], vectors_shape[-1])


def _count(length: Any, training: bool | None) -> Any:
    """Tiles along a side."""
    return length // TILE if training else length // HALF + 1


def _cut(x: Tensor, training: bool | None) -> Tensor:
    """``(A, L, X)`` to ``(A, tiles, 32, X)``."""
    outer, _, inner = ops.shape(x)
    if training:
        return ops.reshape(x, (outer, -1, TILE, inner))
    halves = ops.reshape(x, (outer, -1, HALF, inner))
    return ops.concatenate([halves[:, :-1], halves[:, 1:]], axis=2)


def _join(x: Tensor, training: bool | None) -> Tensor:
    """``(A, tiles, s, X)`` to ``(A, L, X)``; what lies beyond the picture is left out."""
    outer, count, side, inner = ops.shape(x)
    if training:
        return ops.reshape(x, (outer, count * side, inner))
    half = x.shape[2] // 2
    fading, rising = x[:, :-1, half:], x[:, 1:, :half]
    share = np.sin(np.pi / 2 * (np.arange(half)[:, None] + 0.5) / half) ** 2
    blend = fading + ops.convert_to_tensor(share, x.dtype) * (rising - fading)
    return ops.reshape(blend, (outer, (count - 1) * half, inner))
