import inspect
import re
from pathlib import Path

import pytest

from colorkit import builtin, hookspecs

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "plugins" / "index.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
HOOKS = {
    name: function
    for name, function in inspect.getmembers(hookspecs, inspect.isfunction)
    if hasattr(function, "colorkit_spec")
}
HOOK_NAMES = sorted(HOOKS)


def test_there_are_hooks():
    """The hooks are those whose specs are known, no more and no fewer."""
    assert HOOK_NAMES == sorted(hookspecs.SPECS) != []


@pytest.mark.parametrize("name", HOOK_NAMES)
def test_each_hook_is_on_the_docs_page_with_its_arguments(name):
    """The page "Write a backend" shows every hook with its exact arguments, and no other."""
    reference = PAGE.split("## Hooks")[1].split("\n## ")[0]
    arguments = ", ".join(inspect.signature(HOOKS[name]).parameters)

    assert f"`{name}({arguments})`" in reference
    assert sorted(re.findall(r"`(register_\w+)\(", reference)) == HOOK_NAMES


@pytest.mark.parametrize("name", HOOK_NAMES)
def test_each_hook_has_a_test(name):
    """A test that bears the hook's name shows it at work."""
    tests = (ROOT / "tests" / "test_plugins.py").read_text(encoding="utf-8")

    assert re.search(rf"^def test_{name}", tests, re.MULTILINE)


@pytest.mark.parametrize("name", HOOK_NAMES)
def test_colorkit_uses_each_hook_itself(name):
    """What colorkit brings comes through the same hooks as a stranger's plugin."""
    given = []

    getattr(builtin, name)(given.append)

    assert hasattr(getattr(builtin, name), "colorkit_impl")
    assert given != []
    assert all(isinstance(spec, hookspecs.SPECS[name]) for spec in given)


@pytest.mark.parametrize("block", range(len(BLOCKS)))
def test_the_page_runs(block, registry):
    """Every Python block of the page "Write a backend" runs as it stands."""
    exec(compile(BLOCKS[block], f"plugins/index.md, block {block}", "exec"), {"__name__": "page"})


def test_the_first_block_colours(registry):
    """The ten lines at the top of the page colour an image."""
    page = {"__name__": "page"}
    exec(BLOCKS[0], page)

    assert page["colour"].shape == (48, 64, 3)
    assert len(set(page["colour"][36, 32].tolist())) > 1


@pytest.mark.parametrize("name", ["pyproject.toml", "colorkit_sepia.py"])
def test_the_page_shows_the_example_whole(name):
    """What the page calls the whole package is the package that is built and installed."""
    shown = (ROOT / "examples" / "colorkit-sepia" / name).read_text(encoding="utf-8")

    assert f"\n{shown}```" in PAGE
