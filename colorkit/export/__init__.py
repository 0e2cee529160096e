"""Networks as files for other runtimes."""

from colorkit.export.measure import Cost
from colorkit.export.onnx import export_onnx
from colorkit.export.quantize import Precision
from colorkit.export.report import ExportReport
from colorkit.export.tflite import export_tflite
from colorkit.export.verify import Deviation

__all__ = ["Cost", "Deviation", "ExportReport", "Precision", "export_onnx", "export_tflite"]
