import ast
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

import colorkit

HEAVY = {"tensorflow", "keras", "torch", "jax", "cv2", "ai_edge_litert", "skimage", "PIL"}
HEAVY |= {"pluggy", "click", "tqdm"}


def modules_after(code):
    """Run code in a fresh interpreter, and return the names of the modules that it imported."""
    finished = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules)"],
        cwd=Path(colorkit.__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(finished.stdout.split())


def test_exports_what_it_says():
    """`__all__` lists exactly the names that type checkers see imported."""
    tree = ast.parse(Path(colorkit.__file__).read_text(encoding="utf-8"))
    seen = [
        alias.asname or alias.name
        for block in tree.body
        if isinstance(block, ast.If)
        for statement in block.body
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
    ]

    assert sorted([*seen, "__version__"]) == sorted(colorkit.__all__)


@pytest.mark.parametrize("name", colorkit.__all__)
def test_every_name_is_there(name):
    """Each public name can be had, the same object each time, and shows in `dir`."""
    assert getattr(colorkit, name) is getattr(colorkit, name)
    assert name in dir(colorkit)


def test_unknown_names_are_attribute_errors():
    """A name that is not there is an AttributeError, as for any module."""
    with pytest.raises(AttributeError, match="'colorkit' has no attribute 'colourise'"):
        _ = colorkit.colourise
    assert not hasattr(colorkit, "colourise")


def test_import_is_cheap():
    """`import colorkit` imports no framework, no image library, and not even numpy."""
    modules = modules_after("import colorkit")

    assert "colorkit" in modules
    assert not modules & (HEAVY | {"numpy"})


def test_arrays_are_coloured_without_frameworks():
    """Colouring an array takes LiteRT: no Keras, TensorFlow, scikit-image, Pillow or XML."""
    modules = modules_after(
        "import numpy, colorkit; colorkit.colorize(numpy.zeros((8, 8), numpy.uint8))"
    )

    assert "ai_edge_litert" in modules
    assert not modules & (HEAVY | {"xml"}) - {"ai_edge_litert", "pluggy"}


def test_nothing_is_discovered_at_import(tmp_path):
    """An installed plugin is not imported before a name is asked for."""
    info = tmp_path / "colorkit_toned-1.5.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: colorkit-toned\nVersion: 1.5\n")
    (info / "entry_points.txt").write_text("[colorkit]\ntoned = colorkit_toned\n")
    (tmp_path / "colorkit_toned.py").touch()
    path = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import colorkit.registry as names; "
    everything = "[getattr(names.colorkit, name) for name in ('colorize', 'register_backend')]"

    before = modules_after(path.replace(" as names", "") + everything.replace("names.", ""))
    after = modules_after(path + "names.backends()")

    assert "colorkit_toned" not in before
    assert "colorkit_toned" in after


def test_is_typed():
    """Type checkers of dependent projects are told that the package has types."""
    assert (files("colorkit") / "py.typed").is_file()
