"""Networks as files for other runtimes."""

from colorkit.export.convert import Precision
from colorkit.export.tflite import ExportReport, export_tflite
from colorkit.export.verify import Deviation

__all__ = ["Deviation", "ExportReport", "Precision", "export_tflite"]
