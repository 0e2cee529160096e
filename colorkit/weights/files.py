"""What a file is by its content, and weights of any kind that is read."""

import os
import re
from collections.abc import Callable
from typing import Any

from numpy.typing import NDArray

from colorkit.errors import WeightsError
from colorkit.weights import caffe, safetensors, torch

Weights = dict[str, NDArray[Any]] | dict[str, list[NDArray[Any]]]

HEAD = 1024
"""How many bytes are looked at."""

TORCH_ZIP, TORCH_LEGACY = "a PyTorch checkpoint (zip)", "a PyTorch checkpoint (legacy)"
CAFFE, SAFETENSORS = "a Caffe model", "a safetensors file"

READERS: dict[str, Callable[[str | os.PathLike[str]], Weights]] = {
    TORCH_ZIP: torch.read,
    TORCH_LEGACY: torch.read,
    CAFFE: caffe.read,
    SAFETENSORS: safetensors.read,
}

DOWNLOAD = "the download went wrong, fetch it again"
UNPACK = "unpack it, and give the file inside"
OTHER = "give a .pth, .caffemodel or .safetensors file"

KINDS: tuple[tuple[str, bytes, str], ...] = (
    ("an empty file", rb"\Z", DOWNLOAD),
    (SAFETENSORS, rb'.{5}\x00{3}\{\s*["}]', ""),
    (
        TORCH_ZIP,
        rb"PK\x03\x04.{26}([^/]+/)?(data\.pkl|data/|version|byteorder|\.format_version)",
        "",
    ),
    ("a Keras model", rb"PK\x03\x04.{26}(metadata|config)\.json", OTHER),
    ("a NumPy archive", rb"PK\x03\x04.{26}[^/]+\.npy", OTHER),
    ("a zip archive", rb"PK[\x01-\x07]", UNPACK),
    (TORCH_LEGACY, rb"\x80[\x02-\x05].{0,9}\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19", ""),
    ("a pickle", rb"\x80[\x02-\x05]", "save the network's state_dict() with torch.save"),
    (
        "a Git LFS pointer",
        rb"version https://git-lfs",
        "run `git lfs pull`, or fetch the file itself",
    ),
    (
        "an HTML page",
        rb"(?i)(\xef\xbb\xbf)?\s*(<!--.*?-->\s*)?<(!doctype html|html|head|body)",
        DOWNLOAD,
    ),
    ("an XML document", rb"(\xef\xbb\xbf)?\s*<\?xml", DOWNLOAD),
    ("an HDF5 file", rb"\x89HDF\r\n\x1a\n", OTHER),
    ("a gzip archive", rb"\x1f\x8b", UNPACK),
    ("a bzip2 archive", rb"BZh[1-9]", UNPACK),
    ("an xz archive", rb"\xfd7zXZ\x00", UNPACK),
    ("a 7z archive", rb"7z\xbc\xaf\x27\x1c", UNPACK),
    (
        "a tar archive",
        rb".{257}ustar",
        f"{UNPACK}, or, if PyTorch wrote it before 2017, load and save it with PyTorch",
    ),
    ("a NumPy array", rb"\x93NUMPY", OTHER),
    ("a TFLite model", rb".{4}TFL3", OTHER),
    ("an ONNX model", rb"\x08[\x01-\x20](\x12.[ -~]|:)", OTHER),
    ("a picture", rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF.{4}WEBP", OTHER),
    (
        CAFFE,  # a name; then an old layer, an input or a layer, and how each of them begins
        rb"(\n.[ -~]*)?(\x12[\x80-\xff]*.[\x12\x1a\x22\x32]|\x1a.[ -~]|\xa2\x06[\x80-\xff]*.\n)",
        "",
    ),
    ("text", rb"[\t\n\r -~\x80-\xff]+\Z", DOWNLOAD),
)
"""What files are called, how they begin, and what to do with those that are not read.

The first that fits counts: the length that a safetensors file begins with can look like any mark.
"""


def identify(path: str | os.PathLike[str]) -> str:
    """Name what a file is, by how it begins, whatever its suffix.

    Parameters
    ----------
    path : str or path
        The file.

    Returns
    -------
    str
        With its article: ``"a PyTorch checkpoint (zip)"``, ``"a Caffe model"``,
        ``"an HTML page"``, ``"a Git LFS pointer"``, ``"an empty file"``, and so on;
        ``"an unknown file"`` for anything else.

    Raises
    ------
    WeightsError
        When the file cannot be read.
    """
    return _kind(path)[0]


def read(path: str | os.PathLike[str]) -> Weights:
    """Read weights from a file of any kind that colorkit knows, chosen by its content.

    Parameters
    ----------
    path : str or path
        A PyTorch checkpoint, a .caffemodel or a .safetensors file.

    Returns
    -------
    dict
        Names of tensors to arrays; of a .caffemodel, names of layers to lists of arrays.

    Raises
    ------
    WeightsError
        When the file is something else, which is named, or is damaged.
    """
    kind, advice = _kind(path)
    if kind not in READERS:
        raise WeightsError(f"{os.fspath(path)!r} is {kind}, not weights that can be read: {advice}")
    return READERS[kind](path)


def _kind(path: str | os.PathLike[str]) -> tuple[str, str]:
    """What a file is, and what to do if it should hold weights."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD)
    except OSError as error:
        raise WeightsError(f"cannot read weights from {os.fspath(path)!r}: {error}") from error
    for name, pattern, advice in KINDS:
        if re.match(pattern, head, re.DOTALL):
            return name, advice
    return "an unknown file", OTHER
