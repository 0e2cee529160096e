"""All precisions and interfaces of a network in one table."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from colorkit.errors import ExportError
from colorkit.export import verify
from colorkit.export.draft import draft, finish
from colorkit.export.pictures import Paths
from colorkit.export.plan import plan
from colorkit.export.quantize import Precision
from colorkit.export.report import ExportReport
from colorkit.export.source import Weights, source
from colorkit.export.tflite import check_runtimes, samples

if TYPE_CHECKING:
    import keras

INTERFACES: dict[str, dict[str, Any]] = {
    "L\\* to logits, 256 x 256": {"size": (256, 256)},
    "RGB to RGB, 512 x 512": {"size": (512, 512), "interface": "rgb"},
}
UNWRITTEN = Path("network.tflite")
HEAD = [
    *("file", "precision", "bytes", "ms", "speed", "MB"),
    *("mean", "max", "dE00", "AuC lost", "delegated"),
]


def overview(
    network: "str | keras.Model",
    *,
    weights: Weights = "default",
    calibration: Paths = (),
    photos: Paths = (),
) -> str:
    """What each way to export a network costs, as a Markdown table; below it, what cannot be had.

    Parameters
    ----------
    network, weights, calibration, photos
        As for `colorkit.export_tflite`. Without photographs for calibration, "int8" is left out.
    """
    calibration, photos = list(calibration), list(photos)
    precisions = [it for it in get_args(Precision) if it != "int8" or calibration]
    rows, refused, left_out = [HEAD, ["---"] * len(HEAD)], [], []
    check_runtimes(precisions[-1])
    origin = source(network, weights)
    for interface, form in INTERFACES.items():
        try:
            base = plan(origin, **form)
        except ExportError as error:
            left_out.append(f"- {interface}: {error}")
            continue
        common = draft(origin, base, photos)
        for precision in precisions:
            metadata = plan(origin, precision=precision, **form)
            _, made = finish(UNWRITTEN, common, metadata, samples(calibration, metadata))
            rows.append([interface, f"`{precision}`", *_cells(made)])
            faults = verify.faults(made.deviation, precision, made.cost)
            refused += [f"- {interface}: {fault}" for fault in faults]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if refused:
        lines += ["", "Refused without `--force`:", "", *refused]
    if left_out:
        lines += ["", "Left out:", "", *left_out]
    return "\n".join(lines)


def _cells(made: ExportReport) -> Iterator[str]:
    far, cost = made.deviation, made.cost
    assert cost is not None  # a TFLite file is run
    yield f"{made.bytes / 1e6:.1f} M"
    yield f"{cost.milliseconds:.0f}"
    yield "" if cost.times_float32 is None else f"{cost.times_float32:.2f}"
    yield "" if cost.megabytes is None else f"{cost.megabytes:.0f}"
    yield f"{far.mean_ab:.2g}"
    yield f"{far.max_ab:.2g}"
    yield f"{far.ciede2000:.2g}"
    yield "" if far.auc_drop is None else f"{far.auc_drop:.2f}"
    yield f"{sum(cost.partitions)} of {sum(made.operators.values())}"
