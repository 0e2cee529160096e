"""The layer that tells where two frames disagree on a colour."""

from typing import Any

import keras
from keras import ops

Tensor = Any  # of the backend of Keras
Shape = tuple[int | None, ...]

PLAIN = 2.0
"""Lab units between two colours that flicker when they take turns."""


class Doubt(keras.layers.Layer):  # type: ignore[misc]  # Keras carries no types
    """Whether colours ``(N, h, w, 2)`` in Lab units differ: 0 where alike, 1 from `PLAIN` on.

    Called with both; the larger of their distances in a and in b counts.
    """

    def call(self, one: Tensor, other: Tensor) -> Tensor:
        """Compare: ``(N, h, w, 1)``."""
        apart = ops.max(ops.abs(one - other), axis=-1, keepdims=True)
        return ops.minimum(apart / PLAIN, 1)

    def compute_output_shape(self, one_shape: Shape, other_shape: Shape) -> Shape:
        """One channel."""
        return (*one_shape[:-1], 1)
