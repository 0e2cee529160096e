"""A Keras network as one TFLite file: converted, quantised, compared, stamped, put in place."""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import colorkit
from colorkit import registry
from colorkit.atomic import write_atomically
from colorkit.backends.metadata import Metadata, Output, write_metadata
from colorkit.bins import PUBLISHED_TEMPERATURE, gamut_bins, grid_bins
from colorkit.errors import ExportError
from colorkit.export import verify
from colorkit.export.convert import INPUTS, Precision, convert, shrink_weights
from colorkit.specs import is_installed

if TYPE_CHECKING:
    import keras

SIZE, STRIDE = 256, 32
"""Of a model that is not registered as a network."""

MAX_SIDE = 4096


@dataclass(frozen=True)
class ExportReport:
    """What `export_tflite` made.

    Attributes
    ----------
    path : Path
        The file.
    bytes : int
        Its size.
    operators : mapping
        How often it uses each TFLite operator, by name.
    deviation : Deviation
        From the Keras network, on synthetic pictures.
    """

    path: Path
    bytes: int
    operators: Mapping[str, int]
    deviation: verify.Deviation


@dataclass(frozen=True)
class _Source:
    """A network and what the file should say of it."""

    model: "keras.Model"
    size: int
    stride: int
    license: str
    weights_sha256: str


def export_tflite(
    path: str | os.PathLike[str],
    network: "str | keras.Model",
    *,
    precision: Precision = "float32",
    size: tuple[int, int] | None = None,
    output: Output = "logits",
) -> ExportReport:
    """Write a network as one TFLite file, for LiteRT on a computer, a phone or a web page.

    The file's signature ``colorize`` takes ``lightness`` ``(N, h, w, 1)`` float32 in 0..100. Before
    the file is put in place, it is run beside Keras; one that deviates is not written.

    Parameters
    ----------
    path : str or path
        The file, ending in ``.tflite``; replaced if it exists.
    network : str or keras.Model
        Name of a registered network, which takes its own weights, or a functional model from
        lightness ``(N, h, w, 1)`` to logits on the 313 ab bins, or with the inputs and outputs of
        `siggraph17`.
    precision : {"float32", "float16", "int8-weights", "int8-dynamic"}
        Of the stored weights; small kernels stay float32 in the last two. "int8-weights" is a
        quarter of the size, and its arithmetic float32 as with the first two; "int8-dynamic"
        multiplies in 8 bits, which is faster in networks of large convolutions, and wants a size.
    size : tuple of int, optional
        Height and width that the file is bound to, ``N`` being 1; multiples of the network's
        stride. Any size by default. Web pages need a fixed one.
    output : {"logits", "ab"}
        ``logits`` on the bins ``(N, h/k, w/k, 313)``, or ``ab`` ``(N, h/k, w/k, 2)`` in Lab units:
        their annealed mean at the published temperature. A network that has ab of its own gives
        that, in both cases.

    Returns
    -------
    ExportReport
        Size, operators and deviation.

    Raises
    ------
    ExportError
        When an option is not known or does not fit, a package is missing, Keras does not run on
        TensorFlow, the network cannot be converted, the file deviates, or it cannot be written.
    """
    path = Path(path)
    _check_options(path, precision, output)
    _check_packages(precision)
    source = _source(network)
    _check_size(size, source.stride)
    if precision == "int8-dynamic" and size is None:
        raise ExportError(
            "precision 'int8-dynamic' wants a size: in a file of any size its convolutions are not "
            "accelerated, and slower than float32"
        )
    content = shrink_weights(convert(source.model, size, output), precision)
    content = write_metadata(content, _metadata(source, precision, size, output))
    inputs = INPUTS[: len(source.model.inputs)]
    shapes = [size] if size else _shapes(source)
    deviation = verify.compare(_eager(source.model), content, inputs, shapes)
    verify.check(deviation, precision)
    try:
        write_atomically(path, content)
    except OSError as error:
        raise ExportError(f"cannot write {os.fspath(path)!r}: {error}") from error
    return ExportReport(path, len(content), verify.operators(content), deviation)


