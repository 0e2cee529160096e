import json
import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

import colorkit
from colorkit import PluginError
from colorkit import registry as names
from colorkit.plugins import normalized, own_plugin

GRAY = np.full((8, 8), 128, np.uint8)

TONED = """
    import colorkit

    def toned(lightness):
        return lightness.repeat(2, axis=3) * 0 + 20

    @colorkit.hookimpl
    def register_backends(register):
        register(colorkit.BackendSpec("toned", "MODULE:toned", summary="Warm", aliases=("warm",)))
"""

HOOK = "import colorkit\n@colorkit.hookimpl\ndef register_backends(register): "

BROKEN = {
    "import error": ("import colorkit.no_such_part", "ModuleNotFoundError: No module named"),
    "missing name": ("from json import no_such_name", "ImportError: cannot import name"),
    "own part missing": ("import colorkit_bad.part", "ModuleNotFoundError: .*'colorkit_bad.part'"),
    "absent dependency": ("import no_such_module", "needs the module 'no_such_module', which is n"),
    "syntax error": ("def f(:", r"SyntaxError: invalid syntax \(colorkit_bad.py, line 1\)"),
    "error": ("1 / 0", "ZeroDivisionError: division by zero"),
    "exit": ("import sys; sys.exit('bye')", "SystemExit: bye"),
    "error in hook": (
        HOOK + "1 / 0",
        "ZeroDivisionError: division by zero",
    ),
    "unknown argument": (
        "import colorkit\n@colorkit.hookimpl\ndef register_backends(registry): ...",
        "PluginValidationError: .*'register_backends'.*registry",
    ),
    "misspelt hook": (
        "import colorkit\n@colorkit.hookimpl\ndef register_backend(register): ...",
        "PluginValidationError: unknown hook 'register_backend'",
    ),
    "no hook": (
        "def register_backends(register): ...",
        "PluginError: module colorkit_bad has no function marked with @colorkit.hookimpl",
    ),
    "returns its specs": (
        HOOK + "return [7]",
        r"PluginError: register_backends of module colorkit_bad returned \[7\]; hand each spec",
    ),
    "wrong kind": (
        HOOK + "register('bad')",
        "PluginError: register of register_backends takes a colorkit.BackendSpec; received 'bad'",
    ),
    "spec of another hook": (
        HOOK + "register(colorkit.CommandSpec('bad', 'm:a'))",
        "PluginError: register of register_backends takes a colorkit.BackendSpec; received Comma",
    ),
    "bad name": (
        HOOK + "register(colorkit.BackendSpec('a b', 'm:a'))",
        "PluginError: a name is made of letters, .* received 'a b'",
    ),
    "one name twice": (
        HOOK + "[register(colorkit.BackendSpec('bad', 'm:a')) for _ in 'ab']",
        "PluginError: backend 'bad' is registered twice by one plugin",
    ),
}


def toned(module: str) -> str:
    return TONED.replace("MODULE", module)


def plugin(distribution: str) -> dict:
    [row] = [row for row in names.list_plugins() if row["distribution"] == distribution]
    return row


def test_register_backends(install):
    """A distribution's backend is had by its name, its alias, and both with the distribution."""
    install("colorkit-toned", toned("colorkit_toned"))
    expected = colorkit.colorize(GRAY, "toned")

    for name in ("warm", "colorkit-toned:toned", "Colorkit_Toned:warm"):
        np.testing.assert_array_equal(colorkit.colorize(GRAY, name), expected)
    assert names.backends()["toned"].summary == "Warm"


def test_register_networks(install):
    """A distribution's network is found by its name, with its builder."""
    install(
        "colorkit-net",
        """
        import colorkit

        def build():
            return "a model"

        @colorkit.hookimpl
        def register_networks(register):
            register(colorkit.NetworkSpec("tiny", "colorkit_net:build", size=64, stride=4))
        """,
    )

    spec, build = names.get_network("tiny")

    assert (spec.size, spec.stride, spec.weights) == (64, 4, None)
    assert build() == "a model"


def test_register_weights(install):
    """A distribution's file of weights is known by its name, with what makes tensors of it."""
    install(
        "colorkit-bread",
        """
        import colorkit

        @colorkit.hookimpl
        def register_weights(register):
            register(colorkit.WeightsSpec("bread", dict, network="bread", format="safetensors"))
        """,
    )

    assert names.weights()["bread"] == names.get_weights("colorkit-bread:bread")
    assert names.get_weights("bread").sha256 is None
    assert names.get_converter("bread") is dict


def test_register_commands(install):
    """A distribution's subcommand stands beside colorkit's own."""
    install(
        "colorkit-hello",
        """
        import click
        import colorkit

        @click.command()
        def hello(): ...

        @colorkit.hookimpl
        def register_commands(register):
            register(colorkit.CommandSpec("hello", "colorkit_hello:hello", summary="Greets"))
        """,
    )

    assert names.get_command("hello").name == "hello"
    assert names.commands()["hello"].summary == "Greets"
    assert "colorize" in names.commands()


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_broken_plugin_breaks_nothing_else(install, source, reason):
    """It is listed with its cause and raises when asked for; all other plugins work."""
    install("colorkit-bad", source, entry_point="bad")
    install("colorkit-toned", toned("colorkit_toned"))

    assert plugin("colorkit-toned")["error"] is None
    assert colorkit.colorize(GRAY, "toned").shape == (8, 8, 3)
    bad = plugin("colorkit-bad")
    assert (bad["version"], bad["backends"], bad["commands"]) == ("1.5", [], [])
    assert re.match(reason, bad["error"])
    for name in ("bad", "colorkit-bad:anything"):
        with pytest.raises(
            PluginError,
            match=f"backend '{name}' cannot be had: plugin colorkit-bad 1.5 is broken: {reason}",
        ) as caught:
            names.get_backend(name)
        assert caught.value.__cause__ is not None


