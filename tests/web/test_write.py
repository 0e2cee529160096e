"""Writing the page."""

import hashlib
import json
import shutil
from pathlib import Path

import pytest

import colorkit
from colorkit import ExportError
from colorkit.web import write_page

LITE = Path(colorkit.__path__[0]) / "models" / "lite.tflite"


def listed(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_file_of_ones_own(folder, tmp_path):
    """The page is the same with it, but for the file and what that says of itself."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    own = tmp_path / "own.tflite"
    shutil.copy(folder / "model.tflite", own)
    write_page(tmp_path / "sites" / "page", own)
    written = tmp_path / "sites" / "page"
    about = json.loads((written / "model.json").read_text())
    assert listed(written) == listed(folder)
    assert (written / "model.tflite").read_bytes() == own.read_bytes()
    assert about["sha256"] == hashlib.sha256(own.read_bytes()).hexdigest()
    assert about["sizes"] == [[256, 256], [256, 384], [384, 256]]
    assert [path.name for path in written.parent.iterdir()] == ["page"]


def test_nothing_is_written_over(tmp_path):
    """A folder that holds something stays as it is."""
    (tmp_path / "letter.txt").write_text("Dear")
    with pytest.raises(ExportError, match=r"is there already; give a new folder, or an empty one"):
        write_page(tmp_path)
    assert listed(tmp_path) == {"letter.txt"}


def test_files_that_browsers_cannot_run_are_refused(tmp_path):
    """The embedded network itself takes any size, and browsers none of these."""
    with pytest.raises(ExportError, match=r"'sizes': \[\]}; the page takes .* --size 256x384"):
        write_page(tmp_path / "page", LITE)
    with pytest.raises(ExportError, match=r"cannot read '.*absent.tflite'"):
        write_page(tmp_path / "page", tmp_path / "absent.tflite")
    assert not listed(tmp_path)


def test_without_npm(tmp_path, monkeypatch):
    """The message says what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ExportError, match=r"fetched by npm, which is not installed: get Node\.js"):
        write_page(tmp_path / "page")
    assert not listed(tmp_path)


def test_without_a_connection(tmp_path, monkeypatch):
    """What npm says is passed on, and nothing is left behind."""
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    monkeypatch.setenv("npm_config_offline", "true")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(ExportError, match=r"npm cannot fetch LiteRT\.js: .*ENOTCACHED"):
        write_page(tmp_path / "sites" / "page")
    assert not list((tmp_path / "sites").iterdir())
