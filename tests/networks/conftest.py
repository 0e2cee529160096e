import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from colorkit.specs import is_installed

Arrays = list[NDArray[np.float32]]
Predict = Callable[[str, str, float, dict[str, NDArray[np.float32]], list[Arrays]], list[Arrays]]

PREDICT = """
import sys
from importlib import import_module

import keras
import numpy as np

from colorkit.networks import load_weights

name, width, folder = sys.argv[1], float(sys.argv[2]), sys.argv[3]
build = getattr(import_module(f"colorkit.networks.{name}"), name)
network = build(width=width)
with np.load(f"{folder}/weights.npz") as weights:
    load_weights(network, dict(weights), "random weights")
with np.load(f"{folder}/inputs.npz") as inputs:
    inputs = dict(inputs)
answers = {}
for case in sorted({key.partition(" ")[0] for key in inputs}):
    given = [inputs[key] for key in sorted(inputs) if key.startswith(f"{case} ")]
    found = network(given if len(given) > 1 else given[0], training=False)
    for i, answer in enumerate(found if isinstance(found, list) else [found]):
        answers[f"{case} {i}"] = keras.ops.convert_to_numpy(answer)
np.savez(f"{folder}/answers.npz", **answers)
"""


@pytest.fixture(scope="session", params=["tensorflow", "torch", "jax"])
def keras_backend(request: pytest.FixtureRequest) -> str:
    """Give each backend of Keras that is installed."""
    if not is_installed(request.param):
        pytest.skip(f"{request.param} is not installed")
    return str(request.param)


@pytest.fixture
def predict(tmp_path: Path) -> Predict:
    """Run a network of given width and weights, in a process with that backend of Keras.

    There are several cases, each a list of inputs; each answer is the list of outputs.
    """

    def predict(backend, name, width, weights, cases):
        numbered = {f"{i} {j}": x for i, case in enumerate(cases) for j, x in enumerate(case)}
        np.savez(tmp_path / "weights.npz", **weights)
        np.savez(tmp_path / "inputs.npz", **numbered)
        subprocess.run(
            [sys.executable, "-c", PREDICT, name, str(width), tmp_path],
            env=os.environ | {"KERAS_BACKEND": backend, "OMP_WAIT_POLICY": "PASSIVE"},
            check=True,
        )
        with np.load(tmp_path / "answers.npz") as answers:
            return [
                [answers[key] for key in sorted(answers) if key.startswith(f"{i} ")]
                for i in range(len(cases))
            ]

    return predict


@pytest.fixture(scope="session")
def randomised() -> Callable[..., Any]:
    """Give a PyTorch network random numbers, normalisations' statistics included."""

    def randomised(net, seed=0):
        import torch
        from torch import nn

        torch.manual_seed(seed)
        with torch.no_grad():
            for module in net.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight)
                elif isinstance(module, nn.ConvTranspose2d):
                    # Of the 4x4 kernel, 2x2 numbers meet in an output.
                    module.weight.normal_(0, (2 / (4 * module.in_channels)) ** 0.5)
                elif isinstance(module, nn.BatchNorm2d):
                    module.weight.uniform_(0.5, 1.5)
                    module.running_mean.uniform_(0, 1)
                    # Some are small, so that epsilon counts.
                    module.running_var.copy_(
                        10 ** torch.empty_like(module.weight).uniform_(-2, 0.5)
                    )
                if getattr(module, "bias", None) is not None:
                    module.bias.normal_(0, 0.3)
        return net.eval()

    return randomised