def _check_options(path: Path, precision: str, output: str) -> None:
    if path.suffix.lower() != ".tflite":
        raise ExportError(f"the file's name must end in .tflite; received {os.fspath(path)!r}")
    if not path.parent.is_dir():
        raise ExportError(f"there is no folder {os.fspath(path.parent)!r}; make it first")
    for what, value, choices in (
        ("precision", precision, get_args(Precision)),
        ("output", output, get_args(Output)),
    ):
        if value not in choices:
            raise ExportError(f"{what} must be one of {', '.join(choices)}; received {value!r}")


def _check_packages(precision: str) -> None:
    wanted = {"keras": "keras", "tensorflow": "tensorflow", "ai_edge_litert": "ai-edge-litert"}
    if precision != "float32":
        wanted["ai_edge_quantizer"] = "ai-edge-quantizer"
    missing = [package for module, package in wanted.items() if not is_installed(module)]
    if missing:
        raise ExportError(
            f"export to TFLite needs {', '.join(missing)}: pip install 'colorkit[export]'"
        )
    import keras

    if keras.backend.backend() != "tensorflow":
        raise ExportError(
            f"export to TFLite needs Keras to run on TensorFlow, and here it runs on "
            f"{keras.backend.backend()!r}; set the environment variable KERAS_BACKEND=tensorflow "
            f"before Python starts (weights may come from any Keras backend)"
        )


def _check_size(size: tuple[int, int] | None, stride: int) -> None:
    if size is None:
        return
    if not isinstance(size, tuple) or len(size) != 2 or any(type(n) is not int for n in size):
        raise ExportError(f"size must be (height, width) in pixels, or None; received {size!r}")
    if any(not 0 < side <= MAX_SIDE or side % stride for side in size):
        sides = [min(max(side, stride), MAX_SIDE // stride * stride) for side in size]
        below = tuple(side // stride * stride for side in sides)
        above = tuple(-(-side // stride) * stride for side in sides)
        fitting = f"{below} fits" if below == above else f"{below} and {above} fit"
        raise ExportError(
            f"sides must be multiples of {stride}, at most {MAX_SIDE}; received {size}; {fitting}"
        )


def _source(network: "str | keras.Model") -> _Source:
    import keras

    from colorkit.networks import build, default_weights

    if isinstance(network, str):
        model, (spec, _) = build(network), registry.get_network(network)
        with default_weights(spec) as weights:
            sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        return _Source(model, spec.size, spec.stride, spec.license, sha256)
    if not isinstance(network, keras.Model):
        raise ExportError(f"network must be a name or a keras.Model; received {network!r}")
    _check_model(network)
    known = registry.networks().get(network.name)
    size, stride = (known.size, known.stride) if known else (SIZE, STRIDE)
    return _Source(network, size, stride, license="NOASSERTION", weights_sha256="")


def _check_model(model: "keras.Model") -> None:
    takes = [it.shape[-1] for it in getattr(model, "inputs", None) or []]
    gives = [it.shape[-1] for it in getattr(model, "outputs", None) or []]
    known = [[len(gamut_bins())], [2, len(grid_bins())]]
    if takes not in ([1], [1, 2, 1]) or gives not in known:
        raise ExportError(
            f"network must be a functional model from lightness (N, h, w, 1), perhaps with hints "
            f"(N, h, w, 2) and mask (N, h, w, 1), to logits (N, h/k, w/k, {known[0][0]}), or to ab "
            f"and logits on {known[1][1]} bins; received {model.name!r} with {takes} channels "
            f"in and {gives} out"
        )


def _eager(model: "keras.Model") -> verify.Network:
    from colorkit.networks import call

    return lambda inputs: {name: answer.numpy() for name, answer in call(model, inputs).items()}


def _shapes(source: _Source) -> list[tuple[int, int]]:
    """One square, one not, so that a file of any size has to show it."""
    return [(source.size, source.size), (4 * source.stride, 6 * source.stride)]


def _metadata(
    source: _Source, precision: str, size: tuple[int, int] | None, output: Output
) -> Metadata:
    return Metadata(
        name=source.model.name,
        output=output,
        stride=source.stride,
        size=min(size) if size else source.size,
        temperature=PUBLISHED_TEMPERATURE if output == "ab" else None,
        precision=precision,
        license=source.license,
        weights_sha256=source.weights_sha256,
        colorkit=colorkit.__version__,
    )
