"""Networks run by Keras, on any of its backends."""

import os

import keras
import numpy as np

from colorkit.backends.base import Array, HintMap, Prediction
from colorkit.bins import Distribution
from colorkit.errors import BackendError
from colorkit.networks import build

_PROCESS = os.getpid()


class KerasBackend:
    """A Keras network as a backend: for one being trained, or where LiteRT does not run.

    Attributes
    ----------
    size : int
        Preferred short side of the input, in pixels.
    stride : int
        Sides of the input are multiples of this.
    """

    accepts_hints = False

    def __init__(self, network: keras.Model, size: int = 256, stride: int = 32) -> None:
        """Keep the network; it is neither copied nor changed.

        Parameters
        ----------
        network : keras.Model
            From lightness ``(N, h, w, 1)`` in 0..100 to logits on the 313 ab bins.
        size, stride : int
            As above.
        """
        self.network = network
        self.size = size
        self.stride = stride

    def predict(
        self,
        lightness: Array,
        hints: HintMap | None = None,
    ) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100.

        Raises
        ------
        BackendError
            In a process that was forked from one where Keras ran: it would wait forever.
        """
        if os.getpid() != _PROCESS:
            raise BackendError(
                "Keras does not survive a fork; start processes with multiprocessing's 'spawn' or "
                "'forkserver', or use the backend 'lite'"
            )
        # Not network.predict: on TensorFlow it traces for unknown sizes from the second size on,
        # and Keras' bilinear upsampling cannot be traced so.
        logits = keras.ops.convert_to_numpy(self.network(lightness, training=False))
        return Prediction(distribution=Distribution(np.asarray(logits, np.float32)))


class LiteKeras(KerasBackend):
    """The embedded network, from the weights that the TFLite file was made of."""

    def __init__(self) -> None:
        super().__init__(build("lite"))

    def __reduce__(self) -> tuple[type["LiteKeras"], tuple[()]]:
        return (LiteKeras, ())
