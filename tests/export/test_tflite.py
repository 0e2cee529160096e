import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import colorkit
from colorkit import Distribution, ExportError, export_tflite
from colorkit.backends.metadata import read_metadata
from colorkit.bins import PUBLISHED_TEMPERATURE
from colorkit.export import Cost, Deviation, verify
from colorkit.export.measure import operators
from colorkit.export.pictures import load
from colorkit.export.plan import plan
from colorkit.export.source import source
from colorkit.specs import is_installed

keras = pytest.importorskip("keras")

COMMAND = "from colorkit.cli import main; main()"
MODELS = Path(colorkit.__path__[0]) / "models"

# What phones, web pages and the delegates of LiteRT all know.
PLAIN_OPERATORS = {
    "ADD", "CONV_2D", "DEPTHWISE_CONV_2D", "DEQUANTIZE", "FULLY_CONNECTED", "MEAN", "MUL", "PACK",
    "RESHAPE", "RESIZE_BILINEAR", "SHAPE", "SLICE", "SOFTMAX", "STRIDED_SLICE",
}  # fmt: skip
OF_UNKNOWN_SHAPES = {"SHAPE", "PACK", "SPACE_TO_BATCH_ND", "BATCH_TO_SPACE_ND", "CUSTOM"}


@pytest.fixture(scope="session")
def answer(run):
    """Give the name and the values of the one answer that a file has for lightness."""

    def answer(path, lightness):
        [(name, values)] = run(path, lightness=lightness).items()
        return name, values

    return answer


def wanted(model, lightness):
    return model(lightness, training=False).numpy()


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Remake the file that ships, as its model card says."""
    path = tmp_path_factory.mktemp("export") / "lite.tflite"
    return path, export_tflite(path, "lite", precision="int8-weights")


def test_report_has_the_figures(exported):
    """Size, operators, deviation, and what a run takes; of any size, only parts are delegated."""
    path, report = exported
    assert (report.path, report.bytes) == (path, path.stat().st_size)
    assert report.bytes <= 5e6
    assert report.operators["CONV_2D"] == 49
    assert 0 < report.deviation.mean_ab < 0.5
    assert 0 < report.deviation.ciede2000 < 0.5
    assert report.deviation.auc_drop is None  # the photograph that ships is gray
    assert report.cost.milliseconds > 0
    assert sum(report.cost.partitions) > 100
    assert report.cost.rest["SHAPE"] == 3
    assert report.as_dict()["deviation"]["mean_ab"] == report.deviation.mean_ab


def test_file_that_ships_can_be_remade(exported, answer, lightness_of):
    """The command of the model card gives the network that is in the package."""
    lightness = lightness_of(64, 96)
    for path in (exported[0], MODELS / "lite.tflite"):
        name, values = answer(path, lightness)
        assert name == "logits"
        np.testing.assert_allclose(values, answer(exported[0], lightness)[1], atol=1e-3)
    remade, shipped = (
        read_metadata(path.read_bytes(), path) for path in (exported[0], MODELS / "lite.tflite")
    )
    for key in ("name", "output", "stride", "size", "precision", "license", "weights_sha256"):
        assert getattr(remade, key) == getattr(shipped, key)


def test_file_names_its_weights(exported):
    """The SHA-256 in the file is that of the weights in the package."""
    weights = (MODELS / "lite.safetensors").read_bytes()
    metadata = read_metadata(exported[0].read_bytes(), "lite.tflite")
    assert metadata.weights_sha256 == hashlib.sha256(weights).hexdigest()


def test_lite_uses_plain_operators(exported):
    """No operator is custom or of TensorFlow's own."""
    assert set(operators(exported[0].read_bytes())) <= PLAIN_OPERATORS


def test_models_take_little_room():
    """Both files together are at most 12 MB."""
    files = [MODELS / "lite.tflite", MODELS / "lite.safetensors"]
    assert sum(path.stat().st_size for path in files) <= 12_000_000


@pytest.mark.parametrize("precision", ["float32", "float16", "int8-weights"])
def test_file_of_any_size_says_what_keras_says(sketch, tmp_path, precision, answer, lightness_of):
    """Any sides, any number of pictures: the deviation stays within what the precision allows."""
    path = tmp_path / "sketch.tflite"
    report = export_tflite(path, sketch, precision=precision)
    limit = verify.LIMITS[precision]
    for height, width in ((32, 32), (64, 96), (8, 200)):
        lightness = np.concatenate([lightness_of(height, width)] * 3)
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
    large = 64 * 313 + 3 * 3 * 64 * 64
    assert sizes["float32"] - sizes["float16"] == pytest.approx(2 * kernels, abs=4000)
    assert sizes["float32"] - sizes["int8-weights"] == pytest.approx(3 * large, abs=8000)


