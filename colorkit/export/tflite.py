"""A Keras network as one TFLite file: planned, made, compared, put in place."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from colorkit.backends.metadata import Metadata, signature_names
from colorkit.errors import ExportError
from colorkit.export import pictures, verify
from colorkit.export.draft import draft, finish
from colorkit.export.plan import Form, plan
from colorkit.export.quantize import Samples
from colorkit.export.report import ExportReport
from colorkit.export.source import Weights, check_packages, check_path, put, source

if TYPE_CHECKING:
    import keras


def export_tflite(
    path: str | os.PathLike[str],
    network: "str | keras.Model",
    *,
    weights: Weights = "default",
    license: str | None = None,
    calibration: pictures.Paths = (),
    photos: pictures.Paths = (),
    force: bool = False,
    **form: Unpack[Form],
) -> ExportReport:
    """Write a network as one TFLite file, for LiteRT on a computer, a phone or a web page.

    The file's signature ``colorize`` takes ``lightness`` ``(N, h, w, 1)`` float32 in 0..100, or
    with another interface ``image``. Before the file is put in place, it is run beside Keras; one
    that deviates is not written.

    Parameters
    ----------
    path : str or path
        The file, ending in ``.tflite``; replaced if it exists.
    network : str or keras.Model
        Name of a registered network, or a functional model from lightness ``(N, h, w, 1)`` to
        logits on the 313 ab bins, to ab (two channels for each colour, best first, up to eight
        colours), or with the inputs and outputs of `siggraph17`.
    weights : str, path or None
        Of a network that is named: as for `colorkit.networks.build`.
    license : str, optional
        Of the weights, as an SPDX expression, for the file's metadata; by default what is known of
        those that colorkit or a plugin brings, and "NOASSERTION" for others.
    calibration : iterable of path
        Photographs, folders of them, or tar files, on which "int8" is calibrated: some dozens, of
        the kinds that the file will see.
    photos : iterable of path
        Others, on which the file is compared with Keras; by default the one photograph that comes
        with colorkit.
    force : bool
        Write the file even if it deviates, or "int8-dynamic" is not faster than "float32".
    precision : {"float32", "float16", "int8-weights", "int8-dynamic", "int8"}
        Of weights, and in the last two of the arithmetic. "int8-weights" is a quarter of the size.
        "int8-dynamic" multiplies in 8 bits where kernels are large, which makes some networks
        faster and others slower: it is timed beside float32, and refused where it is slower.
        "int8" does throughout, by ranges that it learns from ``calibration``; the two ends of the
        network stay float32. The last two want a size.
    size : tuple of int, or sequence of them, optional
        Height and width that the file is bound to, ``N`` being 1; multiples of the network's
        stride. Several sizes become signatures that share the weights, ``colorize_256x384`` and so
        on. Any size by default. Web pages and accelerators need fixed ones.
    output : {"logits", "ab"}
        ``logits`` on the bins ``(N, h/k, w/k, 313)``, or ``ab`` ``(N, h/k, w/k, 2)`` in Lab units:
        their annealed mean. A network that has ab of its own gives that, in both cases.
    temperature : float, optional
        Of the annealed mean inside; by default the published 0.38. Logits leave it open, and ab
        that a network has of its own is not shaped by any.
    interface : {"lightness", "gray", "rgb"}
        ``lightness`` as above; or ``image``, a picture ``(1, H, W, 1)`` or ``(1, H, W, 3)`` uint8
        of ``size``, to ``colour`` ``(1, H, W, 3)`` uint8: all that `colorkit.colorize` does, with
        its default options.
    network_size : int, optional
        Of such a file: the short side of what the network sees, a whole fraction of the picture's;
        by default the one that is nearest to 256.

    Returns
    -------
    ExportReport
        Size, operators, deviation and cost.

    Raises
    ------
    ExportError
        When an option is not known or does not fit, a package is missing, Keras does not run on
        TensorFlow, the network cannot be converted, the file deviates or is slow for nothing, or
        it cannot be written.
    """
    path = Path(path)
    check_path(path, ".tflite")
    check_runtimes(form.get("precision", "float32"))
    origin = source(network, weights, license)
    metadata = plan(origin, **form)
    inputs = samples(calibration, metadata)
    content, report = finish(path, draft(origin, metadata, photos), metadata, inputs)
    if not force:
        verify.check(report.deviation, metadata.precision, report.cost)
    put(path, content)
    return report


def check_runtimes(precision: str) -> None:
    """Name the packages that are not installed."""
    wanted = {"ai_edge_litert": "ai-edge-litert", "skimage": "scikit-image"}
    if precision != "float32":
        wanted["ai_edge_quantizer"] = "ai-edge-quantizer"
    check_packages(wanted, "TFLite", "export")


def samples(calibration: pictures.Paths, metadata: Metadata) -> Samples:
    """Inputs for each signature, where there is something to calibrate."""
    if metadata.precision != "int8":
        return {}
    paths = list(calibration)
    if not paths:
        raise ExportError(
            "precision 'int8' learns its ranges from photographs: give calibration= some dozens of "
            "the kinds that the file will see, historic ones too"
        )
    return {
        name: [pictures.network_inputs(it, metadata) for it in pictures.load(paths, [size])]
        for name, size in signature_names(metadata).items()
        if size is not None
    }
