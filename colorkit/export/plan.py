"""What a file is to be: options checked against the network, as the metadata that it will carry."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal, TypedDict, get_args

import colorkit
from colorkit.backends.metadata import Interface, Metadata
from colorkit.bins import PUBLISHED_TEMPERATURE, check_temperature
from colorkit.colorizer import DEFAULT_CAUTION
from colorkit.errors import ExportError, OptionError
from colorkit.export.quantize import DESCRIPTIONS, Precision
from colorkit.export.source import Source

Size = tuple[int, int]
NetworkOutput = Literal["logits", "ab"]

MAX_SIDE = 4096
RANGES = {"image": (0, 255), "lightness": (0, 100), "hints": (-128, 127), "mask": (0, 1)}


class Form(TypedDict, total=False):
    """Options of `export_tflite` that say what the file is to be."""

    precision: Precision
    size: Size | Sequence[Size] | None
    output: NetworkOutput
    temperature: float | None
    interface: Interface
    network_size: int | None


def plan(
    origin: Source,
    *,
    precision: Precision = "float32",
    size: Size | Sequence[Size] | None = None,
    output: NetworkOutput = "logits",
    temperature: float | None = None,
    interface: Interface = "lightness",
    network_size: int | None = None,
) -> Metadata:
    """What a file of a network will say of itself; options are those of `export_tflite`.

    Raises
    ------
    ExportError
        When an option is not known, or does not fit the network or another option.
    """
    _check_choice("precision", precision, get_args(Precision))
    _check_choice("output", output, get_args(NetworkOutput))
    _check_choice("interface", interface, get_args(Interface))
    sizes = _sizes(size, origin.stride)
    if precision in ("int8", "int8-dynamic") and not sizes:
        raise ExportError(
            f"precision {precision!r} wants a size: in a file of any size its convolutions are not "
            f"accelerated, and slower than float32"
        )
    if not origin.bins:
        output = "ab"
    metadata = Metadata(
        name=origin.model.name,
        output=output,
        stride=origin.stride,
        size=min(sizes[0]) if sizes else origin.size,
        temperature=_temperature(origin, output, interface, temperature),
        precision=precision,
        license=origin.license,
        weights_sha256=origin.weights_sha256,
        colorkit=colorkit.__version__,
        sizes=sizes,
        ranges={name: RANGES[name] for name in origin.inputs},
        bins=origin.bins,
        quantization=DESCRIPTIONS[precision],
    )
    if interface == "lightness":
        if network_size is not None:
            raise ExportError(
                f"network_size goes with interface='rgb' or 'gray'; received {network_size!r}"
            )
        return metadata
    return _of_pictures(metadata, interface, network_size)


def _of_pictures(metadata: Metadata, interface: Interface, network_size: int | None) -> Metadata:
    """The same for a file whose input and output are 8-bit pictures."""
    if len(metadata.ranges) > 1 or len(metadata.sizes) != 1:
        raise ExportError(
            f"interface {interface!r} wants one size, and a network without hints; "
            f"received sizes {metadata.sizes} and the network {metadata.name!r}"
        )
    if metadata.output == "ab" and metadata.bins:
        raise ExportError(f"interface {interface!r} gives RGB; received output='ab'")
    [size] = metadata.sizes
    return replace(
        metadata,
        output="rgb",
        interface=interface,
        size=min(size) // _factor(size, metadata.stride, network_size),
        caution=DEFAULT_CAUTION if metadata.bins else None,
        ranges={"image": RANGES["image"]},
    )


def _factor(size: Size, stride: int, network_size: int | None) -> int:
    """How many picture pixels are one of the network's; of those that fit, the nearest to 256."""
    fitting = [n for n in range(1, min(size) + 1) if all(side % (n * stride) == 0 for side in size)]
    if network_size is None:
        return min(fitting, key=lambda n: abs(math.log2(min(size) / n / 256)))
    for factor in fitting:
        if min(size) == factor * network_size:
            return factor
    sides = ", ".join(str(min(size) // n) for n in fitting)
    raise ExportError(
        f"network_size must be a whole fraction of the short side of {size}, and both sides then "
        f"multiples of {stride}: {sides}; received {network_size!r}"
    )


def _check_choice(what: str, value: str, choices: Iterable[str]) -> None:
    if value not in choices:
        raise ExportError(f"{what} must be one of {', '.join(choices)}; received {value!r}")


def _temperature(
    origin: Source, output: str, interface: str, temperature: float | None
) -> float | None:
    """Of the annealed mean inside, if there is one."""
    own_ab = origin.gives_ab and (interface == "lightness" or not origin.bins)
    is_open = output == "logits" and interface == "lightness"
    if temperature is None:
        return None if own_ab or is_open else PUBLISHED_TEMPERATURE
    if own_ab:
        raise ExportError(
            f"temperature shapes ab from logits, and the network {origin.model.name!r} gives ab of "
            f"its own; received temperature={temperature!r}"
        )
    if is_open:
        raise ExportError(
            f"logits leave the temperature open, for whoever reads them; received "
            f"temperature={temperature!r}, which goes with output='ab'"
        )
    try:
        check_temperature(temperature)
    except OptionError as error:
        raise ExportError(str(error)) from error
    return float(temperature)


def _sizes(size: Size | Sequence[Size] | None, stride: int) -> tuple[Size, ...]:
    """None for a file that takes any."""
    if size is None:
        return ()
    several = isinstance(size, Sequence) and len(size) > 0 and isinstance(size[0], Sequence)
    sizes: tuple[Size, ...] = tuple(size) if several else (size,)  # type: ignore[arg-type, assignment]
    for one in sizes:
        _check_size(one, stride)
    if len(set(sizes)) < len(sizes):
        raise ExportError(f"sizes must differ; received {list(sizes)}")
    return sizes


def _check_size(size: object, stride: int) -> None:
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
