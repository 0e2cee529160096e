import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

import colorkit
from colorkit import BackendError, BackendSpec, PluginError, register_backend
from colorkit import registry as names
from colorkit.errors import UnknownNameError, WeightsError

GRAY = np.full((8, 8), 128, np.uint8)


def warm(lightness):
    return np.broadcast_to(np.float32([10, 30]), (*lightness.shape[:3], 2))


def cold(lightness):
    return -warm(lightness)


class Threaded:
    stride, size, accepts_hints = 4, 64, False

    def __init__(self, *, threads=None):
        self.threads = threads

    def predict(self, lightness, hints=None):
        return colorkit.Prediction(ab=warm(lightness))


def test_listing_names_imports_no_backend():
    """Names are data: a listing loads neither a network runtime nor a backend."""
    code = (
        "import sys, colorkit.registry as r; assert 'pluggy' not in sys.modules; "
        "r.backends(), r.networks(), r.commands(), r.list_plugins(); "
        "print({'colorkit.backends.litert', 'colorkit.cli', 'keras', 'click'} & set(sys.modules))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    )

    assert finished.stdout.strip() == "set()"


def test_a_function_can_have_a_name(registry):
    """A decorated function stays itself, and colours by its name or alias."""
    assert register_backend("warm", aliases=("sunny",))(warm) is warm

    coloured = colorkit.colorize(GRAY, "sunny")

    assert coloured[0, 0, 0] > coloured[0, 0, 2]
    assert names.get_backend("warm")[0] == names.get_backend("sunny")[0] == "warm"


def test_a_class_is_told_the_number_of_threads(registry):
    """A class that takes `threads` is called with what the user asked for."""
    register_backend("threaded")(Threaded)

    assert names.get_backend("threaded", threads=3)[1].threads == 3


def test_the_same_object_can_be_registered_again(registry):
    """Running a module twice does no harm; the later summary counts."""
    register_backend("warm", summary="first")(warm)
    register_backend("warm", summary="second")(warm)

    assert names.backends()["warm"].summary == "second"


def test_a_notebook_cell_can_be_run_again(registry):
    """A function that is defined anew, in the same place, takes the place of the old one."""
    cell = "@register_backend('cell')\ndef cell(lightness): return lightness * 0 + [[[[1, 2]]]]"
    space = {"register_backend": register_backend, "__name__": "__main__"}
    exec(cell, space)
    exec(cell, space)

    assert names.get_backend("cell")[1].function is space["cell"]


@pytest.mark.parametrize(("name", "aliases"), [("warm", ()), ("sunny", ()), ("x", ("warm",))])
def test_another_object_needs_another_name(registry, name, aliases):
    """A name, or an alias, that is taken is refused; the message names both objects."""
    register_backend("warm", aliases=("sunny",))(warm)

    with pytest.raises(PluginError, match=r"function cold .* needs another name: .*function warm"):
        register_backend(name, aliases=aliases)(cold)
    assert names.get_backend("warm")[1].function is warm


@pytest.mark.parametrize("name", ["lite", "keras"])
def test_own_names_are_taken(registry, name):
    """A script cannot shadow what colorkit brings."""
    with pytest.raises(PluginError, match=rf"'{name}' .* needs another name: 'lite.*' of colorkit"):
        register_backend(name)(warm)


def test_a_backend_of_this_process_does_not_hide_a_plugin(registry, install):
    """A name that a script and an installed plugin both use is refused, both named."""
    install(
        "colorkit-warm",
        """
        import colorkit

        @colorkit.hookimpl
        def register_backends(register):
            register(colorkit.BackendSpec("warm", "colorkit_warm:f"))
        """,
    )
    register_backend("warm")(warm)

    with pytest.raises(PluginError, match=rf"by {__name__} and by colorkit-warm 1\.5"):
        names.get_backend("warm")
    assert names.get_backend(f"{__name__}:warm")[1].function is warm


def test_a_forgotten_name_is_told():
    """`@register_backend` without a name fails at once, not when the backend is wanted."""
    with pytest.raises(PluginError, match=r"a name is made of .* received <function warm"):
        register_backend(warm)


def test_what_cannot_be_called_is_refused():
    """Only a callable or a location can stand behind a name."""
    with pytest.raises(PluginError, match=r"load of backend 'x' must be a callable .* received 7"):
        register_backend("x")(7)


def test_an_unknown_name_is_answered_with_near_ones():
    """The error suggests what was meant, and lists what there is."""
    with pytest.raises(
        UnknownNameError,
        match=r"no backend is named 'lite-kera'; did you mean 'lite-keras'.*\?; .* lite, lite-ker",
    ) as caught:
        names.get_backend("lite-kera")
    assert isinstance(caught.value, LookupError)


@pytest.mark.parametrize("name", ["", ":", "lite:", ":lite:", "nowhere:lite", "lite ", "LITE"])
def test_odd_names_are_unknown_names(name):
    """Any string is answered with the same error, and the string in it."""
    with pytest.raises(UnknownNameError, match="no backend is named") as caught:
        names.get_backend(name)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "get"), [("network", names.get_network), ("command", names.get_command)]
)
def test_each_kind_has_names_of_its_own(kind, get):
    """A backend's name is no name of a network or a command."""
    with pytest.raises(UnknownNameError, match=f"no {kind} is named 'lite-keras'; .*there are"):
        get("lite-keras")


