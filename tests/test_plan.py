import os
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import ColorkitWarning, FileError, OptionError, files
from colorkit.plan import plan


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """Work in an empty folder; returns a function that makes gray pictures there."""
    monkeypatch.chdir(tmp_path)

    def picture(name):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, np.full((8, 12), 128, np.uint8))
        return path

    return picture


def names(jobs):
    return {str(job.source): str(job.target) for job in jobs}


def test_results_stand_beside_their_pictures(picture):
    """Without an output, name.ext becomes name-color.ext; a format changes the ending."""
    inputs = [picture("a.jpg"), picture("s/b c.PNG")]

    assert names(plan(inputs)) == {"a.jpg": "a-color.jpg", "s/b c.PNG": "s/b c-color.PNG"}
    assert names(plan(inputs, format="tiff")) == {
        "a.jpg": "a-color.tif",
        "s/b c.PNG": "s/b c-color.tif",
    }


@pytest.mark.parametrize(
    ("output", "target"),
    [
        ("b.png", "b.png"),
        ("new/b.PNG", "new/b.PNG"),
        ("new", "new/a.jpg"),
        ("there.png", "there.png/a.jpg"),
    ],
)
def test_one_picture_goes_to_a_file_or_a_folder(picture, output, target):
    """An output that ends like a picture is a file, unless it is a folder; all else is one."""
    Path("there.png").mkdir()

    assert names(plan([picture("a.jpg")], output)) == {"a.jpg": target}


@pytest.mark.parametrize(
    ("inputs", "output", "options", "message"),
    [
        (["a.jpg", "b.jpg"], "c.jpg", {}, "'c.jpg' names one file, but there are 2 pictures"),
        (["a.jpg"], "c.gif", {}, "cannot tell a format from 'c.gif': end it in .jpg"),
        (["a.jpg"], "c.jpg", {"format": "png"}, "'c.jpg' does not end like a file of format 'png'"),
        (["a.jpg"], None, {"format": "gif"}, "unknown picture format 'gif'"),
        (["a.jpg"], "a.jpg", {}, "'a.jpg' is one of the pictures to be coloured"),
        (["a.jpg"], "hard.jpg", {}, "'hard.jpg' is one of the pictures"),
        (["a.jpg"], "soft.jpg", {}, "'soft.jpg' is one of the pictures"),
        (["."], ".", {}, "'a-1.jpg' is one of the pictures"),
        (["b.jpg", "a.jpg"], "b", {"variants": 1}, "'b/a-1.jpg' is one of the pictures"),
        (["a.jpg", "a.png"], None, {"format": "png"}, "'a.jpg' and 'a.png' would both become"),
        (["a.jpg", "b/a.jpg"], "out", {}, "'a.jpg' and 'b/a.jpg' would both become 'out/a.jpg'"),
        (["a.jpg", "b/A.JPG"], "out", {}, "'a.jpg' and 'b/A.JPG' would both become"),
        (["u/\u00fc.jpg", "b/u\u0308.jpg"], "out", {}, "would both become"),
        (["a.jpg", "a-compare.jpg"], "o", {"compare": True}, "would both become 'o/a-compare.jpg'"),
    ],
)
def test_a_plan_that_would_lose_a_picture_is_refused(picture, inputs, output, options, message):
    """No two results share a file, whatever the file system thinks of case; none is a source."""
    for name in ("a.jpg", "b.jpg", "a.png", "a-1.jpg", "a-compare.jpg"):
        picture(name)
    for name in ("b/a.jpg", "b/A.JPG", "u/\u00fc.jpg", "b/u\u0308.jpg"):
        picture(name)
    os.link("a.jpg", "hard.jpg")
    os.symlink("a.jpg", "soft.jpg")
    os.link("a.jpg", "b/a-1.jpg")

    with pytest.raises(OptionError, match=message):
        plan(inputs, output, **options)


def test_folders_keep_their_tree(picture):
    """Pictures of folders of folders go to the same places below the output."""
    for name in ("in/a.jpg", "in/s/b.jpg", "in/s/t/c.png"):
        picture(name)
    Path("in/notes.txt").touch()

    assert names(plan(["in"], "out")) == {"in/a.jpg": "out/a.jpg"}
    assert names(plan(["in"], "out", recursive=True)) == {
        "in/a.jpg": "out/a.jpg",
        "in/s/b.jpg": "out/s/b.jpg",
        "in/s/t/c.png": "out/s/t/c.png",
    }


def test_what_is_hidden_in_a_folder_is_left_alone(picture):
    """Thumbnails, waste bins and the like are coloured only when they are named."""
    for name in ("in/.thumbnails/a.jpg", "in/.b.jpg", "in/c.jpg"):
        picture(name)

    assert list(names(plan(["in"], recursive=True))) == ["in/c.jpg"]
    assert list(names(plan(["in/.thumbnails"]))) == ["in/.thumbnails/a.jpg"]


