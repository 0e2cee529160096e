import hashlib
import json

import numpy as np
import pytest

from colorkit.backends.metadata import read_metadata
from colorkit.export import Cost
from colorkit.specs import is_installed
from colorkit.weights import safetensors

NEEDED = ("keras", "tensorflow", "ai_edge_litert", "ai_edge_quantizer", "skimage")
pytestmark = pytest.mark.skipif(
    not all(map(is_installed, NEEDED)), reason="pip install 'colorkit[export]'"
)

PLUGIN = """
import colorkit

def draft():
    import keras
    lightness = keras.Input((None, None, 1))
    x = keras.layers.Rescaling(1 / 50, -1)(lightness)
    x = keras.layers.Conv2D(64, 8, 8, activation="relu6", name="eye")(x)
    return keras.Model(lightness, keras.layers.Conv2D(313, 1, name="logits")(x), name="draft")

@colorkit.hookimpl
def register_networks(register):
    load = "colorkit_draft:draft"
    register(colorkit.NetworkSpec("draft", load, summary="One look", size=64, stride=8))
"""


@pytest.fixture
def weights(run, install, tmp_path):
    """Install a network that sees at 1/8, and write weights for it."""
    import keras

    if keras.backend.backend() != "tensorflow":
        pytest.skip("export needs KERAS_BACKEND=tensorflow")
    install("colorkit-draft", PLUGIN)
    dice = np.random.default_rng(1)
    shapes = {"eye/kernel": (8, 8, 1, 64), "logits/kernel": (1, 1, 64, 313)}
    tensors = {name: dice.normal(0, 0.1, shape) for name, shape in shapes.items()}
    tensors |= {"eye/bias": np.zeros(64), "logits/bias": np.zeros(313)}
    path = tmp_path / "draft.safetensors"
    safetensors.write(path, {name: it.astype(np.float32) for name, it in tensors.items()})
    return path


def test_figures_are_printed_and_kept(run, weights, tmp_path):
    """A table on standard output, the same as JSON beside the file, and nothing else."""
    done = run("export", "draft", "m.tflite", "--weights", weights, "--size", "64x64")
    assert done.code == 0, done.err
    assert "CONV_2D 2" in done.out
    assert "deviat" not in done.err
    figures = json.loads((tmp_path / "m.json").read_text())
    size = (tmp_path / "m.tflite").stat().st_size
    assert (figures["path"], figures["bytes"]) == ("m.tflite", size)
    assert f"{size:,}" in done.out
    assert figures["cost"]["rest"] == {}
    assert figures["cost"]["times_float32"] is None
    metadata = read_metadata((tmp_path / "m.tflite").read_bytes(), "m.tflite")
    assert metadata.weights_sha256 == hashlib.sha256(weights.read_bytes()).hexdigest()


def test_speed_is_printed_and_kept(run, weights, tmp_path):
    """The command tells how many times as fast as float32 a file is."""
    options = ("--size", "64x64", "--precision", "float16")
    done = run("export", "draft", "m.tflite", "--weights", weights, *options)
    assert done.code == 0, done.err
    speed = json.loads((tmp_path / "m.json").read_text())["cost"]["times_float32"]
    [line] = [line for line in done.out.splitlines() if "times as fast as float32" in line]
    assert line.split()[-1] == f"{speed:.2f}"


def test_options_go_through(run, weights, tmp_path):
    """Options of the command are those of the function."""
    sizes = ("--size", "64x64", "--size", "64x96")
    options = (*sizes, "--output", "ab", "--temperature", "1", "--license", "CC0-1.0")
    done = run("export", "draft", "m.tflite", "--weights", weights, *options)
    assert done.code == 0, done.err
    metadata = read_metadata((tmp_path / "m.tflite").read_bytes(), "m.tflite")
    assert metadata.sizes == ((64, 64), (64, 96))
    assert (metadata.output, metadata.temperature, metadata.license) == ("ab", 1, "CC0-1.0")


def test_onnx_by_its_name(run, weights, tmp_path):
    """A name that ends in .onnx gives such a file; what it cannot have is wrong usage."""
    pytest.importorskip("tf2onnx")
    done = run("export", "draft", "m.onnx", "--weights", weights)
    assert done.code == 0, done.err
    assert json.loads((tmp_path / "m.json").read_text())["cost"] is None
    done = run("export", "draft", "n.onnx", "--weights", weights, "--precision", "float16")
    assert (done.code, "an ONNX file has no --precision" in done.err) == (2, True)


def test_report_is_a_table_of_all(run, weights, monkeypatch):
    """Every precision and interface, as Markdown, and what is refused of them, with the reason."""
    small = {"L": {"size": (64, 64)}, "RGB": {"size": (64, 64), "interface": "rgb"}}
    monkeypatch.setattr("colorkit.export.overview.INTERFACES", small)
    slow = Cost(10, 0.93, megabytes=None, partitions=(), rest={})
    monkeypatch.setattr("colorkit.export.measure.cost", lambda *_: slow)
    done = run("export", "draft", "--report", "--weights", weights)
    assert done.code == 0, done.err
    text, _, refused = done.out.partition("\n\nRefused without `--force`:\n\n")
    head, rule, *rows = text.splitlines()
    assert head.startswith("| file | precision | bytes | ms | speed |")
    assert rule == "| " + " | ".join(["---"] * 11) + " |"
    for interface in small:
        assert f"- {interface}: the int8-dynamic file is 0.93 times as fast" in refused
    precisions = [row.split("|")[2].strip(" `") for row in rows]
    assert precisions == ["float32", "float16", "int8-weights", "int8-dynamic"] * 2


def test_files_are_kept(run, tmp_path):
    """A file that is there is kept unless --overwrite is given."""
    (tmp_path / "m.tflite").write_bytes(b"older")
    done = run("export", "lite", "m.tflite")
    assert done.code == 1
    assert "'m.tflite' is there already; --overwrite replaces it" in done.err
    assert (tmp_path / "m.tflite").read_bytes() == b"older"


@pytest.mark.parametrize("size", ["256", "256x", "axb", "256x-32"])
def test_sizes_are_explained(run, size):
    """A size that cannot be read is wrong usage, with an example of a right one."""
    done = run("export", "lite", "m.tflite", "--size", size)
    assert done.code == 2
    assert f"{size!r} is not a height and a width, as in 256x384" in done.err


def test_output_is_needed(run):
    """Without a file there is --report."""
    done = run("export", "lite")
    assert done.code == 2
    assert "OUT is missing; --report alone goes without" in done.err
