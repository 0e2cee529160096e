"""Crops a second in training: `colorkit train` beside a bare loop of PyTorch.

The bare loop is the same network, batch, size, loss and numbers, written as one would without
colorkit: Keras' own layers on PyTorch, `torch.optim.AdamW`, and a batch that lies in memory. What
colorkit does beside it is reading and degrading photographs, averages, metrics and the log.

    KERAS_BACKEND=torch OMP_WAIT_POLICY=PASSIVE python benchmarks/training.py PHOTOS...
"""

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "torch")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import keras
import numpy as np
import torch

from colorkit.photos import photos
from colorkit.training import learner, losses
from colorkit.training.data import Batch
from colorkit.training.loop import Run
from colorkit.training.recipe import Recipe
from colorkit.training.start import start


def bare_step(network: keras.Model, batch: Batch, bfloat16: bool) -> Callable[[], None]:
    """A step as PyTorch people write it."""
    lightness = torch.from_numpy(batch.inputs[0])
    truth = {name: torch.from_numpy(values) for name, values in batch.truth.items()}
    optimizer = torch.optim.AdamW([v.value for v in network.trainable_variables], 1e-4)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            logits = network(lightness, training=True)
        log_p = torch.log_softmax(logits.float(), dim=-1)
        kl = losses.divergence(log_p, truth["bins"].long(), truth["shares"])
        loss = (truth["weight"] * kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return step


def main() -> None:
    """Print both, step by step in turn, and the ratio of the medians."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=192)
    parser.add_argument("--freeze", help="as in block4")
    parser.add_argument("--precision", default="float32", choices=["float32", "bfloat16"])
    given = parser.parse_args()

    recipe = Recipe(
        steps=10**6,
        batch=given.batch,
        crops=(given.crop,),
        freeze=given.freeze,
        precision=given.precision,
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), photos(given.photos), recipe)
        batches = run._batches()
        network = start(recipe)
        learner.freeze(network, recipe)
        quick = learner.quick(network, recipe.precision)
        learner.freeze(quick, recipe)
        batch = next(batches)
        ours = {
            "bare, Keras' layers": bare_step(network, batch, given.precision == "bfloat16"),
            "bare, quick layers": bare_step(quick, batch, False),
            "colorkit": lambda: run._learn(next(batches)),
        }
        seconds: dict[str, list[float]] = {name: [] for name in ours}
        for turn in count():
            for name, step in ours.items():
                began = time.perf_counter()
                step()
                seconds[name].append(time.perf_counter() - began)
            if turn >= given.steps:
                break
        batches.close()
    for name, taken in seconds.items():
        median = np.median(taken[1:])  # the first step prepares
        print(f"{name:24s} {given.batch / median:6.1f} crops/s")
    bare, quick_bare, own = (np.median(taken[1:]) for taken in seconds.values())
    print(f"colorkit / bare: {bare / own:.2f}; / bare with its layers: {quick_bare / own:.2f}")


if __name__ == "__main__":
    main()
