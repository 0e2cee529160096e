import numpy as np
import pytest
from colorkit_onnx import OnnxBackend

from colorkit import BackendError, Colorizer, Hint, HintMap
from colorkit.testing import BackendTests


@pytest.fixture(scope="class", autouse=True)
def share(request, exported):
    """Let the conformance suite see the files."""
    if request.cls is not None:
        request.cls.exported = exported


class TestAnySize(BackendTests):
    def make_backend(self):
        return OnnxBackend(self.exported.lite)


class TestOneSize(BackendTests):
    def make_backend(self):
        return OnnxBackend(self.exported.bound)


class TestHints(BackendTests):
    def make_backend(self):
        return OnnxBackend(self.exported.hints)


def test_it_colours_photographs_as_litert(photos, exported):
    """On photographs its colours are those that LiteRT gives the same network."""
    litert = Colorizer(exported.tflite, caution=0)
    onnx = Colorizer(OnnxBackend(exported.lite), caution=0)

    for gray in photos.validation(every=100):
        assert np.abs(litert.ab(gray) - onnx.ab(gray)).mean() <= 0.1


def test_a_distribution_comes_with_it(exported):
    """Files with logits give distributions, those with ab do not."""
    gray = np.linspace(0, 255, 96 * 128).reshape(96, 128).astype(np.uint8)

    assert Colorizer(OnnxBackend(exported.lite)).distribution(gray).logits.shape[-1] == 313
    assert len(Colorizer(OnnxBackend(exported.lite)).variants(gray, 2)) == 2
    with pytest.raises(BackendError, match="gives no distribution"):
        Colorizer(OnnxBackend(exported.bound)).distribution(gray)


def test_hints_are_honoured(exported):
    """A network that takes hints paints with them, and has ab and a distribution of its own."""
    backend = OnnxBackend(exported.hints)
    lightness = np.full((1, 32, 48, 1), 50, np.float32)
    ab = np.zeros((1, 32, 48, 2), np.float32)
    mask = np.zeros_like(lightness)
    ab[0, 16, 24], mask[0, 16, 24] = (60, 40), 1

    without, with_hints = backend.predict(lightness), backend.predict(lightness, HintMap(ab, mask))

    assert backend.accepts_hints
    assert np.abs(with_hints.ab - without.ab).max() > 0
    assert with_hints.distribution.logits.shape[-1] == 529
    colour = Colorizer(backend).colorize(lightness[0] / 100, hints=[Hint(24, 16, "#aa3322")])
    assert colour.shape == (32, 48, 3)


def test_a_file_that_onnx_runtime_refuses_is_named(exported, tmp_path):
    """What passes as a file of ours, and is broken inside, is an error with its name."""
    content = exported.lite.read_bytes()
    (tmp_path / "broken.onnx").write_bytes(content.replace(b"Conv", b"Xonv"))

    with pytest.raises(BackendError, match=r"ONNX Runtime cannot run '.*broken\.onnx': "):
        OnnxBackend(tmp_path / "broken.onnx")


def test_threads_are_asked_for(exported):
    """The number of threads of a recipe reaches the session."""
    assert OnnxBackend(exported.lite, threads=1).threads == 1
