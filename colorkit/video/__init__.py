"""Film: frames in, frames out, colour that is steady in time."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from colorkit.errors import VideoError
from colorkit.video.folder import colorize_folder
from colorkit.video.frames import colorize_frames

if TYPE_CHECKING:
    from colorkit.video.encode import Delivery
    from colorkit.video.film import Report, colorize_video
    from colorkit.video.preview import preview

__all__ = ["Delivery", "Report", "colorize_folder", "colorize_frames", "colorize_video", "preview"]

_OF_FILES = {
    "Delivery": "encode",
    "Report": "film",
    "colorize_video": "film",
    "preview": "preview",
}


def __getattr__(name: str) -> Any:
    """Import what works on files at first use: it needs PyAV, frames in code do not."""
    if name not in _OF_FILES:
        raise AttributeError(f"module 'colorkit.video' has no attribute {name!r}")
    try:
        module = import_module(f"colorkit.video.{_OF_FILES[name]}")
    except ModuleNotFoundError as error:
        if error.name != "av":
            raise
        raise VideoError(
            "film files are read and written by PyAV, which is not installed: pip install "
            "'colorkit[video]'"
        ) from error
    value = getattr(module, name)
    globals()[name] = value  # where a submodule of the same name would stand otherwise
    return value
