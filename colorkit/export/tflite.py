"""A Keras network as one TFLite file: converted, quantised, compared, stamped, put in place."""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import colorkit
from colorkit import registry
from colorkit.atomic import write_atomically
from colorkit.backends.metadata import Metadata, Output, write_metadata
from colorkit.bins import PUBLISHED_TEMPERATURE, gamut_bins
from colorkit.errors import ExportError
from colorkit.export import verify
from colorkit.export.convert import Precision, convert, shrink_weights
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
        lightness ``(N, h, w, 1)`` to logits on the 313 ab bins.
    precision : {"float32", "float16", "int8-weights"}
        Of the stored weights; arithmetic is float32 with all of them. "float16" takes half of the
        bytes, "int8-weights" a third, and its colours deviate by a tenth of a Lab unit (``lite``).
    size : tuple of int, optional
        Height and width that the file is bound to, ``N`` being 1; multiples of the network's
        stride. Any size by default. Web pages need a fixed one.
    output : {"logits", "ab"}
        ``logits`` on the bins ``(N, h/k, w/k, 313)``, or ``ab`` ``(N, h/k, w/k, 2)`` in Lab units:
        their annealed mean at the published temperature.

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
    content = shrink_weights(convert(source.model, size, output), precision)
    content = write_metadata(content, _metadata(source, precision, size, output))
    deviation = verify.compare(
        _eager(source.model), content, output, [size] if size else _shapes(source)
    )
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

    from colorkit.networks import build, packaged_weights

    if isinstance(network, str):
        model, (spec, _) = build(network), registry.get_network(network)
        with packaged_weights(spec) as weights:
            sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
        return _Source(model, spec.size, spec.stride, spec.license, sha256)
    if not isinstance(network, keras.Model):
        raise ExportError(f"network must be a name or a keras.Model; received {network!r}")
    _check_model(network)
    known = registry.networks().get(network.name)
    size, stride = (known.size, known.stride) if known else (SIZE, STRIDE)
    return _Source(network, size, stride, license="NOASSERTION", weights_sha256="")


def _check_model(model: "keras.Model") -> None:
    classes = len(gamut_bins())
    shapes = [getattr(model, "input_shape", None), getattr(model, "output_shape", None)]
    if [shape[-1:] if isinstance(shape, tuple) else None for shape in shapes] != [(1,), (classes,)]:
        raise ExportError(
            f"network must be a functional model from lightness (N, h, w, 1) to logits "
            f"(N, h/k, w/k, {classes}); received {model.name!r} from {shapes[0]} to {shapes[1]}"
        )


def _eager(model: "keras.Model") -> Callable[[Any], Any]:
    return lambda lightness: model(lightness, training=False).numpy()


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
