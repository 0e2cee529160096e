import numpy as np
import pytest
from colorkit_opencv import CaffeBackend, OpenCVBackend, from_caffe

from colorkit import BackendError, WeightsError
from colorkit.bins import gamut_bins

PROTOTXT = """
input: "data_l" input_shape { dim: 1 dim: 1 dim: 224 dim: 224 }
layer { name: "conv8_313" type: "Convolution" bottom: "data_l" top: "conv8_313"
        convolution_param { num_output: 313 kernel_size: 4 stride: 4 } }
layer { name: "conv8_313_rh" type: "Scale" bottom: "conv8_313" top: "conv8_313_rh"
        scale_param { bias_term: false } }
layer { name: "class8_313_rh" type: "Softmax" bottom: "conv8_313_rh" top: "class8_313_rh" }
layer { name: "class8_ab" type: "Convolution" bottom: "class8_313_rh" top: "class8_ab"
        convolution_param { num_output: 2 kernel_size: 1 bias_term: false } }
"""
"""The ends of colorization_deploy_v2.prototxt, and one layer in place of all between them."""

TUTORIAL = """
import cv2
import numpy as np

net = cv2.dnn.readNetFromCaffe("net.prototxt", "net.caffemodel")
points = np.load("points.npy")
classes, sharpness = net.getLayerId("class8_ab"), net.getLayerId("conv8_313_rh")
net.getLayer(classes).blobs = [points.transpose().reshape(2, 313, 1, 1).astype("float32")]
net.getLayer(sharpness).blobs = [np.full([1, 313], 2.606, dtype="float32")]
net.setInput(np.load("lightness.npy")[..., 0][None] - 50)
np.save("ab.npy", net.forward()[0].transpose(1, 2, 0))
"""

OURS = """
import numpy as np
from colorkit_opencv import from_caffe

backend = from_caffe("net.prototxt", "net.caffemodel", "points.npy")
believed = backend.predict(np.load("lightness.npy")).distribution
np.savez("ours.npz", logits=believed.logits, ab=believed.mean(1 / 2.606))
"""

CONFORMANCE = """
import sys
from pathlib import Path

import pytest

Path("test_it.py").write_text(
    "from colorkit.testing import BackendTests\\n"
    "from colorkit_opencv import CaffeBackend\\n"
    "class TestIt(BackendTests):\\n"
    "    def make_backend(self): return CaffeBackend('net.prototxt', 'net.caffemodel')\\n"
)
sys.exit(pytest.main(["test_it.py", "-q", "-W", "error", "-p", "no:cacheprovider"]))
"""


def number(value):
    """A whole number as protobuf has it: seven bits a byte, the lowest first."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)


def field(index, content):
    """A field of a protobuf message, of the kind that says its length."""
    return number(index << 3 | 2) + number(len(content)) + content


def blob(values):
    shape = field(1, b"".join(map(number, values.shape)))
    return field(7, field(7, shape) + field(5, values.astype("<f4").tobytes()))


@pytest.fixture
def trio(tmp_path):
    """Put the three files, and a picture, into a folder; returns it with what the layer holds."""
    rng = np.random.default_rng(0)
    kernel = rng.normal(0, 0.05, (313, 1, 4, 4)).astype(np.float32)
    bias = rng.normal(0, 1, 313).astype(np.float32)
    layer = field(1, b"conv8_313") + blob(kernel) + blob(bias)
    (tmp_path / "net.caffemodel").write_bytes(field(1, b"LtoAB") + field(100, layer))
    (tmp_path / "net.prototxt").write_text(PROTOTXT)
    np.save(tmp_path / "points.npy", gamut_bins().astype(np.int64))
    lightness = rng.uniform(0, 100, (1, 24, 40, 1)).astype(np.float32)
    np.save(tmp_path / "lightness.npy", lightness)
    return tmp_path, lightness, kernel, bias


def test_opencv_4_reads_the_tutorials_files(opencv4, trio):
    """Logits are those of the Caffe model, and their annealed mean what the tutorials compute."""
    folder, lightness, kernel, bias = trio

    opencv4(TUTORIAL)
    opencv4(OURS)

    blocks = (lightness[0, ..., 0] - 50).reshape(6, 4, 10, 4)
    with np.load(folder / "ours.npz") as ours:
        logits = np.einsum("yixj,cij->yxc", blocks, kernel[:, 0]) + bias
        np.testing.assert_allclose(ours["logits"][0], logits, atol=1e-3)
        np.testing.assert_allclose(ours["ab"][0], np.load(folder / "ab.npy"), atol=0.02)


def test_the_tutorials_files_make_a_backend(opencv4, trio):
    """Under OpenCV 4 the three files pass the conformance suite, at any size."""
    assert "14 passed" in opencv4(CONFORMANCE)


def test_opencv_5_says_what_to_do(trio):
    """OpenCV 5 reads no Caffe files, and the message names what converts them."""
    folder, *_ = trio

    with pytest.raises(BackendError, match=r"OpenCV 5\.\S+ reads no Caffe files; .*from_caffe"):
        CaffeBackend(folder / "net.prototxt", folder / "net.caffemodel")


def test_another_model_is_not_converted(trio, monkeypatch):
    """Under OpenCV 5 the model has to be the published one; another is told by its hash."""
    folder, *_ = trio
    monkeypatch.setenv("COLORKIT_CACHE", str(folder / "cache"))

    with pytest.raises(WeightsError, match=r"is not the file of weights 'eccv16-caffe': "):
        from_caffe(folder / "net.prototxt", folder / "net.caffemodel")

    assert not (folder / "net.onnx").exists()


def test_what_was_converted_is_used(trio, exported):
    """Where the converted file stands beside the model, it is taken, and nothing else is read."""
    folder, *_ = trio
    (folder / "net.onnx").write_bytes(exported.bound.read_bytes())
    (folder / "net.caffemodel").unlink()

    backend = from_caffe(folder / "net.prototxt", folder / "net.caffemodel")

    assert isinstance(backend, OpenCVBackend)


BROKEN = """
import sys
from colorkit import BackendError
from colorkit_opencv import from_caffe
try:
    from_caffe(*sys.argv[1:])
except BackendError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (("no.prototxt", "net.caffemodel"), "cannot read 'no.prototxt': No such file or directory"),
        (("net.prototxt", "net.prototxt"), "cannot run 'net.prototxt': "),
        (("net.prototxt", "net.caffemodel", "net.prototxt"), "cannot read 'net.prototxt': "),
        (
            ("net.prototxt", "net.caffemodel", "lightness.npy"),
            "has an array of shape (1, 24, 40, 1)",
        ),
    ],
)
def test_wrong_files_are_named(opencv4, trio, files, message):
    """A file that is missing, or another one, is an error with its name."""
    assert message in opencv4(BROKEN, *files)