def test_circles_of_links_end(picture):
    """Folders that are links are not followed."""
    picture("in/a.jpg")
    os.symlink("..", "in/up", target_is_directory=True)

    assert list(names(plan(["in"], recursive=True))) == ["in/a.jpg"]


def test_a_link_to_nowhere_is_a_picture_that_is_missing(picture):
    """It fails when its turn comes, by name or by pattern, and ends no plan."""
    picture("a.jpg")
    os.symlink("nowhere.jpg", "b.jpg")

    wanted = {"a.jpg": "a-color.jpg", "b.jpg": "b-color.jpg"}
    assert names(plan(["a.jpg", "b.jpg"])) == names(plan(["*.jpg"])) == wanted


@pytest.mark.parametrize("spelled", ["in/out", "./in/out", "in/s/../out", "{cwd}/in/out"])
def test_an_output_within_the_input_is_no_source(picture, spelled):
    """What an earlier run wrote below the input is not coloured again."""
    picture("in/a.jpg")
    picture("in/out/a.jpg")

    jobs = plan(["in"], spelled.format(cwd=os.getcwd()), recursive=True)

    assert [str(job.source) for job in jobs] == ["in/a.jpg"]


def test_patterns_are_resolved(picture):
    """Shells that leave patterns alone need not know about them; names come before patterns."""
    for name in ("a1.jpg", "a2.jpg", "a[1].jpg", "s/a3.jpg", "s/b.png"):
        picture(name)

    assert list(names(plan(["a?.jpg"]))) == ["a1.jpg", "a2.jpg"]
    assert list(names(plan(["**/*3.jpg"]))) == ["s/a3.jpg"]
    assert list(names(plan(["a[1].jpg"]))) == ["a[1].jpg"]
    assert list(names(plan(["s*"]))) == ["s/a3.jpg", "s/b.png"]


def test_pictures_named_twice_are_coloured_once(picture):
    """However it is spelled, one picture is one job."""
    path = picture("in/a.jpg")

    assert len(plan([path, path, f"./{path}", path.absolute(), "in", "in/*"])) == 1


def test_own_results_are_no_sources(picture):
    """What stands beside a picture as its result is left out; named alone it is coloured."""
    for name in ("a.jpg", "a-color.jpg", "a-color-2.png", "a-color-compare.jpg"):
        picture(name)
    picture("b-color.jpg")
    picture("a-colored.jpg")

    assert list(names(plan(["."]))) == ["a-colored.jpg", "a.jpg", "b-color.jpg"]
    assert list(names(plan(["*.jpg"]))) == ["a-colored.jpg", "a.jpg", "b-color.jpg"]
    assert names(plan(["a-color.jpg"])) == {"a-color.jpg": "a-color-color.jpg"}


def test_a_folder_without_pictures_is_told(picture):
    """It is a warning beside others, and an error when there is nothing else."""
    picture("a/s/b.jpg")
    picture("c.jpg")

    with pytest.warns(ColorkitWarning, match="'a' holds no picture; .* --recursive"):
        assert list(names(plan(["a", "c.jpg"]))) == ["c.jpg"]
    with (
        pytest.warns(ColorkitWarning, match="'a' holds no picture"),
        pytest.raises(FileError, match="nothing to colour"),
    ):
        plan(["a"])


NAMES = [
    f"{folder}{stem}{suffix}"
    for folder, stem, suffix in product(
        ("", "s/", "s/t/"), ("a", "A", "a-1", "a-color", "a-color-1", "a-compare"), (".jpg", ".png")
    )
]


@settings(max_examples=60, deadline=None)
@given(
    present=st.sets(st.sampled_from(NAMES), min_size=1, max_size=6),
    output=st.sampled_from([None, "../out", "out", "s"]),
    format=st.sampled_from([None, "png"]),
    variants=st.integers(0, 2),
    compare=st.booleans(),
)
def test_plans_lose_nothing(tmp_path_factory, present, output, format, variants, compare):
    """Results and pictures are different files; run again, there is nothing new to do."""
    folder = tmp_path_factory.mktemp("tree") / "in"
    for name in present:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    place = None if output is None else folder / output
    options = {"format": format, "variants": variants, "compare": compare, "recursive": True}
    try:
        jobs = plan([folder], place, **options)
    except (OptionError, ColorkitWarning):  # refused, or all that there is lies in the output
        return

    written = [target for job in jobs for target in job.targets]
    assert len({str(target).casefold() for target in written}) == len(written)
    assert not {job.source for job in jobs} & set(written)
    for target in written:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    assert set(plan([folder], place, **options)) <= set(jobs)
