"""The notebook, run cell by cell as a kernel does, without one."""

import ast
import json
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "examples" / "tour.ipynb"
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
CODE = [cell for cell in CELLS if cell["cell_type"] == "code"]


def recorded(cell: dict) -> list[str]:
    """Kinds of outputs that the file holds for a cell."""
    kinds = {"stream": "text", "execute_result": "page"}
    shown = [output for output in cell["outputs"] if output.get("name") != "stderr"]
    return list(dict.fromkeys(kinds[output["output_type"]] for output in shown))


def run(cell: dict, names: dict) -> list[str]:
    """Run a cell, and return what kinds of outputs come."""
    body = ast.parse("".join(cell["source"])).body
    last = ast.Expression(body.pop().value) if isinstance(body[-1], ast.Expr) else None
    with redirect_stdout(StringIO()) as printed:
        exec(compile(ast.Module(body, []), NOTEBOOK.name, "exec"), names)
        value = eval(compile(last, NOTEBOOK.name, "eval"), names) if last else None
    pages = [] if value is None else [value._repr_html_()]
    return ["text"] * bool(printed.getvalue()) + ["page"] * len(pages)


def test_cells_run():
    """Every cell gives what the file shows below it: text, a slider, or nothing."""
    names = {"__name__": "__main__"}
    for number, cell in enumerate(CODE, 1):
        assert cell["execution_count"] == number
        assert run(cell, names) == recorded(cell), "".join(cell["source"])


def test_the_file_is_small():
    """It was run without an error, and is quickly loaded."""
    outputs = [output for cell in CODE for output in cell["outputs"]]

    assert {output["output_type"] for output in outputs} <= {"stream", "execute_result"}
    assert NOTEBOOK.stat().st_size < 600_000
