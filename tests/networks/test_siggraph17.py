import numpy as np
import pytest

from colorkit import OptionError
from colorkit.weights.published import siggraph17_from_torch

keras = pytest.importorskip("keras")
torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from colorkit.networks import load_weights  # noqa: E402
from colorkit.networks.siggraph17 import siggraph17  # noqa: E402

LAYERS = [
    "conv1_1", "conv1_2", "conv1_2norm", "conv2_1", "conv2_2", "conv2_2norm", "conv3_1", "conv3_2",
    "conv3_3", "conv3_3norm", "conv4_1", "conv4_2", "conv4_3", "conv4_3norm", "conv5_1", "conv5_2",
    "conv5_3", "conv5_3norm", "conv6_1", "conv6_2", "conv6_3", "conv6_3norm", "conv7_1", "conv7_2",
    "conv7_3", "conv7_3norm", "conv8_1", "conv3_3_short", "conv8_2", "conv8_3", "conv8_3norm",
    "conv9_1", "conv2_2_short", "conv9_2", "conv9_2norm", "conv10_1", "conv1_2_short", "conv10_2",
    "model_class", "conv10_ab",
]  # fmt: skip


def conv(inputs, outputs, dilation=1):
    return nn.Conv2d(inputs, outputs, 3, padding=dilation, dilation=dilation)


def double(inputs, outputs):
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, 4, stride=2, padding=1))


def block(inputs, outputs, convolutions=3, dilation=1):
    """Convolutions with ReLU, and a normalisation."""
    steps = [conv(inputs, outputs, dilation), nn.ReLU()]
    for _ in range(convolutions - 1):
        steps += [conv(outputs, outputs, dilation), nn.ReLU()]
    return nn.Sequential(*steps, nn.BatchNorm2d(outputs))


class Published(nn.Module):
    """The PyTorch network, from the published table, with its names of modules."""

    def __init__(self, unit=64):
        super().__init__()
        c64, c128, c256, c512 = unit, 2 * unit, 4 * unit, 8 * unit
        self.model1 = block(4, c64, 2)
        self.model2 = block(c64, c128, 2)
        self.model3 = block(c128, c256)
        self.model4 = block(c256, c512)
        self.model5 = block(c512, c512, dilation=2)
        self.model6 = block(c512, c512, dilation=2)
        self.model7 = block(c512, c512)
        self.model8up = double(c512, c256)
        self.model8 = nn.Sequential(nn.ReLU(), *block(c256, c256, 2))
        self.model9up = double(c256, c128)
        self.model9 = nn.Sequential(nn.ReLU(), *block(c128, c128, 1))
        self.model10up = double(c128, c128)
        self.model10 = nn.Sequential(nn.ReLU(), conv(c128, c128), nn.LeakyReLU(0.2))
        self.model3short8 = nn.Sequential(conv(c256, c256))
        self.model2short9 = nn.Sequential(conv(c128, c128))
        self.model1short10 = nn.Sequential(conv(c64, c128))
        self.model_class = nn.Sequential(nn.Conv2d(c256, 529, 1))
        self.model_out = nn.Sequential(nn.Conv2d(c128, 2, 1), nn.Tanh())

    def forward(self, lightness, hints, mask):
        """Ab in Lab units, logits."""
        x = torch.cat([(lightness - 50) / 100, hints / 110, mask], dim=1)
        x1 = self.model1(x)
        x2 = self.model2(x1[:, :, ::2, ::2])
        x3 = self.model3(x2[:, :, ::2, ::2])
        x7 = self.model7(self.model6(self.model5(self.model4(x3[:, :, ::2, ::2]))))
        x8 = self.model8(self.model8up(x7) + self.model3short8(x3))
        x9 = self.model9(self.model9up(x8) + self.model2short9(x2))
        x10 = self.model10(self.model10up(x9) + self.model1short10(x1))
        return 110 * self.model_out(x10), self.model_class(x8)


@pytest.fixture(scope="module")
def narrow(randomised):
    """Give a PyTorch network of an eighth of the channels."""
    return published(randomised, 8, picture(1, 24, 40))


def published(randomised, unit, inputs):
    """A network whose tanh is neither linear nor saturated."""
    net = randomised(Published(unit))
    before_tanh = []
    hook = net.model_out[0].register_forward_hook(lambda *call: before_tanh.append(call[-1]))
    with torch.no_grad():
        net(*(nchw(x) for x in inputs))
        net.model_out[0].weight *= 0.5 / before_tanh[0].std()
    hook.remove()
    return net


def state(net):
    return {name: values.numpy() for name, values in net.state_dict().items()}


