import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import colorkit
from colorkit import Distribution, ExportError, export_tflite
from colorkit.backends.metadata import read_metadata
from colorkit.bins import PUBLISHED_TEMPERATURE
from colorkit.cli import group
from colorkit.export import Deviation, verify
from colorkit.specs import is_installed

keras = pytest.importorskip("keras")

NEEDED = ("tensorflow", "ai_edge_litert", "ai_edge_quantizer")
pytestmark = [
    pytest.mark.skipif(
        not all(is_installed(module) for module in NEEDED),
        reason="pip install 'colorkit[export]'",
    ),
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="export needs KERAS_BACKEND=tensorflow"
    ),
]

COMMAND = "from colorkit.cli import main; main()"
MODELS = Path(colorkit.__path__[0]) / "models"

# What phones, web pages and the delegates of LiteRT all know.
PLAIN_OPERATORS = {
    "ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED", "MEAN", "MUL", "PACK",
    "RESHAPE", "RESIZE_BILINEAR", "SHAPE", "SLICE", "SOFTMAX", "STRIDED_SLICE",
}  # fmt: skip


@pytest.fixture(scope="module")
def sketch():
    """Make the smallest network that has what is hard to export: it sees at 1/8, answers at 1/4."""
    keras.utils.set_random_seed(1)
    lightness = keras.Input((None, None, 1), name="lightness")
    x = keras.layers.Rescaling(1 / 50, -1)(lightness)
    x = keras.layers.Conv2D(64, 8, 8, activation="relu6", name="eye")(x)
    x = keras.layers.UpSampling2D(2, interpolation="bilinear", name="up")(x)
    x = keras.layers.Conv2D(313, 1, name="logits", kernel_initializer="he_normal")(x)
    return keras.Model(lightness, x, name="sketch")


def answer(path, lightness):
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_path=str(path), num_threads=2).get_signature_runner("colorize")
    [(name, values)] = run(lightness=lightness).items()
    return name, values


def wanted(model, lightness):
    return model(lightness, training=False).numpy()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Remake the file that ships, with the command that its model card names."""
    path = tmp_path_factory.mktemp("export") / "lite.tflite"
    arguments = ["export", "lite", str(path), "--precision", "int8-weights"]
    result = CliRunner().invoke(group, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return path, result.stdout


def test_command_prints_what_it_made(exported):
    """Its standard output is size, operators and deviation, without a word of the converters'."""
    path, printed = exported
    size, operators, deviation = printed.splitlines()
    assert size == f"{path}: {path.stat().st_size:,} bytes"
    assert operators.startswith("operators: CONV_2D 47, DEQUANTIZE ")
    assert deviation.startswith("deviation from Keras: |delta ab| mean 0.0")


def test_file_that_ships_can_be_remade(exported):
    """The command of the model card gives the network that is in the package."""
    lightness = verify.picture(64, 96)
    for path in (exported[0], MODELS / "lite.tflite"):
        name, values = answer(path, lightness)
        assert name == "logits"
        np.testing.assert_allclose(values, answer(exported[0], lightness)[1], atol=1e-3)
    remade, shipped = (
        read_metadata(path.read_bytes(), path) for path in (exported[0], MODELS / "lite.tflite")
    )
    assert remade == shipped


def test_file_names_its_weights(exported):
    """The SHA-256 in the file is that of the weights in the package."""
    weights = (MODELS / "lite.safetensors").read_bytes()
    metadata = read_metadata(exported[0].read_bytes(), "lite.tflite")
    assert metadata.weights_sha256 == hashlib.sha256(weights).hexdigest()


def test_lite_uses_plain_operators(exported):
    """No operator is custom or of TensorFlow's own."""
    assert set(verify.operators(exported[0].read_bytes())) <= PLAIN_OPERATORS


