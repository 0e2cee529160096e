import json
import sys

import numpy as np
import pytest

from colorkit import Distribution, ExportError, export_onnx
from colorkit.backends.metadata import Metadata
from colorkit.bins import gamut_bins

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """Export the embedded network, of any size."""
    path = tmp_path_factory.mktemp("onnx") / "lite.onnx"
    return path, export_onnx(path, "lite")


def session(path):
    return onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def test_lite_says_on_photographs_what_keras_says(lite, photos):
    """On historic photographs of any size, colours are the same to 0.001 Lab units."""
    from colorkit.networks import build
    from colorkit.pixels import split
    from colorkit.resize import shrink

    network, runtime = build("lite"), session(lite[0])
    for photo in list(photos.legacy())[:4]:
        lightness, _ = shrink(split(photo).lightness, 128, 32)
        [found] = runtime.run(["logits"], {"lightness": lightness})
        wanted = network(lightness, training=False).numpy()
        difference = Distribution(found).mean() - Distribution(wanted).mean()
        assert np.abs(difference).max() <= 1e-3


def test_report_has_the_figures(lite):
    """Size, operators and deviation; running it is not measured."""
    path, report = lite
    assert report.bytes == path.stat().st_size
    assert report.operators["Conv"] == 73
    assert report.deviation.max_ab <= 1e-3
    assert report.cost is None


def test_padding_is_written_out(lite):
    """No convolution leaves its padding to the runtime, and no other domain is needed."""
    model = onnx.load(lite[0])
    onnx.checker.check_model(model, full_check=True)
    assert [(it.domain, it.version) for it in model.opset_import] == [("", 17)]
    words = {attribute.name for node in model.graph.node for attribute in node.attribute}
    assert "pads" in words
    assert "auto_pad" not in words


def test_metadata_has_the_keys_of_tflite(lite):
    """Strings as they are, all else as JSON."""
    found = session(lite[0]).get_modelmeta().custom_metadata_map
    assert set(found) == set(Metadata.__dataclass_fields__)
    assert (found["name"], found["output"], found["stride"]) == ("lite", "logits", "32")
    assert (found["sizes"], found["temperature"]) == ("[]", "null")
    np.testing.assert_array_equal(json.loads(found["bins"]), gamut_bins())


def test_any_number_of_pictures_of_any_size(sketch, tmp_path, lightness_of):
    """N, height and width are free, channels last."""
    path = tmp_path / "m.onnx"
    export_onnx(path, sketch)
    [given] = session(path).get_inputs()
    assert given.shape == ["N", "h", "w", 1]
    for height, width in ((32, 32), (64, 96)):
        lightness = np.concatenate([lightness_of(height, width)] * 3)
        [logits] = session(path).run(None, {"lightness": lightness})
        np.testing.assert_allclose(logits, sketch(lightness).numpy(), atol=1e-3)


@pytest.mark.parametrize("name", ["eccv16", "siggraph17"])
def test_published_networks_are_exported(narrow, tmp_path, lightness_of, name):
    """Dilation, strides, transposed convolution, hints: the runtime answers what Keras does."""
    path, model = tmp_path / "m.onnx", narrow[name]
    export_onnx(path, model, size=(64, 96))
    lightness = lightness_of(64, 96)
    hints, mask = np.full((1, 64, 96, 2), 40, np.float32), np.ones((1, 64, 96, 1), np.float32)
    inputs = {"lightness": lightness, "hints": hints, "mask": mask}
    taken = {it.name: inputs[it.name] for it in session(path).get_inputs()}
    answers = model(list(taken.values()) if len(taken) > 1 else lightness, training=False)
    names = ["ab", "logits"] if len(taken) > 1 else ["logits"]
    answers = answers if len(taken) > 1 else [answers]
    assert [it.name for it in session(path).get_outputs()] == names
    for found, wanted in zip(session(path).run(names, taken), answers, strict=True):
        np.testing.assert_allclose(found, wanted.numpy(), atol=1e-3)


def test_ab_alone(sketch, tmp_path, lightness_of):
    """With output="ab", the annealed mean at one's own temperature is inside."""
    path = tmp_path / "m.onnx"
    export_onnx(path, sketch, output="ab", temperature=1, size=(32, 64))
    lightness = lightness_of(32, 64)
    [ab] = session(path).run(["ab"], {"lightness": lightness})
    expected = Distribution(sketch(lightness).numpy()).mean(1)
    np.testing.assert_allclose(ab, expected, atol=1e-3)


def test_licence_is_what_one_states(sketch, tmp_path):
    """Of weights that colorkit does not know, their owner says it."""
    path = tmp_path / "m.onnx"
    export_onnx(path, sketch, size=(32, 64), license="CC0-1.0")
    assert session(path).get_modelmeta().custom_metadata_map["license"] == "CC0-1.0"


def test_what_does_not_fit_is_refused(sketch, tmp_path):
    """A name, a size or several sizes that an ONNX file cannot have."""
    with pytest.raises(ExportError, match=r"must end in \.onnx; received '.*m\.tflite'"):
        export_onnx(tmp_path / "m.tflite", sketch)
    with pytest.raises(ExportError, match=r"multiples of 32.*received \(33, 64\)"):
        export_onnx(tmp_path / "m.onnx", sketch, size=(33, 64))
    with pytest.raises(ExportError, match="an ONNX file has one size, or takes any"):
        export_onnx(tmp_path / "m.onnx", sketch, size=[(32, 64), (64, 64)])


def test_missing_package_is_named(sketch, tmp_path, monkeypatch):
    """What is not installed is named, with the command that installs it."""
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ExportError, match=r"ONNX needs tf2onnx: pip install 'colorkit\[onnx\]'"):
        export_onnx(tmp_path / "m.onnx", sketch)
