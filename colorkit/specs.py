"""What a plugin registers: data that names what to import when somebody asks for it."""

import re
from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import PluginError
from colorkit.weights.urls import is_safe

WEIGHTS_FORMATS = {"pytorch": ".pth", "caffe": ".caffemodel", "safetensors": ".safetensors"}
"""Kinds of files of weights, and how their names end."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_LOCATION = re.compile(r"\w+(\.\w+)*:\w+(\.\w+)*")
_MODULE = re.compile(r"\w+(\.\w+)*")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Spec:
    """What all specs have in common.

    Attributes
    ----------
    name : str
        Letters, digits, dots, dashes and underscores.
    load : str or callable
        What stands behind the name, or ``"module:attribute"`` to import it on demand.
    summary : str
        One line for listings.
    requires : tuple of str
        Modules that must be importable; they are looked for, not imported, before ``load`` is.
    install : str
        What pip needs to bring them, ``"colorkit[keras]"``; the modules' names by default.

    Raises
    ------
    PluginError
        When a value cannot be used.
    """

    kind: ClassVar[str] = "spec"

    name: str
    load: str | Callable[..., Any]
    _: KW_ONLY
    summary: str = ""
    requires: tuple[str, ...] = ()
    install: str = ""

    def __post_init__(self) -> None:
        check_name(self.name)
        if not callable(self.load) and not _matches(_LOCATION, self.load):
            self._refuse("load", "a callable or 'module:attribute'")
        if not isinstance(self.requires, tuple) or not all(
            _matches(_MODULE, module) for module in self.requires
        ):
            self._refuse("requires", "a tuple of module names")

    @property
    def names(self) -> tuple[str, ...]:
        """All names that it answers to."""
        return (self.name,)

    @property
    def missing(self) -> tuple[str, ...]:
        """The modules of ``requires`` that are not installed."""
        return tuple(module for module in self.requires if not is_installed(module))

    @property
    def remedy(self) -> str:
        """The command that installs what ``requires`` names."""
        wanted = self.install or " ".join(self.requires)
        return f"pip install '{wanted}'" if "[" in wanted else f"pip install {wanted}"

    def shares_a_name(self, other: "Spec") -> bool:
        """Whether both are of one kind and answer to one name."""
        return self.kind == other.kind and not set(self.names).isdisjoint(other.names)

    def resolve(self) -> Any:
        """Import what ``load`` names."""
        return _imported(self.load)

    def _refuse(self, field: str, expected: str) -> None:
        raise PluginError(
            f"{field} of {self.kind} {self.name!r} must be {expected}; "
            f"received {getattr(self, field)!r}"
        )


@dataclass(frozen=True)
class BackendSpec(Spec):
    """A backend under a name.

    Attributes
    ----------
    name, load, summary, requires, install
        As in every spec. ``load`` is, or names, a class, which is called with ``threads=`` where it
        takes that and without arguments elsewhere; a function from lightness to ab; or a backend.
    license : str
        Of the code and the weights, as an SPDX expression.
    aliases : tuple of str
        Further names.
    """

    kind: ClassVar[str] = "backend"

    _: KW_ONLY
    license: str = ""
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.aliases, tuple):
            self._refuse("aliases", "a tuple of names")
        for alias in self.aliases:
            check_name(alias)

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


@dataclass(frozen=True)
class NetworkSpec(Spec):
    """A Keras network that can be built, trained and exported.

    Attributes
    ----------
    name, load, summary, requires, install
        As in every spec. ``load`` is, or names, a function without arguments that returns a
        ``keras.Model`` from lightness ``(N, H, W, 1)`` in 0..100 to logits on the ab bins, to ab
        ``(N, h, w, 2)`` in Lab units, or to ab and logits.
    license : str
        Of the weights, as an SPDX expression.
    size : int
        Preferred short side of the input, in pixels.
    stride : int
        Sides of the input are multiples of this.
    weights : str or None
        ``"package:path/in/package.safetensors"``, the name of a `WeightsSpec`, or None for a
        network without its own.
    bins : str or callable
        What its logits stand for: a function without arguments that returns the colour of each
        class, ``(Q, 2)`` float32 in Lab units, evenly spaced by 10, or ``"module:attribute"``. The
        313 bins by default.
    learner : str or callable
        How it learns: a subclass of `colorkit.training.learner.Learner` for a network with a loss
        of its own, or ``"module:class"``.
    """

    kind: ClassVar[str] = "network"

    _: KW_ONLY
    license: str = ""
    size: int
    stride: int
    weights: str | None = None
    bins: str | Callable[[], NDArray[np.float32]] = "colorkit.bins:gamut_bins"
    learner: str | Callable[..., Any] = "colorkit.training.learner:Learner"

    def __post_init__(self) -> None:
        super().__post_init__()
        for field in ("size", "stride"):
            value = getattr(self, field)
            if not isinstance(value, int) or value < 1:
                self._refuse(field, "a positive whole number of pixels")
        if self.weights is not None and not _leads_to_weights(self.weights):
            self._refuse(
                "weights",
                "None, 'package:path/in/package.safetensors' or the name of a WeightsSpec",
            )
        for field in ("bins", "learner"):
            value = getattr(self, field)
            if not callable(value) and not _matches(_LOCATION, value):
                self._refuse(field, "a callable or 'module:attribute'")

    def load_bins(self) -> NDArray[np.float32]:
        """The colour of each class of its logits, ``(Q, 2)`` float32 in Lab units."""
        bins: NDArray[np.float32] = _imported(self.bins)()
        return bins

    def load_learner(self) -> Any:
        """The class of what trains it; imports Keras."""
        return _imported(self.learner)


@dataclass(frozen=True)
class WeightsSpec(Spec):
    """A file of weights that others publish: how it is known, where it is, and whose it is.

    Attributes
    ----------
    name, load, summary, requires, install
        As in every spec. ``load`` is, or names, a function from what the file holds, as
        `colorkit.weights.files.read` gives it, to the tensors of the network: a dict of names and
        arrays. ``dict`` itself will do where they are the same.
    license : str
        Of the weights, as an SPDX expression.
    citation : str
        What their authors ask to be cited, in one line.
    network : str
        Name of the `NetworkSpec` that they are for.
    format : str
        "pytorch", "caffe" or "safetensors".
    urls : tuple of str
        Where the file can be had, tried in this order. ``https://`` alone, or ``http://`` from this
        machine to itself.
    bytes : int or None
        Exact size of the file.
    sha256 : str or None
        Of the file, 64 hexadecimal digits. None, with no size and no URLs, for a file that cannot
        be told by its hash: then the user's own is taken.
    """

    kind: ClassVar[str] = "weights file"

    _: KW_ONLY
    license: str = ""
    citation: str = ""
    network: str
    format: str
    urls: tuple[str, ...] = ()
    bytes: int | None = None
    sha256: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_name(self.network)
        if self.format not in WEIGHTS_FORMATS:
            self._refuse("format", f"one of {', '.join(WEIGHTS_FORMATS)}")
        if not isinstance(self.urls, tuple) or not all(map(is_safe, self.urls)):
            self._refuse("urls", "a tuple of https:// addresses")
        if self.sha256 is None and (self.urls or self.bytes is not None):
            self._refuse("sha256", "given where the size or URLs are")
        if self.sha256 is not None and not _matches(_SHA256, self.sha256):
            self._refuse("sha256", "64 hexadecimal digits, in small letters")
        if self.sha256 is not None and (type(self.bytes) is not int or self.bytes < 1):
            self._refuse("bytes", "the exact size where the SHA-256 is given")


@dataclass(frozen=True)
class CommandSpec(Spec):
    """A subcommand of ``colorkit``.

    Attributes
    ----------
    name, load, summary, requires, install
        As in every spec. ``load`` is, or names, a click command.
    """

    kind: ClassVar[str] = "command"


def _imported(location: str | Callable[..., Any]) -> Any:
    """What ``"module:attribute"`` names, or what it is already."""
    if not isinstance(location, str):
        return location
    module, _, attribute = location.partition(":")
    found = import_module(module)
    for part in attribute.split("."):
        found = getattr(found, part)
    return found


FILES = (".tflite", ".safetensors")
"""Backends that are files: their paths end so."""


def check_name(name: object) -> None:
    """Refuse what cannot be told from a path or from ``distribution:name``."""
    if not _matches(_NAME, name) or str(name).lower().endswith(FILES):
        raise PluginError(
            f"a name is made of letters, digits, dots, dashes and underscores, and does not end "
            f"in {' or '.join(FILES)}; received {name!r}"
        )


def _leads_to_weights(location: object) -> bool:
    """Whether it is a name, perhaps with its distribution, or a file in a package."""
    if not isinstance(location, str):
        return False
    before, _, after = location.rpartition(":")
    return before != "" if location.endswith(".safetensors") else _matches(_NAME, after)


def is_installed(module: str) -> bool:
    """Whether a module can be found; only its parent packages are imported."""
    try:
        return find_spec(module) is not None
    except (ImportError, ValueError):  # a parent is absent, or a stub without a spec stands there
        return False


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
