"""Pictures of film: luma to lightness, colours to the chroma that a file's tags ask for."""

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from av import VideoFrame
from av.video.reformatter import Colorspace
from numpy.typing import NDArray

from colorkit import lab
from colorkit.errors import VideoError

Array = NDArray[np.float32]
Codes = NDArray[Any]
"""Code values, uint8 or uint16."""

LIMITED, FULL = 1, 2
"""FFmpeg's numbers for the range of code values; 0 is unspecified."""

BT709, BT601 = 1, 6
"""FFmpeg's numbers for matrices; 2 is unspecified."""

LUMA = {BT709: (0.2126, 0.0722), BT601: (0.299, 0.114), 5: (0.299, 0.114), 9: (0.2627, 0.0593)}
"""Weights of red and of blue in luma, by matrix."""

SD_LINES = 576
"""Players take untagged film of so many lines for BT.601, and of more for BT.709."""

HDR = {16: "PQ", 18: "HLG"}

LIMITED_BY_DEFAULT = ("h264", "hevc", "av1", "vp9", "mpeg1video", "mpeg2video", "mpeg4")
"""Codecs whose untagged gray film players take for limited range; FFmpeg, for full."""

_PLANAR = re.compile(r"(?:gray|yuv[aj]?(?P<sampling>4\d\d)p)(?P<depth>\d\d?)?(?:le)?")
DEPTHS = (8, 9, 10, 12)

_STEPS = 2**16 - 1


@dataclass(frozen=True)
class Coding:
    """How code values are meant.

    Attributes
    ----------
    depth : int
        Bits of a code value.
    full : bool
        Whether black is 0, as in pictures, and not 16/256 of the range, as in film.
    matrix : int
        FFmpeg's number, one of those in `LUMA`.
    """

    depth: int
    full: bool
    matrix: int

    @classmethod
    def of(cls, frame: VideoFrame, codec: str) -> "Coding":
        """What a frame's tags say, and what players assume where they say nothing.

        Raises
        ------
        VideoError
            When it is high dynamic range.
        """
        if frame.color_trc in HDR:
            raise VideoError(
                f"its transfer function is {HDR[frame.color_trc]}, high dynamic range, for which "
                f"there are no colours yet; convert it to BT.709 first"
            )
        name = frame.format.name
        gray = name.startswith("gray") and codec not in LIMITED_BY_DEFAULT
        full = frame.color_range == FULL or name.startswith("yuvj")
        full |= frame.color_range == 0 and gray
        guess = BT709 if frame.height > SD_LINES else BT601
        matrix = frame.colorspace if frame.colorspace in LUMA else guess
        return cls(frame.format.components[0].bits, full, matrix)

    def lightness(self, luma: Codes) -> Array:
        """L* of code values."""
        return np.take(_lightness(self.depth, self.full), luma, mode="clip")

    def chroma(self, lightness: Array, a: Array, b: Array) -> tuple[Codes, Codes]:
        """Code values of Cb and Cr, for L* and ab in Lab units, all of one shape.

        Where a colour is beyond the gamut its chroma is reduced.
        """
        red, green, blue = (_encoded(linear) for linear in lab.join(lightness, a, b))
        of_red, of_blue = LUMA[self.matrix]
        luma = of_red * red + (1 - of_red - of_blue) * green + of_blue * blue
        return self._codes((blue - luma) / (2 - 2 * of_blue)), self._codes(
            (red - luma) / (2 - 2 * of_red)
        )

    def _codes(self, chroma: Array) -> Codes:
        """Code values of chroma in -0.5..0.5."""
        span = 2**self.depth - 1 if self.full else 224 << (self.depth - 8)
        codes = chroma * np.float32(span)
        codes += np.float32(self.neutral + 0.5)
        return codes.clip(0, 2**self.depth - 1, out=codes).astype(self.dtype)

    @property
    def neutral(self) -> int:
        """The code value of no chroma."""
        return 1 << (self.depth - 1)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of code values."""
        return np.dtype(np.uint8 if self.depth == 8 else np.uint16)


@cache
def _lightness(depth: int, full: bool) -> Array:
    codes = np.arange(2**depth)
    luma = codes / codes[-1] if full else (codes / 2 ** (depth - 8) - 16) / 219
    return lab.lightness(lab.srgb_to_linear(luma.clip(0, 1))).astype(np.float32)


def _encoded(linear: Array) -> Array:
    steps = linear * np.float32(_STEPS)
    steps += np.float32(0.5)
    return np.take(_curve(), steps.astype(np.uint16), mode="clip")


@cache
def _curve() -> Array:
    return lab.linear_to_srgb(np.arange(_STEPS + 1) / _STEPS).astype(np.float32)


def planar(frame: VideoFrame) -> VideoFrame:
    """The frame with luma in a plane of its own: itself, or converted."""
    found = _PLANAR.fullmatch(frame.format.name)
    if found and int(found["depth"] or 8) in DEPTHS:
        return frame
    deep = max(component.bits for component in frame.format.components) > 8
    converted = frame.reformat(
        format="yuv444p10le" if deep else "yuv444p", dst_colorspace=Colorspace.ITU601
    )
    converted.colorspace, converted.color_range = BT601, LIMITED
    return converted


def view(frame: VideoFrame, plane: int) -> Codes:
    """A plane's code values, writable, ``(H, W)``."""
    part = frame.planes[plane]
    dtype = np.dtype(np.uint8 if frame.format.components[0].bits == 8 else np.uint16)
    rows = np.frombuffer(part, dtype).reshape(-1, part.line_size // dtype.itemsize)  # type: ignore[call-overload]
    shown: Codes = rows[: part.height, : part.width]
    return shown


def sampling_of(format: str) -> str:
    """The sampling of chroma in a planar pixel format, such as "420"; of gray, "420"."""
    found = _PLANAR.fullmatch(format)
    return (found and found["sampling"]) or "420"
