"""What files are, whatever they are called."""

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import zipfile

import numpy as np
import pytest

from colorkit import WeightsError
from colorkit.weights import files, safetensors

WEIGHTS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3)}


def archive(*names):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as file:
        for name in names:
            file.writestr(name, "content")
    return stream.getvalue()


def tar():
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as file:
        file.addfile(tarfile.TarInfo("storages"))
    return stream.getvalue()


POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:f5af1e602646328c792e1094f9876fe9cd4c09ac46fa886e5708a1abc89137b1\n"
    b"size 128946764\n"
)

OTHERS = [
    (b"", "an empty file", "the download went wrong"),
    (b"<!DOCTYPE html>\n<html><body>503</body></html>", "an HTML page", "the download went wrong"),
    (b"\xef\xbb\xbf \n<HTML lang='en'>", "an HTML page", "the download went wrong"),
    (b"<!-- served by x -->\n<!doctype HTML>", "an HTML page", "the download went wrong"),
    (b'<?xml version="1.0"?><Error>AccessDenied</Error>', "an XML document", "fetch it again"),
    (POINTER, "a Git LFS pointer", "git lfs pull"),
    (b"404: Not Found", "text", "the download went wrong"),
    ("Fichier supprimé".encode(), "text", "the download went wrong"),
    (gzip.compress(b"w"), "a gzip archive", "unpack it"),
    (bz2.compress(b"w"), "a bzip2 archive", "unpack it"),
    (lzma.compress(b"w"), "an xz archive", "unpack it"),
    (b"7z\xbc\xaf\x27\x1c\0\4", "a 7z archive", "unpack it"),
    (tar(), "a tar archive", "unpack it.*before 2017"),
    (archive("weights.caffemodel"), "a zip archive", "unpack it"),
    (archive(), "a zip archive", "unpack it"),
    (archive("metadata.json", "model.weights.h5"), "a Keras model", "give a .pth"),
    (archive("w.npy"), "a NumPy archive", "give a .pth"),
    (b"\x89HDF\r\n\x1a\n\0", "an HDF5 file", "give a .pth"),
    (b"\x93NUMPY\1\0v\0{", "a NumPy array", "give a .pth"),
    (b"\x1c\0\0\0TFL3\x14\0", "a TFLite model", "give a .pth"),
    (b"\x08\x07\x12\x07pytorch\x1a\x03", "an ONNX model", "give a .pth"),
    (b"\xff\xd8\xff\xe0\0\x10JFIF", "a picture", "give a .pth"),
    (pickle.dumps({"w": [1.0]}), "a pickle", "state_dict"),
    (b"\x1aE\xdf\xa3\x01\0\0", "an unknown file", "give a .pth"),
    (bytes(range(256)), "an unknown file", "give a .pth"),
]


@pytest.mark.parametrize(("content", "name", "advice"), OTHERS, ids=range(len(OTHERS)))
def test_other_files_are_named(tmp_path, content, name, advice):
    """What holds no weights is called by its name, and the message says what to do."""
    path = tmp_path / "colorization_release_v2.pth"
    path.write_bytes(content)
    assert files.identify(path) == name
    with pytest.raises(WeightsError, match=rf"v2\.pth' is {name}, not weights.*: .*{advice}"):
        files.read(path)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_pytorch_checkpoints_are_read(tmp_path, zipped):
    """Both containers of PyTorch are told apart, and read."""
    torch = pytest.importorskip("torch", reason="PyTorch writes these checkpoints")
    path = tmp_path / "w.bin"
    state = {name: torch.from_numpy(values) for name, values in WEIGHTS.items()}
    torch.save(state, path, _use_new_zipfile_serialization=zipped)
    assert files.identify(path) == f"a PyTorch checkpoint ({'zip' if zipped else 'legacy'})"
    np.testing.assert_array_equal(files.read(path)["w"], WEIGHTS["w"])


@pytest.mark.parametrize("start", [b"\n\5LtoAB", b"", b"\n\5LtoAB\x1a\6data_l"], ids=range(3))
def test_caffe_models_are_read(tmp_path, start):
    """With a name, inputs, both or neither before the layers."""
    blob = b"\x3a\x03\x0a\x01\x02" + b"\x2a\x08" + struct.pack("<2f", 1, 2)
    layer = b"\n\1c\x3a" + bytes([len(blob)]) + blob
    path = tmp_path / "w.bin"
    path.write_bytes(start + b"\xa2\x06" + bytes([len(layer)]) + layer)
    assert files.identify(path) == "a Caffe model"
    [values] = files.read(path)["c"]
    np.testing.assert_array_equal(values, np.float32([1, 2]))


@pytest.mark.parametrize("padding", range(0, 70_000, 997))
def test_safetensors_files_are_read(tmp_path, padding):
    """Whatever the length of the header, which stands where others have their mark."""
    path = tmp_path / "w.bin"
    safetensors.write(path, {"x" * padding + "w": WEIGHTS["w"]})
    assert files.identify(path) == "a safetensors file"
    [values] = files.read(path).values()
    np.testing.assert_array_equal(values, WEIGHTS["w"])


def test_damage_is_told_by_the_reader(tmp_path):
    """A file of a known kind that is cut short is not called something else."""
    path = tmp_path / "w.bin"
    safetensors.write(path, WEIGHTS)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(WeightsError, match="its tensors take 24 bytes, but it holds 23"):
        files.read(path)


@pytest.mark.parametrize("function", [files.identify, files.read])
def test_what_cannot_be_opened_is_named(tmp_path, function):
    """Missing files and folders are a WeightsError, too."""
    with pytest.raises(WeightsError, match=r"nowhere\.pth.*No such file"):
        function(tmp_path / "nowhere.pth")
    with pytest.raises(WeightsError, match="cannot read weights"):
        function(tmp_path)
