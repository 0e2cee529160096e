import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from colorkit import Distribution, WeightsError
from colorkit.bins import gamut_bins
from colorkit.weights.published import (
    eccv16_from_caffe,
    eccv16_from_torch,
    siggraph17_from_torch,
)

TRUNK = """
    conv1_2       model1.2   64 64 3 3
    conv1_2norm   model1.4   64
    conv2_1       model2.0   128 64 3 3
    conv2_2       model2.2   128 128 3 3
    conv2_2norm   model2.4   128
    conv3_1       model3.0   256 128 3 3
    conv3_2       model3.2   256 256 3 3
    conv3_3       model3.4   256 256 3 3
    conv3_3norm   model3.6   256
    conv4_1       model4.0   512 256 3 3
    conv4_2       model4.2   512 512 3 3
    conv4_3       model4.4   512 512 3 3
    conv4_3norm   model4.6   512
    conv5_1       model5.0   512 512 3 3
    conv5_2       model5.2   512 512 3 3
    conv5_3       model5.4   512 512 3 3
    conv5_3norm   model5.6   512
    conv6_1       model6.0   512 512 3 3
    conv6_2       model6.2   512 512 3 3
    conv6_3       model6.4   512 512 3 3
    conv6_3norm   model6.6   512
    conv7_1       model7.0   512 512 3 3
    conv7_2       model7.2   512 512 3 3
    conv7_3       model7.4   512 512 3 3
    conv7_3norm   model7.6   512
"""

ECCV16 = f"""
    bw_conv1_1    model1.0   64 1 3 3
    {TRUNK}
    conv8_1       model8.0   512 256 4 4
    conv8_2       model8.2   256 256 3 3
    conv8_3       model8.4   256 256 3 3
    conv8_313     model8.6   313 256 1 1
"""

SIGGRAPH17 = f"""
    conv1_1       model1.0   64 4 3 3
    {TRUNK}
    conv8_1       model8up.0   512 256 4 4
    conv8_2       model8.1   256 256 3 3
    conv8_3       model8.3   256 256 3 3
    conv8_3norm   model8.5   256
    conv9_1       model9up.0   256 128 4 4
    conv9_2       model9.1   128 128 3 3
    conv9_2norm   model9.3   128
    conv10_1      model10up.0   128 128 4 4
    conv10_2      model10.1   128 128 3 3
    conv3_3_short model3short8.0   256 256 3 3
    conv2_2_short model2short9.0   128 128 3 3
    conv1_2_short model1short10.0   128 64 3 3
    model_class   model_class.0   529 256 1 1
    conv10_ab     model_out.0   2 128 1 1
"""
"""Names in Caffe and in PyTorch, and shapes, of the published networks."""

UPCONVS = ("conv8_1", "conv9_1", "conv10_1")


