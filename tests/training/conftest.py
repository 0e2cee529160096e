from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
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
