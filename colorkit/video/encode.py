"""How film is written: codec, quality, pixel format; segments of one stream of pictures."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from pathlib import Path

import av
from av import VideoFrame
from av.codec import Codec
from av.video.frame import PictureType
from av.video.stream import VideoStream

from colorkit.errors import HintError, OptionError
from colorkit.video.container import Source
from colorkit.video.corrections import Given
from colorkit.video.planes import FULL, LIMITED, Coding, planar, sampling_of

SEGMENT_FORMAT = "matroska"
"""Of segments: it takes every codec."""

CODECS = {
    **dict.fromkeys((".mp4", ".m4v", ".mov", ".mkv", ".ts"), "libx264"),
    ".webm": "libvpx-vp9",
    ".avi": "mpeg4",  # AVI has no times of its own for a codec that may reorder frames
}
"""The endings of names that film can be written under, and what it is encoded by."""

OPTIONS = {
    "libx264": {"crf": "17", "preset": "medium"},
    "libx265": {"crf": "19", "preset": "medium", "x265-params": "log-level=error"},
    "libvpx-vp9": {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"},
    "mpeg4": {"qscale": "2"},
}
"""Of encoders: hard to tell from the original, in reasonable time."""

EVEN = ("libx264", "libx265")
"""Encoders that take odd sizes only without subsampling."""


@dataclass(frozen=True)
class Delivery:
    """What is asked of a film: which part of it, how it is written, and colours of a person's own.

    Parameters
    ----------
    start, end : float, optional
        Seconds from the beginning of the film; by default all of it.
    codec : str, optional
        Name of an encoder of FFmpeg: by default ``"libx264"``; for ``.webm`` ``"libvpx-vp9"``,
        for ``.avi`` ``"mpeg4"``, which hold 8 bits. ``"ffv1"`` loses nothing.
    quality : int, optional
        On the encoder's own scale, where less is better: the CRF of most, ``qscale`` of mpeg4.
    pixel_format : str, optional
        Such as ``"yuv444p10le"``; by default the film's own, or the nearest that the encoder has.
    deinterlace : bool
        Make whole pictures of interlaced ones.
    force : bool
        Colour shots that are in colour, too.
    provenance : bool
        Say in the film's comment that a model made the colours.
    hints : mapping, optional
        As for `colorize_frames`, by seconds from the beginning of the film: each is for the first
        frame at that time or after.

    Raises
    ------
    OptionError
        When the time is not one, or there is no such encoder.
    HintError
        When hints are for a time that is left out.
    """

    start: float = 0.0
    end: float | None = None
    codec: str | None = None
    quality: int | None = None
    pixel_format: str | None = None
    deinterlace: bool = False
    force: bool = False
    provenance: bool = True
    hints: Mapping[float, Given] = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise OptionError(
                f"start and end must be seconds in that order; received {self.start!r} and "
                f"{self.end!r}"
            )
        for time in self.hints:
            if time < self.start or (self.end is not None and time >= self.end):
                raise HintError(f"hints are for {time!r} s, which is not between start and end")
        if self.codec is not None:
            _encoder(self.codec)


@dataclass(frozen=True)
class Encoding:
    """One stream of pictures, all settled.

    Attributes
    ----------
    codec : str
        Name of an encoder.
    options : dict
        Of the encoder.
    pixel_format : str
        That it is given.
    canvas : str
        The pixel format that colours are put into: the same, but for what FFmpeg converts.
    size : tuple of int
        Width and height.
    rate, aspect : Fraction
        Frames a second; width of a pixel over its height.
    coding : Coding
        What code values of ``canvas`` mean.
    tags : tuple of int
        FFmpeg's numbers for range, matrix, primaries and transfer.
    turns : int
        Quarters of a turn to the left that make the pictures upright.
    """

    codec: str
    options: dict[str, str]
    pixel_format: str
    canvas: str
    size: tuple[int, int]
    rate: Fraction
    aspect: Fraction
    coding: Coding
    tags: tuple[int, int, int, int]
    turns: int


def settle(source: Source, first: VideoFrame, delivery: Delivery, suffix: str) -> Encoding:
    """Decide how a film is written, by its first frame and the ending of its name.

    Raises
    ------
    OptionError
        When the encoder does not take the pixel format.
    VideoError
        When the film is high dynamic range.
    """
    frame = planar(first)
    coding = Coding.of(frame, source.video.codec_context.name)
    codec = delivery.codec or CODECS[suffix]
    sampling = sampling_of(frame.format.name)
    formats = [f.name for f in _encoder(codec).video_formats or ()]
    pixel_format = delivery.pixel_format or _nearest(formats, sampling, coding.depth, codec, frame)
    if pixel_format not in formats:
        raise OptionError(
            f"encoder {codec!r} takes no {pixel_format!r}; choose one of {', '.join(formats)}"
        )
    options = dict(OPTIONS.get(codec, {}))
    if delivery.quality is not None:
        options["qscale" if codec == "mpeg4" else "crf"] = str(delivery.quality)
    return Encoding(
        codec=codec,
        options=options | {"bf": "0"},  # so that packets are in the order of frames
        pixel_format=pixel_format,
        canvas=_name(sampling_of(pixel_format), coding.depth),
        size=(frame.width, frame.height),
        rate=source.rate.limit_denominator(60000),
        aspect=source.aspect,
        coding=coding,
        tags=(
            FULL if coding.full else LIMITED,
            frame.colorspace if frame.colorspace else coding.matrix,
            frame.color_primaries,
            frame.color_trc,
        ),
        turns=round(first.rotation / 90) % 4,
    )


@contextmanager
def writer(path: Path, encoding: Encoding) -> Iterator[Callable[[VideoFrame], None]]:
    """A file of its own for frames, and what encodes the next of them: a packet a frame."""
    with av.open(path, "w", format=SEGMENT_FORMAT) as container:
        stream = container.add_stream(encoding.codec, rate=encoding.rate, options=encoding.options)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.width, context.height = encoding.size
        context.pix_fmt = encoding.pixel_format
        context.time_base = 1 / encoding.rate
        context.sample_aspect_ratio = encoding.aspect
        context.color_range, context.colorspace, context.color_primaries, context.color_trc = (
            encoding.tags
        )
        context.thread_type = "AUTO"  # frames side by side, where the encoder can
        numbers = count()

        def write(frame: VideoFrame) -> None:
            frame.pts, frame.time_base = next(numbers), context.time_base
            frame.pict_type = PictureType.NONE  # that of a decoded frame would bind the encoder
            container.mux(stream.encode(frame))

        yield write
        container.mux(stream.encode(None))


def _encoder(name: str) -> Codec:
    try:
        codec = Codec(name, "w")
    except ValueError as error:
        raise OptionError(f"there is no encoder {name!r}; try libx264 or ffv1") from error
    if codec.type != "video":
        raise OptionError(f"encoder {name!r} is for {codec.type}; try libx264 or ffv1")
    return codec


def _nearest(formats: list[str], sampling: str, depth: int, codec: str, frame: VideoFrame) -> str:
    """The pixel format closest to a film's own."""
    samplings = list(dict.fromkeys((sampling, "420", "422", "444")))
    if codec in EVEN and (frame.width % 2 or frame.height % 2):
        samplings = ["444"]
    depths = [depth, *(d for d in (10, 12, 8) if d != depth)]
    wanted = [_name(s, d) for d in depths for s in samplings]
    return next((name for name in wanted if name in formats), formats[0])


def _name(sampling: str, depth: int) -> str:
    return f"yuv{sampling}p" + (f"{depth}le" if depth > 8 else "")