def rows(table, unit):
    """Names and shapes of a network with that many channels where the published one has 64."""
    for line in table.split("\n"):
        if line.strip():
            name, module, *shape = line.split()
            yield name, module, [int(n) * unit // 64 if int(n) % 64 == 0 else int(n) for n in shape]


def biases(name, shape):
    return shape[1] if name in UPCONVS else shape[0]


def checkpoint(table, unit=2, seed=0):
    """Random numbers in the layout of the official PyTorch checkpoint."""
    rng = np.random.default_rng(seed)
    state = {}
    for name, module, shape in rows(table, unit):
        state[f"{module}.weight"] = rng.normal(size=shape).astype(np.float32)
        state[f"{module}.bias"] = rng.normal(size=biases(name, shape)).astype(np.float32)
        if name.endswith("norm"):
            state[f"{module}.running_mean"] = rng.normal(size=shape).astype(np.float32)
            state[f"{module}.running_var"] = rng.uniform(0.1, 2, shape).astype(np.float32)
            state[f"{module}.num_batches_tracked"] = np.array(7)
    if table == ECCV16:
        state["model_out.weight"] = (gamut_bins().T / np.float32(110))[..., None, None]
    return state


def caffemodel(unit=2, seed=0):
    """Random numbers in the layout of the official Caffe model, as large as trained ones."""
    rng = np.random.default_rng(seed)
    layers = {}
    for name, _, shape in rows(ECCV16, unit):
        if name.endswith("norm"):
            sums = [rng.uniform(0, 1000, shape), rng.uniform(10, 3000, shape), [999.98]]
            layers[name] = [np.float32(x) for x in sums]
        else:
            inputs = 4 * shape[0] if name in UPCONVS else np.prod(shape[1:])
            weight = rng.normal(0, np.sqrt(2 / inputs), shape)
            layers[name] = [np.float32(weight), np.float32(rng.normal(0, 0.3, biases(name, shape)))]
    layers["bw_conv1_1"][0] /= 100
    layers["conv8_313"][0] *= 5
    return layers


def decoder():
    """What a deployed Caffe model has beside."""
    bins = gamut_bins().T[..., None, None].copy()
    return {"conv8_313_rh": [np.full(313, 2.606, np.float32)], "class8_ab": [bins, np.zeros(2)]}


CHECKPOINTS = [(eccv16_from_torch, ECCV16), (siggraph17_from_torch, SIGGRAPH17)]


def test_checkpoints_have_the_official_number_of_entries():
    """The layouts of these tests are the published ones: 82 and 107 tensors."""
    assert len(checkpoint(ECCV16)) == 82
    assert len(checkpoint(SIGGRAPH17)) == 107


@pytest.mark.parametrize(("convert", "table"), CHECKPOINTS)
def test_every_number_finds_its_place(convert, table):
    """Kernels are turned around, normalisations renamed, and nothing is left out."""
    state = checkpoint(table)
    tensors = convert(state)
    expected = {}
    for name, module, _ in rows(table, 2):
        if name.endswith("norm"):
            parts = ("weight", "gamma"), ("bias", "beta")
            parts += ("running_mean", "moving_mean"), ("running_var", "moving_variance")
            expected |= {f"{name}/{keras}": state[f"{module}.{torch}"] for torch, keras in parts}
        else:
            share = 2.606 if name == "conv8_313" else 1
            weight = np.moveaxis(state[f"{module}.weight"], (2, 3), (0, 1))
            expected[f"{name}/kernel"] = weight.swapaxes(2, 3) / share
            expected[f"{name}/bias"] = state[f"{module}.bias"] / share
    assert tensors.keys() == expected.keys()
    for name, values in tensors.items():
        np.testing.assert_allclose(values, expected[name], rtol=1e-6)


def test_caffe_and_pytorch_files_hold_the_same_network():
    """PyTorch divides lightness by 100 and folds 2.606 in; Caffe keeps sums and their number."""
    layers = caffemodel()
    state = checkpoint(ECCV16)
    for name, module, _ in rows(ECCV16, 2):
        blobs = layers[name]
        if name.endswith("norm"):
            state[f"{module}.weight"] = np.ones_like(blobs[0])
            state[f"{module}.bias"] = np.zeros_like(blobs[0])
            state[f"{module}.running_mean"] = blobs[0] / blobs[2]
            state[f"{module}.running_var"] = blobs[1] / blobs[2]
        else:
            by = {"bw_conv1_1": (100, 1), "conv8_313": (2.606, 2.606)}.get(name, (1, 1))
            state[f"{module}.weight"], state[f"{module}.bias"] = blobs[0] * by[0], blobs[1] * by[1]
    ours, theirs = eccv16_from_caffe(layers), eccv16_from_torch(state)
    assert ours.keys() == theirs.keys()
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=1e-5)


@pytest.mark.parametrize(
    ("convert", "given"),
    [
        (eccv16_from_torch, checkpoint(ECCV16)),
        (siggraph17_from_torch, checkpoint(SIGGRAPH17)),
        (eccv16_from_caffe, caffemodel() | decoder()),
    ],
)
def test_what_is_given_stays_as_it_is(convert, given):
    """Read-only arrays will do, and none of their memory is in the answer."""
    arrays = [
        x for entry in given.values() for x in (entry if isinstance(entry, list) else [entry])
    ]
    for array in arrays:
        array.flags.writeable = False
    for values in convert(given).values():
        assert values.dtype == np.float32
        assert values.flags.c_contiguous
        assert values.flags.writeable
        assert not any(np.shares_memory(values, array) for array in arrays)


@pytest.mark.parametrize(("convert", "table"), CHECKPOINTS)
def test_counters_may_be_absent(convert, table):
    """Files of old PyTorch have no num_batches_tracked."""
    state = checkpoint(table)
    without = {name: x for name, x in state.items() if "num_batches" not in name}
    assert len(without) < len(state)
    assert convert(without).keys() == convert(state).keys()


def test_half_precision_is_read():
    """A checkpoint that was halved to save space is the same network."""
    state = checkpoint(ECCV16)
    tensors = eccv16_from_torch({name: x.astype(np.float16) for name, x in state.items()})
    np.testing.assert_allclose(tensors["conv1_2/bias"], state["model1.2.bias"], rtol=1e-3)


def dropped(state):
    del state["model1.2.weight"]


def added(state):
    state["model1.2.scale"] = np.zeros(1)


def renamed(state):
    state["conv1.weight"] = state.pop("model1.2.weight")


def transposed(state):
    state["model8.6.weight"] = state["model8.6.weight"].swapaxes(0, 1)


def one_wide_layer(state):
    state["model1.2.bias"] = np.zeros(64)


def other_counter(state):
    state["model1.4.num_batches_tracked"] = np.zeros(2)


def without_decoder(state):
    del state["model_out.weight"]


