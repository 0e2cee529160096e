"""ONNX files, written here field by field as ``onnx.proto`` says."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import BackendError
from colorkit.backends.onnx_metadata import read_metadata

VALUES = {
    "name": "toy",
    "output": "logits",
    "stride": "8",
    "size": "64",
    "sizes": "[[48, 64]]",
    "ranges": '{"lightness": [0, 100]}',
    "bins": "[[0.0, 0.0], [10.0, -20.0]]",
    "temperature": "null",
    "colour_space": "CIE L*a*b*",
    "precision": "float32",
    "quantization": "",
    "license": "MIT",
    "weights_sha256": "",
    "colorkit": "9.9",
}


def number(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)


def field(index, content):
    """A field of a protobuf message: a number, or text or a message with its length before it."""
    if isinstance(content, int):
        return number(index << 3) + number(content)
    content = content.encode() if isinstance(content, str) else content
    return number(index << 3 | 2) + number(len(content)) + content


def entries(values):
    return b"".join(field(14, field(1, key) + field(2, text)) for key, text in values.items())


TENSOR = field(1, 2) + field(2, 1) + field(8, "w") + field(9, b"\0" * 8)
MODEL = field(1, 8) + field(2, "colorkit") + field(7, field(2, "toy") + field(5, TENSOR))


def test_a_file_says_what_it_is():
    """Strings stand as they are, all else is JSON; what a later colorkit adds is left alone."""
    metadata = read_metadata(MODEL + entries(VALUES | {"mood": "blue"}), "toy.onnx")

    assert (metadata.name, metadata.stride, metadata.size) == ("toy", 8, 64)
    assert (metadata.sizes, metadata.bins) == (((48, 64),), ((0, 0), (10, -20)))
    assert list(metadata.ranges) == ["lightness"]
    assert metadata.temperature is None
    assert metadata.colorkit == "9.9"


ELSEWHERE = TENSOR + field(13, field(1, "location") + field(2, "/etc/passwd")) + field(14, 1)
SPARSE = field(1, ELSEWHERE)
LEADS = {
    "a weight": field(7, field(5, ELSEWHERE)),
    "a sparse weight": field(7, field(15, SPARSE)),
    "a constant": field(7, field(1, field(5, field(5, ELSEWHERE)))),
    "constants": field(7, field(1, field(5, field(10, ELSEWHERE)))),
    "a sparse constant": field(7, field(1, field(5, field(22, SPARSE)))),
    "sparse constants": field(7, field(1, field(5, field(23, SPARSE)))),
    "a branch": field(7, field(1, field(5, field(6, field(5, ELSEWHERE))))),
    "branches": field(7, field(1, field(5, field(11, field(5, ELSEWHERE))))),
    "a function": field(25, field(7, field(5, field(5, ELSEWHERE)))),
    "training": field(20, field(1, field(5, ELSEWHERE))),
}


@pytest.mark.parametrize("lead", LEADS.values(), ids=LEADS)
def test_numbers_elsewhere_are_refused(lead):
    """A file that has numbers of any tensor read from another file is refused, however deep."""
    with pytest.raises(BackendError, match=r"'toy\.onnx' keeps numbers in other files"):
        read_metadata(MODEL + lead + entries(VALUES), "toy.onnx")


def test_depth_is_no_danger():
    """Branches inside branches, ten thousand deep, are read like others."""
    graph = field(5, TENSOR)
    for _ in range(2000):
        graph = field(1, field(5, field(6, graph)))

    assert read_metadata(field(7, graph) + entries(VALUES), "toy.onnx").name == "toy"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>not found</html>", "is not an ONNX file, or damaged: "),
        (b"", "carries no colorkit metadata, .* export it with colorkit.export_onnx"),
        (MODEL, "carries no colorkit metadata"),
        (MODEL[:-3], "is not an ONNX file, or damaged: .* bytes are missing at its end"),
        (MODEL + entries(VALUES | {"stride": "eight"}), "metadata of .* cannot be used: "),
        (MODEL + entries(VALUES | {"stride": "0"}), r"stride must be a whole number in 1\.\."),
        (MODEL + entries({"stride": "8"}), "cannot be used: .* missing .* arguments"),
        (MODEL + field(14, field(1, b"\xff") + field(2, "x")), "is not an ONNX file, or damaged: "),
    ],
)
def test_other_files_are_named(content, message):
    """Whatever is no file of ours is an error that says why, with its name."""
    with pytest.raises(BackendError, match=rf"toy\.onnx'?.*{message}|{message}"):
        read_metadata(content, "toy.onnx")


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_damaged_files_are_errors_of_ours(data):
    """A file with a few wrong bytes is read, or refused with a `BackendError`."""
    content = bytearray(MODEL + entries(VALUES))
    for place in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] = data.draw(st.integers(0, 255))
    with suppress(BackendError):
        read_metadata(bytes(content), "toy.onnx")
