import pickle
from pathlib import Path

import fsspec
import numpy as np
import pytest
from colorkit_dask.pictures import Picture
from colorkit_dask.work import colour
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from colorkit import BackendError, Colorizer
from colorkit.batch import Batch

RECIPE = pickle.dumps(Batch(Colorizer(threads=1)))


@pytest.fixture
def memory():
    """Give fsspec's file system in memory, empty."""
    yield fsspec.filesystem("memory")
    MemoryFileSystem.store.clear()


@pytest.fixture
def failing(monkeypatch):
    """Make uploads to file:// break off in the middle."""

    def put_file(self, local, path, **options):
        Path(path).write_bytes(Path(local).read_bytes()[:9])
        raise ConnectionResetError("hung up")

    monkeypatch.setattr(LocalFileSystem, "put_file", put_file)


def test_a_picture_is_coloured_once(make):
    """The first time a picture is coloured; the second time its colours are there."""
    [source] = make(1)
    picture = Picture(str(source), "colour/1.png")

    assert colour(RECIPE, [picture]) == [picture]
    before = Path("colour/1.png").stat()
    assert colour(RECIPE, [picture]) == [Picture(str(source), "colour/1.png", skipped=True)]

    assert Path("colour/1.png").stat() == before
    with Image.open("colour/1.png") as image:
        assert image.mode == "RGB"


def test_a_bad_picture_is_one_failure(make):
    """A damaged file, and one that is not there, cost their neighbours nothing."""
    make(3)
    Path("scans/b/00001.png").write_bytes(b"junk")
    sources = ["scans/a/00000.png", "scans/b/00001.png", "no.png", "scans/c/00002.png"]

    done = colour(RECIPE, [Picture(source, f"colour/{i}.png") for i, source in enumerate(sources)])

    errors = {picture.source: picture.error for picture in done}
    assert errors.pop("scans/b/00001.png").startswith("cannot read 'scans/b/00001.png': it is not")
    assert "No such file" in errors.pop("no.png")
    assert set(errors.values()) == {None}


def test_distant_pictures_are_coloured_as_near_ones(make, memory):
    """Between URLs the same bytes come out as between files of this machine."""
    [source] = make(1)
    memory.pipe_file("/scans/1.png", source.read_bytes())
    near = Picture(str(source), "colour/1.png")
    distant = Picture("memory://scans/1.png", "memory://colour/x/1.png")

    done = colour(RECIPE, [near, distant])

    assert done == [near, distant]
    assert memory.cat_file("/colour/x/1.png") == Path("colour/1.png").read_bytes()
    assert [picture.skipped for picture in colour(RECIPE, done)] == [True, True]


def test_errors_name_the_distant_picture(memory):
    """What is wrong with a distant picture is said under its URL, not that of a local copy."""
    memory.pipe_file("/scans/1.png", b"junk")

    [damaged, absent] = colour(
        RECIPE,
        [
            Picture("memory://scans/1.png", "memory://colour/1.png"),
            Picture("memory://scans/2.png", "memory://colour/2.png"),
        ],
    )

    assert damaged.error.startswith("cannot read 'memory://scans/1.png': ")
    assert absent.error == "FileNotFoundError: /scans/2.png"
    assert memory.find("/colour") == []


def test_nothing_is_left_of_half_an_upload(make, failing):
    """Where an upload breaks off, neither half a picture stays nor a file of another name."""
    [source] = make(1)
    target = f"file://{Path.cwd().as_posix()}/colour/1.png"

    [picture] = colour(RECIPE, [Picture(str(source), target)])

    assert picture.error == "ConnectionResetError: hung up"
    assert list(Path("colour").iterdir()) == []


def test_an_upload_is_moved_into_place(make):
    """On stores that are like a disk, a picture gets its name when all of it is there."""
    [source] = make(1)
    target = Path("colour/deep/1.png")

    [picture] = colour(RECIPE, [Picture(str(source), f"file://{target.absolute().as_posix()}")])

    assert picture.error is None
    with Image.open(target) as image:
        assert np.asarray(image).shape == (24, 32, 3)
    assert list(target.parent.iterdir()) == [target]


def test_a_backend_that_is_missing_ends_the_work(make):
    """A backend that the worker does not have is an error of the run, not of each picture."""
    [source] = make(1)

    with pytest.raises(BackendError, match="no backend is named 'nope'"):
        colour(pickle.dumps(Batch(Colorizer("nope"))), [Picture(str(source), "x.png")])


def test_a_process_loads_a_network_once(make):
    """A backend that a recipe brings along is made once, however many tasks there are."""
    make(2)
    recipe, made = pickle.dumps(Batch(Colorizer(Counting))), Counting.made

    for source in Path("scans").rglob("*.png"):
        colour(recipe, [Picture(str(source), f"colour/{source.name}")])

    assert Counting.made == made + 1


def test_a_folder_is_looked_through_once(make, monkeypatch):
    """A worker lists the folder of its results once, however many tasks there are."""
    listed = []
    monkeypatch.setattr("colorkit.batch.remove_leftovers", listed.append)
    recipe = pickle.dumps(Batch(Colorizer(Counting, saturation=0.9)))
    make(3)

    for source in Path("scans").rglob("*.png"):
        colour(recipe, [Picture(str(source), f"colour/{source.name}")])

    assert listed == [Path("colour")]


class Counting:
    """A backend that counts how often it was made."""

    stride, size, accepts_hints = 8, 64, False
    made = 0

    def __init__(self):
        Counting.made += 1

    def predict(self, lightness, hints=None):
        from colorkit import Prediction

        return Prediction(ab=np.zeros((*lightness.shape[:3], 2), np.float32))
