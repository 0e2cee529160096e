"""OpenCV for colorkit: networks in cv2.dnn, exported ones and the Caffe files of the tutorials."""

from collections.abc import Callable

import colorkit
from colorkit.backends.onnx import specs
from colorkit_opencv.backend import OpenCVBackend
from colorkit_opencv.caffe import CaffeBackend, convert, from_caffe

__all__ = ["CaffeBackend", "OpenCVBackend", "convert", "from_caffe"]


@colorkit.hookimpl
def register_backends(register: Callable[[colorkit.BackendSpec], None]) -> None:
    """Register the files that COLORKIT_ONNX names, ``lite.onnx`` as ``lite-opencv``."""
    wanted = {"requires": ("cv2",), "install": "colorkit-opencv[opencv]"}
    for spec in specs(OpenCVBackend, "opencv", **wanted):
        register(spec)
