import json
from pathlib import Path

import pytest

from colorkit import registry
from colorkit.cli import main


@pytest.fixture
def run(client, make, monkeypatch, capsys):
    """Run `colorkit dask` on the cluster, in an empty folder."""
    monkeypatch.delenv("COLORKIT_PLUGINS", raising=False)

    def run(*arguments):
        with pytest.raises(SystemExit) as ended:
            main(["dask", *arguments, "--scheduler", client.scheduler.address])
        return ended.value.code or 0, *capsys.readouterr()

    return run


def test_the_command_is_found():
    """Installed, the plugin brings `colorkit dask`, and importing it leaves dask alone."""
    assert registry.commands()["dask"].summary == "Colour an archive on many machines"


def test_an_archive_is_coloured_by_a_command(run, make):
    """The command colours what is missing, lists what fails, and says how many there were."""
    make(3)
    Path("scans/a/00000.png").write_bytes(b"junk")

    code, out, err = run("scans", "-o", "colour", "--saturation", "0.5")

    assert (code, out) == (1, "2 coloured, 0 done before, 1 failed\n")
    assert err.startswith("colorkit: cannot read '")
    make(1)
    assert run("scans", "-o", "colour")[:2] == (0, "1 coloured, 2 done before, 0 failed\n")


def test_wrong_usage_is_told_from_failure(run, make):
    """An unknown backend is wrong usage, as for `colorkit colorize`."""
    make(1)

    code, _, err = run("scans", "-o", "colour", "--backend", "nope")

    assert code == 2
    assert "no backend is named 'nope'" in err


def test_it_stands_in_the_list_of_plugins(run):
    """`colorkit plugins` has the distribution, its version, and its command."""
    from importlib.metadata import version

    [row] = [r for r in registry.list_plugins() if r["distribution"] == "colorkit-dask"]

    assert json.loads(json.dumps(row)) == {
        "distribution": "colorkit-dask",
        "version": version("colorkit-dask"),
        "module": "colorkit_dask",
        "backends": [],
        "networks": [],
        "weights": [],
        "commands": ["dask"],
        "error": None,
    }