@pytest.mark.parametrize("precision", ["float32", "int8-weights"])
def test_ab_is_the_annealed_mean(sketch, tmp_path, precision, answer, lightness_of):
    """With output="ab" the file gives colours at the published temperature, and says so."""
    path = tmp_path / "ab.tflite"
    report = export_tflite(path, sketch, precision=precision, output="ab")
    lightness = lightness_of(64, 96)
    name, ab = answer(path, lightness)
    difference = np.abs(ab - Distribution(wanted(sketch, lightness)).mean(PUBLISHED_TEMPERATURE))
    assert (name, ab.shape) == ("ab", (1, 16, 24, 2))
    assert difference.mean() <= verify.LIMITS[precision].mean_ab
    assert report.deviation.mean_logits is None
    metadata = read_metadata(path.read_bytes(), path)
    assert (metadata.output, metadata.temperature) == ("ab", PUBLISHED_TEMPERATURE)


def test_temperature_is_baked_in(sketch, tmp_path, answer, lightness_of):
    """With a temperature of one's own, ab is the annealed mean at that."""
    path = tmp_path / "ab.tflite"
    export_tflite(path, sketch, output="ab", temperature=1, size=(64, 96))
    lightness = lightness_of(64, 96)
    expected = Distribution(wanted(sketch, lightness)).mean(1)
    np.testing.assert_allclose(answer(path, lightness)[1], expected, atol=1e-3)
    assert read_metadata(path.read_bytes(), path).temperature == 1


def test_file_of_one_size_has_no_shapes_to_compute(sketch, tmp_path, answer, lightness_of):
    """A fixed size gives a file for web pages: constant shapes, one picture, one delegate."""
    path = tmp_path / "fixed.tflite"
    report = export_tflite(path, sketch, size=(64, 96))
    assert set(report.operators) <= {"CONV_2D", "MUL", "ADD", "RESIZE_BILINEAR"}
    assert report.cost.rest == {}
    assert len(report.cost.partitions) == 1
    lightness = lightness_of(64, 96)
    np.testing.assert_allclose(answer(path, lightness)[1], wanted(sketch, lightness), atol=1e-3)
    metadata = read_metadata(path.read_bytes(), path)
    assert (metadata.size, metadata.sizes) == (64, ((64, 96),))


@pytest.mark.parametrize("name", ["eccv16", "siggraph17"])
def test_published_networks_are_delegated_whole(narrow, scans, tmp_path, name):
    """Dilation, transposed convolution, hints: of a fixed size, even in int8, plain operators."""
    path = tmp_path / "m.tflite"
    options = {"size": (64, 64), "precision": "int8", "calibration": [scans]}
    report = export_tflite(path, narrow[name], **options)
    assert not OF_UNKNOWN_SHAPES & set(report.operators)
    assert report.cost.rest == {}


@pytest.mark.soak
def test_published_networks_are_small(scans, tmp_path):
    """In int8 eccv16 of full width takes at most 33 MB, and is delegated whole."""
    path = tmp_path / "eccv16.tflite"
    options = {"size": (64, 64), "precision": "int8", "calibration": [scans]}
    report = export_tflite(path, "eccv16", weights=None, force=True, **options)
    assert report.bytes <= 33e6
    assert report.cost.rest == {}


def test_hints_reach_the_file(narrow, tmp_path, lightness_of, run):
    """siggraph17 takes lightness, hints and mask, of any size, and answers what Keras does."""
    path = tmp_path / "siggraph17.tflite"
    model = narrow["siggraph17"]
    export_tflite(path, model)
    lightness = lightness_of(32, 64)
    hints, mask = np.full((1, 32, 64, 2), 40, np.float32), np.ones((1, 32, 64, 1), np.float32)
    ab, logits = (each.numpy() for each in model([lightness, hints, mask]))
    found = run(path, lightness=lightness, hints=hints, mask=mask)
    np.testing.assert_allclose(found["ab"], ab, atol=1e-3)
    np.testing.assert_allclose(found["logits"], logits, atol=1e-3)
    ranges = read_metadata(path.read_bytes(), path).ranges
    assert ranges == {"lightness": (0, 100), "hints": (-128, 127), "mask": (0, 1)}


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_several_colours_become_variants(several, tmp_path, precision):
    """A network that gives four colours, best first, has them in its file as in Keras."""
    from colorkit.backends.keras import KerasBackend
    from colorkit.backends.litert import LiteRTBackend

    path = tmp_path / "several.tflite"
    report = export_tflite(path, several, precision=precision)
    assert report.deviation.mean_ab <= report.deviation.max_ab < 0.5
    gray = np.add.outer(np.arange(64), np.arange(96)).astype(np.uint8)
    for backend in (LiteRTBackend.from_file(path), KerasBackend(several)):
        assert backend.accepts_hints
        recipe = colorkit.Colorizer(backend)
        variants = recipe.variants(gray, 4)
        np.testing.assert_array_equal(variants[0], recipe.colorize(gray))
        assert len({variant.tobytes() for variant in variants}) == 4


