"""The finished film: segments, and the streams that stay, joined without encoding anything."""

import math
from collections.abc import Iterator, Sequence
from heapq import merge
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av
from av.container import OutputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from colorkit.errors import OptionError, warn
from colorkit.video.container import Source
from colorkit.video.segments import Segment

if TYPE_CHECKING:
    from av.container.core import Chapter

OF_THE_FILE = ("major_brand", "minor_version", "compatible_brands", "encoder", "duration")
"""Metadata that is said by the file of itself."""

Timed = tuple[float, "Packet[Any]"]


def check(path: Path, codec: str) -> None:
    """See that a kind of file takes what an encoder makes.

    Raises
    ------
    OptionError
        When it does not.
    """
    try:
        with av.open(path, "w") as container:
            container.add_stream(codec)
    except ValueError as error:
        raise OptionError(f"{path.suffix} takes no film by {codec!r}; .mkv takes any") from error


def join(
    path: Path,
    source: Source,
    segments: Sequence[Segment],
    span: tuple[float, float],
    matrix: Sequence[int] | None,
    note: str,
) -> None:
    """Write a film of finished pictures and of all else that its source holds.

    Parameters
    ----------
    path : Path
        Of the film.
    source : Source
        Just opened.
    segments : sequence of Segment
        All of its pictures.
    span : tuple of float
        Seconds, on the source's own clock, from which on and until when sound is kept; what is at
        the first becomes the beginning, unless that is minus infinity.
    matrix : sequence of int, optional
        How the pictures are turned for display.
    note : str
        Is added to the film's comment; empty for none.
    """
    with av.open(path, "w") as target, av.open(segments[0].path) as pictures:
        copies: dict[int, Stream] = {}
        for stream in source.container.streams:
            if stream is source.video:
                video = _add_pictures(target, pictures.streams.video[0], source, matrix)
            elif stream.type != "data" or not source.container.chapters():  # it is their titles
                _add_copy(target, stream, copies, path)
        _describe(target, source, span, note)
        shift = span[0] if math.isfinite(span[0]) else 0.0
        ticks = round(shift / source.time_base)
        both = _pictures(segments, source, video, ticks), _others(source, copies, span, shift)
        for _, packet in merge(*both, key=itemgetter(0)):
            target.mux(packet)


def _add_pictures(
    target: OutputContainer, template: VideoStream, source: Source, matrix: Sequence[int] | None
) -> VideoStream:
    stream = target.add_stream_from_template(template, opaque=True)
    stream.time_base = source.time_base
    stream.metadata.update(_own(source.video.metadata))
    stream.disposition = source.video.disposition
    if matrix is not None:
        stream.set_display_matrix(matrix)
    return stream


def _add_copy(
    target: OutputContainer, stream: Stream, copies: dict[int, Stream], path: Path
) -> None:
    try:
        copy = target.add_stream_from_template(stream, opaque=True)
    except ValueError:
        warn(f"{path.suffix} does not hold {_kind(stream)}, which is left out; .mkv may")
        return
    copy.metadata.update(_own(stream.metadata))
    copy.disposition = stream.disposition
    copies[stream.index] = copy


def _kind(stream: Stream) -> str:
    codec = stream.codec_context
    return f"{stream.type} ({codec.name})" if codec else stream.type


def _own(metadata: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in metadata.items() if name.lower() not in OF_THE_FILE}


def _describe(
    target: OutputContainer, source: Source, span: tuple[float, float], note: str
) -> None:
    """Metadata and chapters of the source; the note that a model made the colours."""
    target.metadata.update(_own(source.container.metadata))
    if note:
        comments = [target.metadata.get("comment", ""), note]
        target.metadata["comment"] = "; ".join(filter(None, comments))
    target.set_chapters(list(_chapters(source, span)))


def _chapters(source: Source, span: tuple[float, float]) -> "Iterator[Chapter]":
    for chapter in source.container.chapters():
        tick = chapter["time_base"] or av.time_base
        first, last = (limit / tick if math.isfinite(limit) else limit for limit in span)
        start, end = max(chapter["start"], first), min(chapter["end"], last)
        if start < end:
            shift = first if math.isfinite(first) else 0
            yield chapter | {"start": round(start - shift), "end": round(end - shift)}


def _pictures(
    segments: Sequence[Segment], source: Source, to: VideoStream, shift: int
) -> Iterator[Timed]:
    """Packets of all segments, in the times of the source's frames."""
    for segment in segments:
        with av.open(segment.path) as container:
            packets = (packet for packet in container.demux(video=0) if packet.size)
            for packet, (pts, length) in zip(packets, segment.times.tolist(), strict=True):
                packet.time_base = source.time_base
                packet.pts = packet.dts = pts - shift
                packet.duration = length
                packet.stream = to
                yield float(packet.dts * source.time_base), packet


def _others(
    source: Source, copies: dict[int, Stream], span: tuple[float, float], shift: float
) -> Iterator[Timed]:
    """Packets of all that is copied."""
    for packet in source.container.demux():
        if packet.stream.index not in copies or packet.dts is None or packet.time_base is None:
            continue
        at = float(packet.dts * packet.time_base)
        if span[0] <= at < span[1]:
            ticks = round(shift / packet.time_base)
            packet.dts -= ticks
            packet.pts = None if packet.pts is None else packet.pts - ticks
            packet.stream = copies[packet.stream.index]
            yield at - shift, packet
