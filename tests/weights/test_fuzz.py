"""Files that were damaged at random: each is read, or refused in so many words."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import colorkit
from colorkit.weights import safetensors

FUZZ = Path(__file__).with_name("fuzz.py")


def write_torch(path, zipped):
    torch = pytest.importorskip("torch", reason="PyTorch writes these checkpoints")
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3), torch.nn.BatchNorm2d(8), torch.nn.Conv2d(8, 8, 3)
    )
    state = net.state_dict() | {"half": torch.ones(4, 4).half().T, "b": torch.ones(3).bfloat16()}
    checkpoint = {"epoch": 3, "size": torch.Size([256, 256]), "state_dict": state}
    torch.save(checkpoint, path, _use_new_zipfile_serialization=zipped)


def field(number, content):
    """A field of a protobuf message; its length takes two bytes."""
    key = number << 3 | 2
    start = [key] if key < 0x80 else [key & 0x7F | 0x80, key >> 7]
    return bytes([*start, len(content) & 0x7F | 0x80, len(content) >> 7]) + content


def write_caffe(path):
    """A net with layers of both kinds, and blobs with shapes of both kinds."""
    numbers = np.arange(72, dtype="<f4").tobytes()
    blob = field(7, field(1, bytes([8, 1, 3, 3]))) + field(5, numbers)
    old = b"\x08\x01\x10\x01\x18\x01\x20\x48" + field(5, numbers)
    layers = [field(100, field(1, f"c{i}".encode()) + field(7, blob) * 2) for i in range(5)]
    olds = [field(2, field(6, old) * 2 + field(4, f"o{i}".encode())) for i in range(5)]
    path.write_bytes(field(1, b"net") + b"".join(layers + olds))


WRITE = {
    "torch (zip)": lambda path: write_torch(path, zipped=True),
    "torch (legacy)": lambda path: write_torch(path, zipped=False),
    "caffe": write_caffe,
    "safetensors": lambda path: safetensors.write(
        path, {f"layer{index}/kernel": np.ones((8, 1, 3, 3), np.float16) for index in range(9)}
    ),
}


@pytest.mark.skipif("sys.platform != 'linux'", reason="memory is limited as Linux does it")
@pytest.mark.parametrize("count", [1000, pytest.param(20_000, marks=pytest.mark.soak)])
@pytest.mark.parametrize("container", WRITE)
def test_mutants_are_read_or_refused(tmp_path, container, count):
    """No crash, no hang, no memory beyond a bound, and no error but WeightsError."""
    original = tmp_path / "original"
    WRITE[container](original)
    assert original.stat().st_size < 100_000
    arguments = (container.split()[0], original, f"{count}", f"{count}")
    root = str(Path(colorkit.__file__).parents[1])
    finished = subprocess.run(
        [sys.executable, FUZZ, *arguments],
        env=os.environ | {"PYTHONPATH": root},
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, f"see {tmp_path / 'mutant'}\n{finished.stderr}"
    outcome = json.loads(finished.stdout)
    print(container, outcome)
    assert outcome["read"] + outcome["refused"] == count
    assert outcome["refused"] > count / 4
    assert outcome["read"]
