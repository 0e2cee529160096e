import builtins
import inspect
import pickle
import re
import sys

import pytest

from colorkit import errors
from colorkit.errors import ColorkitWarning, warn

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and issubclass(value, Exception)
}


def drawn_tree() -> list[tuple[str, str | None, str | None]]:
    """Name, parent and further built-in kind of every class in the docstring's drawing."""
    rows: list[tuple[str, str | None, str | None]] = []
    path: list[str] = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"    ([│├└─ ]*)(\w+)(?: +\(also (\w+)\))?", line)
        if found:
            stem, name, kind = found.groups()
            depth = len(stem) // 4
            path[depth:] = [name]
            rows.append((name, path[depth - 1] if depth else None, kind))
    return rows


def test_drawing_is_complete():
    """The tree in the docstring shows every error class once, and nothing else."""
    drawn = sorted(name for name, _, _ in drawn_tree())

    assert drawn == sorted(set(CLASSES) - {"ColorkitWarning"})


@pytest.mark.parametrize(("name", "parent", "kind"), drawn_tree())
def test_drawing_is_true(name, parent, kind):
    """Each class stands under the class it is drawn under, and is the built-in kind it claims."""
    error = CLASSES[name]
    bases = [CLASSES[parent] if parent else Exception]
    if kind:
        bases.append(getattr(builtins, kind))

    assert list(error.__bases__) == bases


@pytest.mark.parametrize("error", CLASSES.values())
def test_errors_say_what_they_were_given(error):
    """The message is what is printed, also after a trip to another process."""
    travelled = pickle.loads(pickle.dumps(error("size must be positive; received -1")))

    assert type(travelled) is error
    assert str(travelled) == "size must be positive; received -1"


def test_everything_is_exported():
    """`__all__` is the classes and `warn`."""
    assert sorted(errors.__all__) == sorted([*CLASSES, "warn"])


def test_warning_is_a_user_warning():
    """Warnings show by default."""
    assert issubclass(ColorkitWarning, UserWarning)


def inside(module: str, depth: int):
    """A function that warns, called through that many functions of a module of that name."""
    call = warn
    for _ in range(depth):
        namespace = {"__name__": module, "call": call}
        exec("def through(message):\n    call(message)\n", namespace)
        call = namespace["through"]
    return call


@pytest.mark.parametrize("module", ["colorkit", "colorkit.resize", "colorkit.backends.base"])
@pytest.mark.parametrize("depth", [0, 1, 3])
def test_warnings_point_at_the_caller(module, depth):
    """However deep inside the package it is found, a warning names the line that called."""
    call = inside(module, depth)
    line = sys._getframe().f_lineno + 2
    with pytest.warns(ColorkitWarning, match=r"^careful$") as caught:
        call("careful")

    assert (caught[0].filename, caught[0].lineno) == (__file__, line)


def test_plugins_are_callers():
    """A distribution whose name begins with ours is outside: warnings point into it."""
    with pytest.warns(ColorkitWarning) as caught:
        inside("colorkit_sepia", 1)("careful")

    assert caught[0].filename == "<string>"
