"""Names, and the backends, networks, weights and commands that stand behind them."""

import os
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock, RLock
from types import MappingProxyType
from typing import Any, TypeVar

from colorkit.backends.base import Backend, as_backend
from colorkit.errors import BackendError, ColorkitError, PluginError, UnknownNameError
from colorkit.plugins import Plugin, absent_module, discover, own_plugin
from colorkit.specs import BackendSpec, CommandSpec, NetworkSpec, Spec, WeightsSpec, check_name

__all__ = [
    "BackendSpec",
    "CommandSpec",
    "NetworkSpec",
    "Registry",
    "WeightsSpec",
    "as_backend",
    "backends",
    "commands",
    "get_backend",
    "get_command",
    "get_converter",
    "get_network",
    "get_weights",
    "list_plugins",
    "networks",
    "register_backend",
    "weights",
]

S = TypeVar("S", bound=Spec)
T = TypeVar("T")

ENVIRONMENT = "COLORKIT_PLUGINS"

_LISTED: dict[str, type[Spec]] = {
    "backends": BackendSpec,
    "networks": NetworkSpec,
    "weights": WeightsSpec,
    "commands": CommandSpec,
}


class Registry:
    """Everything that has a name: colorkit's own, this process's, and the installed plugins'.

    Plugins are loaded when the first name is asked for, once, however many threads ask.
    """

    def __init__(self) -> None:
        self._local: tuple[Plugin, ...] = ()
        self._installed: tuple[Plugin, ...] | None = None
        # Two locks: a module that is being imported may register while plugins are being loaded.
        self._registering = Lock()
        self._discovering = RLock()
        self._busy = False
        self._loading = RLock()
        self._backends: dict[tuple[BackendSpec, int | None], Backend] = {}

    def plugins(self) -> tuple[Plugin, ...]:
        """All that bring something or are broken."""
        installed = self._discovered()  # first: it may register in this process
        return (own_plugin(), *self._local, *installed)

    def register(self, spec: Spec, module: str) -> None:
        """Take in a spec whose ``load`` was defined in a module of this process.

        Raises
        ------
        PluginError
            When one of its names is taken by another object of this process, or by colorkit. An
            installed plugin of the same name shows when the name is asked for.
        """
        with self._registering:
            for plugin in (own_plugin(), *self._local):
                for known in plugin.specs:
                    if known.shares_a_name(spec) and not _is_same(known, spec):
                        raise PluginError(
                            f"{spec.kind} {spec.name!r} ({spec.load!r}) needs another name: "
                            f"{known.name!r} of {plugin} is {known.load!r}"
                        )
            others = [p for p in self._local if not p.specs[0].shares_a_name(spec)]
            self._local = (*others, Plugin(module, module, specs=(spec,)))

    def find(self, kind: type[S], name: str) -> tuple[Plugin, S]:
        """The one spec of that kind which answers to ``name`` or ``distribution:name``.

        Raises
        ------
        UnknownNameError
            When there is none.
        PluginError
            When there are several, or when it is a broken plugin's.
        """
        distribution, _, bare = name.rpartition(":")
        plugins = self._plugins_of(distribution)
        found = [
            (plugin, spec)
            for plugin in plugins
            for spec in plugin.specs
            if isinstance(spec, kind) and bare in spec.names
        ]
        if len(found) > 1:
            raise _ambiguous(kind, name, found)
        if not found:
            _refuse_if_broken(kind, name, [p for p in plugins if distribution or bare in p.claims])
            raise self._unknown(kind, name)
        return found[0]

    def _plugins_of(self, distribution: str) -> list[Plugin]:
        """All plugins, or those of one distribution; colorkit's own need no discovery."""
        if own_plugin().comes_from(distribution):
            return [own_plugin()]
        return [p for p in self.plugins() if not distribution or p.comes_from(distribution)]

    def load(self, kind: type[S], name: str, use: Callable[[Any], T]) -> tuple[S, T]:
        """A spec, and ``use`` of what its ``load`` names.

        Raises
        ------
        BackendError
            When a module that it requires is not installed.
        PluginError
            When it fails to load.
        """
        plugin, spec = self.find(kind, name)
        if spec.missing:
            raise BackendError(
                f"{spec.kind} {spec.name!r} needs {', '.join(spec.missing)}: {spec.remedy}"
            )
        try:
            return spec, use(spec.resolve())
        except (ColorkitError, KeyboardInterrupt):
            raise
        except BaseException as error:  # a plugin may call sys.exit
            raise _load_failure(plugin, spec, error) from error

    def backend(self, name: str, threads: int | None) -> tuple[str, Backend]:
        """A spec's name and its backend, loaded once for all who ask for that many threads."""
        _, spec = self.find(BackendSpec, name)
        key = (spec, threads)
        if key not in self._backends:  # no lock without need: a fork would keep it held for ever
            with self._loading:
                if key not in self._backends:
                    use = partial(as_backend, threads=threads)
                    self._backends[key] = self.load(BackendSpec, name, use)[1]
        return spec.name, self._backends[key]

    def listed(self, kind: type[S]) -> Mapping[str, S]:
        """Specs by name, or by ``distribution:name`` where several claim one name."""
        found = [(p, spec) for p in self.plugins() for spec in p.specs if isinstance(spec, kind)]
        claims = Counter(name for _, spec in found for name in spec.names)
        return MappingProxyType(
            {
                spec.name if claims[spec.name] == 1 else f"{plugin.distribution}:{spec.name}": spec
                for plugin, spec in found
            }
        )

    def _discovered(self) -> tuple[Plugin, ...]:
        if self._installed is None:
            with self._discovering:
                if self._busy:
                    raise PluginError(
                        "a plugin asked for a name while it was being imported; do that inside "
                        "the function that its spec names"
                    )
                if self._installed is None:
                    self._busy = True
                    try:
                        self._installed = discover(os.environ.get(ENVIRONMENT))
                    finally:
                        self._busy = False
        return self._installed

    def _unknown(self, kind: type[Spec], name: str) -> UnknownNameError:
        from difflib import get_close_matches

        known = [alias for spec in self.listed(kind).values() for alias in spec.names]
        close = get_close_matches(name, known)
        parts = [f"no {kind.kind} is named {name!r}"]
        parts += [f"did you mean {' or '.join(map(repr, close))}?"] if close else []
        parts += [f"there are {', '.join(sorted(self.listed(kind)))}"]
        parts += [f"plugin {p} is broken: {p.reason}" for p in self.plugins() if p.error]
        allowed = os.environ.get(ENVIRONMENT)
        parts += [f"{ENVIRONMENT}={allowed!r} restricts the plugins"] if allowed is not None else []
        return UnknownNameError("; ".join(parts))


