import json

import numpy as np

from colorkit import BackendSpec, register_backend
from colorkit import registry as names


def sepia(lightness):
    return np.zeros((*lightness.shape[:3], 2), np.float32)


def test_lists_names_states_and_summaries(run, registry):
    """The table has one line a backend: ready, or the command that makes it so."""
    register_backend("sepia", summary="Brown", aliases=("brown", "tea"))(sepia)
    spec = BackendSpec("far", "far:away", requires=("no_such_module",), install="colorkit-far")
    names._default.register(spec, "far")

    code, out, err = run("backends")

    head, *rows = out.splitlines()
    cells = {row.split()[0]: row for row in rows}
    assert (code, err) == (0, "")
    assert head.split() == ["NAME", "ALIASES", "STATE", "SUMMARY"]
    assert list(cells) == sorted(cells)
    assert {"far", "lite", "lite-keras", "eccv16", "sepia"} < set(cells)
    assert cells["sepia"].split() == ["sepia", "brown,", "tea", "ready", "Brown"]
    assert "pip install colorkit-far" in cells["far"]


def test_columns_are_aligned(run):
    """Every column begins where its head does, and no line ends in blanks."""
    lines = run("backends").out.splitlines()
    column = lines[0].index("SUMMARY")

    assert all(line[column - 1] == " " != line[column] for line in lines)
    assert all(line == line.rstrip() for line in lines)


def test_json_is_for_programs(run, registry):
    """With --json, stdout is one JSON list of the same facts."""
    spec = BackendSpec(
        "far", "far:away", license="MIT", requires=("no_such_module",), aliases=("away",)
    )
    names._default.register(spec, "far")

    rows = {row["name"]: row for row in json.loads(run("backends", "--json").out)}

    assert rows["far"] == {
        "name": "far",
        "aliases": ["away"],
        "summary": "",
        "license": "MIT",
        "missing": ["no_such_module"],
        "remedy": "pip install no_such_module",
    }
    assert (rows["lite"]["missing"], rows["lite"]["remedy"]) == ([], None)


def test_rivals_are_listed_with_their_distributions(run, install):
    """Two backends of one name are both there, as they have to be asked for."""
    source = """
        import colorkit
        @colorkit.hookimpl
        def register_backends(register):
            register(colorkit.BackendSpec("toned", "far:away"))
    """
    install("colorkit-one", source)
    install("colorkit-two", source)

    listed = [row["name"] for row in json.loads(run("backends", "--json").out)]

    assert [name for name in listed if "toned" in name] == [
        "colorkit-one:toned",
        "colorkit-two:toned",
    ]
