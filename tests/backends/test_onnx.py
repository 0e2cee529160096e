import json
import os
import pickle

import numpy as np
import pytest

from colorkit import BackendError, ColorkitWarning, HintMap
from colorkit.backends.onnx import OnnxNetwork, specs
from colorkit.testing import BackendTests

BINS = [[0.0, 0.0], [30.0, 10.0], [-20.0, 40.0]]


class Toy(OnnxNetwork):
    """Runs nothing: makes logits of lightness, and ab of hints."""

    def run(self, inputs):
        lightness = inputs["lightness"]
        n, h, w, _ = lightness.shape
        for values in inputs.values():
            assert values.shape[:3] == (n, h, w)
        assert self.metadata.sizes in ((), ((h, w),))
        quarter = lightness.reshape(n, h // 4, 4, w // 4, 4).mean((2, 4))
        maps = {"logits": np.stack([quarter, 50 - quarter, 0 * quarter], axis=-1) / 10}
        return maps | ({"ab": inputs["hints"]} if "hints" in inputs else {})


def number(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)


def field(index, content):
    return number(index << 3 | 2) + number(len(content)) + content


def write(path, **changes):
    """An ONNX file with nothing but metadata."""
    values = {
        "name": "toy",
        "output": "logits",
        "precision": "float32",
        "license": "MIT",
        "weights_sha256": "",
        "colorkit": "1.0",
        "stride": 8,
        "size": 64,
        "temperature": None,
        "sizes": [],
        "ranges": {"lightness": [0, 100]},
        "bins": BINS,
    }
    texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in (values | changes).items()}
    content = (field(1, k.encode()) + field(2, v.encode()) for k, v in texts.items())
    path.write_bytes(b"".join(field(14, entry) for entry in content))
    return path


@pytest.fixture(scope="class", autouse=True)
def files(request, tmp_path_factory):
    """Write a file for any size, one for one size, and one of a network that takes hints."""
    folder = tmp_path_factory.mktemp("onnx")
    hints = {"lightness": [0, 100], "hints": [-110, 110], "mask": [0, 1]}
    written = {
        "any": write(folder / "any.onnx"),
        "one": write(folder / "one.onnx", sizes=[[24, 32]]),
        "hints": write(folder / "hints.onnx", ranges=hints),
    }
    if request.cls is not None:
        request.cls.files = written
    return written


class TestAnySize(BackendTests):
    def make_backend(self):
        return Toy(self.files["any"])


class TestOneSize(BackendTests):
    def make_backend(self):
        return Toy(self.files["one"])


class TestHints(BackendTests):
    def make_backend(self):
        return Toy(self.files["hints"])


def test_the_file_tells_the_bins(files):
    """The distribution stands on the bins that the file names."""
    believed = Toy(files["any"]).predict(np.zeros((1, 8, 8, 1), np.float32)).distribution

    np.testing.assert_array_equal(believed.bins, BINS)


def test_a_file_of_one_size_sees_all_of_a_picture(files):
    """A picture is shrunk to fit into the one size, never squashed, and its answer is grown."""
    lightness = np.zeros((1, 16, 64, 1), np.float32)
    lightness[:, :, 32:] = 100

    logits = Toy(files["one"]).predict(lightness).distribution.logits

    assert logits.shape == (1, 4, 16, 3)
    assert (logits[0, :, :6, 0] < 1).all()
    assert (logits[0, :, 10:, 0] > 9).all()


def test_hints_are_handed_on(files):
    """Hints reach the network, also where it sees another size."""
    hints = HintMap(np.full((1, 8, 16, 2), 7, np.float32), np.ones((1, 8, 16, 1), np.float32))
    backend = Toy(files["hints"])

    assert (backend.predict(np.zeros((1, 8, 16, 1), np.float32), hints).ab == 7).all()
    assert (backend.predict(np.zeros((1, 8, 16, 1), np.float32)).ab == 0).all()


def test_several_colours_are_told_apart(files):
    """A file may give the ab of several colours, best first."""

    class Rivals(Toy):
        def run(self, inputs):
            return {"ab": np.broadcast_to(np.float32([1, 2, 3, 4]), (1, 8, 8, 4))}

    answer = Rivals(files["any"]).predict(np.zeros((1, 8, 8, 1), np.float32))

    assert answer.distribution is None
    assert [it[0, 0, 0].tolist() for it in (answer.ab, *answer.alternatives)] == [[1, 2], [3, 4]]


def test_pickled_it_is_its_path(files):
    """What travels is the path and the number of threads, not the numbers."""
    luggage = pickle.dumps(Toy(files["any"], threads=1))

    assert len(luggage) < 300
    assert pickle.loads(luggage).threads == 1


def test_a_file_that_cannot_be_read_is_named(tmp_path, monkeypatch, files):
    """A missing file, and one that is too large, are errors."""
    with pytest.raises(BackendError, match=r"cannot read '.*no\.onnx': No such file"):
        Toy(tmp_path / "no.onnx")
    monkeypatch.setattr("colorkit.backends.files.MAX_BYTES", 10)
    with pytest.raises(BackendError, match=r"has \d+ bytes; networks of at most 10 are loaded"):
        Toy(files["any"])


def test_files_become_backends_by_name(files, tmp_path, monkeypatch):
    """COLORKIT_ONNX lists files and folders; each file is a backend named after it."""
    odd = write(tmp_path / "my photo (2).onnx")
    listed = (str(odd), str(files["any"].parent), str(files["any"]), "")
    monkeypatch.setenv("COLORKIT_ONNX", os.pathsep.join(listed))

    found = {spec.name: spec for spec in specs(Toy, "toy", requires=("numpy",), license="MIT")}

    assert list(found) == ["my-photo--2--toy", "any-toy", "hints-toy", "one-toy"]
    assert found["any-toy"].summary == "any.onnx, run by Toy"
    assert found["any-toy"].license == "MIT"
    backend = found["any-toy"].load(threads=1)
    assert isinstance(backend, Toy)
    assert (backend.path, backend.threads) == (str(files["any"]), 1)


def test_two_files_of_one_name_are_told(tmp_path, monkeypatch):
    """Of two files with one name the first counts, and a warning names the other."""
    (tmp_path / "b").mkdir()
    first, second = write(tmp_path / "x.onnx"), write(tmp_path / "b" / "x.onnx")
    monkeypatch.setenv("COLORKIT_ONNX", f"{first}{os.pathsep}{second}")

    with pytest.warns(ColorkitWarning, match=r"b.x\.onnx' of COLORKIT_ONNX has no name that is"):
        [spec] = specs(Toy, "toy")

    assert spec.load().path == str(first)


def test_nothing_is_listed_where_nothing_is_named(monkeypatch):
    """Without COLORKIT_ONNX there are no such backends."""
    monkeypatch.delenv("COLORKIT_ONNX", raising=False)

    assert list(specs(Toy, "toy")) == []
