"""A network that learns from pairs of frames: colours, and that things keep them."""

from typing import Any, ClassVar

import keras
from keras import layers, ops

from colorkit import registry
from colorkit.specs import NetworkSpec
from colorkit.training.learner import Learner


def paired() -> keras.Model:
    lightness = keras.Input((None, None, 1), name="lightness")
    hints = keras.Input((None, None, 2), name="hints")
    mask = keras.Input((None, None, 1), name="mask")
    x = layers.Concatenate(name="given")([lightness, hints, mask])
    x = layers.Conv2D(8, 3, 4, "same", activation="relu", name="stem")(x)
    ab = layers.Conv2D(4, 1, name="ab")(x)
    return keras.Model([lightness, hints, mask], ab, name="paired")


class PairsLearner(Learner):
    """Nearest of two colours, and the distance of the first to that where it came from."""

    pairs: ClassVar[bool] = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.ranked = keras.metrics.Mean(name="ranked")
        self.temporal = keras.metrics.Mean(name="temporal")

    def call(self, inputs: list[Any], training: bool | None = None) -> Any:
        nothing = ops.zeros_like(inputs[0])
        hints = ops.concatenate([nothing, nothing], axis=-1)
        return self.body([inputs[0], hints, nothing], training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: None = None,
        training: bool = True,
    ) -> Any:
        first, other = y_pred[..., :2], y_pred[..., 2:]
        apart = [ops.mean(ops.abs(ab - y["ab"]), axis=-1) for ab in (first, other)]
        ranked = ops.mean(ops.minimum(*apart)) + 0.1 * ops.mean(apart[0])
        n, size = y["origin"].shape
        before, after = (ops.reshape(part, (n, size, 2)) for part in (first[:n], first[n:]))
        came = ops.take_along_axis(before, y["origin"][..., None], axis=1)
        moved = ops.mean(ops.abs(after - came), axis=-1)
        temporal = ops.mean(ops.reshape(y["trust"], (n, size)) * moved)
        self.ranked.update_state(ranked)
        self.temporal.update_state(temporal)
        return ranked + temporal


def register() -> str:
    """Let colorkit know it, and give its name."""
    spec = NetworkSpec(
        "paired",
        "pairs_network:paired",
        size=64,
        stride=4,
        learner="pairs_network:PairsLearner",
    )
    registry._default.register(spec, __name__)
    return spec.name
