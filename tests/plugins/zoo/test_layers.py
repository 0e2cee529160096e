import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colorkit_zoo.layers import Blended, Everywhere, Tiles  # noqa: E402

RNG = np.random.default_rng(4)


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def noise(*shape):
    return RNG.uniform(-1, 1, shape).astype(np.float32)


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("size", [(32, 32), (64, 32), (32, 160), (96, 64)])
def test_a_picture_that_is_cut_and_joined_is_the_same(size, training):
    """The shares of tiles sum to 1 at every pixel, corners too: nothing fades, nothing moves."""
    pictures = noise(2, *size, 3)

    tiles = Tiles()(pictures, training=training)
    joined = number(Blended()(tiles, pictures, training=training))

    np.testing.assert_allclose(joined, pictures, atol=1e-6)


def test_tiles_lie_side_by_side_in_training():
    """Then there are as many pixels as before, each picture's rows of tiles in order."""
    pictures = noise(2, 64, 96, 1)

    tiles = number(Tiles()(pictures, training=True))

    assert tiles.shape == (12, 32, 32, 1)
    np.testing.assert_array_equal(tiles[2], pictures[0, :32, 64:])
    np.testing.assert_array_equal(tiles[9], pictures[1, 32:, :32])


def test_tiles_overlap_by_half():
    """Else each begins half a tile after the one before; the first outside, in a reflection."""
    pictures = noise(1, 64, 64, 1)

    tiles = number(Tiles()(pictures, training=False))

    assert tiles.shape == (25, 32, 32, 1)
    np.testing.assert_array_equal(tiles[6], pictures[0, :32, :32])
    np.testing.assert_array_equal(tiles[7], pictures[0, :32, 16:48])
    np.testing.assert_array_equal(tiles[0, :16, :16, 0], pictures[0, 16:0:-1, 16:0:-1, 0])


def test_a_tile_weighs_nothing_at_its_border():
    """Tiles that disagree leave no edge: from one to the next, colours change smoothly."""
    pictures = np.zeros((1, 96, 96, 1), np.float32)
    tiles = noise(49, 1, 1, 2) * np.ones((49, 32, 32, 2), np.float32)

    across = np.abs(np.diff(number(Blended()(tiles, pictures, training=False)), axis=2))

    assert across[:, :, 15::16].max() < 0.1 * across.max()


def test_maps_of_other_sizes_are_joined():
    """What a tile became may be smaller: the whole is smaller alike."""
    pictures = noise(2, 64, 96, 1)
    tiles = np.ones((2 * 5 * 7, 16, 16, 4), np.float32)

    np.testing.assert_allclose(
        number(Blended()(tiles, pictures, training=False)), np.ones((2, 32, 48, 4)), atol=1e-6
    )


def test_a_vector_is_everywhere_in_its_picture():
    """All tiles of a picture get its vector, and no other's."""
    vectors, features = noise(2, 3), noise(6, 4, 5, 7)

    spread = number(Everywhere()(vectors, features))

    assert spread.shape == (6, 4, 5, 3)
    np.testing.assert_array_equal(spread[:3], np.broadcast_to(vectors[0], (3, 4, 5, 3)))
    np.testing.assert_array_equal(spread[3:], np.broadcast_to(vectors[1], (3, 4, 5, 3)))
