"""Discovery: every plugin imported behind a guard, with what it brings or why it is broken."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, partial
from types import ModuleType
from typing import TYPE_CHECKING

import colorkit
from colorkit.errors import PluginError
from colorkit.specs import Spec, is_installed

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "colorkit"


@dataclass(frozen=True, eq=False)
class Plugin:
    """One entry point, or a module of this process, and what it brings.

    Attributes
    ----------
    module : str
        Where its hooks are.
    distribution, version : str
        Where it comes from. For what `colorkit.register_backend` took in: the module, no version.
    specs : tuple of Spec
        What it registered; nothing when it is broken.
    error : BaseException or None
        What broke it.
    claims : tuple of str
        Names that a broken plugin would have brought, as far as is known.
    """

    module: str
    distribution: str
    version: str = ""
    specs: tuple[Spec, ...] = ()
    error: BaseException | None = None
    claims: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".rstrip()

    @property
    def reason(self) -> str | None:
        """Why it is broken, in one line."""
        if self.error is None:
            return None
        absent = absent_module(self.error, self.module)
        if absent:
            return f"needs the module {absent!r}, which is not installed"
        return f"{type(self.error).__name__}: {' '.join(str(self.error).split())}"

    def comes_from(self, distribution: str) -> bool:
        """Whether that is its distribution's name, however it is spelt."""
        return normalized(self.distribution) == normalized(distribution)

    def brings(self, kind: str) -> list[str]:
        """Names of its specs of one kind."""
        return [spec.name for spec in self.specs if spec.kind == kind]


def normalized(distribution: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


@cache
def own_plugin() -> Plugin:
    """What colorkit brings itself."""
    from colorkit import builtin

    specs: list[Spec] = []
    _register(builtin, specs)
    return Plugin("colorkit.builtin", "colorkit", colorkit.__version__, tuple(specs))


def discover(allowed: str | None = None) -> tuple[Plugin, ...]:
    """Load the plugins of this environment.

    Parameters
    ----------
    allowed : str, optional
        ``"none"``, or the distributions to load, separated by commas. All by default.
    """
    plugins = [_load(entry_point) for entry_point in _entry_points(allowed)]
    return tuple(sorted(plugins, key=lambda plugin: (plugin.distribution, plugin.module)))


def _entry_points(allowed: str | None) -> Iterator["EntryPoint"]:
    from importlib.metadata import entry_points

    names = {normalized(name.strip()) for name in (allowed or "").split(",")}
    for entry_point in entry_points(group=GROUP):
        if allowed is None or normalized(_origin(entry_point)[0]) in names:
            yield entry_point


def _load(entry_point: "EntryPoint") -> Plugin:
    """Import one plugin and ask for its specs; whatever it does ends here."""
    specs: list[Spec] = []
    source = entry_point.value.partition(":")[0], *_origin(entry_point)
    try:
        _register(entry_point.load(), specs)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # it may call sys.exit
        claims = (entry_point.name, *(name for spec in specs for name in spec.names))
        return Plugin(*source, error=error, claims=claims)
    return Plugin(*source, specs=tuple(specs))


def _origin(entry_point: "EntryPoint") -> tuple[str, str]:
    """Distribution and version, as far as its metadata has them."""
    assert entry_point.dist is not None  # `entry_points` sees to it
    try:
        metadata = entry_point.dist.metadata
    except FileNotFoundError:  # from newer finders; others give an empty one
        return entry_point.name, ""
    [name, *_] = metadata.get_all("Name", [entry_point.name])
    [version, *_] = metadata.get_all("Version", [""])
    return name, version


def _register(plugin: object, specs: list[Spec]) -> None:
    """Collect a plugin's specs in a manager of its own, so that it can touch no other plugin."""
    import pluggy

    from colorkit import hookspecs

    manager = pluggy.PluginManager("colorkit")
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    if not manager.get_hookcallers(plugin):
        raise PluginError(
            f"{_described(plugin)} has no function marked with @colorkit.hookimpl, so that it "
            f"registers nothing"
        )
    for hook, kind in hookspecs.SPECS.items():
        returned = getattr(manager.hook, hook)(register=partial(_accept, specs, hook, kind))
        if returned:
            raise PluginError(
                f"{hook} of {_described(plugin)} returned {returned[0]!r}; hand each spec to "
                f"register(...) and return nothing"
            )


def _accept(specs: list[Spec], hook: str, kind: type[Spec], spec: Spec) -> None:
    """The ``register`` that a hook is given."""
    if not isinstance(spec, kind):
        raise PluginError(f"register of {hook} takes a colorkit.{kind.__name__}; received {spec!r}")
    if any(spec.shares_a_name(known) for known in specs):
        raise PluginError(f"{spec.kind} {spec.name!r} is registered twice by one plugin")
    specs.append(spec)


def _described(plugin: object) -> str:
    return f"module {plugin.__name__}" if isinstance(plugin, ModuleType) else repr(plugin)


def absent_module(error: BaseException, own: str) -> str | None:
    """The module that is not installed and made an import fail; None for any other failure.

    Parameters
    ----------
    error : BaseException
        What was raised.
    own : str
        The module that was to be imported: when that is absent, the plugin itself is broken.
    """
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return None
    top = error.name.partition(".")[0]
    return None if top == own.partition(".")[0] or is_installed(top) else top
