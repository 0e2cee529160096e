import numpy as np
import pytest

from colorkit import Distribution, OptionError
from colorkit.bins import gamut_bins
from colorkit.weights.published import eccv16_from_torch

keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from colorkit.networks import load_weights  # noqa: E402
from colorkit.networks.eccv16 import eccv16  # noqa: E402

DECODER = 626
"""Numbers of the layer from classes to ab, which is in the checkpoint, not in the network."""

LAYERS = [
    "bw_conv1_1", "conv1_2", "conv1_2norm", "conv2_1", "conv2_2", "conv2_2norm", "conv3_1",
    "conv3_2", "conv3_3", "conv3_3norm", "conv4_1", "conv4_2", "conv4_3", "conv4_3norm", "conv5_1",
    "conv5_2", "conv5_3", "conv5_3norm", "conv6_1", "conv6_2", "conv6_3", "conv6_3norm", "conv7_1",
    "conv7_2", "conv7_3", "conv7_3norm", "conv8_1", "conv8_2", "conv8_3", "conv8_313",
]  # fmt: skip
"""Layers with numbers of colorization_deploy_v2.prototxt, those of the decoder left out."""


def block(inputs, outputs, convolutions=3, stride=1, dilation=1):
    """Convolutions with ReLU, the last of them with the stride, and a normalisation."""
    steps = []
    for i in range(convolutions):
        last = i == convolutions - 1
        steps += [
            nn.Conv2d(
                inputs if i == 0 else outputs,
                outputs,
                kernel_size=3,
                stride=stride if last else 1,
                padding=dilation,
                dilation=dilation,
            ),
            nn.ReLU(),
        ]
    return nn.Sequential(*steps, nn.BatchNorm2d(outputs))


