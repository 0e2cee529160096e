import ast
import re
import tomllib
from pathlib import Path

import pytest

import colorkit

ROOT = Path(__file__).parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
SOURCES = sorted(path for plugin in PLUGINS for path in plugin.rglob("*.py"))
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
PUBLIC = {f"colorkit.{name}" for name in colorkit.__all__} | {
    "colorkit",
    *re.findall(r"^::: (\S+)$", REFERENCE, re.MULTILINE),
}


def imports(path):
    """Full names that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_public(name):
    """Whether the reference has it, or the module that it is a name of."""
    module, _, last = name.rpartition(".")
    return name in PUBLIC or (module in PUBLIC - {"colorkit"} and not last.startswith("_"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_plugins_import_public_names_only(path):
    """What a plugin takes from colorkit stands in the reference: a stranger could have made it."""
    ours = {name for name in imports(path) if name.partition(".")[0] == "colorkit"}

    assert {name for name in ours if not is_public(name)} == set()


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.name)
def test_a_plugin_is_a_distribution(plugin):
    """Each folder has its own metadata, README, changes, licence, and marks its types."""
    project = tomllib.loads((plugin / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    package = plugin / plugin.name.replace("-", "_")

    assert project["name"] == plugin.name
    assert f"## {project['version']}" in (plugin / "CHANGELOG.md").read_text(encoding="utf-8")
    assert (plugin / "README.md").read_text(encoding="utf-8").startswith(f"# {plugin.name}\n")
    assert (plugin / "LICENSE").read_bytes() == (ROOT / "LICENSE").read_bytes()
    assert (package / "py.typed").exists()
    assert list(project["entry-points"]["colorkit"].values()) == [package.name]
    assert (ROOT / "tests" / "plugins" / plugin.name.removeprefix("colorkit-")).is_dir()


def test_all_plugins_are_installed_for_the_tests():
    """The file that the README's command names has every plugin, editable."""
    lines = (ROOT / "plugins" / "requirements.txt").read_text(encoding="utf-8").splitlines()

    assert sorted(lines) == [f"-e plugins/{plugin.name}" for plugin in PLUGINS]
