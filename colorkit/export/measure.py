"""What a TFLite file holds, and what running it takes on this computer."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from colorkit.errors import ExportError
from colorkit.export.views import Arrays, Network

THREADS = 2
ROUNDS = 11


@dataclass(frozen=True)
class Cost:
    """What one run of a TFLite file takes, on the CPU of this computer with two threads.

    Attributes
    ----------
    milliseconds : float
        The median of eleven runs.
    times_float32 : float or None
        How many times as fast as the float32 file it is: the median of eleven rounds, in each of
        which both have run, one right after the other. None for a float32 file.
    megabytes : float or None
        Memory that loading and running it adds to a process; None where the system does not tell.
    partitions : tuple of int
        Operators of each part of the graph that the delegate (XNNPACK) takes whole.
    rest : mapping
        Operators that it leaves, by name.
    """

    milliseconds: float
    times_float32: float | None
    megabytes: float | None
    partitions: tuple[int, ...]
    rest: Mapping[str, int]


def runner(model: bytes) -> Network:
    """A function from inputs by name to answers by name; of several sizes it takes the fitting."""
    return _runner(_interpreter(model))


def _interpreter(model: bytes) -> Any:
    from ai_edge_litert.interpreter import Interpreter

    return Interpreter(model_content=model, num_threads=THREADS)


def _runner(interpreter: Any) -> Network:
    names = list(interpreter.get_signature_list())
    runners: dict[str, Any] = {}

    def run(inputs: Arrays) -> Arrays:
        _, height, width, _ = next(iter(inputs.values())).shape
        name = f"colorize_{height}x{width}" if len(names) > 1 else names[0]
        if name not in runners:
            runners[name] = interpreter.get_signature_runner(name)
        answers: Arrays = runners[name](**inputs)
        return answers

    return run


def cost(model: bytes, inputs: Arrays, float32: bytes | None = None) -> Cost:
    """Run a file in a process of its own, on inputs of these shapes.

    Parameters
    ----------
    model : bytes
        The file.
    inputs : dict
        Arrays by name.
    float32 : bytes, optional
        A file of the same network that it is compared with.

    Raises
    ------
    ExportError
        When that process fails.
    """
    forms = {name: (values.shape, values.dtype.str) for name, values in inputs.items()}
    code = "from colorkit.export.measure import report; report()"
    finished = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", code, json.dumps(forms), str(len(model))],
        input=model + (float32 or b""),
        capture_output=True,
    )
    if finished.returncode:
        said = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ExportError(f"the file cannot be run in a process of its own: {said}")
    found = json.loads(finished.stdout)
    return Cost(**found | {"partitions": tuple(found["partitions"])})


def report() -> None:
    """Do that, for the models on standard input, and print it as JSON."""
    forms, length = json.loads(sys.argv[1]), int(sys.argv[2])
    inputs = {name: np.zeros(shape, dtype) for name, (shape, dtype) in forms.items()}
    model, float32 = sys.stdin.buffer.read(length), sys.stdin.buffer.read()
    before = _peak_megabytes()
    interpreter = _interpreter(model)
    runs = [_runner(interpreter)]
    _seconds(runs[0], inputs)  # the first run prepares
    after = _peak_megabytes()
    if float32:
        runs.append(runner(float32))
        _seconds(runs[1], inputs)
    rounds = [[_seconds(run, inputs) for run in runs] for _ in range(ROUNDS)]
    partitions, rest = _partitions(interpreter._get_ops_details())
    cost = Cost(
        milliseconds=1000 * median(times[0] for times in rounds),
        times_float32=median(times[1] / times[0] for times in rounds) if float32 else None,
        megabytes=None if before is None or after is None else after - before,
        partitions=tuple(partitions),
        rest=rest,
    )
    print(json.dumps(asdict(cost)))


def _seconds(run: Network, inputs: Arrays) -> float:
    start = time.perf_counter()
    run(inputs)
    return time.perf_counter() - start


def _peak_megabytes() -> float | None:
    """The most memory that this process has had; `resource` would count its parent's too."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:  # only Linux tells
        return None
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _partitions(operators: Sequence[Mapping[str, Any]]) -> tuple[list[int], dict[str, int]]:
    """How many operators each delegate runs, and which ones none does.

    A delegate stands at the end of the list with the tensors that go into it and come out; what it
    replaced stays in the list, and is all that leads from the ones to the others.
    """
    maker = {
        int(tensor): i
        for i, operator in enumerate(operators)
        if operator["op_name"] != "DELEGATE"
        for tensor in operator["outputs"]
    }
    counts, taken = [], set[int]()
    for operator in operators:
        if operator["op_name"] != "DELEGATE":
            continue
        found, entering = set[int](), set(map(int, operator["inputs"]))
        pending = [int(tensor) for tensor in operator["outputs"]]
        while pending:
            tensor = pending.pop()
            if tensor in maker and tensor not in entering and maker[tensor] not in found:
                found.add(maker[tensor])
                pending += map(int, operators[maker[tensor]]["inputs"])
        counts.append(len(found))
        taken |= found
    rest = Counter(
        operator["op_name"]
        for i, operator in enumerate(operators)
        if i not in taken and operator["op_name"] != "DELEGATE"
    )
    return counts, dict(rest.most_common())


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
