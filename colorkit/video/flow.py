"""Where pixels come from: optical flow between frames, and how far it can be believed."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from colorkit.errors import VideoError

if TYPE_CHECKING:
    from types import ModuleType

Array = NDArray[np.float32]
Gray = NDArray[np.uint8]
Picture = TypeVar("Picture", bound=NDArray[Any])

NOISE = 10.0
"""Levels of gray by which a pixel may miss its origin; from there on it is hardly believed."""


@dataclass(frozen=True, eq=False)
class Way:
    """From every pixel of one frame to the same thing in another.

    Attributes
    ----------
    flow, reverse : ndarray
        ``(h, w, 2)``: how far things move, across and down, in pixels; and how far they move back.
    here, there : ndarray
        ``(h, w)`` uint8: this frame and the other.
    """

    flow: Array
    reverse: Array
    here: Gray
    there: Gray

    @cached_property
    def places(self) -> Array:
        """Where every pixel lies in the other frame, ``(h, w, 2)``: across and down."""
        return self.flow + grid(self.here.shape)

    @cached_property
    def trust(self) -> Array:
        """How far that is believed, ``(h, w)``, 0..1; found at first use, as many are not asked.

        Of every second pixel it is found, and in between interpolated: flow is no finer.
        """
        few = np.s_[::2, ::2]
        places = self.places[few]
        astray = mismatch(self.flow[few], fetch(self.reverse, places))
        miss = np.subtract(fetch(self.there, places), self.here[few], dtype=np.float32)
        miss -= np.float32(np.median(miss[few]))  # a lamp that flickers changes all alike
        miss = opencv().blur(miss, (3, 3)) * np.float32(1 / NOISE)
        doubt = miss * miss
        doubt += astray * astray
        trust: Array = opencv().resize(np.exp(-doubt), self.here.shape[::-1])
        return trust

    def fetch(self, values: Array) -> Array:
        """What the other frame has there, ``(h, w)`` or ``(h, w, c)``."""
        return fetch(values, self.places)


def ways(before: Gray, after: Gray) -> tuple[Way, Way]:
    """From a frame ``(h, w)`` to the next, and back, by dense inverse search (Kroeger et al. 2016).

    Trusted is what arrives at the same gray, and finds its way back: where things appear or
    disappear neither holds.

    Raises
    ------
    VideoError
        When OpenCV is not installed.
    """
    soft = [opencv().GaussianBlur(frame, (3, 3), 0) for frame in (before, after)]
    ahead, back = flows(soft[0], soft[1])
    return Way(ahead, back, before, after), Way(back, ahead, after, before)


def flows(before: Gray, after: Gray, *, thorough: bool = False) -> tuple[Array, Array]:
    """How far things move from a frame to the next, ``(h, w, 2)`` across and down; and back."""
    cv2 = opencv()
    preset = cv2.DISOPTICAL_FLOW_PRESET_MEDIUM if thorough else cv2.DISOPTICAL_FLOW_PRESET_FAST
    search = cv2.DISOpticalFlow_create(preset)
    return search.calc(before, after, None), search.calc(after, before, None)


def mismatch(flow: Array, back: Array) -> Array:
    """How far there and back misses the start, ``(h, w)``.

    Beyond 1, by the test of Sundaram et al. 2010 with its constants, the other frame does not show
    the pixel. ``back`` is the reverse flow where ``flow`` ends.
    """
    miss: Array = _squared(flow + back)
    miss /= np.float32(0.01) * (_squared(flow) + _squared(back)) + np.float32(0.5)
    return miss


def reduced(values: Picture, shape: tuple[int, int]) -> Picture:
    """A picture ``(H, W)`` at another size, of the same dtype: area averages going down."""
    cv2 = opencv()
    if values.shape == shape:
        return values
    smaller: Picture = cv2.resize(values, shape[::-1], interpolation=cv2.INTER_AREA)
    return smaller


def opencv() -> "ModuleType":
    """The module cv2, whichever of its distributions the user has."""
    try:
        import cv2
    except ImportError as error:
        raise VideoError(
            "colours follow the motion of film by OpenCV, which is not installed: pip install "
            "opencv-python-headless, or any other wheel of it"
        ) from error
    module: ModuleType = cv2
    return module


def fetch(values: Picture, places: Array) -> Picture:
    """Values ``(h, w)`` or ``(h, w, c)`` at places ``(h, w, 2)``, between pixels interpolated."""
    cv2 = opencv()
    edge = cv2.BORDER_REPLICATE
    found: Picture = cv2.remap(values, places, None, cv2.INTER_LINEAR, borderMode=edge)
    return found


@lru_cache(maxsize=2)
def grid(shape: tuple[int, ...]) -> Array:
    """The place of every pixel, ``(h, w, 2)``: across and down."""
    return np.dstack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in shape[::-1])))


def _squared(flow: Array) -> Array:
    squares = flow * flow
    length: Array = squares[..., 0] + squares[..., 1]
    return length
