"""What was made: the figures of an exported file."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from colorkit.export.measure import Cost
from colorkit.export.verify import Deviation


@dataclass(frozen=True)
class ExportReport:
    """What `export_tflite` or `export_onnx` made.

    Attributes
    ----------
    path : Path
        The file.
    bytes : int
        Its size.
    operators : mapping
        How often it uses each operator, by name.
    deviation : Deviation
        From the Keras network, on photographs.
    cost : Cost or None
        Of running it, of a TFLite file; of an ONNX file it is not measured.
    """

    path: Path
    bytes: int
    operators: Mapping[str, int]
    deviation: Deviation
    cost: Cost | None = None

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self) | {"path": str(self.path)}
