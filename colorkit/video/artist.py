"""A recipe at work on a film: frames as they were decoded in, frames in colour out."""

from dataclasses import dataclass, field
from functools import partial

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

from colorkit import __version__
from colorkit.colorizer import Colorizer
from colorkit.pixels import has_colour
from colorkit.video.encode import Encoding
from colorkit.video.flow import reduced
from colorkit.video.guide import Guide
from colorkit.video.painter import Painter
from colorkit.video.planes import Codes, planar, view
from colorkit.video.steady import Still

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Recipe:
    """How colours are made and carried."""

    colorizer: Colorizer
    steadiness: float
    force: bool
    guide: Guide = field(default_factory=Guide, repr=False)

    def note(self, hints: int) -> str:
        """What the film says of its colours, of which a person gave so many."""
        model = self.colorizer.note().model
        by_hand = f"; hints by a person: {hints}" if hints else ""
        return f"colours made by a model: colorkit {__version__}, {model}{by_hand}"


class Artist:
    """A recipe at work on the frames of one film."""

    def __init__(self, recipe: Recipe, encoding: Encoding) -> None:
        self.recipe = recipe
        self.encoding = encoding
        self.turns = encoding.turns
        width, height = encoding.size
        aspect = float(encoding.aspect)
        upright = (height, width), aspect
        if self.turns % 2:
            upright = (width, height), 1 / aspect
        self.painter = Painter(recipe.colorizer, *upright, guide=recipe.guide)

    def still(self, number: int, frame: VideoFrame) -> Still[VideoFrame]:
        """A frame to be coloured."""
        ours = planar(frame)
        grid = self.painter.grid[::-1] if self.turns % 2 else self.painter.grid
        small = self._upright(reduced(view(ours, 0), grid))
        lightness = partial(self._upright, view(ours, 0))
        return self.painter.still(number, ours, small, lightness, partial(self._keeps, ours))

    def _upright(self, luma: Codes) -> Array:
        """L* of code values, as they are to be seen."""
        return np.rot90(self.encoding.coding.lightness(luma), self.turns)

    def _keeps(self, frame: VideoFrame) -> bool:
        """Whether a frame is in colour, and to stay so."""
        if self.recipe.force or frame.format.name.startswith("gray"):
            return False
        width = min(frame.width, 320)
        small = frame.reformat(width, round(frame.height * width / frame.width), "rgb24")
        return has_colour(small.to_ndarray())

    def coloured(self, still: Still[VideoFrame], ab: Array | None) -> VideoFrame:
        """The frame in these colours, or in its own."""
        if ab is None:
            return still.frame.reformat(format=self.encoding.pixel_format)
        coding = self.encoding.coding
        canvas = VideoFrame(*self.encoding.size, self.encoding.canvas)
        luma = view(still.frame, 0)
        view(canvas, 0)[:] = luma
        blue, red = view(canvas, 1), view(canvas, 2)
        lightness = self._upright(reduced(luma, blue.shape))
        colours = self.painter.planes(ab, still.gray, lightness)
        for plane, codes in zip((blue, red), coding.chroma(lightness, *colours), strict=True):
            plane[:] = np.rot90(codes, -self.turns)
        if self.encoding.canvas == self.encoding.pixel_format:
            return canvas
        return canvas.reformat(format=self.encoding.pixel_format)
