"""The trained networks: each a TFLite file in this package, run by LiteRT."""

from importlib.resources import files
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from colorkit import HintMap, Prediction
from colorkit.backends.litert import LiteRTBackend

MODELS = files("colorkit_zoo").joinpath("models")


class Trained(LiteRTBackend):
    """A network of the zoo.

    Parameters
    ----------
    threads : int, optional
        For one prediction; as many as there are cores by default.
    """

    name: ClassVar[str]

    def __init__(self, *, threads: int | None = None) -> None:
        file = MODELS.joinpath(f"{self.name}.tflite")
        super().__init__(file.read_bytes(), file.name, threads=threads)

    def __reduce__(self) -> tuple[type["Trained"], tuple[()]]:
        return (type(self), ())


class RegFull(Trained):
    """Regression from the whole picture."""

    name = "reg_full"


class RegFullVgg(Trained):
    """Regression from an encoder's features."""

    name = "reg_full_vgg"


class RegPart(Trained):
    """Regression from tiles."""

    name = "reg_part"


class ClassWeights(Trained):
    """Classification of tiles, rebalanced."""

    name = "class_weights"


class ClassWoWeights(Trained):
    """Classification of tiles, not rebalanced."""

    name = "class_wo_weights"


class Autoencoder(Trained):
    """Regression by an autoencoder."""

    name = "autoencoder"


class Fav:
    """Lei and Chen's two networks: several colourings, and what a frame has from the one before.

    Parameters
    ----------
    threads : int, optional
        As of `Trained`.
    """

    accepts_hints = False
    refines = True

    def __init__(self, *, threads: int | None = None) -> None:
        file = MODELS.joinpath("fav.tflite")
        self._network = LiteRTBackend(file.read_bytes(), file.name, threads=threads)
        self.stride, self.size = self._network.stride, self._network.size
        self.sha256 = self._network.sha256

    def __reduce__(self) -> tuple[type["Fav"], tuple[()]]:
        return (Fav, ())

    def predict(self, lightness: NDArray[np.float32], hints: HintMap | None = None) -> Prediction:
        """Colours for lightness; hints are those that have arrived from the frame before."""
        return self._network.predict(lightness, hints)