def a_and_b_swapped(state):
    state["model_out.weight"] = state["model_out.weight"][::-1]


def in_lab_units(state):
    state["model_out.weight"] = state["model_out.weight"] * 110


def unknown_colour(state):
    state["model_out.weight"][0, 5] = np.nan


def overflowing(state):
    state["model4.2.bias"] = np.full(16, 1e300)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dropped, "network 'eccv16': 'model1.2.weight' is missing$"),
        (added, "network 'eccv16': 'model1.2.scale' is unknown$"),
        (renamed, "'model1.2.weight' is missing; 'conv1.weight' is unknown$"),
        (transposed, r"'model8.6.weight' has shape \(8, 313, 1, 1\), not \(313, 8, 1, 1\)$"),
        (one_wide_layer, r"'model1.2.bias' has shape \(64,\), not \(2,\)$"),
        (other_counter, r"'model1.4.num_batches_tracked' has shape \(2,\), not \(\)$"),
        (without_decoder, "'model_out.weight' is missing$"),
        (
            a_and_b_swapped,
            r"^\d+ of the 313 colours in 'model_out.weight' .* is ab \(50, -90\), not \(-90, 50\)$",
        ),
        (in_lab_units, r"^312 of the 313 colours in .*class 0 is ab \(-9900, 5500\), not"),
        (unknown_colour, r"^1 of the 313 colours in .*class 5 is ab \(nan, 20\), not"),
        (overflowing, "^'conv4_2/bias' has infinite numbers or NaN; the file is damaged$"),
    ],
)
def test_other_checkpoints_are_refused(change, message):
    """Names, shapes, count and colours are the published ones; the message shows what is not."""
    state = checkpoint(ECCV16)
    change(state)
    with pytest.raises(WeightsError, match=message):
        eccv16_from_torch(state)


def test_messages_are_short():
    """Of many differences, five are shown and the rest is counted."""
    with pytest.raises(WeightsError, match=r"'siggraph17': ('\S+' is missing; ){5}and 93 more$"):
        siggraph17_from_torch({})


@pytest.mark.parametrize(
    ("convert", "given"),
    [
        (eccv16_from_torch, checkpoint(SIGGRAPH17)),
        (siggraph17_from_torch, checkpoint(ECCV16)),
        (eccv16_from_caffe, checkpoint(ECCV16)),
        (eccv16_from_torch, caffemodel()),
    ],
)
def test_networks_and_containers_are_not_mixed_up(convert, given):
    """The file of the other network, or of the other framework, is refused."""
    with pytest.raises(WeightsError, match="these are not the weights of the published network"):
        convert(given)


def test_layers_of_a_training_net_are_left_alone():
    """A Caffe file may hold how its net prepared the data, and the decoder."""
    layers = caffemodel()
    beside = {"data_ab_ss": [np.ones((2, 1, 1, 1)), np.zeros(2)], "relu1_1": []}
    expected = eccv16_from_caffe(layers)
    found = eccv16_from_caffe(layers | beside | decoder())
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[name], expected[name]) for name in found)


def test_old_caffe_files_are_read():
    """They have four axes for everything, (1, 1, 1, n) for n numbers."""
    layers = caffemodel()
    old = {
        name: [b.reshape((1,) * (4 - b.ndim) + b.shape) for b in blobs]
        for name, blobs in (layers | decoder()).items()
    }
    found, expected = eccv16_from_caffe(old), eccv16_from_caffe(layers)
    assert all(np.array_equal(found[name], expected[name]) for name in expected)


def test_statistics_of_nothing_are_zero():
    """A normalisation that saw nothing has the factor 0, which Caffe takes for 0 statistics."""
    layers = caffemodel()
    layers["conv1_2norm"][2][:] = 0
    tensors = eccv16_from_caffe(layers)
    assert not tensors["conv1_2norm/moving_mean"].any()
    assert not tensors["conv1_2norm/moving_variance"].any()


def one_blob(layers):
    layers["conv1_2"] = layers["conv1_2"][:1]


def three_blobs(layers):
    layers["conv1_2"] = [*layers["conv1_2"], np.zeros(1)]


def no_layer(layers):
    del layers["conv8_313"]


def other_colours(layers):
    layers["class8_ab"] = [np.zeros((2, 313, 1, 1)), np.zeros(2)]


def tiny_factor(layers):
    layers["conv1_2norm"][2][:] = 1e-45


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (one_blob, r"network 'eccv16': 'conv1_2\[1\]' is missing$"),
        (three_blobs, r"'conv1_2\[2\]' is unknown$"),
        (no_layer, r"'conv8_313\[0\]' is missing; 'conv8_313\[1\]' is missing$"),
        (other_colours, r"^312 of the 313 colours in 'class8_ab'.*class 0 is ab \(0, 0\), not"),
        (tiny_factor, "^'conv1_2norm/moving_mean' has infinite numbers"),
    ],
)
def test_other_caffe_models_are_refused(change, message):
    """Blobs are counted and measured; the message shows the first that does not fit."""
    layers = caffemodel()
    change(layers)
    with pytest.raises(WeightsError, match=message):
        eccv16_from_caffe(layers)


