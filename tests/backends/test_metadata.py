import contextlib
import dataclasses
import json
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import colorkit
from colorkit import BackendError
from colorkit.backends.metadata import Metadata, read_metadata, write_metadata

LITE = f"{colorkit.__path__[0]}/models/lite.tflite"

METADATA = Metadata(
    name="sketch",
    output="ab",
    stride=8,
    size=128,
    temperature=0.5,
    precision="float16",
    license="CC0-1.0",
    weights_sha256="00" * 32,
    colorkit="9.9",
)


@pytest.fixture(scope="module")
def lite():
    with open(LITE, "rb") as file:
        return file.read()


@pytest.fixture(scope="module")
def schema():
    return pytest.importorskip("ai_edge_litert.schema_py_generated")


@pytest.fixture(scope="module")
def small(schema):
    """A TFLite file with three buffers, and with metadata of its maker's."""
    return packed(schema, buffers=[schema.BufferT(), buffer(schema, 20), buffer(schema, 3)])


def buffer(schema, size):
    made = schema.BufferT()
    made.data = np.arange(size, dtype=np.uint8)
    return made


def packed(schema, buffers, metadata=()):
    import flatbuffers

    model = schema.ModelT()
    model.version = 3
    model.buffers = buffers
    model.metadata = [schema.MetadataT(b"min_runtime_version", 1), *metadata]
    builder = flatbuffers.Builder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def logits(model, lightness):
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=model, num_threads=1).get_signature_runner("colorize")
    return run(lightness=lightness)["logits"]


def test_what_was_written_is_read(small):
    """A file says of itself what was written into it."""
    assert read_metadata(write_metadata(small, METADATA), "m.tflite") == METADATA


def test_file_that_ships_describes_itself(lite):
    """The embedded network names its input sizes, output, licence and weights."""
    metadata = read_metadata(lite, LITE)
    assert (metadata.name, metadata.output, metadata.precision) == (
        "lite",
        "logits",
        "int8-weights",
    )
    assert (metadata.stride, metadata.size, metadata.temperature) == (32, 256, None)
    assert "Apache-2.0" in metadata.license


def test_later_metadata_takes_the_place_of_earlier(small):
    """Written twice, the last counts, and what others wrote is kept."""
    other = dataclasses.replace(METADATA, name="other")
    twice = write_metadata(write_metadata(small, METADATA), other)
    assert read_metadata(twice, "m.tflite") == other
    assert twice.count(b"COLORKIT") == 1
    assert b"min_runtime_version" in twice


def test_network_is_not_touched(lite):
    """A file with other metadata computes the same, bit for bit."""
    pytest.importorskip("ai_edge_litert")
    lightness = np.linspace(0, 100, 32 * 64, dtype=np.float32).reshape(1, 32, 64, 1)
    np.testing.assert_array_equal(
        logits(write_metadata(lite, METADATA), lightness), logits(lite, lightness)
    )


def test_numbers_behind_the_flatbuffer_are_kept(schema):
    """Quantizers keep large buffers behind the end of the FlatBuffer: they are brought along."""
    outside = schema.BufferT()
    outside.offset, outside.size = 2**20, 5
    model = packed(schema, [schema.BufferT(), outside])
    outside.offset = len(model)
    model = packed(schema, [schema.BufferT(), outside]) + b"far12"
    content = schema.ModelT.InitFromPackedBuf(write_metadata(model, METADATA), 0)
    assert bytes(content.buffers[1].data) == b"far12"
    assert content.buffers[1].offset == 0


def test_buffers_are_aligned(small, schema):
    """Numbers start at multiples of 16 bytes, as the schema demands."""
    stamped = write_metadata(small, METADATA)
    for content in (bytes(range(20)), bytes(range(3)) + b"\0"):
        assert stamped.index(content) % 16 == 0


def test_reading_needs_no_package(small, monkeypatch):
    """Where LiteRT is not installed, a file still says what it is."""
    stamped = write_metadata(small, METADATA)
    monkeypatch.setitem(sys.modules, "ai_edge_litert", None)
    monkeypatch.setitem(sys.modules, "flatbuffers", None)
    assert read_metadata(stamped, "m.tflite") == METADATA


