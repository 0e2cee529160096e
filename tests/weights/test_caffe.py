"""Caffe models, written here field by field as ``caffe.proto`` says."""

import numpy as np
import pytest

from colorkit import WeightsError
from colorkit.weights import caffe


def varint(value):
    value %= 2**64  # negative numbers take ten bytes
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(number, value):
    """A number, text, or message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob_shape(shape):
    return field(7, field(1, b"".join(map(varint, shape))))


def old_shape(shape):
    padded = (1,) * (4 - len(shape)) + tuple(shape)
    return b"".join(field(number, size) for number, size in enumerate(padded, 1))


def packed(values):
    return field(5, np.asarray(values, "<f4").tobytes())


def one_by_one(values):
    tag = varint(5 << 3 | 5)
    return b"".join(tag + value.tobytes() for value in np.asarray(values, "<f4").ravel())


def blob(values, shape=blob_shape, data=packed):
    return shape(np.shape(values)) + data(values)


def layer(name, *blobs):
    """A layer of today: its type and its wires stand between name and blobs."""
    wires = field(2, "Convolution") + field(3, "below") + field(4, "above")
    settings = field(106, field(1, 64) + field(4, 3)) + varint(199 << 3 | 5) + b"\0\0\0\0"
    content = field(1, name) + wires + b"".join(field(7, b) for b in blobs) + settings
    return field(100, content)


def old_layer(name, *blobs):
    """A layer of before 2014: its type is a number, and its name stands behind its blobs."""
    content = field(2, "below") + field(3, "above") + b"".join(field(6, b) for b in blobs)
    return field(2, content + field(4, name) + field(5, 4))


def model(*layers):
    return field(1, "LtoAB") + b"".join(layers)


KERNEL = np.arange(2 * 3 * 3 * 3, dtype=np.float32).reshape(2, 3, 3, 3)
BIAS = np.float32([0.5, -1])


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "w.caffemodel").write_bytes(content)
        return caffe.read(tmp_path / "w.caffemodel")

    return read


@pytest.mark.parametrize("kind", [layer, old_layer])
@pytest.mark.parametrize("data", [packed, one_by_one])
def test_both_kinds_of_layers_are_read(read, kind, data):
    """Blobs come by the layer's name, in order, with their shapes; other layers are left out."""
    found = read(
        model(
            kind("data"),
            kind("conv1_1", blob(KERNEL, data=data), blob(BIAS, data=data)),
            kind("relu1_1"),
            kind("bn", blob(BIAS, data=data), blob(BIAS, data=data), blob([999.0], data=data)),
        )
    )
    assert list(found) == ["conv1_1", "bn"]
    kernel, bias = found["conv1_1"]
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS)
    assert [values.shape for values in found["bn"]] == [(2,), (2,), (1,)]
    assert {values.dtype for blobs in found.values() for values in blobs} == {np.dtype("float32")}


def test_old_shapes_have_four_axes(read):
    """Where a blob has number, channels, height and width, these are its shape."""
    kernel, bias = read(model(old_layer("c", blob(KERNEL, old_shape), blob(BIAS, old_shape))))["c"]
    np.testing.assert_array_equal(kernel, KERNEL)
    np.testing.assert_array_equal(bias, BIAS.reshape(1, 1, 1, 2))


def test_axes_may_stand_one_by_one(read):
    """Shapes need not be packed."""
    shape = field(7, b"".join(field(1, size) for size in KERNEL.shape))
    [kernel] = read(model(layer("c", shape + packed(KERNEL))))["c"]
    np.testing.assert_array_equal(kernel, KERNEL)


def test_data_may_come_in_parts(read):
    """Protobuf lets a list of numbers be continued, packed or not; derivatives are left out."""
    values = KERNEL.ravel()
    parts = packed(values[:7]) + one_by_one(values[7:9]) + field(6, bytes(8)) + packed(values[9:])
    [kernel] = read(model(layer("c", parts + blob_shape(KERNEL.shape))))["c"]
    np.testing.assert_array_equal(kernel, KERNEL)


