"""The colours that the classification networks choose from."""

import numpy as np
from numpy.typing import NDArray


def square_bins() -> NDArray[np.float32]:
    """The centres of 20 x 20 squares over the ab plane.

    Returns
    -------
    ndarray
        ``(400, 2)`` float32, a and b in Lab units from -95 to 95, a ascending and b ascending
        inside it.
    """
    axis = np.arange(-95, 96, 10, dtype=np.float32)
    return np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