@pytest.mark.parametrize("content", [b"", b"TFL3", b"\x89PNG\r\n\x1a\n" * 9])
def test_other_files_are_refused(content):
    """What is no TFLite file is called so."""
    with pytest.raises(BackendError, match=r"'m\.tflite' is not a TFLite file"):
        read_metadata(content, "m.tflite")


def test_foreign_file_is_told_from_ours(small):
    """A TFLite file that colorkit did not make has an unknown input: it is refused."""
    with pytest.raises(BackendError, match=r"'m\.tflite' carries no colorkit metadata.*export"):
        read_metadata(small, "m.tflite")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "Expecting property name"),
        (b"\xff", "decode"),
        (b"[1]", "no attribute 'items'"),
        (b"[" * 60_000, "recursion"),
        (b"{}", "missing 9 required"),
        ({"stride": 0}, "stride must be a whole number in 1..4096; received 0"),
        ({"size": 1e3}, "size must be a whole number"),
        ({"output": "hsv"}, "output must be one of .*'hsv'"),
        ({"temperature": -1}, "temperature must be a positive number; received -1"),
        ({"temperature": float("nan")}, "temperature must be a positive number; received nan"),
        ({"sizes": [[256]]}, r"sizes must be heights and widths; received \(\(256,\),\)"),
        ({"interface": "cmyk"}, "interface must be one of .*'cmyk'"),
        ({"license": None}, "license must be a string; received None"),
    ],
)
def test_unusable_metadata_is_refused(schema, content, message):
    """What the metadata gets wrong is named."""
    if isinstance(content, dict):
        content = json.dumps(dataclasses.asdict(METADATA) | content).encode()
    model = packed(
        schema, [schema.BufferT(), made(schema, content)], [schema.MetadataT(b"COLORKIT", 1)]
    )
    with pytest.raises(BackendError, match=rf"metadata of 'm\.tflite' cannot be used: .*{message}"):
        read_metadata(model, "m.tflite")


def made(schema, content):
    filled = schema.BufferT()
    filled.data = np.frombuffer(content, np.uint8)
    return filled


def test_metadata_of_a_later_version_is_understood(schema):
    """Fields that this version does not know are passed over."""
    content = json.dumps(dataclasses.asdict(METADATA) | {"palette": 7}).encode()
    model = packed(
        schema, [schema.BufferT(), made(schema, content)], [schema.MetadataT(b"COLORKIT", 1)]
    )
    assert read_metadata(model, "m.tflite") == METADATA


def test_endless_metadata_is_refused(schema):
    """Metadata is small, or it is not read."""
    model = packed(
        schema,
        [schema.BufferT(), made(schema, b" " * (2**16 + 1))],
        [schema.MetadataT(b"COLORKIT", 1)],
    )
    with pytest.raises(BackendError, match=r"damaged.*65537 bytes of text, at most 65536"):
        read_metadata(model, "m.tflite")


def test_endless_list_of_metadata_is_refused(schema):
    """A list of metadata that goes on and on is not walked."""
    model = bytearray(packed(schema, [schema.BufferT()], [schema.MetadataT(b"x", 0)]))
    count = bytes(model).index((2).to_bytes(4, "little"))
    model[count : count + 4] = (2**20).to_bytes(4, "little")
    with pytest.raises(BackendError, match=r"damaged.*1048576 elements, at most 100000"):
        read_metadata(bytes(model), "m.tflite")


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damage_raises_nothing_else(small, data):
    """Whatever bytes are changed or lost: an answer or a BackendError."""
    stamped = bytearray(write_metadata(small, METADATA))
    del stamped[data.draw(st.integers(8, len(stamped))) :]
    for _ in range(data.draw(st.integers(0, 4))):
        position = data.draw(st.integers(0, len(stamped) - 1))
        stamped[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BackendError):
        assert isinstance(read_metadata(bytes(stamped), "m.tflite"), Metadata)
