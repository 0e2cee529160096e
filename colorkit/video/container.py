"""Film files: what is in them, and their pictures one by one."""

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from itertools import dropwhile
from pathlib import Path
from typing import Any

import av
from av import VideoFrame
from av.container import InputContainer
from av.filter import Graph
from av.packet import Packet
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from colorkit.errors import VideoError, warn

SLACK = 1.0
"""Seconds by which a film may be shorter than it says."""

NO_FILM = ("image2", "gif", "tty", "apng", "webp")
"""Formats that FFmpeg reads as film too, beside those that end in ``_pipe``."""


class Source:
    """A film that is open for reading.

    Attributes
    ----------
    path : Path
    container : InputContainer
    video : VideoStream
        Its pictures; of several streams, the largest.
    others : list of Stream
        All else: sound, subtitles, attachments.
    """

    def __init__(self, path: Path, container: InputContainer) -> None:
        self.path = path
        self.container = container
        films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
        if not films or container.format.name.endswith((*NO_FILM, "_pipe")):
            kinds = ", ".join(sorted({stream.type for stream in container.streams}))
            raise VideoError(f"{str(path)!r} is no film: it holds {kinds or 'nothing'}")
        self.video = max(films, key=lambda stream: stream.width * stream.height)
        self.video.thread_type = "AUTO"
        self.others: list[Stream] = [s for s in container.streams if s is not self.video]

    @property
    def rate(self) -> Fraction:
        """Frames a second, on average."""
        return self.video.average_rate or self.video.guessed_rate or Fraction(25)

    @property
    def time_base(self) -> Fraction:
        """Seconds that one tick of its pictures' times takes."""
        return self.video.time_base or 1 / self.rate

    @property
    def aspect(self) -> Fraction:
        """Width of a pixel over its height."""
        return self.video.sample_aspect_ratio or Fraction(1)

    @property
    def seconds(self) -> float:
        """How long it says that it is; 0 where it does not."""
        return (self.container.duration or 0) / av.time_base

    @property
    def origin(self) -> float:
        """Where its clock stands at its beginning, in seconds."""
        return (self.container.start_time or 0) / av.time_base

    def frames(self, start: float, end: float | None, *, deinterlace: bool) -> Iterator[VideoFrame]:
        """Pictures from a time to another, in seconds from its beginning; each has its time.

        Raises
        ------
        VideoError
            When the file ends early.
        """
        for frame in self._pictures(deinterlace=deinterlace):
            seconds = self.time(frame)
            if end is not None and seconds >= end:
                return
            if seconds >= start:
                yield frame

    def frames_from(self, pts: int, early: float, *, deinterlace: bool) -> Iterator[VideoFrame]:
        """Pictures from a time on, in ticks of the film.

        Read so many seconds early; from the beginning if that is infinity. Otherwise the file may
        lead to a later place, or to damaged pictures.
        """
        if math.isfinite(early):
            with suppress(av.error.FFmpegError):
                self.container.seek(pts - round(early / self.time_base), stream=self.video)
        frames = self._pictures(deinterlace=deinterlace)
        return dropwhile(lambda frame: frame.pts is None or frame.pts < pts, frames)

    def time(self, frame: VideoFrame) -> float:
        """When one of its pictures is shown, in seconds from its beginning."""
        assert frame.pts is not None
        return float(frame.pts * self.time_base) - self.origin

    def _pictures(self, *, deinterlace: bool) -> Iterator[VideoFrame]:
        decoded = self._decoded()
        if deinterlace:
            decoded = _deinterlaced(decoded, self.video)
        return _timed(decoded, self.time_base, self.rate)

    def _decoded(self) -> Iterator[VideoFrame]:
        reached, damaged = 0.0, 0
        for packet in self.container.demux():
            reached = max(reached, _end(packet))
            if packet.stream is self.video:
                try:
                    yield from packet.decode()  # type: ignore[misc]
                except av.error.InvalidDataError:
                    damaged += 1
        if damaged:
            warn(f"{str(self.path)!r} is damaged: {damaged} of its pictures cannot be decoded")
        length = reached - self.origin
        if length < self.seconds - SLACK:
            raise VideoError(
                f"{str(self.path)!r} is cut off: it ends after {length:.1f} of "
                f"{self.seconds:.1f} seconds"
            )


@contextmanager
def opened(path: Path) -> Iterator[Source]:
    """Open a film; every error of FFmpeg inside becomes a `VideoError` with its name.

    Raises
    ------
    VideoError
        When it is missing, no film, damaged or cut off.
    """
    try:
        container = av.open(path)
    except av.error.FFmpegError as error:
        raise VideoError(f"cannot read {str(path)!r}: {error.strerror}") from error
    with container:
        try:
            yield Source(path, container)
        except av.error.FFmpegError as error:
            raise VideoError(f"stopped in {str(path)!r}: {error.strerror}") from error


def _end(packet: "Packet[Any]") -> float:
    if packet.pts is None or packet.time_base is None:
        return 0.0
    return float((packet.pts + (packet.duration or 0)) * packet.time_base)


def _timed(
    frames: Iterator[VideoFrame], time_base: Fraction, rate: Fraction
) -> Iterator[VideoFrame]:
    """Frames whose times and lengths are known, and rise."""
    length = max(1, round(1 / rate / time_base))
    last: int | None = None
    for frame in frames:
        if frame.pts is None or (last is not None and frame.pts <= last):
            frame.pts = 0 if last is None else last + length
        if not frame.duration:
            frame.duration = length
        last = frame.pts
        yield frame


def _deinterlaced(frames: Iterator[VideoFrame], video: VideoStream) -> Iterator[VideoFrame]:
    """Whole pictures of interlaced ones, as many; others pass."""
    assert video.time_base is not None
    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(template=video, time_base=video.time_base),
        graph.add("bwdif", mode="send_frame", deint="interlaced"),
        graph.add("buffersink"),
    ).configure()
    for frame in frames:
        graph.push(frame)
        yield from _pulled(graph, video.time_base)
    graph.push(None)
    yield from _pulled(graph, video.time_base)


def _pulled(graph: Graph, time_base: Fraction) -> Iterator[VideoFrame]:
    """What the filter has ready; it counts time in ticks of its own."""
    while True:
        try:
            frame = graph.vpull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        scale = (frame.time_base or time_base) / time_base
        frame.duration = round(frame.duration * scale)
        if frame.pts is not None:
            frame.pts = round(frame.pts * scale)
        yield frame
