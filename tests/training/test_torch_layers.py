import os
import subprocess
import sys

import pytest

from colorkit.specs import is_installed

COMPARE = """
import keras
import numpy as np
import torch
from keras import layers

from colorkit.training.learner import quick
from colorkit.training.torch_layers import BatchNormalization, Conv2D, DepthwiseConv2D


def gradients(network, x, training):
    x = torch.tensor(x, requires_grad=True)
    network.zero_grad()
    y = network(x, training=training)
    y.backward(torch.sin(torch.arange(y.numel(), dtype=torch.float32)).reshape(y.shape))
    numbers = [y, x.grad, *(v.value.grad for v in network.trainable_variables)]
    numbers += [v.value for v in network.non_trainable_variables]
    return [n.detach().clone() for n in numbers]


rng = np.random.default_rng(0)
cases = 0
for kernel in (3, 4, 5, 7):
    for stride in (1, 2):
        for size in (16, 17):
            for padding in ("same", "valid"):
                given = keras.Input((None, None, 6))
                y = layers.DepthwiseConv2D(kernel, stride, padding, use_bias=False)(given)
                y = layers.BatchNormalization()(y)
                y = layers.Conv2D(4, kernel if padding == "same" else 1, stride, padding,
                                  activation="relu")(y)
                plain = keras.Model(given, y)
                fast = quick(plain)
                kinds = {type(layer) for layer in fast.layers}
                assert {BatchNormalization, Conv2D, DepthwiseConv2D} <= kinds, kinds
                x = rng.normal(size=(3, size, size + 3, 6)).astype(np.float32)
                for training in (False, True):
                    pairs = zip(
                        gradients(plain, x, training), gradients(fast, x, training), strict=True
                    )
                    for one, other in pairs:
                        scale = float(one.abs().max()) or 1.0
                        torch.testing.assert_close(other, one, atol=3e-4 * scale, rtol=0)
                    cases += 1
alone = BatchNormalization()(torch.ones(1, 1, 1, 6), training=True)
assert not alone.any(), alone
print(cases)
"""


@pytest.mark.skipif(not is_installed("torch"), reason="PyTorch is not installed")
@pytest.mark.skipif(not is_installed("keras"), reason="Keras is not installed")
def test_quick_layers_are_those_of_keras():
    """Answers, gradients and statistics agree for all kernels, strides, sizes and paddings.

    The moving variance is that of a sample in PyTorch, and so by 1 / (n - 1) more. A value that is
    alone, as the mean of one picture is, is normalised to nothing.
    """
    environment = os.environ | {"KERAS_BACKEND": "torch", "OMP_WAIT_POLICY": "PASSIVE"}
    run = subprocess.run(
        [sys.executable, "-c", COMPARE],
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr[-3000:]
    assert run.stdout.split() == ["64"]
