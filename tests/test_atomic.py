import os
import stat

import pytest

from colorkit.atomic import write_atomically


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
