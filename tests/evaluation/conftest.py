from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from colorkit.photos import StoredPhoto, photos


def scene(seed: int) -> NDArray[np.uint8]:
    """Coloured noise, as smooth as a photograph, with a gray corner."""
    noise = np.random.default_rng(seed).integers(0, 256, (5, 6, 3)).astype(np.uint8)
    picture = Image.fromarray(noise).resize((60, 50), Image.Resampling.BICUBIC)
    colours = np.array(picture)
    colours[:15, :15] = colours[:15, :15, :1]
    return colours


@pytest.fixture(scope="session")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], list[StoredPhoto]]:
    """Give so many small pictures in colour."""
    folder: Path = tmp_path_factory.mktemp("scenes")

    def made(count: int) -> list[StoredPhoto]:
        for i in range(count):
            Image.fromarray(scene(i)).save(folder / f"{i:02}.png")
        return photos([folder])[:count]

    return made
