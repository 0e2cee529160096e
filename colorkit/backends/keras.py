"""Networks run by Keras, on any of its backends."""

import os
from typing import Any

import keras
import numpy as np

from colorkit.backends.base import Array, HintMap, Prediction, no_hints, prediction
from colorkit.errors import BackendError
from colorkit.networks import build, call

_PROCESS = os.getpid()


class KerasBackend:
    """A Keras network as a backend: for one being trained, or where LiteRT does not run.

    Attributes
    ----------
    size : int
        Preferred short side of the input, in pixels.
    stride : int
        Sides of the input are multiples of this.
    accepts_hints : bool
        Whether the network has inputs for them.
    """

    def __init__(
        self,
        network: keras.Model,
        size: int = 256,
        stride: int = 32,
        bins: Array | None = None,
        sha256: str | None = None,
    ) -> None:
        """Keep the network; it is neither copied nor changed.

        Parameters
        ----------
        network : keras.Model
            From lightness ``(N, h, w, 1)`` in 0..100 to logits on the ab bins, or to ab in Lab
            units (two channels for each colour, best first), or with the inputs and outputs of
            `siggraph17`.
        size, stride : int
            As above.
        bins : ndarray, optional
            ``(Q, 2)``, what logits stand for, in Lab units; needed where they are neither the 313
            bins nor the grid of 529.
        sha256 : str, optional
            Of the file that its weights come from, for the note in pictures.
        """
        self.network = network
        self.size = size
        self.stride = stride
        self.bins = bins
        self.sha256 = sha256
        self.accepts_hints = len(network.inputs) > 1

    def predict(self, lightness: Array, hints: HintMap | None = None) -> Prediction:
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
        inputs = [lightness]
        if self.accepts_hints:
            given = hints or no_hints(lightness)
            inputs += [given.ab, given.mask]
        # Not network.predict: on TensorFlow it traces for unknown sizes from the second size on,
        # and Keras' bilinear upsampling cannot be traced so.
        answers = call(self.network, inputs)
        maps = {name: _array(answer) for name, answer in answers.items()}
        return prediction(**maps, bins=self.bins)


def _array(tensor: Any) -> Array:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float32)


class LiteKeras(KerasBackend):
    """The embedded network, from the weights that the TFLite file was made of."""

    def __init__(self) -> None:
        super().__init__(build("lite"))

    def __reduce__(self) -> tuple[type["LiteKeras"], tuple[()]]:
        return (LiteKeras, ())


class Eccv16Keras(KerasBackend):
    """Zhang, Isola and Efros, ECCV 2016, with the published weights."""

    def __init__(self) -> None:
        super().__init__(build("eccv16"), stride=8)

    def __reduce__(self) -> tuple[type["Eccv16Keras"], tuple[()]]:
        return (Eccv16Keras, ())


class Siggraph17Keras(KerasBackend):
    """Zhang et al., SIGGRAPH 2017, with the published weights."""

    def __init__(self) -> None:
        super().__init__(build("siggraph17"), stride=8)

    def __reduce__(self) -> tuple[type["Siggraph17Keras"], tuple[()]]:
        return (Siggraph17Keras, ())
