"""colorkit: colour for black-and-white photographs, the lightness of every pixel kept.

>>> import colorkit
>>> colour = colorkit.colorize(gray)  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from colorkit.backends.base import Backend, HintMap, Prediction
    from colorkit.bins import Distribution
    from colorkit.colorizer import Colorizer, colorize
    from colorkit.comparison import Comparison, compare
    from colorkit.errors import (
        BackendError,
        ColorkitError,
        ColorkitWarning,
        ExportError,
        FileError,
        HintError,
        ImageError,
        OptionError,
        PluginError,
        VideoError,
        WeightsError,
    )
    from colorkit.export import export_onnx, export_tflite
    from colorkit.hints import Hint, load_hints, save_hints
    from colorkit.hookspecs import hookimpl
    from colorkit.registry import (
        BackendSpec,
        CommandSpec,
        NetworkSpec,
        WeightsSpec,
        register_backend,
    )

__version__ = "0.1.0"

_HOMES = {
    "colorkit.backends.base": ("Backend", "HintMap", "Prediction"),
    "colorkit.bins": ("Distribution",),
    "colorkit.colorizer": ("Colorizer", "colorize"),
    "colorkit.comparison": ("Comparison", "compare"),
    "colorkit.errors": (
        "BackendError",
        "ColorkitError",
        "ColorkitWarning",
        "ExportError",
        "FileError",
        "HintError",
        "ImageError",
        "OptionError",
        "PluginError",
        "VideoError",
        "WeightsError",
    ),
    "colorkit.export": ("export_onnx", "export_tflite"),
    "colorkit.hints": ("Hint", "load_hints", "save_hints"),
    "colorkit.hookspecs": ("hookimpl",),
    "colorkit.registry": (
        "BackendSpec",
        "CommandSpec",
        "NetworkSpec",
        "WeightsSpec",
        "register_backend",
    ),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Backend",
    "BackendError",
    "BackendSpec",
    "Colorizer",
    "ColorkitError",
    "ColorkitWarning",
    "CommandSpec",
    "Comparison",
    "Distribution",
    "ExportError",
    "FileError",
    "Hint",
    "HintError",
    "HintMap",
    "ImageError",
    "NetworkSpec",
    "OptionError",
    "PluginError",
    "Prediction",
    "VideoError",
    "WeightsError",
    "WeightsSpec",
    "__version__",
    "colorize",
    "compare",
    "export_onnx",
    "export_tflite",
    "hookimpl",
    "load_hints",
    "register_backend",
    "save_hints",
]


def __getattr__(name: str) -> Any:
    """Import public names at first use."""
    if name not in _HOME:
        raise AttributeError(f"module 'colorkit' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
