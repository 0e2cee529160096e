"""ONNX Runtime for colorkit: backends of the files that `colorkit.export_onnx` makes."""

from collections.abc import Callable

import colorkit
from colorkit.backends.onnx import specs
from colorkit_onnx.backend import OnnxBackend

__all__ = ["OnnxBackend"]


@colorkit.hookimpl
def register_backends(register: Callable[[colorkit.BackendSpec], None]) -> None:
    """Register the files that COLORKIT_ONNX names, ``lite.onnx`` as ``lite-onnx``."""
    for spec in specs(OnnxBackend, "onnx", requires=("onnxruntime",)):
        register(spec)
