import json
import os
import sys
from pathlib import Path

import pytest

from colorkit import WeightsError
from colorkit.weights import cache, catalog


def put(bread):
    bread.folder.mkdir(parents=True)
    bread.file.write_bytes(bread.content)


@pytest.mark.parametrize("value", [None, ""])
def test_weights_are_kept_where_the_platform_keeps_such_things(monkeypatch, value):
    """Without COLORKIT_CACHE, or with an empty one, the folder is below pooch's for colorkit."""
    pooch = pytest.importorskip("pooch")
    monkeypatch.delenv("COLORKIT_CACHE", raising=False)
    if value is not None:
        monkeypatch.setenv("COLORKIT_CACHE", value)
    if sys.platform == "win32":
        pytest.skip("on Windows pooch keeps things two folders further down")

    assert cache.folder() == pooch.os_cache("colorkit") / "weights"


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="XDG is for other systems")
def test_xdg_is_honoured(monkeypatch, tmp_path):
    """XDG_CACHE_HOME moves the default."""
    monkeypatch.delenv("COLORKIT_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert cache.folder() == tmp_path / "colorkit" / "weights"


@pytest.mark.parametrize("value", ["cache", "./cache", "~/cache"])
def test_a_relative_cache_is_refused(bread, monkeypatch, value):
    """A cache that depends on the folder one stands in would be a new one each time."""
    monkeypatch.setenv("COLORKIT_CACHE", value)

    for ask in (catalog.fetch, catalog.path, catalog.state):
        with pytest.raises(
            WeightsError, match=f"COLORKIT_CACHE must be an absolute path.*; received '{value}'"
        ):
            ask("bread")
    assert not Path(value).exists()


def test_a_user_without_a_home_is_told_what_to_set(monkeypatch):
    """Where the system knows no home, the message names the variable."""
    for name in ("COLORKIT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", lambda: (_ for _ in ()).throw(RuntimeError("no home")))

    with pytest.raises(WeightsError, match="no home; set COLORKIT_CACHE to a folder for weights"):
        cache.folder()


def test_a_cache_that_cannot_be_written_to_is_named(bread, tmp_path):
    """The message names the folder and the variable; no address is asked."""
    (tmp_path / "cache").write_text("a file in the way")
    bread.server.serve("/first", bread.content)

    with (
        pytest.warns(UserWarning, match="fetching weights"),
        pytest.raises(
            WeightsError, match=r"cannot keep weights in '.*; COLORKIT_CACHE names another folder"
        ) as caught,
    ):
        catalog.fetch("bread")
    assert isinstance(caught.value.__cause__, OSError)
    assert bread.server.asked == []


def test_a_cache_for_reading_alone_will_do(bread):
    """What is there is used: nothing is written into the folder, not even for a moment."""
    put(bread)
    made = catalog.converted("bread")
    os.utime(bread.folder, ns=(0, 0))
    bread.folder.chmod(0o555)
    try:
        assert catalog.fetch("bread") == bread.file
        assert catalog.verify("bread") == bread.file
        assert catalog.converted("bread") == made
        assert catalog.state("bread") == "fetched"
    finally:
        bread.folder.chmod(0o755)

    assert bread.folder.stat().st_mtime_ns == 0


def test_what_was_added_is_written_down(bread, tmp_path):
    """A small JSON file beside it says whose a file is, for which network, and its hash."""
    (tmp_path / "mine.bin").write_bytes(bread.content)
    catalog.add(tmp_path / "mine.bin")

    assert json.loads((bread.folder / "bread.brought.json").read_text()) == {
        "network": "bread",
        "file": bread.file.name,
        "bytes": len(bread.content),
        "sha256": cache.sha256(bread.file),
        "brought_as": "mine.bin",
    }


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"sha256": 7, "bytes": 7}', '{"sha256": null}', b"\xff", '{"bytes": 1}'],
)
def test_a_damaged_record_asks_for_the_file_again(bread, text):
    """What was written down and cannot be read counts as not written down."""
    bread.folder.mkdir(parents=True)
    content = text if isinstance(text, bytes) else text.encode()
    (bread.folder / "own-bread.brought.json").write_bytes(content)

    assert catalog.state("own-bread") == "absent"
    with pytest.raises(
        WeightsError, match="when you have the file, run: colorkit weights add FILE"
    ):
        catalog.fetch("own-bread")


def test_cleaning_frees_what_can_be_had_again(bread, tmp_path):
    """Fetched files, conversions and leftovers go, added files stay, strangers' files always do."""
    put(bread)
    catalog.converted("bread")
    mine = tmp_path / "mine.safetensors"
    mine.write_bytes(bread.content[:-1] + b"\1")
    kept = catalog.add(mine, "own-bread")
    catalog.converted("own-bread")
    (bread.folder / ".colorkit-0123456789abcdef.part").write_bytes(b"half")
    (bread.folder / "notes.txt").touch()
    (bread.folder / "folder-01234567.d").mkdir()
    strangers = {"notes.txt", "folder-01234567.d"}

    freed = catalog.clean()

    assert set(os.listdir(bread.folder)) == strangers | {kept.name, "own-bread.brought.json"}
    assert freed > 3 * len(bread.content)
    assert catalog.clean() == 0
    assert catalog.clean(everything=True) > len(bread.content)
    assert set(os.listdir(bread.folder)) == strangers


def test_there_may_be_nothing_to_clean(bread):
    """A cache that was never used is clean."""
    assert catalog.clean() == 0
    assert not bread.folder.exists()