OPENCV = """
import cv2
import numpy as np
net = cv2.dnn.readNetFromCaffe("net.prototxt", "net.caffemodel")
net.setInput(np.load("lightness.npy").transpose(0, 3, 1, 2) - 50)
logits, ab = net.forward(["conv8_313", "class8_ab"])
np.savez("answer.npz", logits=logits.transpose(0, 2, 3, 1), ab=ab.transpose(0, 2, 3, 1))
"""


def number(value):
    """A whole number as protobuf has it: seven bits a byte, the lowest first."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + number(value >> 7)


def field(index, content):
    """A field of a protobuf message, of the kind that says its length."""
    return number(index << 3 | 2) + number(len(content)) + content


def write_caffemodel(path, layers):
    """Write blobs as Caffe does: NetParameter, LayerParameter, BlobProto."""
    net = field(1, b"LtoAB")
    for name, blobs in layers.items():
        layer = field(1, name.encode())
        for blob in blobs:
            shape = field(1, b"".join(map(number, blob.shape)))
            layer += field(7, field(7, shape) + field(5, blob.astype("<f4").tobytes()))
        net += field(100, layer)
    path.write_bytes(net)


def prototxt(unit):
    """The deploy net of the published table."""
    layers = ['input: "data_l" input_shape { dim: 1 dim: 1 dim: 24 dim: 40 }']
    bottom = "data_l"

    def add(name, kind, parameters=""):
        nonlocal bottom
        layers.append(
            f'layer {{ name: "{name}" type: "{kind}" bottom: "{bottom}" top: "{name}" '
            f"{parameters} }}"
        )
        bottom = name

    for name, _, shape in rows(ECCV16, unit):
        if name.endswith("norm"):
            add(name, "BatchNorm", "batch_norm_param { }")
            continue
        kind = "Deconvolution" if name in UPCONVS else "Convolution"
        dilation = 2 if name.startswith(("conv5", "conv6")) else 1
        stride = 2 if name in ("conv1_2", "conv2_2", "conv3_3", "conv8_1") else 1
        pad = 0 if shape[-1] == 1 else dilation
        add(
            name,
            kind,
            f"convolution_param {{ num_output: {biases(name, shape)} kernel_size: {shape[-1]} "
            f"pad: {pad} stride: {stride} dilation: {dilation} }}",
        )
        if name != "conv8_313":
            add(name.replace("conv", "relu"), "ReLU")
    add("conv8_313_rh", "Scale", "scale_param { bias_term: false }")
    add("class8_313_rh", "Softmax")
    add("class8_ab", "Convolution", "convolution_param { num_output: 2 kernel_size: 1 }")
    return "\n".join(layers)


@pytest.fixture
def opencv(tmp_path):
    """Give a function that runs a Caffe model in OpenCV 4: the next one reads none."""
    folder = os.environ.get("COLORKIT_OPENCV4")
    if not folder or not Path(folder, "cv2").is_dir():
        pytest.skip("COLORKIT_OPENCV4 names no folder with an unpacked opencv-python-headless 4")

    def run(layers, unit, lightness):
        write_caffemodel(tmp_path / "net.caffemodel", layers)
        (tmp_path / "net.prototxt").write_text(prototxt(unit))
        np.save(tmp_path / "lightness.npy", lightness)
        subprocess.run(
            [sys.executable, "-c", OPENCV],
            env=os.environ | {"PYTHONPATH": folder},
            cwd=tmp_path,
            check=True,
        )
        with np.load(tmp_path / "answer.npz") as answer:
            return answer["logits"], answer["ab"]

    return run


def test_network_is_the_one_that_opencv_runs(opencv):
    """Of one Caffe model, our network and OpenCV's make the same logits and colours."""
    keras = pytest.importorskip("keras")

    from colorkit.networks import load_weights
    from colorkit.networks.eccv16 import eccv16

    layers = caffemodel(unit=8)
    lightness = np.random.default_rng(1).uniform(0, 100, (1, 24, 40, 1)).astype(np.float32)
    lightness[:, :12, :20] = 0
    expected, expected_ab = opencv(layers | decoder(), 8, lightness)
    network = eccv16(width=1 / 8)
    load_weights(network, eccv16_from_caffe(layers), "net.caffemodel")
    logits = keras.ops.convert_to_numpy(network(lightness, training=False))
    assert min(expected.std(), expected_ab.std()) > 0.1
    assert np.abs(logits - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.abs(Distribution(logits).mean() - expected_ab).max() < 0.05
