"""A reader for imageio: what its other plugins decode, in colour."""

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from functools import lru_cache
from types import EllipsisType
from typing import Any, cast

import numpy as np
from imageio.config import PluginConfig, known_plugins
from imageio.core.request import InitializationError, IOMode, Request
from imageio.core.v3_plugin_api import ImageProperties, PluginV3
from imageio.v3 import imopen
from numpy.typing import NDArray

from colorkit.colorizer import Colorizer
from colorkit.errors import ColorkitError, FileError, ImageError, ImageValueError, OptionError
from colorkit.pixels import has_colour

__all__ = ["ColorizePlugin", "register", "unregister"]

RECIPE = ("backend", "temperature", "saturation", "caution", "size")

Index = int | EllipsisType | None
Inner = str | type[PluginV3] | None
Array = NDArray[Any]

_opening = ContextVar("colorkit-imageio", default=False)


def register() -> None:
    """Let imageio know ``plugin="colorkit"``, as the last of its plugins and for no extension."""
    unregister()
    known_plugins["colorkit"] = PluginConfig("colorkit", "ColorizePlugin", __name__)


def unregister() -> None:
    """Take the name back, and let go of the backends that were loaded."""
    known_plugins.pop("colorkit", None)
    _kept.cache_clear()


class ColorizePlugin(PluginV3):
    """Read pictures, stacks, animations and film in colour.

    Another plugin decodes: the one that imageio chooses, or ``inner``, which its ``imopen`` passes
    on with whatever else that plugin's constructor takes. What is gray is coloured, each page or
    frame by itself; what is in colour passes unchanged.
    """

    def __init__(self, request: Request, *, inner: Inner = None, **options: Any) -> None:
        super().__init__(request)
        if _opening.get():
            # Not an InitializationError: our search ends here. The plugins behind this one are for
            # a search without `plugin=`, if it came down to colorkit, to ask next.
            raise RecursionError("colorkit decodes nothing, and no plugin before it opens the file")
        if request.mode.io_mode != IOMode.read:
            raise InitializationError("colorkit only reads: write with another plugin")
        try:
            decoder = self._open(inner, **options)
        except Exception as error:  # any other kind would end everybody's search
            raise InitializationError(_reason(error)) from error
        self._decoders: dict[Inner, PluginV3] = {None: decoder, inner: decoder}

    def read(
        self, *, index: Index = None, inner: Inner = None, force: bool = False, **options: Any
    ) -> Array:
        """Read one picture, or several as a stack.

        Parameters
        ----------
        index : int or ..., optional
            Which picture; ``...`` stacks all on a new first axis. By default what the plugin
            that decodes does: the first picture, or the whole stack.
        inner : str or type, optional
            The plugin that decodes, if not the one that opened the file.
        force : bool
            Colour what is in colour, too.
        **options : Any
            ``backend``, ``temperature``, ``saturation``, ``caution`` and ``size`` are those of
            `colorkit.colorize`; all others go to the plugin that decodes.

        Returns
        -------
        ndarray
            ``(..., H, W, 3)``, or 4 with alpha; the dtype is the file's, uint8 for bool.

        Raises
        ------
        OptionError
            When the index, or another option, is out of range.
        FileError, ImageError
            When the file cannot be decoded; when what it holds cannot be coloured.
        """
        paint = _painter(options, force=force)
        with self._errors(index):
            decoder = self._decoder(inner)
            image = np.asarray(decoder.read(**_given(index, options)))
            _refuse_inks(image, decoder, options)
            return _colour(image, paint, is_batch=index is ...)

    def iter(self, *, inner: Inner = None, force: bool = False, **options: Any) -> Iterator[Array]:
        """Read picture after picture, one in memory at a time; options and errors as of `read`."""
        paint = _painter(options, force=force)
        with self._errors():
            decoder = self._decoder(inner)
            for number, image in enumerate(map(np.asarray, decoder.iter(**options))):
                if number == 0:  # asking leads decoders back to the first picture
                    _refuse_inks(image, decoder, options)
                yield _colour(image, paint, is_batch=False)

    def properties(self, index: Index = None, *, inner: Inner = None, **kw: Any) -> ImageProperties:
        """Tell the shape and dtype of what `read` returns, without colouring."""
        with self._errors(index):
            found = self._decoder(inner).properties(**_given(index, kw))
        shape, axes = found.shape, _axes(found.shape, is_batch=index is ...)
        channels = 4 if axes == 3 and shape[-1] in (2, 4) else 3
        dtype = np.dtype(np.uint8) if found.dtype == bool else found.dtype
        return replace(found, shape=(*shape[: len(shape) - axes + 2], channels), dtype=dtype)

    def metadata(
        self, index: Index = None, exclude_applied: bool = True, *, inner: Inner = None, **kw: Any
    ) -> dict[str, Any]:
        """Tell what the plugin that decodes says of the file: nothing of the colours added."""
        kw["exclude_applied"] = exclude_applied
        with self._errors(index):
            return self._decoder(inner).metadata(**_given(index, kw))

    def close(self) -> None:
        """Close the file."""
        for decoder in getattr(self, "_decoders", {}).values():
            decoder.close()
        super().close()

    def _decoder(self, inner: Inner) -> PluginV3:
        if inner not in self._decoders:
            if hasattr(self.request.raw_uri, "seek"):
                self.request.raw_uri.seek(0)  # another decoder has moved it
            self._decoders[inner] = self._open(inner)
        return self._decoders[inner]

    def _open(self, inner: Inner, **options: Any) -> PluginV3:
        options |= {"plugin": inner, "extension": self.request.extension}
        token = _opening.set(True)
        try:
            return cast("PluginV3", imopen(self.request.raw_uri, "r", **options))
        finally:
            _opening.reset(token)

    @contextmanager
    def _errors(self, index: Index = None) -> Iterator[None]:
        """Give errors the file's name, and each kind of them one type."""
        uri, name = self.request.raw_uri, self.request.filename
        name = repr(getattr(uri, "name", name) if hasattr(uri, "read") else name)
        try:
            yield
        except ImageError as error:
            raise type(error)(f"{name}: {error}") from error
        except (ColorkitError, Warning):
            raise
        except Exception as error:  # each decoder raises its own
            if isinstance(error, TypeError) and "unexpected keyword" in str(error):
                raise  # the caller's mistake, not the file's
            beyond = isinstance(error, EOFError | IndexError | StopIteration)
            if beyond and index not in (None, 0, ...):
                raise OptionError(f"index {index!r} is out of range in {name}") from error
            raise FileError(f"cannot read {name}: {_reason(error)}") from error