class Published(nn.Module):
    """The PyTorch network, from the published table, with its names of modules."""

    def __init__(self, unit=64):
        super().__init__()
        self.model1 = block(1, unit, 2, stride=2)
        self.model2 = block(unit, 2 * unit, 2, stride=2)
        self.model3 = block(2 * unit, 4 * unit, stride=2)
        self.model4 = block(4 * unit, 8 * unit)
        self.model5 = block(8 * unit, 8 * unit, dilation=2)
        self.model6 = block(8 * unit, 8 * unit, dilation=2)
        self.model7 = block(8 * unit, 8 * unit)
        self.model8 = nn.Sequential(
            nn.ConvTranspose2d(8 * unit, 4 * unit, kernel_size=4, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(4 * unit, 4 * unit, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(4 * unit, 4 * unit, kernel_size=3, padding=1),
            nn.ReLU(),
            nn.Conv2d(4 * unit, 313, kernel_size=1),
        )
        self.model_out = nn.Conv2d(313, 2, kernel_size=1, bias=False)

    def forward(self, lightness):
        """Logits as they are in the checkpoint, 2.606 times ours; ab in Lab units."""
        x = (lightness - 50) / 100
        trunk = (self.model1, self.model2, self.model3, self.model4)
        for part in (*trunk, self.model5, self.model6, self.model7, self.model8):
            x = part(x)
        return x, 110 * self.model_out(torch.softmax(x, dim=1))


@pytest.fixture(scope="module")
def narrow(randomised):
    """Give a PyTorch network of an eighth of the channels."""
    return published(randomised, 8, gray(1, 24, 40))


def published(randomised, unit, lightness):
    """A network whose logits are as large as trained ones."""
    net = randomised(Published(unit))
    with torch.no_grad():
        logits, _ = net(torch.from_numpy(lightness).permute(0, 3, 1, 2))
        net.model8[-1].weight *= 5 / logits.std()
        net.model_out.weight[:, :, 0, 0] = torch.from_numpy(gamut_bins().T / 110)
    return net


def state(net):
    return {name: values.numpy() for name, values in net.state_dict().items()}


def gray(*shape, seed=0):
    """Lightness with edges, noise and black."""
    rng = np.random.default_rng(seed)
    lightness = rng.uniform(0, 100, (*shape, 1)).astype(np.float32)
    lightness[:, : shape[1] // 2, : shape[2] // 3] = 0
    lightness[:, shape[1] // 2 :, shape[2] // 2 :] /= 10
    return lightness


def answer(net, lightness):
    """Logits and ab of a PyTorch network, channels last."""
    with torch.no_grad():
        found = net(torch.from_numpy(lightness).permute(0, 3, 1, 2))
    return [x.permute(0, 2, 3, 1).numpy() for x in found]


def assert_same(logits, net, lightness):
    """Logits to 1e-4 of the largest, and ab to 0.05 Lab units."""
    expected, ab = answer(net, lightness)
    assert min(expected.std(), ab.std()) > 0.1
    assert np.abs(2.606 * logits - expected).max() < 1e-4 * np.abs(expected).max()
    assert np.abs(Distribution(logits).mean() - ab).max() < 0.05


def test_network_is_the_published_one(predict, narrow, keras_backend):
    """From one checkpoint, Keras and PyTorch see the same, on each backend and at any size."""
    pictures = [gray(2, 24, 40), gray(1, 56, 8)]
    weights = eccv16_from_torch(state(narrow))
    answers = predict(keras_backend, "eccv16", 1 / 8, weights, [[x] for x in pictures])
    for (logits,), lightness in zip(answers, pictures, strict=True):
        assert_same(logits, narrow, lightness)


def test_full_network_is_the_published_one(predict, randomised):
    """At full width, too, every number of the checkpoint has its place."""
    lightness = gray(1, 64, 64)
    net = published(randomised, 64, lightness)
    weights = eccv16_from_torch(state(net))
    ((logits,),) = predict(keras.backend.backend(), "eccv16", 1, weights, [[lightness]])
    assert sum(x.numel() for x in net.parameters()) == 32_236_011
    assert sum(x.size for x in weights.values()) == 32_241_003 - DECODER
    assert_same(logits, net, lightness)


def test_network_has_the_size_of_its_table():
    """It has the checkpoint's numbers, statistics included, without those of the decoder."""
    network = eccv16()
    trainable = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    assert network.count_params() == 32_241_003 - DECODER == 32_240_377
    assert trainable == 32_236_011 - DECODER == 32_235_385


def test_layers_have_their_published_names():
    """What has numbers is named as in the prototxt, in its order, in every network alike."""
    for network in (eccv16(width=0.05), eccv16(width=0.05)):
        assert list(dict.fromkeys(w.path.partition("/")[0] for w in network.weights)) == LAYERS


@pytest.mark.parametrize("width", [0, -1, float("nan")])
def test_width_is_positive(width):
    """There is no network without channels."""
    with pytest.raises(OptionError, match=f"width must be positive, .*; received {width}"):
        eccv16(width=width)


def run(network, *inputs):
    return keras.ops.convert_to_numpy(network(*inputs, training=False))


def test_lightness_is_normalised_inside():
    """Black, middle gray and white are -0.5, 0 and 0.5 to the first convolution."""
    network = eccv16(width=0.05)
    inside = keras.Model(network.input, network.get_layer("normalised").output)
    lightness = np.float32([0, 50, 100]).reshape(1, 1, 3, 1)
    np.testing.assert_allclose(run(inside, lightness).ravel(), [-0.5, 0, 0.5], atol=1e-7)


def test_pictures_do_not_see_each_other(narrow):
    """A picture in a batch has the logits that it has alone."""
    network = eccv16(width=1 / 8)
    load_weights(network, eccv16_from_torch(state(narrow)), "random weights")
    pictures = np.concatenate([gray(1, 24, 32, seed=seed) for seed in range(3)])
    together = run(network, pictures)
    assert together.std() > 0.1
    for i in range(3):
        alone = run(network, pictures[i : i + 1])[0]
        np.testing.assert_allclose(together[i], alone, atol=1e-5 * np.abs(together).max())


@pytest.mark.parametrize(
    ("row", "reached"), [(0, [0]), (1, [0, 1]), (2, [1]), (3, [1, 2]), (6, [3]), (7, [3])]
)
def test_halving_looks_one_pixel_over_every_edge(row, reached):
    """Output i of a convolution that halves sees the rows 2i - 1 to 2i + 1, as in Caffe."""
    network = eccv16(width=1 / 64)
    pad, conv = (network.get_layer(name) for name in ("conv1_2_pad", "conv1_2"))
    conv.set_weights([np.ones((3, 3, 1, 1)), np.zeros(1)])
    for axis in (1, 2):
        impulse = np.zeros((1, 8, 8, 1), np.float32)
        impulse.swapaxes(1, axis)[:, row] = 1
        found = keras.ops.convert_to_numpy(conv(pad(impulse))).swapaxes(1, axis)
        assert np.unique(found.nonzero()[1]).tolist() == reached


def test_doubling_keeps_symmetry():
    """A symmetric kernel makes of a symmetric picture a symmetric one: nothing is shifted."""
    layer = eccv16(width=1 / 64).get_layer("conv8_1")
    rng = np.random.default_rng(0)
    kernel, x = rng.normal(size=(4, 4, 4, 8)), rng.normal(size=(1, 6, 10, 8)).astype(np.float32)
    layer.set_weights([kernel + kernel[::-1, ::-1], np.zeros(4)])
    found = keras.ops.convert_to_numpy(layer(x + x[:, ::-1, ::-1]))
    assert found.shape == (1, 12, 20, 4)
    np.testing.assert_allclose(found, found[:, ::-1, ::-1], atol=1e-5)