_default = Registry()


def register_backend(
    name: str,
    *,
    summary: str = "",
    license: str = "",
    requires: tuple[str, ...] = (),
    install: str = "",
    aliases: tuple[str, ...] = (),
) -> Callable[[T], T]:
    """Give a backend of this process a name: a decorator for a function or a class.

    Parameters
    ----------
    name, summary, license, requires, install, aliases
        As in `BackendSpec`.

    Returns
    -------
    callable
        Returns what it is given, unchanged. The same object twice is fine, and so is the same
        definition run again, as notebooks do.

    Raises
    ------
    PluginError
        When a value cannot be used, or a name is taken.

    Examples
    --------
    >>> import numpy as np
    >>> import colorkit
    >>> @colorkit.register_backend("plain-sepia")
    ... def plain_sepia(lightness):
    ...     return np.broadcast_to(np.float32([6, 20]), (*lightness.shape[:3], 2))
    >>> colorkit.colorize(np.full((4, 4), 128, np.uint8), "plain-sepia")[0, 0].tolist()
    [150, 123, 94]
    """
    check_name(name)

    def decorate(backend: T) -> T:
        spec = BackendSpec(
            name,
            backend,  # type: ignore[arg-type]  # the spec checks it
            summary=summary,
            license=license,
            requires=requires,
            install=install,
            aliases=aliases,
        )
        _default.register(spec, backend.__module__)
        return backend

    return decorate


def get_backend(
    backend: str | os.PathLike[str] | Backend | Callable[..., Any], *, threads: int | None = None
) -> tuple[str, Backend]:
    """The backend of a name, and the name for messages.

    Parameters
    ----------
    backend : str, path, Backend or callable
        A name, an alias, ``"distribution:name"``, the path of a ``.tflite`` file or of the
        ``.safetensors`` file that `colorkit train` left, or what `as_backend` takes.
    threads : int, optional
        For backends that take it.

    Raises
    ------
    UnknownNameError
        When nothing has that name.
    BackendError
        When it needs something that is not installed.
    PluginError
        When its plugin is broken, or several plugins claim the name.
    """
    if isinstance(backend, os.PathLike):
        backend = os.fspath(backend)
    if not isinstance(backend, str):
        return getattr(backend, "__name__", type(backend).__name__), as_backend(
            backend, threads=threads
        )
    if backend.lower().endswith(".tflite"):
        from colorkit.backends.litert import LiteRTBackend

        return backend, LiteRTBackend.from_file(backend, threads=threads)
    if backend.lower().endswith(".safetensors"):
        from colorkit.backends.trained import from_run

        return backend, from_run(backend)
    return _default.backend(backend, threads)


