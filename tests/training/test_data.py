import numpy as np
import pytest
from PIL import Image

from colorkit import FileError, lab
from colorkit.photos import StoredPhoto, photos
from colorkit.training.data import Crops, ahead, cell_means, lab_ab, source
from colorkit.training.targets import Encoder

EVEN = np.ones(313, np.float32)


def crops(found, **options):
    return Crops(found, Encoder(), EVEN, **options)


def equal(one, two):
    pairs = zip([*one.inputs, *one.truth.values()], [*two.inputs, *two.truth.values()], strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def test_a_batch_depends_on_its_number_alone(found):
    """Whatever was drawn before, and in whichever thread, a step has its own crops."""
    one, other = crops(found), crops(found)
    later = list(ahead(lambda step: one.batch(step, 2, 32), 0, 4))
    assert equal(later[3], other.batch(3, 2, 32))
    assert not equal(later[2], later[3])
    assert not equal(later[3], crops(found, seed=1).batch(3, 2, 32))


def test_what_a_batch_holds(found):
    """Lightness of crops, and for every cell the mean colour, its bins, shares and weight."""
    batch = crops(found, film=False).batch(0, 3, 32)
    assert batch.inputs[0].shape == (3, 32, 32, 1)
    assert {name: values.shape for name, values in batch.truth.items()} == {
        "ab": (3, 8, 8, 2),
        "bins": (3, 8, 8, 5),
        "shares": (3, 8, 8, 5),
        "weight": (3, 8, 8),
    }
    assert batch.truth["weight"].min() == batch.truth["weight"].max() == 1


def test_hints_come_beside_the_lightness(found):
    """A network that takes hints also gets them, their mask, and the colours of all pixels."""
    batch = crops(found, hints=0.5).batch(0, 2, 32)
    lightness, hints, mask = batch.inputs
    assert (hints.shape, mask.shape) == ((2, 32, 32, 2), (2, 32, 32, 1))
    assert np.array_equal(lightness, crops(found).batch(0, 2, 32).inputs[0])
    np.testing.assert_allclose(cell_means(batch.truth["pixels"], 4), batch.truth["ab"])


def test_a_cell_is_the_mean_of_its_own_pixels():
    """Targets are not shifted: cell (i, j) is made of the pixels from (4 i, 4 j)."""
    ab = np.zeros((1, 8, 12, 2), np.float32)
    ab[0, 4:8, 8:12] = 16
    assert cell_means(ab, 4)[0, ..., 0].tolist() == [[0, 0, 0], [0, 0, 16]]


def test_colours_are_those_of_lab():
    """The quick conversion agrees with the exact one."""
    rgb = np.random.default_rng(0).integers(0, 256, (50, 3))
    linear = lab.linear_table(256)[rgb]
    np.testing.assert_allclose(lab_ab(linear), lab.rgb_to_lab(rgb / 255)[:, 1:], atol=5e-3)


def test_an_epoch_holds_every_photograph_once(found):
    """In an order of its own; with a cap, no more of a source than that."""
    whole, capped = crops(found), crops(found, per_source=2)
    epochs = [[whole.photo(i).name for i in range(12 * e, 12 * e + 12)] for e in (0, 1)]
    assert sorted(epochs[0]) == sorted(epochs[1]) == sorted(p.name for p in found)
    assert epochs[0] != epochs[1]
    assert capped.epoch == 4
    assert sorted(source(capped.photo(i)) for i in range(4)) == ["sea", "sea", "wood", "wood"]
    assert len({capped.photo(i).name for i in range(4)}) == 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("corel-00012.webp", "corel"),
        ("tar/corel-00012.webp", "corel"),
        ("IMG_1234.JPG", "IMG"),
        ("holidays/0001.jpg", "holidays"),
        ("0001.jpg", "/photos"),
    ],
)
def test_sources_go_by_name(name, expected):
    """A source is a name without its number, or the folder."""
    assert source(StoredPhoto(name, "/photos/x.jpg")) == expected


def test_a_hundred_damaged_photographs_are_passed_over(folder, tmp_path):
    """Others stand in for them, the same each time; they are counted."""
    good = next(folder.iterdir()).read_bytes()
    for i in range(100):
        (folder / f"bad-{i:03}.png").write_bytes(good[: 40 + i])
    found = photos([folder])
    one = crops(found)
    batches = [one.batch(step, 8, 32) for step in range(14)]
    assert len(one.unreadable) == 100
    assert equal(batches[1], crops(found).batch(1, 8, 32))


def test_nothing_to_read_is_an_error(tmp_path):
    """A set without a single good photograph does not run for ever."""
    (tmp_path / "bad.png").write_bytes(b"no picture")
    with pytest.raises(FileError, match="100 photographs in a row cannot be read; the last: "):
        crops(photos([tmp_path])).batch(0, 1, 32)


def test_gray_photographs_teach_nothing(tmp_path):
    """A crop without colour has no weight."""
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(tmp_path / "gray.png")
    assert not crops(photos([tmp_path])).batch(0, 1, 32).truth["weight"].any()
