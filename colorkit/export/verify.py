"""Whether a TFLite file says what its Keras network says."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from colorkit.bins import Distribution
from colorkit.errors import ExportError

Array = NDArray[np.float32]
Answers = dict[str, Array]
Network = Callable[[Sequence[Array]], Answers]


@dataclass(frozen=True)
class Deviation:
    """How far a file is from its network, on pictures that neither was made for.

    Attributes
    ----------
    mean_ab, max_ab : float
        Of |delta ab| in Lab units, by the annealed mean at the published temperature.
    mean_logits, max_logits : float or None
        Of |delta logits|; None where the file's output is ab.
    """

    mean_ab: float
    max_ab: float
    mean_logits: float | None = None
    max_logits: float | None = None


LIMITS = {
    "float32": Deviation(mean_ab=0.001, max_ab=0.1),
    "float16": Deviation(mean_ab=0.1, max_ab=3),
    "int8-weights": Deviation(mean_ab=1, max_ab=20),
    "int8-dynamic": Deviation(mean_ab=2, max_ab=40),
}
"""What each precision may deviate; beyond that the conversion went wrong."""


def compare(
    network: Network, model: bytes, inputs: Sequence[str], shapes: list[tuple[int, int]]
) -> Deviation:
    """Run a network and its TFLite file on the same pictures.

    Parameters
    ----------
    network : callable
        Arrays of its inputs, in order, to its answers by name: ``logits``, perhaps ``ab``.
    model : bytes
        The TFLite file.
    inputs : sequence of str
        Names of the inputs.
    shapes : list of tuple of int
        Heights and widths of the pictures.

    Raises
    ------
    ExportError
        When one of the two cannot run.
    """
    pictures = [[_input(name, *shape) for name in inputs] for shape in shapes]
    try:
        wanted = [network(arrays) for arrays in pictures]
        found = [_run(model, dict(zip(inputs, arrays, strict=True))) for arrays in pictures]
    except Exception as error:  # both raise what they like
        raise ExportError(f"the file cannot be compared with Keras: {first_line(error)}") from error
    colours = _mean_and_max(*([_colour(answer) for answer in side] for side in (wanted, found)))
    if "logits" not in found[0]:
        return Deviation(*colours)
    logits = _mean_and_max(*([answer["logits"] for answer in side] for side in (wanted, found)))
    return Deviation(*colours, *logits)


def _run(model: bytes, inputs: Answers) -> Answers:
    from ai_edge_litert.interpreter import Interpreter

    run = Interpreter(model_content=model, num_threads=2).get_signature_runner("colorize")
    answers: Answers = run(**inputs)
    return answers


def _input(name: str, height: int, width: int) -> Array:
    """Lightness, or for hints and mask a square of one colour in it."""
    if name == "lightness":
        return picture(height, width)
    values = np.zeros((1, height, width, 2 if name == "hints" else 1), np.float32)
    values[:, : height // 2, : width // 2] = (40, -20) if name == "hints" else 1
    return values


def check(deviation: Deviation, precision: str) -> None:
    """Refuse a file that deviates more than its precision explains."""
    limit = LIMITS[precision]
    if not (deviation.mean_ab <= limit.mean_ab and deviation.max_ab <= limit.max_ab):
        raise ExportError(
            f"the {precision} file deviates from Keras by {deviation.mean_ab:.3g} Lab units on "
            f"average and {deviation.max_ab:.3g} at most, where {limit.mean_ab} and "
            f"{limit.max_ab} are allowed; nothing was written"
        )


def picture(height: int, width: int) -> Array:
    """Lightness ``(1, height, width, 1)`` with the spectrum of photographs, always the same."""
    noise = np.random.default_rng(0).standard_normal((height, width))
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf
    field = np.fft.irfft2(np.fft.rfft2(noise) / frequency, (height, width))
    lightness: Array = np.clip(50 + 25 * field / field.std(), 0, 100).astype(np.float32)
    return lightness[None, :, :, None]


def first_line(error: Exception) -> str:
    """What an error says before it goes into detail; its traceback has the rest."""
    return str(error).partition("\n")[0]


def operators(model: bytes) -> Mapping[str, int]:
    """How often a TFLite file uses each operator, by name, most frequent first."""
    from ai_edge_litert import schema_py_generated as schema

    names = {code: name for name, code in vars(schema.BuiltinOperator).items()}
    content: Any = schema.Model.GetRootAsModel(model, 0)
    codes = [content.OperatorCodes(i) for i in range(content.OperatorCodesLength())]
    graphs = [content.Subgraphs(i) for i in range(content.SubgraphsLength())]
    used = Counter(
        names[_code(codes[graph.Operators(i).OpcodeIndex()])]
        for graph in graphs
        for i in range(graph.OperatorsLength())
    )
    return dict(used.most_common())


def _code(operator: Any) -> int:
    """Old files store small codes in the deprecated field, new ones in both."""
    return max(int(operator.BuiltinCode()), int(operator.DeprecatedBuiltinCode()))


def _colour(answer: Answers) -> Array:
    if "ab" in answer:
        return answer["ab"]
    return Distribution(answer["logits"]).mean()


def _mean_and_max(wanted: list[Array], found: list[Array]) -> tuple[float, float]:
    deltas = [np.abs(a - b).ravel() for a, b in zip(wanted, found, strict=True)]
    delta = np.concatenate(deltas)
    return float(delta.mean()), float(delta.max())
