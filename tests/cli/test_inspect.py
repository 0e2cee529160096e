import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import colorkit
from colorkit import files, register_backend
from colorkit.backends.metadata import read_metadata, write_metadata
from colorkit.bins import gamut_bins
from colorkit.provenance import MADE_BY_MODEL

LITE = Path(colorkit.__file__).parent / "models" / "lite.tflite"
HASH = hashlib.sha256(LITE.read_bytes()).hexdigest()


@pytest.fixture
def coloured(run):
    """Make a picture and colour it with the embedded network; returns what the command says."""

    def coloured(name, *options):
        slope = np.add.outer(np.arange(24), np.arange(36)).astype(np.uint8)
        files.write("old.png", slope, overwrite=True)
        return run("colorize", "old.png", "-o", name, "--threads", "1", *options)

    return coloured


@pytest.mark.parametrize("name", ["new.jpg", "new.png", "new.tif", "new.webp", "new.avif"])
def test_our_own_pictures_are_known(run, coloured, name):
    """Whatever the format: the model, its hash, the version, the options that were given."""
    coloured(name, "--caution", "0.2", "--size", "64")

    code, out, err = run("inspect", name)

    assert (code, err) == (0, "")
    assert out == (
        f"{name}: coloured by a model: model lite, sha256 {HASH}, version {colorkit.__version__}, "
        "caution 0.2, size 64\n"
    )


def test_plain_photographs_have_no_note(run, coloured):
    """Neither has a file whose note was stripped, or left out from the beginning."""
    coloured("new.jpg")
    with Image.open("new.jpg") as picture:
        picture.info.pop("xmp")
        picture.save("stripped.jpg")
    coloured("without.jpg", "--no-provenance")

    for name in ("old.png", "stripped.jpg", "without.jpg"):
        assert run("inspect", name) == (0, f"{name}: no note\n", "")


def test_files_that_cannot_be_read_are_named_once(run):
    """Even if their names would break the line."""
    code, out, err = run("inspect", "no\nsuch.png")

    assert (code, out) == (1, "")
    assert err == "colorkit: cannot read 'no\\nsuch.png': No such file or directory\n"


def test_programs_get_json(run, coloured):
    """--json gives one list, with what failed in it, and plain numbers."""
    coloured("new.png", "--saturation", "0.5", "--variants", "2")
    Path("bad.png").write_bytes(b"no picture")

    code, out, err = run("inspect", "new-2.png", "old.png", "bad.png", "--json")
    one, other, bad = json.loads(out)

    assert code == 1
    assert one == {
        "file": "new-2.png",
        "note": {
            "model": "lite",
            "sha256": HASH,
            "version": colorkit.__version__,
            "saturation": 0.5,
            "variant": 2,
            "seed": 0,
        },
        "source_type": MADE_BY_MODEL,
    }
    assert other == {"file": "old.png", "note": None, "source_type": None}
    assert bad["error"].startswith("cannot read 'bad.png': ")
    assert err == f"colorkit: {bad['error']}\n"


def test_what_other_programs_say_is_passed_on(run):
    """A picture with the IPTC source type of another program has no note, and is told apart."""
    packet = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        b'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        b'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" e:DigitalSourceType="http://x/print'
        b'\xc2\x9b"/></rdf:RDF></x:xmpmeta>'
    )
    Image.new("L", (4, 4)).save("other.jpg", xmp=packet)
    Image.new("L", (4, 4)).save("bad.jpg", xmp=b"<!DOCTYPE x>" + packet)

    code, out, err = run("inspect", "bad.jpg", "other.jpg")

    assert code == 1
    assert err == "colorkit: bad.jpg: XMP metadata cannot be read: it holds a DTD\n"
    assert out == "other.jpg: no note; its IPTC source type is 'http://x/print\\x9b'\n"


def test_model_files_say_what_they_are(run):
    """A .tflite file tells its network, its licence and its hash."""
    shutil.copy(LITE, "own.tflite")
    Path("bad.tflite").write_bytes(b"    TFL3")

    code, out, err = run("inspect", "own.tflite", "bad.tflite", "none.tflite")

    assert code == 1
    assert out.startswith("own.tflite: a network: name lite, ")
    assert f"sha256 {HASH}" in out
    bad, none = err.splitlines()
    assert "'bad.tflite' is a damaged TFLite file" in bad
    assert none == "colorkit: cannot read 'none.tflite': No such file or directory"


def test_bins_are_counted(run):
    """Of the colours of a network's classes a person sees how many, a program all."""
    bins = tuple((float(a), float(b)) for a, b in gamut_bins())
    metadata = replace(read_metadata(LITE.read_bytes(), "lite"), bins=bins)
    Path("own.tflite").write_bytes(write_metadata(LITE.read_bytes(), metadata))

    assert ", bins 313 with a -90 to 100 and b -110 to 100, " in run("inspect", "own.tflite").out
    [found] = json.loads(run("inspect", "own.tflite", "--json").out)
    assert found["network"]["bins"] == [list(colour) for colour in bins]


def test_notes_hold_no_paths(run, tmp_path):
    """Of a backend that is a file the note has the name alone; nothing in it tells of a machine."""
    folder = tmp_path / "secret-folder"
    folder.mkdir()
    shutil.copy(LITE, folder / "own.tflite")
    files.write("old.png", np.full((8, 12), 128, np.uint8))

    run("colorize", "old.png", "--backend", folder / "own.tflite")

    assert "model own.tflite, sha256 " + HASH in run("inspect", "old-color.png").out
    assert b"secret" not in Path("old-color.png").read_bytes()


def test_functions_are_known_by_their_names(run):
    """A backend without a file has no hash."""
    register_backend("gray")(lambda lightness: np.zeros((*lightness.shape[:3], 2), np.float32))
    files.write("old.png", np.full((8, 12), 128, np.uint8))
    colorkit.save_hints("hints.json", [colorkit.Hint(3, 3, "#f00")])

    run("colorize", "old.png", "--backend", "gray", "--hints", "hints.json")

    assert run("inspect", "old-color.png").out == (
        f"old-color.png: coloured by a model: model gray, version {colorkit.__version__}, hints 1\n"
    )


def test_something_has_to_be_named(run):
    """Without a file it is wrong usage."""
    code, out, err = run("inspect")

    assert (code, out) == (2, "")
    assert "Missing argument 'FILE...'" in err
