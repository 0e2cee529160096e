import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from colorkit.atomic import _new_part, remove_leftovers, write_atomically


def test_file_holds_the_content(tmp_path):
    """What was handed over is in the file, and no other file is beside it."""
    write_atomically(tmp_path / "a.bin", b"\x00\xff")
    assert (tmp_path / "a.bin").read_bytes() == b"\x00\xff"
    assert os.listdir(tmp_path) == ["a.bin"]


def test_file_that_was_there_is_replaced(tmp_path):
    """An older file of that name gives way."""
    (tmp_path / "a.bin").write_bytes(b"older and longer")
    write_atomically(tmp_path / "a.bin", b"new")
    assert (tmp_path / "a.bin").read_bytes() == b"new"


def test_failure_leaves_nothing_behind(tmp_path):
    """Where the file cannot be put in place, everything stays as it was."""
    (tmp_path / "a.bin").mkdir()
    (tmp_path / "a.bin" / "inside").touch()
    with pytest.raises(OSError, match=r"a\.bin"):
        write_atomically(tmp_path / "a.bin", b"new")
    assert os.listdir(tmp_path) == ["a.bin"]
    assert os.listdir(tmp_path / "a.bin") == ["inside"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_file_has_the_rights_of_any_new_file(tmp_path):
    """It is as readable for others as the umask allows, not private like a temporary file."""
    (tmp_path / "plain").touch()
    write_atomically(tmp_path / "a.bin", b"")
    modes = {stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("plain", "a.bin")}
    assert len(modes) == 1


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell who writes a file")
def test_what_killed_processes_left_is_removed(tmp_path):
    """What nobody writes any more goes; what somebody writes, and all else, stays."""
    for name in (".colorkit-0123456789abcdef.part", "photo.part", ".other.part"):
        (tmp_path / name).write_bytes(b"half")
    mine, file = _new_part(tmp_path)

    with file:
        remove_leftovers(tmp_path)
        assert sorted(os.listdir(tmp_path)) == sorted([mine.name, ".other.part", "photo.part"])
    remove_leftovers(tmp_path)
    assert sorted(os.listdir(tmp_path)) == [".other.part", "photo.part"]


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell who writes a file")
def test_removing_leftovers_disturbs_no_writer(tmp_path):
    """Files written while others clean the folder all arrive whole."""
    with ThreadPoolExecutor(4) as pool:
        cleaning = [pool.submit(remove_leftovers, tmp_path) for _ in range(400)]
        for i in range(200):
            write_atomically(tmp_path / f"{i}", bytes(1000), overwrite=i % 2 == 0)
    for done in cleaning:
        done.result()

    assert sorted(os.listdir(tmp_path)) == sorted(map(str, range(200)))
    assert {path.stat().st_size for path in tmp_path.iterdir()} == {1000}
