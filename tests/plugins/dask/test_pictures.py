from pathlib import Path

import fsspec
import pytest
from colorkit_dask.pictures import plan
from fsspec.implementations.memory import MemoryFileSystem


@pytest.fixture
def memory():
    """Give fsspec's file system in memory, empty."""
    yield fsspec.filesystem("memory")
    MemoryFileSystem.store.clear()


def names(pictures):
    """Where pictures go, by where they are; both below the folder that the test works in."""
    here = f"{Path.cwd().as_posix()}/"
    return {p.source.replace(here, ""): p.target.replace(here, "") for p in pictures}


def test_a_folder_keeps_its_tree(make):
    """All pictures below a folder become pictures of the same names below the output."""
    make(3)
    Path("scans/a/notes.txt").touch()
    Path("scans/.trash").mkdir()
    Path("scans/.trash/old.jpg").touch()

    assert names(plan(["scans"], "colour")) == {
        f"scans/{name}": f"colour/{name}" for name in ("a/00000.png", "b/00001.png", "c/00002.png")
    }


def test_a_pattern_keeps_what_has_wildcards(make):
    """The part of a pattern before its first wildcard is what the tree is kept below."""
    make(2)

    assert names(plan(["scans/*/*.png"], "colour/")) == {
        "scans/a/00000.png": "colour/a/00000.png",
        "scans/b/00001.png": "colour/b/00001.png",
    }


def test_brackets_may_be_a_name(make):
    """A file whose name reads like a pattern is that file."""
    make(1)
    Path("scans/a/00000.png").rename("x[1].png")

    assert names(plan(["x[1].png"], "colour")) == {"x[1].png": "colour/x[1].png"}


def test_the_output_is_no_input(make):
    """What an earlier run wrote below the folder that it coloured is not coloured again."""
    make(1)
    make(1, "scans/colour")

    assert names(plan(["scans"], "scans/colour")) == {
        "scans/a/00000.png": "scans/colour/a/00000.png"
    }


def test_what_is_absent_becomes_a_picture(make):
    """A name of a picture is taken without a look: ten million looks take long."""
    make(0)

    assert names(plan(["no.jpg"], "colour")) == {"no.jpg": "colour/no.jpg"}


def test_two_pictures_never_become_one(make):
    """Of two pictures that would become one file, the second has an error; twice named is once."""
    make(0)

    first, second = plan(["x/1.jpg", "y/1.jpg", "x/1.jpg"], "colour")

    assert first.error is None
    assert second.error == f"another picture becomes {Path('colour/1.jpg').absolute()} too"


def test_a_picture_is_not_written_over_itself(make):
    """With the folder of the pictures as the output, each picture has an error."""
    make(0)

    [picture] = plan(["x/1.jpg"], "x")

    assert picture.error == "it would be written over itself; name another folder"


@pytest.mark.parametrize("given", ["memory://scans", "memory://scans/", "memory://scans/**/*.png"])
def test_a_distant_folder_is_looked_through(memory, given):
    """URLs of folders and patterns are what fsspec finds there."""
    for name in ("a/1.png", "a/b/2.png", "3.png", "notes.txt", ".trash/4.png"):
        memory.pipe_file(f"/scans/{name}", b"")

    found = {picture.source: picture.target for picture in plan([given], "memory://colour")}

    assert found == {
        f"memory:///scans/{name}": f"memory://colour/{name}"
        for name in ("3.png", "a/1.png", "a/b/2.png")
    }


def test_pictures_in_an_archive_are_named_with_it(make):
    """Below a chained URL such as zip://::s3://..., each picture's URL names the archive."""
    import zipfile

    make(2)
    with zipfile.ZipFile("scans.zip", "w") as archive:
        archive.write("scans/a/00000.png", "box/1.png")

    url = f"zip://box::file://{Path.cwd().as_posix()}/scans.zip"
    [picture] = plan([url], "colour")

    assert picture.source == url.replace("box", "box/1.png")
    with fsspec.open(picture.source) as stream:
        assert stream.read() == Path("scans/a/00000.png").read_bytes()
