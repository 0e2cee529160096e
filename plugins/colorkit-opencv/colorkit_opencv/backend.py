"""Networks in ONNX files, run by OpenCV."""

import os

import numpy as np
from numpy.typing import NDArray

from colorkit import BackendError
from colorkit.backends.onnx import OnnxNetwork
from colorkit_opencv.net import Net

Maps = dict[str, NDArray[np.float32]]


class OpenCVBackend(OnnxNetwork):
    """A network in a file that `colorkit.export_onnx` made, run by cv2.dnn.

    OpenCV 5 runs all of them, OpenCV 4 those that are bound to a size. Threads that ask at once
    take turns; each prediction has the threads of ``cv2.setNumThreads``.

    Parameters
    ----------
    path : str or path
        The file.
    threads : int, optional
        Not heeded: OpenCV has one number of threads for the whole process.

    Raises
    ------
    BackendError
        When the file cannot be read, keeps numbers elsewhere, was not exported by colorkit, or
        OpenCV cannot run it.

    Examples
    --------
    >>> import colorkit
    >>> from colorkit_opencv import OpenCVBackend
    >>> colour = colorkit.colorize(gray, OpenCVBackend("lite.onnx"))  # doctest: +SKIP
    """

    def __init__(self, path: str | os.PathLike[str], *, threads: int | None = None) -> None:
        super().__init__(path, threads=threads)
        content = np.frombuffer(self.model, np.uint8)
        self._net = Net(lambda cv2: cv2.dnn.readNetFromONNX(content), self.path)
        if not self.metadata.sizes:
            self._try()

    def run(self, inputs: Maps) -> Maps:
        """Ask the network; see `colorkit.backends.onnx.OnnxNetwork.run`."""
        outputs = self._net.outputs
        return dict(zip(outputs, self._net.run(inputs, outputs), strict=True))

    def _try(self) -> None:
        """Find out now what only shows when it runs."""
        try:
            self.predict(np.zeros((1, self.stride, 2 * self.stride, 1), np.float32))
        except BackendError as error:
            raise BackendError(
                f"{error}; export the network with one size, or install OpenCV 5"
            ) from error
