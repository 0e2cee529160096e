import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import colorkit
from colorkit import files

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has other signals")


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Work in an empty folder; returns a function that starts the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLORKIT_PLUGINS", "none")
    monkeypatch.setenv("PYTHONPATH", str(Path(colorkit.__file__).parents[1]))
    command = (sys.executable, "-m", "colorkit", "colorize", "in", "--recursive", "--size", "32")

    def start(output):
        arguments = (*command, "--threads", "1", "-o", output)
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        return subprocess.Popen(arguments, **quiet)

    return start


def results(folder):
    """What is in the pictures below a folder, by their places in it, and when they were made."""
    paths = list(Path(folder).rglob("*.png"))
    contents = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    return contents, {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in paths}


@pytest.mark.parametrize(
    ("count", "kills"), [(24, 4), pytest.param(200, 500, marks=pytest.mark.soak)]
)
def test_killed_at_any_moment_it_ends_with_the_same_files(start, count, kills):
    """Killed at random and begun again, a batch makes the files of an undisturbed run.

    No file that bears its name is ever anything but whole, none is made twice, and nothing else is
    left.
    """
    rng = np.random.default_rng(kills)
    for i in range(count):
        Path(f"in/{i % 3}").mkdir(parents=True, exist_ok=True)
        files.write(f"in/{i % 3}/{i}.png", rng.integers(0, 255, (24, 32)).astype(np.uint8))
    begun = time.monotonic()
    assert start("whole").wait() == 0
    length = time.monotonic() - begun
    whole, _ = results("whole")
    assert len(whole) == count

    killed, made = 0, dict[str, int]()
    while killed < kills:
        running = start("out")
        with suppress(subprocess.TimeoutExpired):
            running.wait(rng.uniform(0.3, 1) * length)
        running.kill()
        killed += running.wait() == -signal.SIGKILL
        contents, times = results("out")
        assert contents.items() <= whole.items()
        assert made.items() <= times.items()
        made = times
        if contents == whole:
            shutil.rmtree("out")
            made = {}
    assert start("out").wait() == 0
    contents, times = results("out")
    assert contents == whole
    assert made.items() <= times.items()
    assert [name for *_, names in os.walk("out") for name in names if name.endswith(".part")] == []