@lru_cache(maxsize=4)
def _kept(recipe: Colorizer) -> Colorizer:
    """The first of equal recipes, which has its backend loaded."""
    return recipe


def _painter(options: dict[str, Any], *, force: bool) -> Callable[[Array], Array]:
    """Take colorkit's options out of all, and give what they do to one picture."""
    recipe = Colorizer(**{name: options.pop(name) for name in RECIPE if name in options})
    kept = _kept(recipe) if isinstance(recipe.backend, Hashable) else recipe
    return lambda image: image if has_colour(image) and not force else kept.colorize(image)


def _refuse_inks(image: Array, decoder: PluginV3, options: dict[str, Any]) -> None:
    """Refuse CMYK, whose four channels would be taken for RGB and alpha."""
    if image.shape[-1] != 4 or "mode" in options:
        return
    try:
        found = decoder.metadata(index=0)
    except Exception:  # decoders that know nothing of their file say so in many ways
        return
    if found.get("mode") == "CMYK" or found.get("PhotometricInterpretation") == 5:
        raise ImageValueError("it holds CMYK; inner='pillow' with mode='RGB' reads it as RGB")


def _given(index: Index, options: dict[str, Any]) -> dict[str, Any]:
    return options if index is None else options | {"index": index}


def _axes(shape: tuple[int, ...], *, is_batch: bool) -> int:
    """How many axes, at the end, are one picture: channels are the last, or there are none."""
    return 3 if len(shape) - is_batch > 2 and shape[-1] <= 4 else 2


def _colour(images: Array, paint: Callable[[Array], Array], *, is_batch: bool) -> Array:
    axes = _axes(images.shape, is_batch=is_batch)
    if images.ndim <= axes:
        return paint(images)
    coloured = np.stack([paint(image) for image in images.reshape(-1, *images.shape[-axes:])])
    return coloured.reshape(*images.shape[:-axes], *coloured.shape[1:])


def _reason(error: Exception) -> str:
    """What imageio says, and what the plugin said to it."""
    return " ".join(str(one) for one in (error, error.__cause__) if one) or type(error).__name__
