import numpy as np
import pytest

from colorkit.training.clips import read_pairs
from colorkit.training.data import Crops, ahead
from colorkit.training.pairs import Pairs
from colorkit.training.targets import Encoder

EVEN = np.ones(313, np.float32)


def pairs(found, clips=(), **options):
    return Pairs(Crops(found, Encoder(), EVEN, **options), clips)


def moved(values, origin):
    """Cells ``(h, w, ...)`` fetched at their origins."""
    return values.reshape(-1, *values.shape[2:])[origin]


@pytest.mark.parametrize("cell", [1, 4, 8])
def test_a_cell_has_the_colour_of_its_origin(found, cell):
    """Over a photograph, motion is known exactly; cells from outside are not trusted."""
    source, motions = pairs(found, cell=cell), set()
    for number in range(12):
        _, (before, after), origin, trust = source.pair(number, 32)
        seen = trust == 1
        assert np.array_equal(seen, trust > 0)
        assert seen.mean() >= (1 - 8 / 32) ** 2
        assert np.array_equal(after[seen], moved(before, origin)[seen])
        motions |= set((origin.ravel() - np.arange(origin.size))[seen.ravel()])
    assert len(motions) > 3


def test_what_a_batch_holds(found):
    """All first frames, then all that follow them; half as many pairs as the size says."""
    source = pairs(found)
    batch = source.batch(1, 5, 32)
    assert batch.inputs[0].shape == (4, 32, 32, 1)
    assert {name: (v.shape, v.dtype) for name, v in batch.truth.items()} == {
        "ab": ((4, 8, 8, 2), np.float32),
        "origin": ((2, 64), np.int32),
        "trust": ((2, 8, 8), np.float32),
    }
    for i, number in enumerate((2, 3)):
        lightness, ab, origin, trust = source.pair(number, 32)
        assert np.array_equal(batch.inputs[0][[i, i + 2], ..., 0], lightness)
        assert np.array_equal(batch.truth["ab"][[i, i + 2]], ab)
        assert np.array_equal(batch.truth["origin"][i], origin.ravel())
        assert np.array_equal(batch.truth["trust"][i], trust)
    assert len(source.batch(0, 1, 32).inputs[0]) == 2


def test_a_batch_depends_on_its_number_alone(found):
    """Whatever was drawn before, and in whichever thread, a step has its own pairs."""
    later = list(ahead(lambda step: pairs(found).batch(step, 4, 32), 0, 3))[2]
    again, other = pairs(found).batch(2, 4, 32), pairs(found, seed=1).batch(2, 4, 32)
    assert np.array_equal(later.inputs[0], again.inputs[0])
    assert not np.array_equal(later.inputs[0], other.inputs[0])
    for name, values in later.truth.items():
        assert np.array_equal(values, again.truth[name])


def test_every_second_pair_is_of_a_clip(found):
    """The others go through the photographs as they would without."""
    pytest.importorskip("cv2")
    red = np.full((40, 50, 3), (200, 30, 30), np.uint8)
    alone, both = pairs(found, film=False), pairs(found, [(red, red)], film=False)
    assert both.crops.photo(1) == alone.crops.photo(1)
    for number in (1, 3):
        _, ab, origin, trust = both.pair(number, 32)
        assert np.ptp(ab, axis=(0, 1, 2)).max() < 1e-3
        assert np.array_equal(origin.ravel(), np.arange(64))
        assert trust.min() > 0.99
    assert np.ptp(both.pair(2, 32)[1]) > 1


def test_colours_of_a_clip_move_with_its_things(found, clip, pan):
    """Where it is trusted, the origin has a colour much nearer than the same place has."""
    source = pairs(found, read_pairs(clip(pan)), film=False)
    there, here, trusted = 0.0, 0.0, []
    for number in range(1, 24, 2):
        _, (before, after), origin, trust = source.pair(number, 64)
        there += (trust[..., None] * np.abs(after - moved(before, origin))).sum()
        here += (trust[..., None] * np.abs(after - before)).sum()
        trusted.append(trust.mean())
    assert there < 0.4 * here
    assert 0.5 < np.mean(trusted) < 1