def test_a_hook_that_fails_halfway_leaves_nothing(install):
    """What a plugin registered before it failed is not had, and says why."""
    source = toned("colorkit_half") + "        raise OSError('no disk')\n"
    install("colorkit-half", source, entry_point="half")

    assert "toned" not in names.backends()
    for name in ("toned", "warm"):
        with pytest.raises(PluginError, match=r"colorkit-half 1\.5 is broken: OSError: no disk"):
            names.get_backend(name)


def test_an_unknown_name_tells_of_broken_plugins(install):
    """The name may be one that a broken plugin would have brought: the message says so."""
    install("colorkit-bad", "1 / 0", entry_point="bad")

    with pytest.raises(
        LookupError, match=r"no backend .*'else'; .*colorkit-bad 1.5 is broken: Zero"
    ):
        names.get_backend("else")


def test_two_plugins_with_one_name_are_both_named(install):
    """Asking for the name is an error that names both; `distribution:name` chooses."""
    install("colorkit-one", toned("colorkit_one"))
    install("colorkit-two", toned("colorkit_two"))

    with pytest.raises(
        PluginError,
        match=r"backend 'warm' is claimed by colorkit-one 1.5 and by colorkit-two 1.5; "
        "ask for 'colorkit-one:toned' or 'colorkit-two:toned'",
    ):
        names.get_backend("warm")
    assert names.get_backend("colorkit-two:toned")[0] == "toned"
    assert {"colorkit-one:toned", "colorkit-two:toned"} < set(names.backends())
    assert "toned" not in names.backends()


def test_a_plugin_cannot_take_the_place_of_what_colorkit_brings(install):
    """A plugin that claims 'lite' is not used in its stead: the name is refused, both named."""
    install("colorkit-sly", toned("colorkit_sly").replace('"toned", ', '"lite", '))

    with pytest.raises(PluginError, match=r"'lite' is claimed by colorkit .* and by colorkit-sly"):
        names.get_backend("lite")
    assert names.backends()["colorkit:lite"].load == "colorkit.backends.litert:Lite"


@pytest.mark.parametrize("allowed", ["none", "", "colorkit-other"])
def test_the_environment_can_keep_plugins_out(install, monkeypatch, allowed):
    """`COLORKIT_PLUGINS=none` imports no plugin, and the message about a name says so."""
    install("colorkit-bad", "1 / 0", entry_point="bad")
    monkeypatch.setenv("COLORKIT_PLUGINS", allowed)

    assert "colorkit-bad" not in [row["distribution"] for row in names.list_plugins()]
    assert "lite" in names.backends()
    with pytest.raises(LookupError, match=f"COLORKIT_PLUGINS='{allowed}' restricts the plugins"):
        names.get_backend("bad")


def test_the_environment_can_choose_plugins(install, monkeypatch):
    """`COLORKIT_PLUGINS` lists the distributions to load, spelt as anyone spells them."""
    install("colorkit-bad", "1 / 0", entry_point="bad")
    install("colorkit-toned", toned("colorkit_toned"))
    monkeypatch.setenv("COLORKIT_PLUGINS", "other, Colorkit_Toned")

    loaded = [row["distribution"] for row in names.list_plugins()]

    assert "colorkit-toned" in loaded
    assert "colorkit-bad" not in loaded


def test_a_distribution_that_lost_its_metadata_is_listed(install, tmp_path):
    """A plugin whose METADATA is gone goes by its entry point, and harms no other."""
    install("colorkit-toned", toned("colorkit_toned"))
    (tmp_path / "colorkit_toned-1.5.dist-info" / "METADATA").unlink()

    assert plugin("toned")["version"] is None
    assert names.get_backend("toned")[0] == "toned"


def test_the_listing_is_plain_data(install):
    """`list_plugins` survives JSON, colorkit itself comes first."""
    install("colorkit-bad", "1 / 0", entry_point="bad")

    rows = json.loads(json.dumps(names.list_plugins()))

    assert rows[0] == {
        "distribution": "colorkit",
        "version": colorkit.__version__,
        "module": "colorkit.builtin",
        "backends": [
            *("lite", "lite-keras", "eccv16", "eccv16-int8", "eccv16-norebal", "siggraph17"),
            *("eccv16-keras", "siggraph17-keras"),
        ],
        "networks": ["lite", "eccv16", "eccv16-norebal", "siggraph17"],
        "weights": ["eccv16", "eccv16-caffe", "eccv16-norebal", "siggraph17"],
        "commands": [
            *("colorize", "evaluate", "inspect", "backends", "plugins", "video", "export"),
            *("train", "weights", "web"),
        ],
        "error": None,
    }


@pytest.mark.parametrize("spec", own_plugin().specs, ids=lambda spec: f"{spec.kind} {spec.name}")
def test_what_colorkit_registers_is_there(spec):
    """Each of colorkit's own names stands for a function or class in the module it names."""
    module, _, attribute = spec.load.partition(":")
    source = Path(find_spec(module).origin).read_text(encoding="utf-8")

    assert re.search(rf"^(def|class) {attribute}\b", source, re.MULTILINE)


def test_distributions_compare_as_indexes_compare_them():
    """Case, dots, dashes and underscores do not tell distributions apart."""
    assert normalized("Colorkit__Sepia.x") == normalized("colorkit-sepia-x") == "colorkit-sepia-x"
