from itertools import combinations

import numpy as np
import pytest
from colorkit_zoo import MEMBERS
from colorkit_zoo.backends import MODELS

from colorkit import Colorizer, HintMap, registry
from colorkit.backends.metadata import read_metadata
from colorkit.pixels import split
from colorkit.resize import shrink
from colorkit.testing import BackendTests


class TestRegFull(BackendTests):
    backend_name = "reg_full"


class TestRegFullVgg(BackendTests):
    backend_name = "reg_full_vgg"


class TestRegPart(BackendTests):
    backend_name = "reg_part"


class TestClassWeights(BackendTests):
    backend_name = "class_weights"


class TestClassWoWeights(BackendTests):
    backend_name = "class_wo_weights"


class TestAutoencoder(BackendTests):
    backend_name = "autoencoder"


class TestFav(BackendTests):
    backend_name = "fav"


@pytest.mark.parametrize("it", MEMBERS, ids=lambda it: it.name)
def test_a_file_ships(it):
    """Each network is one file below 10 MB, of that name, and takes pictures of any size."""
    content = MODELS.joinpath(f"{it.name}.tflite").read_bytes()
    metadata = read_metadata(content, it.name)

    assert len(content) < 10e6
    assert (metadata.name, metadata.sizes) == (it.name, ())
    assert (metadata.size, metadata.stride) == (it.size, it.stride)


@pytest.mark.parametrize("it", MEMBERS, ids=lambda it: it.name)
def test_photographs_get_colours(it, photos):
    """Photographs are neither left gray nor dyed in one colour."""
    colorizer = Colorizer(it.name)
    spread = [colorizer.ab(gray).std(axis=(0, 1)).mean() for gray in photos.validation(every=100)]

    assert np.mean(spread) > 1


@pytest.mark.parametrize("name", ["reg_part", "class_weights", "class_wo_weights"])
def test_there_are_no_seams(name, photos):
    """In photographs, colours jump by less than 0.1 more across borders of tiles than elsewhere.

    That is of Lab units, two of which are just seen; tiles side by side jump by 0.3 to 1.2 more.
    """
    _, backend = registry.get_backend(name)
    more = []
    for gray in photos.validation(every=60):
        small, _ = shrink(split(gray).lightness, backend.size, backend.stride)
        answer = backend.predict(small)
        ab = answer.ab if answer.distribution is None else answer.distribution.mean()
        jumps = np.abs(np.diff(ab, axis=2)).mean(axis=(0, 1, 3))
        half_a_tile = 16 * ab.shape[2] // small.shape[2]
        border = np.arange(1, len(jumps) + 1) % half_a_tile == 0
        more.append(jumps[border].mean() - jumps[~border].mean())

    assert np.mean(more) < 0.1


def test_fav_goes_on_from_the_frame_before():
    """Colours that arrive draw those of a frame to themselves, where they are trusted."""
    rows, columns = np.mgrid[:64, :96].astype(np.float32)
    lightness = (50 + 30 * np.sin(rows / 9) + 15 * np.cos(columns / 7))[None, ..., None]
    _, fav = registry.get_backend("fav")
    alone = fav.predict(lightness)
    arrived = np.full((1, 64, 96, 2), (15, -10), np.float32)
    mask = np.zeros((1, 64, 96, 1), np.float32)
    mask[:, :, :48] = 1

    ab = fav.predict(lightness, HintMap(arrived, mask)).ab

    apart, before = (np.abs(it - (15, -10))[:, :, :24].mean() for it in (ab, alone.ab))
    assert apart < 0.5 * before
    np.testing.assert_allclose(ab[:, :, 24:], alone.ab[:, :, 24:], atol=1e-3)


def test_fav_has_alternatives(photos):
    """Four colourings of a photograph, of which no two are alike."""
    gray = next(photos.validation(every=100))
    colours = [np.asarray(it, np.float32) for it in Colorizer("fav").variants(gray)]

    assert len(colours) == 4
    assert min(np.abs(a - b).mean() for a, b in combinations(colours, 2)) > 0.5
