import numpy as np
import pytest

keras = pytest.importorskip("keras")

from colorkit_zoo.fav import losses  # noqa: E402

RNG = np.random.default_rng(6)


def number(tensor):
    return keras.ops.convert_to_numpy(tensor)


def noise(*shape, size=20.0):
    return RNG.normal(0, size, shape).astype(np.float32)


def test_distances_are_of_each_colouring():
    """0 for the truth itself; 20 Lab units in a alone are 1 / 2 at each of three sizes."""
    truth = noise(2, 8, 12, 2)
    wrong = truth + np.array([20, 0], np.float32)

    apart = number(losses.distances(np.concatenate([truth, wrong], axis=-1), truth))

    np.testing.assert_allclose(apart, [[0, 1.5]] * 2, atol=1e-5)


def test_fine_detail_counts_once():
    """An error that has gone in means over 2 x 2 cells is seen at the first size alone."""
    truth = np.zeros((1, 8, 8, 2), np.float32)
    chequered = truth + 10 * (-1.0) ** np.indices((8, 8)).sum(axis=0)[..., None]

    np.testing.assert_allclose(number(losses.distances(chequered, truth)), [[0.25]], atol=1e-6)


def test_ranked_diversity_is_the_papers():
    """The nearest colouring, and all of them with 0.16, 0.08, 0.04 and 0.02; a mean of pictures."""
    apart = np.array([[4, 1, 2, 3], [1, 2, 4, 8]], np.float32)

    first = 1 + 0.16 * 4 + 0.08 * 1 + 0.04 * 2 + 0.02 * 3
    second = 1 + 0.16 * 1 + 0.08 * 2 + 0.04 * 4 + 0.02 * 8
    assert number(losses.ranked(apart)) == pytest.approx((first + second) / 2)


def test_what_looks_alike_is_coloured_alike():
    """Each colouring is compared with itself at the five cells nearest in true colour and place."""
    lightness = RNG.uniform(0, 100, (2, 24, 32, 1)).astype(np.float32)
    truth, colourings = noise(2, 12, 16, 2), noise(2, 12, 16, 4)

    expected = []
    for i in range(2):
        own = pooled(colourings[i], 2)
        rows, columns = np.mgrid[:6, :8] * 4 / 500
        looks = [pooled(lightness[i], 4) / 100, pooled(truth[i], 2) / 100, rows, columns]
        looks = np.column_stack([part.reshape(48, -1) for part in looks])
        apart = ((looks[:, None] - looks) ** 2).sum(axis=-1)
        near = np.argsort(apart, axis=1)[:, :5]
        expected.append(2 * np.abs(own[near] - own[:, None]).mean() / 20)

    value = number(losses.bilateral(colourings, lightness, truth))
    assert value == pytest.approx(np.mean(expected), rel=1e-4)


def pooled(values, cell):
    """Means over square cells, by rows: ``(cells, channels)``."""
    h, w, channels = values.shape
    cells = values.reshape(h // cell, cell, w // cell, cell, channels)
    return cells.mean(axis=(1, 3)).reshape(-1, channels)


def test_one_colour_everywhere_is_consistent():
    """Nothing to gain then, whatever the frame shows."""
    colourings = np.broadcast_to(noise(1, 1, 1, 8), (1, 8, 8, 8))

    assert number(losses.bilateral(colourings, noise(1, 16, 16, 1), noise(1, 8, 8, 2))) == 0


def test_colours_that_move_with_things_cost_nothing():
    """What is fetched from its origin is there what it was; elsewhere distrust hides the rest."""
    before = noise(2, 8, 8, 2)
    after = np.roll(before, 3, axis=2)
    after[:, :, :3] = 90  # came into the picture
    origin = np.roll(np.arange(64, dtype=np.int32).reshape(8, 8), 3, axis=1).reshape(1, 64)
    trust = np.ones((2, 8, 8, 1), np.float32)
    trust[:, :, :3] = 0

    arrived = losses.carried(before, np.repeat(origin, 2, axis=0))

    assert number(losses.temporal(arrived, after, trust)) == 0
    assert number(losses.temporal(arrived, after, np.ones_like(trust))) > 0
    assert number(losses.temporal(arrived, after + 20, trust)) == pytest.approx(5 / 8)


def test_refined_colours_follow_the_frame_before_where_in_doubt():
    """Half way between the truth and what arrived costs half of their distance, at each of them."""
    truth, arrived, first = (np.full((1, 2, 2, 2), ab, np.float32) for ab in (0, 20, 40))
    doubtful = np.array([[[[1], [1]], [[0], [0]]]], np.float32)
    refined = np.full((1, 2, 2, 2), 10, np.float32)

    cost = number(losses.refinement(refined, truth, arrived, first, doubtful))

    assert cost == pytest.approx(0.5 + (0.5 + 1.5) / 2)