def test_models_take_little_room():
    """Both files together are at most 12 MB."""
    files = [MODELS / "lite.tflite", MODELS / "lite.safetensors"]
    assert sum(path.stat().st_size for path in files) <= 12_000_000


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-weights"])
def test_file_of_any_size_says_what_keras_says(sketch, tmp_path, precision):
    """Any sides, any number of pictures: the deviation stays within what the precision allows."""
    path = tmp_path / "sketch.tflite"
    report = export_tflite(path, sketch, precision=precision)
    limit = verify.LIMITS[precision]
    for height, width in ((32, 32), (64, 96), (8, 200)):
        lightness = np.concatenate([verify.picture(height, width)] * 3)
        lightness[1] = 100 - lightness[1]
        name, values = answer(path, lightness)
        expected = wanted(sketch, lightness)
        assert (name, values.shape) == ("logits", (3, height // 4, width // 4, 313))
        difference = np.abs(Distribution(values).mean() - Distribution(expected).mean())
        assert difference.mean() <= limit.mean_ab
        assert difference.max() <= limit.max_ab
    assert report.deviation.mean_logits <= report.deviation.max_logits
    assert (report.path, report.bytes) == (path, path.stat().st_size)


def test_precision_is_what_the_file_takes(sketch, tmp_path):
    """float16 halves the kernels, int8-weights quarters the large ones; the file says which."""
    sizes = {}
    for precision in ("float32", "float16", "int8-weights"):
        path = tmp_path / f"{precision}.tflite"
        report = export_tflite(path, sketch, precision=precision, size=(32, 64))
        sizes[precision] = report.bytes
        assert read_metadata(path.read_bytes(), path).precision == precision
        assert ("DEQUANTIZE" in report.operators) == (precision != "float32")
    kernels = sum(np.prod(weight.shape) for weight in sketch.weights if len(weight.shape) > 1)
    large = 64 * 313
    assert sizes["float32"] - sizes["float16"] == pytest.approx(2 * kernels, abs=4000)
    assert sizes["float32"] - sizes["int8-weights"] == pytest.approx(3 * large, abs=8000)


@pytest.mark.parametrize("precision", ["float32", "int8-weights"])
def test_ab_is_the_annealed_mean(sketch, tmp_path, precision):
    """With output="ab" the file gives colours at the published temperature, and says so."""
    path = tmp_path / "ab.tflite"
    report = export_tflite(path, sketch, precision=precision, output="ab")
    lightness = verify.picture(64, 96)
    name, ab = answer(path, lightness)
    difference = np.abs(ab - Distribution(wanted(sketch, lightness)).mean(PUBLISHED_TEMPERATURE))
    assert (name, ab.shape) == ("ab", (1, 16, 24, 2))
    assert difference.mean() <= verify.LIMITS[precision].mean_ab
    assert report.deviation.mean_logits is None
    metadata = read_metadata(path.read_bytes(), path)
    assert (metadata.output, metadata.temperature) == ("ab", PUBLISHED_TEMPERATURE)


def test_file_of_one_size_has_no_shapes_to_compute(sketch, tmp_path):
    """A fixed size gives a file for web pages: constant shapes, one picture, that size."""
    path = tmp_path / "fixed.tflite"
    report = export_tflite(path, sketch, size=(64, 96))
    assert set(report.operators) <= {"CONV_2D", "MUL", "ADD", "RESIZE_BILINEAR"}
    lightness = verify.picture(64, 96)
    np.testing.assert_allclose(answer(path, lightness)[1], wanted(sketch, lightness), atol=1e-3)
    assert read_metadata(path.read_bytes(), path).size == 64


def test_litert_colours_with_an_exported_file(sketch, tmp_path):
    """An exported file is a backend by its path."""
    path = tmp_path / "sketch.tflite"
    export_tflite(path, sketch, output="ab")
    coloured = colorkit.colorize(np.full((40, 70), 128, np.uint8), path)
    assert coloured.shape == (40, 70, 3)


def test_model_in_hand_has_no_licence_or_hash(sketch, tmp_path):
    """Of weights that come from memory the file claims nothing."""
    path = tmp_path / "sketch.tflite"
    export_tflite(path, sketch)
    metadata = read_metadata(path.read_bytes(), path)
    assert (metadata.name, metadata.license, metadata.weights_sha256) == (
        "sketch", "NOASSERTION", "",
    )  # fmt: skip


def test_export_prints_nothing(sketch, tmp_path, capfd):
    """Standard output belongs to the caller."""
    export_tflite(tmp_path / "sketch.tflite", sketch, precision="int8-weights", size=(32, 32))
    assert capfd.readouterr().out == ""


def test_network_is_left_as_it_was(sketch, tmp_path):
    """Exporting changes neither the model's layers nor its weights."""
    layers, weights = list(sketch.layers), sketch.get_weights()
    export_tflite(tmp_path / "sketch.tflite", sketch, size=(32, 32))
    assert sketch.layers == layers
    assert all(map(np.array_equal, sketch.get_weights(), weights))


def test_deviating_file_is_not_left(tmp_path):
    """Weights that 8 bits cannot hold are noticed: the file that was there stays."""
    lightness = keras.Input((None, None, 1))
    x = keras.layers.Conv2D(64, 8, 8, activation="relu6", name="eye")(lightness)
    model = keras.Model(lightness, keras.layers.Conv2D(313, 1, name="logits")(x))
    kernel, bias = model.get_layer("eye").get_weights()
    kernel[..., 0] = 0  # a channel that is always 0, with a weight beside which others vanish
    model.get_layer("eye").set_weights([kernel + (kernel != 0) * 0.01, bias])
    kernel, bias = model.get_layer("logits").get_weights()
    kernel[:, :, 0] = 1e4
    model.get_layer("logits").set_weights([kernel * 10, bias])
    path = tmp_path / "m.tflite"
    path.write_bytes(b"older")
    with pytest.raises(ExportError, match=r"int8-weights file deviates from Keras by .* Lab units"):
        export_tflite(path, model, precision="int8-weights", size=(64, 64))
    assert path.read_bytes() == b"older"
    assert os.listdir(tmp_path) == ["m.tflite"]


def test_nan_is_a_deviation():
    """A file that answers NaN is not within any limit."""
    with pytest.raises(ExportError, match="deviates from Keras by nan Lab units"):
        verify.check(Deviation(float("nan"), float("nan")), "float32")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, "int8-weights, int8-dynamic; received 'int4'"),
        ({"precision": "int8-dynamic"}, "'int8-dynamic' wants a size"),
        ({"output": "rgb"}, "output must be one of logits, ab; received 'rgb'"),
        ({"size": (250, 333)}, r"multiples of 32.*\(250, 333\); \(224, 320\) and \(256, 352\) fit"),
        ({"size": (256, 333)}, r"\(256, 320\) and \(256, 352\) fit"),
        ({"size": (1, 64)}, r"received \(1, 64\); \(32, 64\) fits"),
        ({"size": (8192, 64)}, r"at most 4096; received \(8192, 64\); \(4096, 64\) fits"),
        ({"size": 256}, r"size must be \(height, width\) in pixels, or None; received 256"),
        ({"size": (64.0, 64)}, r"size must be .* received \(64.0, 64\)"),
    ],
)
def test_options_that_do_not_fit_are_refused(sketch, tmp_path, options, message):
    """An option is refused with what would do instead."""
    with pytest.raises(ExportError, match=message):
        export_tflite(tmp_path / "m.tflite", sketch, **options)
    assert not os.listdir(tmp_path)