def test_own_names_can_be_qualified():
    """`colorkit:plugins` is colorkit's own, whatever else is installed."""
    assert names.get_command("colorkit:plugins").name == "plugins"


def test_what_is_not_installed_is_named_with_the_remedy(registry):
    """A backend that needs absent modules says which, and the command that brings them."""
    register_backend("poor", requires=("no_such_module",), install="colorkit[rich]")(Threaded)

    with pytest.raises(
        BackendError, match=r"'poor' needs no_such_module: pip install 'colorkit\[rich\]'"
    ):
        names.get_backend("poor")


def raising(error):
    class Raising(Threaded):
        def __init__(self):
            raise error

    return Raising


def test_an_absent_module_is_told_from_broken_code(registry):
    """A loader that misses somebody else's module is not called broken."""
    register_backend("poor")(raising(ModuleNotFoundError("No module", name="no_such_module.part")))
    register_backend("broken")(raising(ModuleNotFoundError("No module", name="json.nothing")))

    with pytest.raises(BackendError, match=r"needs the module 'no_such_module', which is not inst"):
        names.get_backend("poor")
    with pytest.raises(PluginError, match=r"'broken' of .* cannot be loaded: ModuleNotFoundError"):
        names.get_backend("broken")


@pytest.mark.parametrize("error", [ZeroDivisionError("oh"), SystemExit("bye"), AttributeError()])
def test_a_loader_that_fails_is_a_plugin_error(registry, error):
    """Whatever a loader raises is chained, with the plugin's name; the next try starts anew."""
    register_backend("bad")(raising(error))

    for _ in range(2):
        with pytest.raises(
            PluginError, match=f"'bad' of {__name__} cannot be loaded: {type(error).__name__}"
        ) as caught:
            names.get_backend("bad")
        assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", [KeyboardInterrupt(), WeightsError("wrong weights")])
def test_an_interrupt_and_a_plain_answer_pass(registry, error):
    """Control-C and errors that colorkit has words for are not dressed up."""
    register_backend("bad")(raising(error))

    with pytest.raises(type(error)) as caught:
        names.get_backend("bad")
    assert caught.value is error


def test_a_location_that_holds_no_backend_is_refused(registry):
    """What a name leads to must be a backend, a class or a function."""
    registry.register(BackendSpec("seven", "string:digits"), "a_module")

    with pytest.raises(BackendError, match="'0123456789' is no backend: that has stride"):
        names.get_backend("seven")


@pytest.mark.parametrize("path", ["no/such/file.tflite", Path("no/such/file.TFLite")])
def test_a_path_is_a_tflite_file(path):
    """A name that ends in .tflite is a file, and never looked up."""
    with pytest.raises(BackendError, match=r"cannot read .*file\.(tflite|TFLite)"):
        names.get_backend(path)


def test_an_object_goes_by_its_own_name():
    """A function or a backend needs no name; messages use that of its definition."""
    assert names.get_backend(warm)[0] == "warm"
    assert names.get_backend(Threaded())[0] == "Threaded"


def test_listings_cannot_be_written_to():
    """A listing is a view for reading."""
    with pytest.raises(TypeError, match="does not support item assignment"):
        names.backends()["x"] = None


COUNTING = """
    import colorkit, os, pathlib
    here = pathlib.Path(__file__).with_suffix(".count")
    with here.open("a") as f: f.write("imported\\n")

    @colorkit.hookimpl
    def register_backends(register):
        register(colorkit.BackendSpec("counted", "m:a"))
"""


def test_threads_load_plugins_once(registry, install, tmp_path):
    """Threads that ask for the first name together import each plugin once and all see it."""
    install("colorkit-counting", COUNTING)
    start = Barrier(8)

    def ask(_):
        start.wait()
        return "counted" in names.backends()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(8)))
    assert (tmp_path / "colorkit_counting.count").read_text() == "imported\n"


def test_a_load_that_was_interrupted_starts_anew(registry, install, tmp_path):
    """Control-C while plugins are imported leaves nothing half done: the next call finds all."""
    install("colorkit-counting", COUNTING)
    install(
        "colorkit-slow",
        """
        import pathlib
        marker = pathlib.Path(__file__).with_suffix(".seen")
        if not marker.exists():
            marker.touch()
            raise KeyboardInterrupt
        from colorkit_counting import register_backends
        """,
    )

    with pytest.raises(KeyboardInterrupt):
        names.backends()
    with pytest.raises(
        PluginError, match=r"'counted' is claimed by colorkit-counting 1.5 and by c"
    ):
        names.get_backend("counted")


def test_a_plugin_cannot_ask_for_names_while_it_is_imported(registry, install):
    """It is listed as broken with what to do instead, and nothing hangs."""
    install("colorkit-eager", "from colorkit import registry\nregistry.backends()")

    assert "lite" in names.backends()
    with pytest.raises(PluginError, match="asked for a name while it was being imported; do that"):
        names.get_backend("toned")


def test_a_plugin_may_use_the_decorator(registry, install):
    """A module that decorates its backend registers it while it is imported, from any side."""
    install(
        "colorkit-decorated",
        """
        import colorkit

        @colorkit.register_backend("decorated")
        def decorated(lightness):
            return lightness.repeat(2, axis=3)

        @colorkit.hookimpl
        def register_commands(register): ...
        """,
    )

    assert names.get_backend("colorkit_decorated:decorated")[0] == "decorated"
