import dask.array as da
import numpy as np
import pytest
from colorkit_dask import colorize_array

from colorkit import Colorizer, ImageError


def warm(lightness):
    return np.broadcast_to(np.float32([10, 30]), (*lightness.shape[:3], 2))


@pytest.mark.parametrize("shape", [(5, 9, 11), (5, 9, 11, 1), (5, 9, 11, 2), (5, 9, 11, 4)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "bool"])
def test_a_stack_is_coloured_picture_by_picture(shape, dtype):
    """Chunk by chunk come the same colours, shape and dtype as picture by picture."""
    colorizer = Colorizer(warm)
    stack = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    scale = {"uint8": 255, "uint16": 65535}.get(dtype, 1)
    stack = (stack * scale).astype(dtype)

    lazy = colorize_array(da.from_array(stack, chunks=(2, 4, *shape[2:])), colorizer)

    result = lazy.compute()
    expected = np.stack([colorizer.colorize(picture) for picture in stack])
    assert (lazy.shape, lazy.dtype) == (expected.shape, expected.dtype)
    assert (result.shape, result.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_array_equal(result, expected)


def test_chunks_along_the_stack_stay():
    """How many pictures are in memory at once is said by the chunks of the first axis."""
    lazy = colorize_array(da.zeros((7, 8, 8), chunks=(3, 4, 4), dtype=np.uint8), Colorizer(warm))

    assert lazy.chunks == ((3, 3, 1), (8,), (8,), (3,))


def test_one_picture_is_no_stack():
    """A single picture is refused: it belongs to `colorkit.colorize`."""
    with pytest.raises(ImageError, match=r"\(N, H, W\) or \(N, H, W, C\); received shape \(8, 8\)"):
        colorize_array(da.zeros((8, 8), dtype=np.uint8))


def test_a_cluster_colours_a_stack(client):
    """With a client, the chunks are coloured by its workers."""
    stack = np.linspace(0, 255, 4 * 16 * 24).reshape(4, 16, 24).astype(np.uint8)

    result = colorize_array(da.from_array(stack, chunks=(1, 16, 24))).compute(scheduler=client)

    np.testing.assert_array_equal(result, [Colorizer().colorize(picture) for picture in stack])
