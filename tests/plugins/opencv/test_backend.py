import numpy as np
import pytest
from colorkit_opencv import OpenCVBackend

from colorkit import Colorizer, HintMap
from colorkit.testing import BackendTests


@pytest.fixture(scope="class", autouse=True)
def share(request, exported):
    """Let the conformance suite see the files."""
    if request.cls is not None:
        request.cls.exported = exported


class TestAnySize(BackendTests):
    def make_backend(self):
        return OpenCVBackend(self.exported.lite)


class TestOneSize(BackendTests):
    def make_backend(self):
        return OpenCVBackend(self.exported.bound)


class TestHints(BackendTests):
    def make_backend(self):
        return OpenCVBackend(self.exported.hints)


def test_it_colours_photographs_as_litert(photos, exported):
    """On photographs its colours are those that LiteRT gives the same network."""
    litert = Colorizer(exported.tflite, caution=0)
    opencv = Colorizer(OpenCVBackend(exported.lite), caution=0)

    for gray in photos.validation(every=100):
        assert np.abs(litert.ab(gray) - opencv.ab(gray)).mean() <= 0.1


def test_hints_are_honoured(exported):
    """A network that takes hints paints with them, and has ab and a distribution of its own."""
    backend = OpenCVBackend(exported.hints)
    lightness = np.full((1, 32, 48, 1), 50, np.float32)
    ab = np.zeros((1, 32, 48, 2), np.float32)
    mask = np.zeros_like(lightness)
    ab[0, 16, 24], mask[0, 16, 24] = (60, 40), 1

    without, with_hints = backend.predict(lightness), backend.predict(lightness, HintMap(ab, mask))

    assert backend.accepts_hints
    assert np.abs(with_hints.ab - without.ab).max() > 0
    assert with_hints.distribution.logits.shape[-1] == 529


OPENCV4 = """
import sys
from colorkit import BackendError, Colorizer
from colorkit_opencv import OpenCVBackend
import cv2, numpy as np
assert cv2.__version__.startswith("4."), cv2.__version__
lightness = np.load("lightness.npy")
np.save("answer.npy", OpenCVBackend(sys.argv[1]).predict(lightness).ab)
try:
    OpenCVBackend(sys.argv[2])
except BackendError as error:
    print(error)
"""


def test_opencv_4_runs_files_of_one_size(opencv4, exported, tmp_path):
    """OpenCV 4 runs what is bound to a size as OpenCV 5 does, and says what it cannot run."""
    lightness = np.random.default_rng(0).uniform(0, 100, (1, 48, 64, 1)).astype(np.float32)
    np.save(tmp_path / "lightness.npy", lightness)

    printed = opencv4(OPENCV4, exported.bound, exported.lite)

    expected = OpenCVBackend(exported.bound).predict(lightness).ab
    np.testing.assert_allclose(np.load(tmp_path / "answer.npy"), expected, atol=1e-3)
    assert "cannot run" in printed
    assert printed.endswith("; export the network with one size, or install OpenCV 5\n")