@pytest.mark.parametrize("together", [True, False])
def test_doubles_are_read(read, together):
    """Blobs of double precision stay in it."""
    numbers = np.float64([1 / 3, -1e300])
    tag = varint(8 << 3 | 1)
    data = (
        field(8, numbers.tobytes())
        if together
        else b"".join(tag + number.tobytes() for number in numbers)
    )
    [values] = read(model(layer("c", blob_shape((2,)) + data)))["c"]
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, numbers)


def test_a_number_has_no_axes(read):
    """An empty shape is that of a single number."""
    [factor] = read(model(layer("s", field(7, b"") + packed([2.606]))))["s"]
    assert factor.shape == ()
    assert factor == np.float32(2.606)


def test_arrays_can_be_changed(read):
    """They are the caller's own."""
    [bias] = read(model(layer("c", blob(BIAS))))["c"]
    bias += 1
    np.testing.assert_array_equal(bias, BIAS + 1)


GOOD = model(layer("c", blob(KERNEL), blob(BIAS)))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (GOOD[:-1], "cut short: .* bytes are missing"),
        (GOOD[:40], "cut short"),
        (b"PK\3\4 an archive of something", "damaged|not a .caffemodel"),
        (b"<!DOCTYPE html><html>", "damaged|not a .caffemodel"),
        (field(1, "net"), "no layer with blobs"),
        (model(layer("data")), "no layer with blobs"),
        (model(layer("c", blob(BIAS)), layer("c", blob(BIAS))), "two layers are named 'c'"),
        (model(layer("c", blob_shape((3,)) + packed(BIAS))), r"'c' has shape \(3,\) but 2 numbers"),
        (model(layer("c", blob_shape((-2, -1)) + packed(BIAS))), "but 2 numbers"),
        (model(layer("c", blob_shape((2**63, 2)) + packed([]))), "but 0 numbers"),
        (model(layer("c", blob_shape((2**62, 4)) + packed([]))), "but 0 numbers"),
        (model(layer("c", blob_shape((1,) * 33) + packed([1]))), r"shape \(1, .*\) but 1 numbers"),
        (model(layer("c", field(1, 2) + packed(BIAS))), r"shape \(2, 0, 0, 0\) but 2 numbers"),
        (model(layer("c", packed(BIAS))), r"shape \(\) but 2 numbers"),
        (model(layer("c", blob_shape((2,)))), r"shape \(2,\) but 0 numbers"),
        (model(layer("c", blob_shape((1,)) + field(5, b"12345"))), "multiple of element size"),
        (model(layer("c", field(7, field(1, b"\xff")))), "1 bytes are missing"),
        (field(100, 5), "a number stands where a message"),
        (field(100, field(7, 3)), "a number stands where a message"),
        (field(100, field(1, b"\xff\xfe")), "decode"),
        (field(100, b"\x3a\xff\xff\xff\xff\x0f"), "4294967295 bytes are missing"),
        (b"\xff" * 11, "more than 10 bytes"),
        (b"\x0b", "stored in way 3"),
        (b"\x0e", "stored in way 6"),
        (field(1, 1) * 1_000_001, "more than 1000000 fields"),
        (field(100, field(7, field(7, field(1, bytes(1_000_001))))), "more than 1000000 fields"),
        (field(100, field(7, blob_shape((2**62,) * 20_000))), "but 0 numbers"),
    ],
    ids=range(28),
)
def test_damage_is_named(read, content, message):
    """A file that does not add up is refused, with its name and what is wrong with it."""
    with pytest.raises(WeightsError, match=rf"w\.caffemodel.*({message})"):
        read(content)


def test_missing_file_is_named(tmp_path):
    """A path that leads nowhere is in the message."""
    with pytest.raises(WeightsError, match=r"nowhere\.caffemodel.*No such file"):
        caffe.read(tmp_path / "nowhere.caffemodel")