def test_every_colour_is_compared(several, tmp_path):
    """A file whose last colour alone is wrong deviates too."""
    wrong = keras.models.clone_model(several)
    wrong.set_weights(several.get_weights())
    kernel, bias = wrong.get_layer("colours").get_weights()
    wrong.get_layer("colours").set_weights([kernel, bias + np.float32([0] * 7 + [0.1])])
    origin = source(several, "default")
    metadata = plan(origin)

    def file(inputs):
        return {"ab": wrong([inputs[name] for name in metadata.ranges]).numpy()}

    seen = load([], [(32, 64)])
    wanted = verify.answers(several, metadata, seen)
    deviation = verify.compare(wanted, file, metadata, seen)
    assert deviation.max_ab == pytest.approx(3, abs=0.01)
    assert deviation.mean_ab == pytest.approx(3 / 8, abs=0.01)


def test_sizes_share_the_weights(sketch, tmp_path, lightness_of, run):
    """Several sizes are signatures of one file, hardly larger than with one."""
    path = tmp_path / "page.tflite"
    sizes = [(32, 64), (64, 32), (64, 64)]
    alone = export_tflite(tmp_path / "one.tflite", sketch, size=(32, 64)).bytes
    report = export_tflite(path, sketch, size=sizes)
    assert report.bytes < 1.2 * alone
    assert not OF_UNKNOWN_SHAPES & set(report.operators)
    for height, width in sizes:
        lightness = lightness_of(height, width)
        found = run(path, f"colorize_{height}x{width}", lightness=lightness)["logits"]
        np.testing.assert_allclose(found, wanted(sketch, lightness), atol=1e-3)
    assert read_metadata(path.read_bytes(), path).sizes == tuple(sizes)


def test_backend_takes_the_size_that_fits(sketch, tmp_path):
    """Of several sizes, the one in which the picture is largest colours it."""
    gray = np.add.outer(np.arange(64), np.arange(32)).astype(np.uint8) * 2
    export_tflite(tmp_path / "page.tflite", sketch, size=[(32, 64), (64, 32)])
    export_tflite(tmp_path / "tall.tflite", sketch, size=(64, 32))
    expected = colorkit.colorize(gray, tmp_path / "tall.tflite", size=32)
    np.testing.assert_array_equal(
        colorkit.colorize(gray, tmp_path / "page.tflite", size=32), expected
    )


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


def test_speed_is_that_of_the_float32_file(sketch, tmp_path):
    """Other precisions are timed beside it."""
    path = tmp_path / "m.tflite"
    assert export_tflite(path, sketch, size=(64, 64)).cost.times_float32 is None
    for options in ({"size": [(64, 32), (32, 64)]}, {"size": (64, 64), "interface": "rgb"}):
        report = export_tflite(path, sketch, precision="float16", **options)
        assert 0.01 < report.cost.times_float32 < 100


def test_int8_dynamic_that_saves_no_time_is_not_left(sketch, tmp_path, monkeypatch):
    """Nothing is written, unless it is forced."""
    slow = Cost(10, 0.93, megabytes=None, partitions=(), rest={})
    monkeypatch.setattr("colorkit.export.measure.cost", lambda *_: slow)
    path = tmp_path / "m.tflite"
    options = {"precision": "int8-dynamic", "size": (64, 64)}
    with pytest.raises(ExportError, match=r"is 0\.93 times as fast .* nothing was written"):
        export_tflite(path, sketch, **options)
    assert os.listdir(tmp_path) == []
    assert export_tflite(path, sketch, force=True, **options).cost == slow
    assert path.exists()


def test_nan_is_a_deviation():
    """A file that answers NaN is not within any limit."""
    with pytest.raises(ExportError, match="deviates from Keras by nan Lab units"):
        verify.check(Deviation(1, float("nan"), float("nan")), "float32")


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
    halves = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(7, 1)])
    with pytest.raises(
        ExportError, match=r"ab of up to 8 colours.* \[1\] channels in and \[7\] out"
    ):
        export_tflite(tmp_path / "m.tflite", halves)
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
