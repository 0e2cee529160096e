import os
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorkit import BackendError, Colorizer, files
from colorkit.batch import HAD_COLOUR, LINE_ART, Batch
from colorkit.files import Photo
from colorkit.forecast import prospects, seconds
from colorkit.plan import Job, plan


def warm(lightness):
    return np.broadcast_to(np.float32([10, 30]), (*lightness.shape[:3], 2))


BATCH = Batch(Colorizer(warm))


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)


def picture(name, channels=(), dtype=np.uint8, pages=1):
    photo = Photo(np.full((40, 60, *channels), np.iinfo(dtype).max // 2, dtype), "TIFF")
    files.write_pages(name, [photo] * pages)
    return name


KINDS = {
    "gray.png": {},
    "alpha.png": {"channels": (2,)},
    "deep.png": {"dtype": np.uint16},
    "deep-alpha.tif": {"channels": (4,), "dtype": np.uint16},
    "pages.tif": {"pages": 3},
}


@pytest.mark.parametrize("format", [None, "jpeg", "png", "tiff", "webp", "avif", "bmp"])
def test_what_is_foreseen_comes_true(format):
    """For each kind of picture and format: done or why not, depth lost or not, as in the run."""
    jobs = plan([picture(name, **kind) for name, kind in KINDS.items()], "out", format=format)

    foreseen = list(prospects(BATCH, jobs))
    assert not Path("out").exists()
    for job, prospect in zip(jobs, foreseen, strict=True):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            (outcome,) = BATCH.run([job])
        assert prospect.written == outcome.written
        assert type(prospect.error) is type(outcome.error)
        assert str(prospect.error) == str(outcome.error)
        lost = any("8 bits a channel" in str(warning.message) for warning in told)
        assert any("8 bits a channel" in remark for remark in prospect.remarks) == lost


def test_what_cannot_be_done_is_told_with_its_reason():
    """Damaged and missing pictures, folders that cannot be, sizes that a format cannot hold."""
    Path("bad.jpg").write_bytes(b"\xff\xd8\xff no more")
    Path("file").touch()
    files.write("long.png", np.zeros((1, 70000), np.uint8))
    jobs = [
        *plan(["bad.jpg", "none.jpg", picture("a.png")]),
        Job(Path("a.png"), Path("file/a.png")),
        Job(Path("long.png"), Path("long.jpg")),
        Job(Path("a.png"), Path("a.xyz")),
    ]

    reasons = [str(prospect.error) for prospect in prospects(BATCH, jobs)]

    assert reasons[0].startswith("cannot read 'bad.jpg': ")
    assert reasons[1].startswith("cannot read 'none.jpg': No such file")
    assert reasons[2] == "None"
    assert "'file/a.png': " in reasons[3]
    assert reasons[3].endswith("file' is no folder to write to")
    assert reasons[4].startswith("cannot write 'long.jpg': JPEG holds at most 65500 pixels a side")
    assert reasons[5].startswith("cannot tell a format from 'a.xyz'")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written to")
def test_folders_without_permission_are_told():
    """A folder that may not be written to is found out."""
    os.mkdir("locked", 0o500)

    (prospect,) = prospects(BATCH, plan([picture("a.png")], "locked"))

    assert "locked' is no folder to write to" in str(prospect.error)


def test_what_is_there_is_skipped():
    """Results that exist are taken as done, unless they are to be written over."""
    jobs = plan([picture("a.png")])
    picture("a-color.png")

    (skipped,) = prospects(BATCH, jobs)
    (done,) = prospects(replace(BATCH, overwrite=True), jobs)

    assert skipped.skipped
    assert done.written == (Path("a-color.png"),)


def test_doubtful_pictures_are_remarked_on():
    """Colour that is there, and pages of text, are seen beforehand."""
    lines = np.full((320, 320), 250, np.uint8)
    lines[::12] = 10
    files.write("lines.png", lines)
    files.write("red.png", np.uint8([[[200, 0, 0]] * 4]))

    remarks = [prospect.remarks for prospect in prospects(BATCH, plan(["lines.png", "red.png"]))]

    assert remarks == [(LINE_ART,), (HAD_COLOUR,)]


def test_pixels_are_those_to_be_coloured():
    """Each page and each colouring counts."""
    picture("a.tif", pages=3)

    (pages,) = prospects(BATCH, plan(["a.tif"]))
    with pytest.warns(match="3 pages"):
        (variants,) = prospects(BATCH, plan(["a.tif"], variants=4))

    assert pages.pixels == 3 * 40 * 60
    assert variants.pixels == 4 * 40 * 60


def test_time_is_measured():
    """A gigapixel takes longer than a megapixel; nothing takes no time."""
    assert seconds(BATCH, [], ".jpg") == 0
    assert 0 < seconds(BATCH, [10**6], ".jpg") < seconds(BATCH, [10**9], ".jpg")


def test_a_backend_that_fails_is_told():
    """There is no forecast for colours that cannot be made."""
    with pytest.raises(BackendError, match="temperature=1"):
        seconds(Batch(Colorizer(warm, temperature=1)), [1000], ".jpg")
