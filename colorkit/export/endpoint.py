"""What an exported file computes, as a function that converters trace."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from colorkit.backends.metadata import Metadata
from colorkit.networks import call

if TYPE_CHECKING:
    import keras

Tensor = Any  # tf.Tensor, which carries no types

SCOPE = "network"
"""Where the network's operators are in the names of a file's tensors."""


def endpoint(model: "keras.Model", metadata: Metadata) -> Callable[..., dict[str, Tensor]]:
    """From tensors, in the order of the model's inputs, to its answers by name."""

    def logits_or_ab(*inputs: Tensor) -> dict[str, Tensor]:
        maps = _called(model, inputs)
        if metadata.output == "ab" and "logits" in maps:
            logits = maps.pop("logits")
            if "ab" not in maps:
                maps["ab"] = _annealed_mean(logits, metadata)
        return maps

    def picture(image: Tensor) -> dict[str, Tensor]:
        from colorkit.export.rgb import calmed, colorized

        def colours(lightness: Tensor) -> Tensor:
            maps = _called(model, [lightness])
            if "logits" not in maps:
                return maps["ab"][..., :2]
            logits = maps["logits"]
            return calmed(_annealed_mean(logits, metadata), logits, metadata.caution or 0)

        [size] = metadata.sizes
        return {"colour": colorized(image, colours, min(size) // metadata.size)}

    return logits_or_ab if metadata.interface == "lightness" else picture


def _called(model: "keras.Model", inputs: Any) -> dict[str, Tensor]:
    import tensorflow as tf

    with tf.name_scope(SCOPE):
        return call(model, inputs)


def _annealed_mean(logits: Tensor, metadata: Metadata) -> Tensor:
    import tensorflow as tf

    # A 1x1 convolution keeps four dimensions, and with them the delegate.
    annealed = tf.nn.softmax(logits / metadata.temperature)
    return tf.nn.conv2d(annealed, tf.constant([[metadata.bins]]), 1, "SAME")
