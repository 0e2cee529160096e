"""TFLite files as backends: the embedded one, and those of a user."""

import os
import pickle
import signal
import threading
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

import colorkit
from colorkit import Colorizer
from colorkit.backends.litert import MAX_INTERPRETERS, MAX_KEPT_PIXELS, Lite, LiteRTBackend
from colorkit.errors import BackendError
from colorkit.testing import BackendTests

MODEL = Path(str(files("colorkit").joinpath("models/lite.tflite")))


class TestLite(BackendTests):
    """The embedded backend keeps the contract."""

    backend_name = "lite"


class TestFile(BackendTests):
    """So does one that is named by its path."""

    def make_backend(self) -> str:
        return str(MODEL)


def lightness(height: int, width: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform(0, 100, (1, height, width, 1)).astype(np.float32)


def test_the_embedded_model_is_small():
    """Both model files together are at most 12 MB."""
    models = [path for path in MODEL.parent.iterdir() if path.suffix in (".tflite", ".safetensors")]
    assert len(models) == 2
    assert sum(path.stat().st_size for path in models) <= 12e6


def test_a_path_is_a_backend():
    """As a string or a path; its colours are the embedded network's."""
    gray = np.random.default_rng(1).integers(0, 256, (40, 50), np.uint8)
    by_name = colorkit.colorize(gray)
    np.testing.assert_array_equal(colorkit.colorize(gray, str(MODEL)), by_name)
    np.testing.assert_array_equal(colorkit.colorize(gray, MODEL), by_name)


def test_any_aspect_ratio_runs():
    """Sides need only be multiples of the stride."""
    backend = Lite(threads=1)
    for height, width in ((32, 32), (32, 320), (96, 64)):
        distribution = backend.predict(lightness(height, width)).distribution
        assert distribution is not None
        assert distribution.logits.shape == (1, height // 4, width // 4, 313)


def test_threads_share_a_bounded_pool():
    """Sixteen threads at once get what one gets, from at most four interpreters."""
    backend = Lite(threads=1)
    inputs = [lightness(32 * (1 + i % 3), 64, i) for i in range(16)]
    alone = [backend.predict(x).distribution.logits for x in inputs]
    results: dict[int, np.ndarray] = {}
    start = threading.Barrier(16)

    def work(i: int) -> None:
        start.wait()
        for _ in range(3):
            results[i] = backend.predict(inputs[i]).distribution.logits

    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, expected in enumerate(alone):
        np.testing.assert_array_equal(results[i], expected)
    assert 1 <= len(backend._pools[None]._idle) <= MAX_INTERPRETERS


def test_memory_of_a_large_input_is_given_back():
    """An interpreter that has seen a very large input is not kept."""
    backend = Lite(threads=2)
    backend.predict(lightness(32, MAX_KEPT_PIXELS // 32 + 32))
    assert not backend._pools[None]._idle
    assert backend.predict(lightness(32, 32)).distribution is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("shared", [True, False], ids=["one recipe", "a recipe for each call"])
def test_forked_children_colour_while_the_parent_does(shared):
    """Twenty children forked in the middle of the parent's work give the parent's colours."""
    gray = np.random.default_rng(2).integers(0, 256, (32, 32), np.uint8)
    recipe = Colorizer(size=32, threads=2)
    expected = recipe.colorize(gray)
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            (recipe if shared else Colorizer(size=32, threads=2)).colorize(gray)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        children = []
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # a child that waits for a lost lock ends too
                mine = recipe if shared else Colorizer(size=32, threads=2)
                os._exit(0 if np.array_equal(mine.colorize(gray), expected) else 1)
            children.append(child)
        statuses = [os.waitpid(child, 0)[1] for child in children]
    finally:
        stop.set()
        busy.join()
    assert statuses == [0] * 20


def test_backends_pickle_as_recipes():
    """What travels is a name, not a network."""
    luggage = pickle.dumps(Lite())
    assert len(luggage) < 200
    there = pickle.loads(luggage)
    expected = Lite().predict(lightness(32, 32)).distribution.logits
    np.testing.assert_array_equal(there.predict(lightness(32, 32)).distribution.logits, expected)


def test_files_that_cannot_be_run_are_refused(tmp_path):
    """Missing, a folder, text, truncated at any place, without metadata: one sentence each."""
    with pytest.raises(BackendError, match=r"cannot read .*absent.tflite.*No such file"):
        LiteRTBackend.from_file(tmp_path / "absent.tflite")
    folder = tmp_path / "folder.tflite"
    folder.mkdir()
    with pytest.raises(BackendError, match=r"cannot read .*folder.tflite.*Is a directory"):
        LiteRTBackend.from_file(folder)
    text = tmp_path / "text.tflite"
    text.write_text("<!doctype html><title>404</title>")
    with pytest.raises(BackendError, match=r"text.tflite' is not a TFLite file"):
        colorkit.colorize(np.zeros((4, 4), np.uint8), text)
    content = MODEL.read_bytes()
    for length in (0, 7, 8, 100, 5000, len(content) // 2, len(content) - 1000):
        cut = tmp_path / f"cut{length}.tflite"
        cut.write_bytes(content[:length])
        with pytest.raises(BackendError, match=f"cut{length}.tflite'"):
            LiteRTBackend.from_file(cut)
