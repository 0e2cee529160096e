"""What a TFLite file holds, and what running it takes on this computer."""

import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from colorkit.errors import ExportError
from colorkit.export.views import Arrays, Network

THREADS = 2
RUNS = 5


@dataclass(frozen=True)
class Cost:
    """What one run of a TFLite file takes, on the CPU of this computer with two threads.

    Attributes
    ----------
    milliseconds : float
        The best of five runs.
    megabytes : float or None
        Memory that loading and running it adds to a process; None where the system does not tell.
    partitions : tuple of int
        Operators of each part of the graph that the delegate (XNNPACK) takes whole.
    rest : mapping
        Operators that it leaves, by name.
    """

    milliseconds: float
    megabytes: float | None
    partitions: tuple[int, ...]
    rest: Mapping[str, int]


def runner(model: bytes) -> Network:
    """A function from inputs by name to answers by name; of several sizes it takes the fitting."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_content=model, num_threads=THREADS)
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


def cost(model: bytes, inputs: Arrays) -> Cost:
    """Run a file in a process of its own, on inputs of these shapes.

    Raises
    ------
    ExportError
        When that process fails.
    """
    shapes = {name: values.shape for name, values in inputs.items()}
    code = "from colorkit.export.measure import report; report()"
    finished = subprocess.run(  # noqa: S603  # our own words
        [sys.executable, "-c", code, json.dumps(shapes)],
        input=model,
        capture_output=True,
    )
    if finished.returncode:
        said = finished.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise ExportError(f"the file cannot be run in a process of its own: {said}")
    milliseconds, megabytes, partitions, rest = json.loads(finished.stdout)
    return Cost(milliseconds, megabytes, tuple(partitions), rest)


def report() -> None:
    """Do that, for the model on standard input, and print it as JSON."""
    from ai_edge_litert.interpreter import Interpreter

    model, shapes = sys.stdin.buffer.read(), json.loads(sys.argv[1])
    before = _peak_megabytes()
    interpreter = Interpreter(model_content=model, num_threads=THREADS)
    run = interpreter.get_signature_runner(next(iter(interpreter.get_signature_list())))
    kinds = {name: it["dtype"] for name, it in run.get_input_details().items()}
    inputs = {name: np.zeros(shape, kinds[name]) for name, shape in shapes.items()}
    times = []
    for _ in range(RUNS + 1):  # the first prepares
        start = time.perf_counter()
        run(**inputs)
        times.append(1000 * (time.perf_counter() - start))
    after = _peak_megabytes()
    megabytes = None if before is None or after is None else after - before
    print(json.dumps([min(times[1:]), megabytes, *_partitions(interpreter._get_ops_details())]))


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
