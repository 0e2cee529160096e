import json
import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from colorkit import WeightsError
from colorkit.weights import safetensors

ARRAYS = st.sampled_from([np.float32, np.float16]).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_side=4))
)


def entry(dtype="F32", shape=(2,), begin=0, end=8):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def content(header, data=b"\0" * 8):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@settings(deadline=None, max_examples=30)
@given(
    st.dictionaries(st.text(min_size=1), ARRAYS, max_size=4).filter(
        lambda tensors: "__metadata__" not in tensors
    )
)
def test_what_was_written_is_read(tmp_path_factory, tensors):
    """Names, order, shapes and numbers come back, as float32."""
    path = tmp_path_factory.mktemp("weights") / "w.safetensors"
    safetensors.write(path, tensors)
    found = safetensors.read(path)
    assert sorted(found) == sorted(tensors)
    for name, values in tensors.items():
        assert found[name].dtype == np.float32
        np.testing.assert_array_equal(found[name], values.astype(np.float32))


def test_files_are_those_of_the_reference_implementation(tmp_path):
    """The safetensors package reads what colorkit writes, dtypes kept, and the other way round."""
    reference = pytest.importorskip("safetensors.numpy")
    tensors = {
        "b/kernel": np.arange(6, dtype=np.float16).reshape(2, 3).T,
        "a": np.float32([[1.5], [-2.5]]),
    }
    safetensors.write(tmp_path / "ours.safetensors", tensors)
    reference.save_file(
        {name: np.ascontiguousarray(values) for name, values in tensors.items()},
        tmp_path / "theirs.safetensors",
        metadata={"format": "np"},
    )
    theirs = reference.load_file(tmp_path / "ours.safetensors")
    ours = safetensors.read(tmp_path / "theirs.safetensors")
    for name, values in tensors.items():
        assert theirs[name].dtype == values.dtype
        np.testing.assert_array_equal(theirs[name], values)
        np.testing.assert_array_equal(ours[name], values)


def test_bfloat16_is_read(tmp_path):
    """BF16 tensors are widened to float32 exactly."""
    numbers = np.float32([1, -2.5, 3.0e38, 0])
    upper_halves = (numbers.view("<u4") >> 16).astype("<u2")
    path = tmp_path / "w.safetensors"
    path.write_bytes(content({"w": entry("BF16", [4])}, upper_halves.tobytes()))
    expected = (upper_halves.astype(np.uint32) << 16).view(np.float32)
    np.testing.assert_array_equal(safetensors.read(path)["w"], expected)


def test_numbers_start_at_a_multiple_of_eight_bytes(tmp_path):
    """A header is padded, so that the file can be mapped into memory."""
    safetensors.write(tmp_path / "w.safetensors", {"x" * 3: np.zeros(1, np.float32)})
    assert os.path.getsize(tmp_path / "w.safetensors") % 8 == 4


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b"", "cut short: 0 bytes"),
        (b"PK\3\4 no weights at all", "not a .safetensors file"),
        ((2**60).to_bytes(8, "little") + b"{}", "header of 1152921504606846976"),
        (content({"w": entry()})[:-1], "its tensors take 8 bytes, but it holds 7"),
        (content({"w": entry()}) + b"tail", "its tensors take 8 bytes, but it holds 12"),
        (content(b"{"), "Expecting property name"),
        (content(b"\xff\xfe"), "decode"),
        (content(b"[" * 100_000), "nested too deeply"),
        (content([1]), "must be a JSON object; received list"),
        (content(b'{"w": 1, "w": 2}'), "names a tensor twice"),
        (content({"": entry()}), "describes no tensor"),
        (content({"w": 3}), "'w' describes no tensor: 3"),
        (content({"w": {}}), r"'w' has dtype \(\)"),
        (content({"w": entry("I64", [1])}), "'I64'; known are F32, F16, BF16"),
        (content({"w": entry(["F32"])}), r"has dtype \['F32'\]"),
        (content({"w": entry(shape=[-2])}), r"has shape \[-2\]"),
        (content({"w": entry(shape=[2.0])}), r"has shape \[2.0\]"),
        (content({"w": entry(shape=[True, 2])}), r"has shape \[True, 2\]"),
        (content({"w": entry(shape=8)}), "has shape 8"),
        (content({"w": entry(shape=[3])}), r"shape \[3\] does not fit bytes \[0, 8\]"),
        (content({"w": entry(shape=[2**40, 2**40])}), "does not fit bytes"),
        (content({"w": entry(shape=[0, 2**80], end=0)}, b""), "dimension exceeded"),
        (content({"w": entry(begin=4, end=12)}), "begins at byte 4, expected 0"),
        (content({"v": entry(), "w": entry()}), "begins at byte 0, expected 8"),
        (content({"w": entry(begin=8, end=0)}), "does not fit bytes"),
    ],
    ids=range(25),
)
def test_damage_is_named(tmp_path, damaged, message):
    """A file that does not add up is refused, with its name and what is wrong with it."""
    path = tmp_path / "w.safetensors"
    path.write_bytes(damaged)
    with pytest.raises(WeightsError, match=f"w.safetensors.*{message}"):
        safetensors.read(path)


def test_missing_file_is_named(tmp_path):
    """A path that leads nowhere is in the message."""
    with pytest.raises(WeightsError, match=r"nowhere\.safetensors.*No such file"):
        safetensors.read(tmp_path / "nowhere.safetensors")


def test_only_floats_are_written(tmp_path):
    """Another dtype is refused, by the tensor's name, before a file is there."""
    with pytest.raises(WeightsError, match=r"'w' must be float32 or float16.*float64"):
        safetensors.write(tmp_path / "w.safetensors", {"w": np.zeros(2)})
    assert not os.listdir(tmp_path)


def test_folder_that_is_missing_is_named(tmp_path):
    """Weights that cannot be written are a WeightsError, too."""
    with pytest.raises(WeightsError, match=r"cannot write weights.*missing"):
        safetensors.write(tmp_path / "missing" / "w.safetensors", {})
