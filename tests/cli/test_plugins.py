import json

import pytest

import colorkit

SEPIA = """
    import colorkit

    @colorkit.hookimpl
    def register_backends(register):
        register(colorkit.BackendSpec("sepia", "colorkit_toned:sepia", aliases=("brown",)))

    @colorkit.hookimpl
    def register_commands(register):
        register(colorkit.CommandSpec("tone", "colorkit_toned:tone"))
"""


@pytest.fixture(autouse=True)
def _alone(registry, monkeypatch):
    """Leave out what else is installed here."""
    monkeypatch.setenv("COLORKIT_PLUGINS", "colorkit-toned")


def test_says_who_brings_what(run, install):
    """The table has a line for colorkit and for each plugin, with all that it brings."""
    install("colorkit-toned", SEPIA)

    code, out, err = run("plugins")

    _, own, toned = out.splitlines()
    assert (code, err) == (0, "")
    assert own.split()[:3] == ["colorkit", colorkit.__version__, "backends"]
    assert toned.split(maxsplit=2) == ["colorkit-toned", "1.5", "backends sepia; commands tone"]


def test_says_what_is_broken_and_why(run, install):
    """A plugin that fails to load is listed with its cause; the listing itself succeeds."""
    install("colorkit-toned", "import no_such_module")

    code, out, _ = run("plugins")

    assert code == 0
    assert "colorkit-toned  1.5      broken: needs the module 'no_such_module'" in out


def test_json_is_for_programs(run, install):
    """With --json, stdout is one JSON list of the same facts."""
    install("colorkit-toned", SEPIA)

    own, toned = json.loads(run("plugins", "--json").out)

    assert "lite" in own["backends"]
    assert toned == {
        "distribution": "colorkit-toned",
        "version": "1.5",
        "module": "colorkit_toned",
        "backends": ["sepia"],
        "networks": [],
        "weights": [],
        "commands": ["tone"],
        "error": None,
    }
