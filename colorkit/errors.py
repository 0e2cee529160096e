"""Every exception that colorkit raises on purpose.

::

    ColorkitError
    ├── ImageError            an array or a picture that cannot be coloured
    │   ├── ImageTypeError    (also TypeError)   its type or dtype
    │   └── ImageValueError   (also ValueError)  its shape or its values
    ├── OptionError           (also ValueError)  temperature, saturation, size, ...
    ├── FileError             (also OSError)     reading or writing a picture file
    ├── BackendError          a backend that is missing, misbehaves or cannot do what was asked
    │   └── UnknownNameError  (also LookupError) no backend, network or command of that name
    ├── PluginError           a plugin that is broken, or two that claim one name
    ├── WeightsError          weights that do not fit, or cannot be fetched, read or kept
    ├── ExportError           a network that cannot be exported as asked
    ├── HintError             (also ValueError)  colour hints
    └── VideoError            reading or writing film

Errors of lower libraries are chained (``__cause__``), never swallowed.
"""

import sys
import warnings

__all__ = [
    "BackendError",
    "ColorkitError",
    "ColorkitWarning",
    "ExportError",
    "FileError",
    "HintError",
    "ImageError",
    "ImageTypeError",
    "ImageValueError",
    "OptionError",
    "PluginError",
    "UnknownNameError",
    "VideoError",
    "WeightsError",
    "warn",
]


class ColorkitError(Exception):
    """Root of everything that colorkit raises on purpose."""


class ImageError(ColorkitError):
    """An array or a picture that cannot be coloured."""


class ImageTypeError(ImageError, TypeError):
    """The type or dtype of an image is not accepted."""


class ImageValueError(ImageError, ValueError):
    """The shape or the values of an image are not accepted."""


class OptionError(ColorkitError, ValueError):
    """An option is outside its range."""


class FileError(ColorkitError, OSError):
    """A picture file cannot be read or written."""


class BackendError(ColorkitError):
    """A backend is missing, misbehaves, or cannot honour an option."""


class UnknownNameError(BackendError, LookupError):
    """Nothing is registered under the name that was asked for."""


class PluginError(ColorkitError):
    """A plugin is broken, or two plugins claim one name."""


class WeightsError(ColorkitError):
    """Weights do not fit their network, or cannot be fetched, read or kept."""


class ExportError(ColorkitError):
    """A network cannot be exported as asked."""


class HintError(ColorkitError, ValueError):
    """Colour hints that cannot be used."""


class VideoError(ColorkitError):
    """Film that cannot be read or written."""


class ColorkitWarning(UserWarning):
    """Something was done that a careful user wants to know about."""


def warn(message: str) -> None:
    """Give a `ColorkitWarning` that points at the first caller outside this package."""
    level, frame = 1, sys._getframe()
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "colorkit":
        level, frame = level + 1, frame.f_back
    warnings.warn(message, ColorkitWarning, stacklevel=level)
