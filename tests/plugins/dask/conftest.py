from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from distributed import Client, LocalCluster
from PIL import Image

Make = Callable[..., list[Path]]


@pytest.fixture(scope="session")
def client() -> Iterator[Client]:
    """Connect to a cluster of two worker processes; dask elsewhere is left as it is."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Work in an empty folder; returns what makes small gray pictures there."""
    monkeypatch.chdir(tmp_path)

    def make(count: int, folder: str = "scans") -> list[Path]:
        paths = [Path(folder, "abc"[i % 3], f"{i:05}.png") for i in range(count)]
        for i, path in enumerate(paths):
            path.parent.mkdir(parents=True, exist_ok=True)
            slope = np.add.outer(np.arange(24), np.arange(32)) * 4 + i % 30
            Image.fromarray(slope.astype(np.uint8)).save(path)
        return paths

    return make
