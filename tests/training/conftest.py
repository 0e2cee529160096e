from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorkit.photos import StoredPhoto, photos
from colorkit.registry import Registry

HERE = Path(__file__).parent


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give twelve photographs of muted patches, from two sources."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    for i in range(12):
        patches = rng.integers(40, 216, (4, 5, 1)) + rng.normal(0, 20, (4, 5, 3))
        picture = Image.fromarray(np.clip(patches, 0, 255).astype(np.uint8))
        picture = picture.resize((100, 80), Image.Resampling.BILINEAR)
        picture.save(folder / f"{'sea' if i < 9 else 'wood'}-{i:03}.png")
    return folder


@pytest.fixture
def found(folder: Path) -> list[StoredPhoto]:
    """Give the same as they are found."""
    return photos([folder])


@pytest.fixture
def narrow(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> str:
    """Register a small network, and give its name."""
    pytest.importorskip("keras")
    monkeypatch.syspath_prepend(HERE)
    name: str = import_module("narrow_network").register()
    return name


@pytest.fixture
def paired(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> str:
    """Register a small network that learns from pairs, and give its name."""
    pytest.importorskip("keras")
    monkeypatch.syspath_prepend(HERE)
    name: str = import_module("pairs_network").register()
    return name


@pytest.fixture
def clip(tmp_path: Path) -> Callable[..., Path]:
    """Write a film of frames ``(H, W, 3)`` uint8, without loss."""
    av = pytest.importorskip("av")
    pytest.importorskip("cv2")

    def clip(frames: Sequence[NDArray[np.uint8]]) -> Path:
        path = tmp_path / "clip.mkv"
        with av.open(path, "w") as file:
            video = file.add_stream("ffv1", rate=25)
            video.height, video.width = frames[0].shape[:2]
            video.pix_fmt = "bgr0"
            for frame in frames:
                file.mux(video.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
            file.mux(video.encode(None))
        return path

    return clip


@pytest.fixture
def pan() -> list[NDArray[np.uint8]]:
    """Give twelve frames of soft coloured patches that move by four pixels to the left."""
    patches = np.random.default_rng(2).integers(0, 256, (12, 24, 3), dtype=np.uint8)
    wide = np.asarray(Image.fromarray(patches).resize((192, 96), Image.Resampling.BICUBIC))
    return [np.ascontiguousarray(wide[:, 4 * i : 4 * i + 128]) for i in range(12)]
