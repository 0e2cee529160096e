import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def opencv4(tmp_path: Path) -> Callable[..., str]:
    """Give what runs a program with OpenCV 4 in an empty folder, and returns what it prints."""
    folder = os.environ.get("COLORKIT_OPENCV4")
    if not folder or not Path(folder, "cv2").is_dir():
        pytest.skip("COLORKIT_OPENCV4 names no folder with an unpacked opencv-python-headless 4")

    def run(program: str, *arguments: object) -> str:
        finished = subprocess.run(
            [sys.executable, "-c", program, *map(str, arguments)],
            env=os.environ | {"PYTHONPATH": folder},
            cwd=tmp_path,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        return finished.stdout

    return run
