"""All precisions and interfaces of a network in one table."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from colorkit.export.pictures import Paths
from colorkit.export.quantize import Precision
from colorkit.export.report import ExportReport
from colorkit.export.source import Weights
from colorkit.export.tflite import export_tflite

INTERFACES: dict[str, dict[str, Any]] = {
    "L\\* to logits, 256 x 256": {"size": (256, 256)},
    "RGB to RGB, 512 x 512": {"size": (512, 512), "interface": "rgb"},
}
HEAD = ("file", "precision", "bytes", "ms", "MB", "mean", "max", "dE00", "AuC lost", "delegated")


def overview(
    network: str, *, weights: Weights = "default", calibration: Paths = (), photos: Paths = ()
) -> str:
    """A Markdown table: what each way to export a network costs.

    Parameters
    ----------
    network, weights, calibration, photos
        As for `colorkit.export_tflite`. Without photographs for calibration, "int8" is left out.
    """
    calibration, photos = list(calibration), list(photos)
    options: dict[str, Any] = {"weights": weights, "calibration": calibration, "photos": photos}
    precisions = [it for it in get_args(Precision) if it != "int8" or calibration]
    lines = [HEAD, ["---"] * len(HEAD)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "network.tflite")
        for interface, form in INTERFACES.items():
            for precision in precisions:
                made = export_tflite(
                    path, network, precision=precision, force=True, **options, **form
                )
                lines.append([interface, f"`{precision}`", *_cells(made)])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cells(made: ExportReport) -> Iterator[str]:
    far, cost = made.deviation, made.cost
    assert cost is not None  # a TFLite file is run
    yield f"{made.bytes / 1e6:.1f} M"
    yield f"{cost.milliseconds:.0f}"
    yield "" if cost.megabytes is None else f"{cost.megabytes:.0f}"
    yield f"{far.mean_ab:.2g}"
    yield f"{far.max_ab:.2g}"
    yield f"{far.ciede2000:.2g}"
    yield "" if far.auc_drop is None else f"{far.auc_drop:.2f}"
    yield f"{sum(cost.partitions)} of {sum(made.operators.values())}"