def get_network(name: str) -> tuple[NetworkSpec, Any]:
    """The spec of a network, and the function that builds it; errors as for `get_backend`."""
    return _default.load(NetworkSpec, name, _callable)


def get_weights(name: str) -> WeightsSpec:
    """The spec of a file of weights; errors as for `get_backend`."""
    return _default.find(WeightsSpec, name)[1]


def get_converter(name: str) -> Any:
    """The function from what a file of weights holds to tensors; errors as for `get_backend`."""
    return _default.load(WeightsSpec, name, _callable)[1]


def get_command(name: str) -> Any:
    """The click command of a name; errors as for `get_backend`."""
    return _default.load(CommandSpec, name, _callable)[1]


def backends() -> Mapping[str, BackendSpec]:
    """The backends that there are; loads none of them."""
    return _default.listed(BackendSpec)


def networks() -> Mapping[str, NetworkSpec]:
    """The networks that there are; loads none of them."""
    return _default.listed(NetworkSpec)


def weights() -> Mapping[str, WeightsSpec]:
    """The files of weights that are known; fetches none of them."""
    return _default.listed(WeightsSpec)


def commands() -> Mapping[str, CommandSpec]:
    """The subcommands that there are; loads none of them."""
    return _default.listed(CommandSpec)


def list_plugins() -> list[dict[str, Any]]:
    """What every plugin brings, or why it is broken, as plain data.

    Returns
    -------
    list of dict
        ``distribution``, ``version`` (None for what a module of this process registered),
        ``module``, the names under ``backends``, ``networks``, ``weights`` and ``commands``, and
        ``error``: None or one line. colorkit itself comes first.
    """
    return [
        {
            "distribution": plugin.distribution,
            "version": plugin.version or None,
            "module": plugin.module,
            **{plural: plugin.brings(spec.kind) for plural, spec in _LISTED.items()},
            "error": plugin.reason,
        }
        for plugin in _default.plugins()
    ]


def _refuse_if_broken(kind: type[Spec], name: str, plugins: list[Plugin]) -> None:
    for plugin in plugins:
        if plugin.error:
            raise PluginError(
                f"{kind.kind} {name!r} cannot be had: plugin {plugin} is broken: {plugin.reason}"
            ) from plugin.error


def _callable(found: Any) -> Any:
    if not callable(found):
        raise TypeError(f"{found!r} cannot be called")
    return found


def _is_same(one: Spec, other: Spec) -> bool:
    """The same object under the same name, or the same definition run again."""
    return one.name == other.name and (
        one.load is other.load or _definition(one.load) == _definition(other.load) is not None
    )


def _definition(load: object) -> str | None:
    """Where a function or class is defined, unless that is inside another or nowhere."""
    name = getattr(load, "__qualname__", "<")
    return None if "<" in name else f"{getattr(load, '__module__', '')}.{name}"


def _ambiguous(kind: type[Spec], name: str, found: list[tuple[Plugin, S]]) -> PluginError:
    owners = " and by ".join(str(plugin) for plugin, _ in found)
    choices = " or ".join(repr(f"{plugin.distribution}:{spec.name}") for plugin, spec in found)
    return PluginError(f"{kind.kind} {name!r} is claimed by {owners}; ask for {choices}")


def _load_failure(plugin: Plugin, spec: Spec, error: BaseException) -> ColorkitError:
    what = f"{spec.kind} {spec.name!r} of {plugin}"
    own = spec.load.partition(":")[0] if isinstance(spec.load, str) else plugin.module
    absent = absent_module(error, own)
    if absent:
        remedy = f": {spec.remedy}" if spec.requires else ""
        return BackendError(f"{what} needs the module {absent!r}, which is not installed{remedy}")
    return PluginError(f"{what} cannot be loaded: {type(error).__name__}: {error}")
