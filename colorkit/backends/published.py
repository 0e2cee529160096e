"""The published networks as backends: converted once into the cache, then run without Keras."""

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from colorkit import registry
from colorkit.backends.litert import LiteRTBackend
from colorkit.errors import BackendError, ExportError
from colorkit.weights import cache

if TYPE_CHECKING:
    from colorkit.export import Precision


class Published(LiteRTBackend):
    """A registered network with fetched weights, run by LiteRT.

    The first use fetches the weights and converts them, which needs Keras and TensorFlow; later
    ones read the file that was made.

    Attributes
    ----------
    network : str
        Name of the `NetworkSpec`.
    precision : str
        As for `colorkit.export_tflite`.
    bound : tuple of int or None
        Height and width that the file is bound to: the whole picture is shrunk to fit into them.
    """

    network: ClassVar[str]
    precision: ClassVar["Precision"] = "float32"
    bound: ClassVar[tuple[int, int] | None] = None

    def __init__(self, *, threads: int | None = None) -> None:
        file = self._converted()
        super().__init__(file.read_bytes(), file.name, threads=threads)

    def __reduce__(self) -> tuple[type["Published"], tuple[()]]:
        return (type(self), ())

    def _converted(self) -> Path:
        """The file in the cache, made where it is not there."""
        weights = registry.networks()[self.network].weights
        with cache.use():
            file = cache.converted(cache.pinned(registry.get_weights(str(weights))), self.precision)
            if not file.exists():
                self._convert(file)
        return file

    def _convert(self, file: Path) -> None:
        from colorkit.export import export_tflite

        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            export_tflite(file, self.network, precision=self.precision, size=self.bound)
        except ExportError as error:
            raise BackendError(
                f"network {self.network!r} has to be converted once before it runs: {error}"
            ) from error


class Eccv16(Published):
    """Zhang, Isola and Efros, ECCV 2016."""

    network = "eccv16"


class Eccv16Int8(Eccv16):
    """The same in 8 bits: about a quarter of the time and of the file, seen in 256 x 256."""

    precision = "int8-dynamic"
    bound = (256, 256)


class Eccv16Norebal(Published):
    """The same network, trained without rebalancing."""

    network = "eccv16-norebal"


class Siggraph17(Published):
    """Zhang et al., SIGGRAPH 2017; takes hints."""

    network = "siggraph17"
