import json
from pathlib import Path

import pytest

SEPIA = Path(__file__).parents[2] / "examples" / "colorkit-sepia"

PROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.3"

[project.entry-points.colorkit]
{entry_point} = "{module}"

[tool.hatch.build.targets.wheel]
include = ["{module}.py"]
"""

NEIGHBOURS = {
    "colorkit-absent": "import no_such_module",
    "colorkit-syntax": "def register_backends(register",
    "colorkit-hook": "import colorkit\n@colorkit.hookimpl\ndef register_backends(wrong): ...",
    "colorkit-exit": "raise SystemExit('bye')",
    "colorkit-rival": (SEPIA / "colorkit_sepia.py").read_text(encoding="utf-8"),
}

COLOUR = """
    import numpy as np, colorkit
    print(colorkit.colorize(np.full((3, 5), 128, np.uint8), backend="{}")[0, 0].tolist())
"""

ASK = """
    from colorkit import PluginError, registry
    try:
        registry.get_backend("{}")
    except PluginError as error:
        print(error, "|", type(error.__cause__).__name__)
"""


@pytest.fixture(scope="module")
def crowded(environment, tmp_path_factory):
    """Install broken plugins, and a rival, beside colorkit-sepia."""
    folder = tmp_path_factory.mktemp("neighbours")
    for name, source in NEIGHBOURS.items():
        module = name.replace("-", "_")
        entry_point = name.removeprefix("colorkit-")
        project = folder / name
        project.mkdir()
        (project / f"{module}.py").write_text(source.replace("colorkit_sepia", module))
        (project / "pyproject.toml").write_text(
            PROJECT.format(name=name, module=module, entry_point=entry_point)
        )
    environment.install(*folder.iterdir())
    return environment


def test_the_example_is_small():
    """A backend distribution takes at most forty lines."""
    lines = (SEPIA / "colorkit_sepia.py").read_text(encoding="utf-8").splitlines()

    assert len(lines) <= 40


def test_an_installed_plugin_is_used_by_name(environment):
    """Installed from its wheel, a backend colours by its name, and nothing else has to be done."""
    red, green, blue = json.loads(environment.run(COLOUR.format("sepia")))

    assert red > green > blue


def test_an_installed_plugin_is_not_imported_with_colorkit(environment):
    """`import colorkit` loads no plugin; the first look at the names does."""
    printed = environment.run(
        """
        import sys, colorkit
        from colorkit import registry
        print("colorkit_sepia" in sys.modules)
        print(registry.backends()["sepia"].license, "colorkit_sepia" in sys.modules)
        """
    )

    assert printed.split() == ["False", "BSD-3-Clause", "True"]


def test_the_environment_keeps_an_installed_plugin_out(environment):
    """With `COLORKIT_PLUGINS=none` an installed plugin's name is unknown."""
    printed = environment.run(
        """
        from colorkit import registry
        print("sepia" in registry.backends())
        """,
        COLORKIT_PLUGINS="none",
    )

    assert printed.strip() == "False"


def test_an_installed_plugin_conforms(environment):
    """The example passes the conformance suite, run by pytest as the docs page says."""
    printed = environment.run(
        """
        import pathlib, sys, tempfile, pytest
        with tempfile.TemporaryDirectory() as folder:
            test = pathlib.Path(folder, "test_it.py")
            test.write_text(
                "from colorkit.testing import BackendTests\\n"
                "class TestSepia(BackendTests): backend_name = 'sepia'\\n"
            )
            sys.exit(pytest.main([str(test), "-q", "-W", "error", "-p", "no:cacheprovider"]))
        """
    )

    assert "14 passed" in printed


def test_installed_broken_plugins_break_nothing(crowded):
    """With four broken plugins installed, colorkit's own names and commands are all there."""
    printed = crowded.run(
        """
        import json
        from colorkit import registry
        assert {"lite", "lite-keras"} < set(registry.backends()), registry.backends()
        print(json.dumps({row["distribution"]: row["error"] for row in registry.list_plugins()}))
        """
    )

    errors = json.loads(printed)
    assert errors["colorkit"] is errors["colorkit-sepia"] is errors["colorkit-rival"] is None
    assert errors["colorkit-absent"] == "needs the module 'no_such_module', which is not installed"
    assert errors["colorkit-syntax"].startswith("SyntaxError: '(' was never closed")
    assert errors["colorkit-hook"].startswith("PluginValidationError: ")
    assert errors["colorkit-exit"] == "SystemExit: bye"


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("absent", "ModuleNotFoundError"),
        ("syntax", "SyntaxError"),
        ("hook", "PluginValidationError"),
        ("exit", "SystemExit"),
    ],
)
def test_an_installed_broken_plugin_says_why(crowded, name, cause):
    """Asked for by name, it raises with its distribution, its version, and the cause chained."""
    printed = crowded.run(ASK.format(name))

    assert f"plugin colorkit-{name} 0.3 is broken: " in printed
    assert printed.strip().endswith(f"| {cause}")


def test_installed_rivals_are_both_named(crowded):
    """Two installed plugins with one name: asking for it names both, each can be chosen."""
    printed = crowded.run(ASK.format("sepia"))

    assert "claimed by colorkit-rival 0.3 and by colorkit-sepia 1.0.0" in printed
    chosen = [crowded.run(COLOUR.format(f"colorkit-{name}:sepia")) for name in ("sepia", "rival")]
    assert chosen[0] == chosen[1]
