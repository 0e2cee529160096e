import json
import os

import pytest

from colorkit.weights import catalog


@pytest.fixture
def stick(bread, tmp_path):
    path = tmp_path / "stick.safetensors"
    path.write_bytes(bread.content)
    return path


def test_fetching_prints_the_place_and_says_the_licence(bread, run):
    """The path alone is on stdout; licence and citation are one line on stderr, the first time."""
    pytest.importorskip("pooch")
    bread.server.serve("/first", bread.content)

    first, second = run("weights", "fetch", "bread"), run("weights", "fetch", "bread")

    assert (first.code, first.out) == (0, f"{bread.file}\n")
    assert first.err.startswith("colorkit: fetching weights 'bread', 524,")
    assert "licence: MIT; to cite: B. Baker: Bread. 2031" in first.err
    assert second == (0, f"{bread.file}\n", "")


def test_a_failure_is_one_line(bread, run):
    """What each address gave, and what to do by hand, is said without a traceback."""
    pytest.importorskip("pooch")
    for path in ("/first", "/second"):
        bread.server.serve(path, b"", 503)

    code, out, err = run("weights", "fetch", "bread")

    assert (code, out, err.count("\n")) == (1, "", 2)
    assert "first: 503 Service Unavailable; " in err
    assert "run: colorkit weights add FILE" in err


def test_adding_prints_the_place(bread, run, stick):
    """A file that was brought is recognised, or named with --as."""
    assert run("weights", "add", stick) == (0, f"{bread.file}\n", "")

    stick.write_bytes(bread.content[:-1] + b"\1")
    refused = run("weights", "add", stick)
    named = run("weights", "add", stick, "--as", "own-bread")

    assert (refused.code, refused.out) == (1, "")
    assert "say which: --as NAME" in refused.err
    assert named == (0, f"{catalog.path('own-bread')}\n", "")


def test_the_list_says_what_is_here(bread, run, stick):
    """Each name has its state; files that were added are told from fetched ones."""
    run("weights", "add", stick)

    head, *lines = run("weights", "list").out.splitlines()

    assert head.split() == ["NAME", "STATE", "SIZE", "LICENSE", "SUMMARY"]
    assert [line.split()[:5] for line in lines if "bread" in line] == [
        ["bread", "yours", "0.5", "MB", "MIT"],
        ["own-bread", "absent"],
    ]


def test_json_is_for_programs(bread, run):
    """With --json, stdout is one JSON list with all that is known."""
    rows = {row["name"]: row for row in json.loads(run("weights", "list", "--json").out)}

    assert rows["bread"] == {
        "name": "bread",
        "state": "absent",
        "network": "bread",
        "format": "safetensors",
        "bytes": len(bread.content),
        "sha256": rows["bread"]["sha256"],
        "urls": [bread.server.url("/first"), bread.server.url("/second")],
        "license": "MIT",
        "citation": "B. Baker: Bread. 2031",
        "summary": "",
    }
    assert rows["eccv16"]["sha256"].startswith("9b330a0b")


def test_paths(bread, run):
    """With a name, the path of a file; without, that of the folder."""
    assert run("weights", "path", "bread") == (0, f"{bread.file}\n", "")
    assert run("weights", "path") == (0, f"{bread.folder}\n", "")
    assert run("weights", "path", "bred").code == 2


def test_verifying_goes_through_all_that_is_here(bread, run, stick):
    """Intact files are listed on stdout, damaged ones on stderr with exit code 1."""
    assert run("weights", "verify") == (0, "", "")

    run("weights", "add", stick)
    intact = run("weights", "verify")
    assert intact == (0, f"bread: {bread.file} is intact\n", "")

    bread.file.write_bytes(b"")
    code, out, err = run("weights", "verify")
    assert (code, out) == (1, "")
    assert err.startswith(f"colorkit: bread: '{bread.file}' is damaged: an empty file of 0 bytes")


def test_cleaning_says_what_it_freed(bread, run, stick):
    """Files that were added stay, unless --all is given."""
    run("weights", "add", stick)

    assert run("weights", "clean") == (0, f"{bread.folder}: 0.0 MB freed\n", "")
    assert run("weights", "clean", "--all") == (0, f"{bread.folder}: 0.5 MB freed\n", "")
    assert os.listdir(bread.folder) == []
