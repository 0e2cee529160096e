"""The files of the OpenCV tutorials: a prototxt, a caffemodel, and the points of the colours."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit import Backend, BackendError, Distribution, HintMap, Prediction, export_onnx
from colorkit.bins import gamut_bins
from colorkit.weights import catalog
from colorkit_opencv.backend import OpenCVBackend
from colorkit_opencv.net import Net, opencv

PathLike = str | os.PathLike[str]
Array = NDArray[np.float32]

SHARPNESS = 2.606
"""What the tutorials fill the layer before the softmax with: 1 / temperature."""


def from_caffe(
    prototxt: PathLike,
    caffemodel: PathLike,
    points: PathLike | None = None,
    *,
    weights: str = "eccv16-caffe",
) -> Backend:
    """Colour with the three files of the tutorials, whichever OpenCV is installed.

    OpenCV 4 reads them itself. Later ones do not: there the model is converted once, which takes
    ``pip install 'colorkit[onnx]'``, into an ONNX file beside it, and that is used from then on.

    Parameters
    ----------
    prototxt, caffemodel, points : str or path
        ``colorization_deploy_v2.prototxt``, ``colorization_release_v2.caffemodel`` and
        ``pts_in_hull.npy``; without the last, the published colours.
    weights : str
        As for `convert`.

    Returns
    -------
    Backend
        With a distribution, so that temperature, caution and variants work.

    Raises
    ------
    BackendError
        When OpenCV is not installed, or refuses the files.
    WeightsError
        When the model is not what ``weights`` says.
    ExportError
        When what the conversion takes is not installed.
    """
    if reads_caffe():
        return CaffeBackend(prototxt, caffemodel, points)
    onnx = Path(caffemodel).with_suffix(".onnx")
    if not onnx.exists():
        convert(caffemodel, onnx, weights=weights)
    return OpenCVBackend(onnx)


def convert(caffemodel: PathLike, onnx: PathLike, *, weights: str = "eccv16-caffe") -> None:
    """Convert the tutorials' model by colorkit's own reader.

    Parameters
    ----------
    caffemodel : str or path
        The published model, which its hash tells; a copy goes to colorkit's cache of weights.
    onnx : str or path
        The file to write, for any size of picture.
    weights : str
        What it is: ``eccv16-caffe``, or ``eccv16-norebal`` for the model that was trained without
        rebalancing.

    Raises
    ------
    WeightsError
        When the model is another, or damaged.
    ExportError
        When Keras, TensorFlow or tf2onnx is not installed.
    """
    catalog.add(caffemodel, weights)
    export_onnx(onnx, "eccv16", weights=weights)


class CaffeBackend:
    """The tutorials' files, read by OpenCV 4.

    Parameters
    ----------
    prototxt, caffemodel, points : str or path
        As for `from_caffe`.

    Raises
    ------
    BackendError
        When OpenCV is not installed, reads no Caffe any more, or refuses the files.
    """

    stride = 8
    size = 224
    accepts_hints = False

    def __init__(
        self, prototxt: PathLike, caffemodel: PathLike, points: PathLike | None = None
    ) -> None:
        self._given = prototxt, caffemodel, points
        if not reads_caffe():
            raise BackendError(
                f"OpenCV {opencv().__version__} reads no Caffe files; colorkit_opencv.from_caffe "
                f"converts them"
            )
        self._bins = gamut_bins() if points is None else _points(points)
        self._net = Net(self._read, os.fspath(caffemodel))

    def __reduce__(self) -> tuple[type["CaffeBackend"], tuple[PathLike | None, ...]]:
        return CaffeBackend, self._given

    def predict(
        self,
        lightness: Array,
        hints: HintMap | None = None,  # none are accepted
    ) -> Prediction:
        """Colour for lightness ``(N, h, w, 1)`` float32 in 0..100."""
        [logits] = self._net.run({"data_l": lightness.transpose(0, 3, 1, 2) - 50}, ["conv8_313"])
        channels_last = np.ascontiguousarray(logits.transpose(0, 2, 3, 1))
        return Prediction(distribution=Distribution(channels_last, self._bins))

    def _read(self, cv2: Any) -> Any:
        prototxt, caffemodel, _ = self._given
        net = cv2.dnn.readNetFromCaffe(_bytes(prototxt), _bytes(caffemodel))
        # Behind the logits, which are all that is asked for; but OpenCV wants them complete.
        fixed = {
            "class8_ab": self._bins.T.reshape(2, -1, 1, 1),
            "conv8_313_rh": np.full((1, len(self._bins)), SHARPNESS),
        }
        for layer, numbers in fixed.items():
            net.getLayer(net.getLayerId(layer)).blobs = [np.ascontiguousarray(numbers, np.float32)]
        return net


def reads_caffe() -> bool:
    """Whether the OpenCV that is installed reads Caffe files: 4 does, 5 does not."""
    return hasattr(opencv().dnn, "readNetFromCaffe")


def _bytes(path: PathLike | None) -> NDArray[np.uint8]:
    assert path is not None
    try:
        return np.frombuffer(Path(path).read_bytes(), np.uint8)
    except OSError as error:
        raise BackendError(f"cannot read {os.fspath(path)!r}: {error.strerror}") from error


def _points(path: PathLike) -> Array:
    """The colours of the classes, ``(Q, 2)``."""
    try:
        points = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise BackendError(f"cannot read {os.fspath(path)!r}: {error}") from error
    if points.ndim != 2 or points.shape[1] != 2:
        raise BackendError(
            f"{os.fspath(path)!r} has an array of shape {points.shape}; colours are (Q, 2)"
        )
    return np.asarray(points, np.float32)
