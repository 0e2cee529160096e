"""From a network to its TFLite files: what all precisions share is made once."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from colorkit.backends.metadata import Metadata, write_metadata
from colorkit.backends.screening import screen
from colorkit.errors import BackendError, ExportError
from colorkit.export import measure, pictures, verify
from colorkit.export.convert import convert
from colorkit.export.quantize import Samples, quantize
from colorkit.export.report import ExportReport
from colorkit.export.source import Source, sample_sizes
from colorkit.export.views import Arrays


@dataclass(frozen=True, eq=False)
class Draft:
    """What all precisions of a file have in common.

    Attributes
    ----------
    origin : Source
        The network.
    float32 : bytes
        The file that is quantized, and that others are timed beside.
    seen : sequence of ndarray
        Photographs, as of `pictures.load`.
    wanted : sequence of dict
        What the network answers to them in Keras.
    """

    origin: Source
    float32: bytes
    seen: Sequence[pictures.Picture]
    wanted: Sequence[Arrays]


def draft(origin: Source, metadata: Metadata, photos: pictures.Paths) -> Draft:
    """Convert a network, and run it on photographs."""
    float32 = convert(origin, metadata)
    seen = pictures.load(photos, metadata.sizes or sample_sizes(origin))
    return Draft(origin, float32, seen, verify.answers(origin.model, metadata, seen))


def finish(
    path: Path, draft: Draft, metadata: Metadata, samples: Samples
) -> tuple[bytes, ExportReport]:
    """A file in its precision, not yet written, and what was measured."""
    content = quantize(draft.float32, metadata, draft.origin.model, samples)
    content = write_metadata(content, metadata)
    _screen(content, path)
    deviation = verify.compare(draft.wanted, measure.runner(content), metadata, draft.seen)
    rival = None if metadata.precision == "float32" else draft.float32
    cost = measure.cost(content, pictures.network_inputs(draft.seen[0], metadata), rival)
    report = ExportReport(path, len(content), measure.operators(content), deviation, cost)
    return content, report


def _screen(content: bytes, path: Path) -> None:
    """What colorkit itself would not load is not written."""
    try:
        screen(content, path)
    except BackendError as error:
        raise ExportError(str(error)) from error