def test_paths_that_lead_nowhere_are_refused(sketch, tmp_path):
    """The suffix and the folder are looked at before the work is done."""
    with pytest.raises(ExportError, match=r"must end in \.tflite; received '.*m\.onnx'"):
        export_tflite(tmp_path / "m.onnx", sketch)
    with pytest.raises(ExportError, match=r"no folder '.*missing'; make it first"):
        export_tflite(tmp_path / "missing" / "m.tflite", sketch)


def test_folder_in_the_way_is_an_export_error(sketch, tmp_path):
    """Where the file cannot be put, the reason is given and nothing else is left."""
    (tmp_path / "m.tflite").mkdir()
    with pytest.raises(ExportError, match=r"cannot write '.*m\.tflite': "):
        export_tflite(tmp_path / "m.tflite", sketch, size=(32, 32))
    assert os.listdir(tmp_path) == ["m.tflite"]


def test_other_networks_are_refused(tmp_path):
    """What has another input or output, or no fixed graph, is told what is needed."""

    class Subclassed(keras.Model):
        def call(self, inputs):
            return inputs

    colour = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Conv2D(313, 1)])
    for network in (Subclassed(), colour):
        with pytest.raises(ExportError, match="must be a functional model from lightness"):
            export_tflite(tmp_path / "m.tflite", network)
    with pytest.raises(ExportError, match=r"a name or a keras\.Model; received 7"):
        export_tflite(tmp_path / "m.tflite", 7)


def test_network_that_cannot_be_traced_is_an_export_error(tmp_path):
    """The message is one line; all that Keras or the converter said is its cause."""

    class Stubborn(keras.layers.Layer):
        def call(self, inputs):
            raise RuntimeError("not today")

        def compute_output_shape(self, input_shape):
            return input_shape

    lightness = keras.Input((None, None, 1))
    model = keras.Model(lightness, keras.layers.Conv2D(313, 1)(Stubborn()(lightness)), name="odd")
    with pytest.raises(ExportError, match=r"'odd' cannot be converted: .*Stubborn.*$") as caught:
        export_tflite(tmp_path / "m.tflite", model)
    assert "\n" not in str(caught.value)
    assert "not today" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    ("module", "package"),
    [("tensorflow", "tensorflow"), ("ai_edge_quantizer", "ai-edge-quantizer")],
)
def test_missing_package_is_named(tmp_path, monkeypatch, module, package):
    """What is not installed is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ExportError, match=rf"needs {package}: pip install 'colorkit\[export\]'"):
        export_tflite(tmp_path / "m.tflite", "lite", precision="float16")


@pytest.mark.skipif(not is_installed("torch"), reason="torch is not installed")
def test_other_keras_backends_are_told_what_to_do(tmp_path):
    """Where Keras runs on PyTorch, the command says how to start it on TensorFlow."""
    result = subprocess.run(
        [sys.executable, "-c", COMMAND, "export", "lite", tmp_path / "m.tflite"],
        env=os.environ | {"KERAS_BACKEND": "torch"},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 1
    assert "here it runs on 'torch'; set the environment variable KERAS_BACKEND" in result.stderr
    assert "Traceback" not in result.stderr


def test_command_asks_before_it_overwrites(tmp_path):
    """A file that is there is kept unless --overwrite is given."""
    path = tmp_path / "m.tflite"
    path.write_bytes(b"older")
    with pytest.raises(ExportError, match=r"m\.tflite' is there already; --overwrite replaces it"):
        CliRunner().invoke(group, ["export", "lite", str(path)], catch_exceptions=False)
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize("size", ["256", "256x", "axb", "256x-32"])
def test_command_explains_sizes(tmp_path, size):
    """A size that cannot be read is wrong usage, with an example of a right one."""
    arguments = ["export", "lite", str(tmp_path / "m.tflite"), "--size", size]
    result = CliRunner().invoke(group, arguments)
    assert result.exit_code == 2
    assert f"{size!r} is not a height and a width, as in 256x384" in result.output