def picture(*shape, seed=0):
    """Lightness with edges, noise and black; hints, gray ones among them; their mask."""
    rng = np.random.default_rng(seed)
    lightness = rng.uniform(0, 100, (*shape, 1)).astype(np.float32)
    lightness[:, : shape[1] // 2, : shape[2] // 3] = 0
    hints = np.zeros((*shape, 2), np.float32)
    mask = np.zeros((*shape, 1), np.float32)
    hints[:, 1:4, 2:5] = (60, -30)
    mask[:, 1:4, 2:5] = 1
    mask[:, 6:8] = 1
    return [lightness, hints, mask]


def nchw(x):
    return torch.from_numpy(x).permute(0, 3, 1, 2)


def assert_same(outputs, net, inputs):
    """Ab to 0.05 Lab units, and logits to 1e-4 of the largest."""
    ab, logits = outputs
    with torch.no_grad():
        found = net(*(nchw(x) for x in inputs))
    expected_ab, expected = (x.permute(0, 2, 3, 1).numpy() for x in found)
    assert 1 < expected_ab.std() < 100
    assert expected.std() > 0.1
    assert np.abs(ab - expected_ab).max() < 0.05
    assert np.abs(logits - expected).max() < 1e-4 * np.abs(expected).max()


def test_network_is_the_published_one(predict, narrow, keras_backend):
    """From one checkpoint, Keras and PyTorch see the same, on each backend and at any size."""
    pictures = [picture(2, 24, 40), picture(1, 56, 8)]
    weights = siggraph17_from_torch(state(narrow))
    answers = predict(keras_backend, "siggraph17", 1 / 8, weights, pictures)
    for outputs, inputs in zip(answers, pictures, strict=True):
        assert_same(outputs, narrow, inputs)


def test_full_network_is_the_published_one(predict, randomised):
    """At full width, too, every number of the checkpoint has its place."""
    inputs = picture(1, 64, 64)
    net = published(randomised, 64, inputs)
    weights = siggraph17_from_torch(state(net))
    (outputs,) = predict(keras.backend.backend(), "siggraph17", 1, weights, [inputs])
    assert sum(x.numel() for x in net.parameters()) == 34_187_027
    assert sum(x.size for x in weights.values()) == 34_192_787
    assert_same(outputs, net, inputs)


def test_network_has_the_size_of_its_table():
    """It has all the numbers of the checkpoint, those for the classes included."""
    network = siggraph17()
    trainable = sum(np.prod(weight.shape) for weight in network.trainable_weights)
    assert network.count_params() == 34_192_787
    assert trainable == 34_187_027


def test_layers_have_their_published_names():
    """What has numbers is named as in the prototxt, in every network alike."""
    for network in (siggraph17(width=0.05), siggraph17(width=0.05)):
        names = {weight.path.partition("/")[0] for weight in network.weights}
        assert sorted(names) == sorted(LAYERS)


def test_inputs_and_outputs_are_in_the_order_of_the_paper():
    """Lightness, hints, mask go in; ab and logits come out."""
    network = siggraph17(width=0.05)
    assert [(x.name, x.shape[-1]) for x in network.inputs] == [
        ("lightness", 1),
        ("hints", 2),
        ("mask", 1),
    ]
    assert [x.shape[-1] for x in network.outputs] == [2, 529]


def test_width_is_positive():
    """There is no network without channels."""
    with pytest.raises(OptionError, match=r"width must be positive, .*; received 0"):
        siggraph17(width=0)


def run(network, inputs):
    return [keras.ops.convert_to_numpy(x) for x in network(inputs, training=False)]


def test_units_are_settled_inside():
    """White, a of 110 and b of -110 are 0.5, 1 and -1 to the first convolution; the mask stays."""
    network = siggraph17(width=0.05)
    inside = keras.Model(network.inputs, network.get_layer("data_l_ab_mask").output)
    given = [np.float32(x).reshape(1, 1, 1, -1) for x in (100, (110, -110), 1)]
    found = keras.ops.convert_to_numpy(inside(given, training=False))
    np.testing.assert_allclose(found.ravel(), [0.5, 1, -1, 1], atol=1e-7)


@pytest.fixture(scope="module")
def network(narrow):
    """Give the narrow network in Keras."""
    network = siggraph17(width=1 / 8)
    load_weights(network, siggraph17_from_torch(state(narrow)), "random weights")
    return network


def test_gray_hint_is_not_the_absence_of_one(network):
    """The mask alone tells a hint of gray from none."""
    lightness, hints, mask = picture(1, 16, 16)
    none, gray = (run(network, [lightness, hints * 0, m])[0] for m in (mask * 0, mask))
    assert np.abs(gray - none).max() > 1


def test_pictures_do_not_see_each_other(network):
    """A picture in a batch has the colours and logits that it has alone."""
    pictures = [picture(1, 24, 32, seed=seed) for seed in range(3)]
    together = run(network, [np.concatenate(x) for x in zip(*pictures, strict=True)])
    for i, alone in enumerate(pictures):
        for found, expected in zip(together, run(network, alone), strict=True):
            atol = 1e-5 * np.abs(expected).max()
            np.testing.assert_allclose(found[i : i + 1], expected, atol=atol)
