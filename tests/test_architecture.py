import ast
import re
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "colorkit"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

STREETS, WORKSHOP, GROUND = "streets", "workshop", "ground floor"
MAY_IMPORT = {
    STREETS: {STREETS, WORKSHOP, GROUND},
    WORKSHOP: {WORKSHOP, GROUND},
    GROUND: {GROUND},
}
ON_DEMAND = {"colorkit.hookspecs": {"pluggy"}}
"""Ground floor that nobody imports at module level, and what it may bring along."""

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources(*folders: str) -> list[Path]:
    """Python files below folders of the repository."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def parsed(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), path)


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in sources("colorkit")}


def statements_at_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """What runs when a module is imported: no function's body, nothing for type checkers."""
    for statement in body:
        yield statement
        if isinstance(statement, FUNCTIONS):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from statements_at_import(statement.orelse)
            continue
        for field in ("body", "orelse", "finalbody"):
            yield from statements_at_import(getattr(statement, field, []))
        for handler in getattr(statement, "handlers", []):
            yield from statements_at_import(handler.body)


def imported(statement: ast.stmt) -> Iterator[str]:
    """Full names that a statement imports; of colorkit, the modules."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
    elif isinstance(statement, ast.ImportFrom):
        assert not statement.level, "imports are absolute"
        for alias in statement.names:
            inner = f"{statement.module}.{alias.name}"
            yield inner if inner in MODULES else str(statement.module)


def imports_of(module: str) -> set[str]:
    """What a module imports when it is imported itself."""
    body = parsed(MODULES[module]).body
    return {name for statement in statements_at_import(body) for name in imported(statement)}


IMPORTS = {module: imports_of(module) for module in MODULES}


def drawn_rooms() -> dict[str, str]:
    """The page's table: which storey each room is on."""
    rows = re.findall(r"^\| (streets|workshop|ground floor) \| ([^|]+) \|", PAGE, re.MULTILINE)
    return {room: storey for storey, rooms in rows for room in re.findall(r"`([\w/]+)`", rooms)}


ROOMS = drawn_rooms()


def storey(module: str) -> str:
    """The storey of a module: its own room's, or that of the package around it."""
    if module == "colorkit":
        return GROUND
    path = module.removeprefix("colorkit.").replace(".", "/")
    return ROOMS.get(path) or ROOMS.get(path.partition("/")[0], "undrawn")


def own(names: Iterable[str]) -> set[str]:
    return {name for name in names if name.partition(".")[0] == "colorkit"}


def test_every_room_is_drawn_once():
    """The page's table puts every file and folder of the package on one storey."""
    real = {name.split(".")[1] for name in MODULES if name != "colorkit"}
    drawn = [room for room in ROOMS if "/" not in room]

    assert sorted(drawn) == sorted(real)
    assert set(ROOMS.values()) == set(MAY_IMPORT)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_go_down(module):
    """No module imports, at module level, from a storey above its own."""
    upwards = {
        name for name in own(IMPORTS[module]) if storey(name) not in MAY_IMPORT[storey(module)]
    }

    assert not upwards, f"{module} is on the {storey(module)}; move these into functions"


@pytest.mark.parametrize("module", sorted(m for m in MODULES if storey(m) == GROUND))
def test_the_ground_floor_stands_on_numpy_alone(module):
    """At module level the ground floor imports numpy, the standard library and itself."""
    tops = {name.partition(".")[0] for name in IMPORTS[module]}
    foreign = tops - {"colorkit", "numpy"} - sys.stdlib_module_names

    assert foreign <= ON_DEMAND.get(module, set()), "move these into the functions that need them"


@pytest.mark.parametrize("module", sorted(ON_DEMAND))
def test_what_is_imported_on_demand_is_not_imported_otherwise(module):
    """Only modules that nobody imports at module level import the hooks, and pluggy with them."""
    users = {name for name, imports in IMPORTS.items() if module in imports}

    assert users == {"colorkit.builtin"}
    assert not any("colorkit.builtin" in imports for imports in IMPORTS.values())


def test_no_circles():
    """Module-level imports form no circle: each module can be read with what stands below it."""
    graph = {module: own(imports) - {module} for module, imports in IMPORTS.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' -> '.join(error.args[1])}")


def test_the_front_door_does_no_work():
    """`import colorkit` runs none of its own modules."""
    assert not own(IMPORTS["colorkit"])


def described_modules() -> dict[str, str]:
    """The page's lists: the storey that each module is described under."""
    parts = re.split(r"^### (.+)$", PAGE, flags=re.MULTILINE)
    sections = zip(parts[1::2], parts[2::2], strict=True)
    rows = {
        title.lower(): re.findall(r"^\| `([\w/]+\.py)` \|", text, re.M) for title, text in sections
    }
    return {module: title for title, modules in rows.items() for module in modules}


def test_the_page_names_every_module():
    """docs/architecture.md describes every module that holds something, on its storey."""
    real = {
        path.relative_to(PACKAGE).as_posix(): storey(module)
        for module, path in MODULES.items()
        if any(not isinstance(statement, ast.Expr) for statement in parsed(path).body)
    }

    assert described_modules() == real


FOLDERS = ("colorkit", "plugins", "benchmarks", "examples", "docs")
OURS = [path.relative_to(ROOT) for path in sources(*FOLDERS)]


def named_functions(tree: ast.Module) -> Iterator[Function]:
    """Functions and methods of public names, those inside functions left out."""
    for statement in statements_at_import(tree.body):
        if isinstance(statement, FUNCTIONS) and not re.match(r"_(?!_init_)", statement.name):
            yield statement


def is_command(function: Function) -> bool:
    """A click command: its parameters are the options of a command line."""
    return any("click.command" in ast.unparse(d) for d in function.decorator_list)


def chained(handler: ast.ExceptHandler) -> Iterator[tuple[int, bool]]:
    """Lines that raise in a handler, and whether the cause stays: `raise`, `raise ... from`."""
    pending: list[ast.AST] = list(handler.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Raise):
            again = node.exc is None or ast.unparse(node.exc) == handler.name
            yield node.lineno, again or isinstance(node.cause, ast.Name | ast.Attribute)
        elif not isinstance(node, (*FUNCTIONS, ast.Lambda, ast.ExceptHandler)):
            pending += ast.iter_child_nodes(node)


@pytest.mark.parametrize("path", OURS, ids=str)
def test_files_are_short(path):
    """No file has more than 500 lines."""
    assert len((ROOT / path).read_text(encoding="utf-8").splitlines()) <= 500


@pytest.mark.parametrize("path", OURS, ids=str)
def test_functions_take_few_parameters(path):
    """No public function has more than 8 parameters; commands have options."""
    for function in named_functions(parsed(path)):
        given = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
        count = sum(argument.arg not in ("self", "cls") for argument in given)
        assert count <= 8 or is_command(function), f"{function.name} has {count} parameters"


@pytest.mark.parametrize("path", OURS, ids=str)
def test_errors_keep_their_cause(path):
    """What is raised in an `except` is raised `from` what was caught."""
    handlers = (node for node in ast.walk(parsed(path)) if isinstance(node, ast.ExceptHandler))
    lost = [line for handler in handlers for line, kept in chained(handler) if not kept]

    assert not lost, f"lines {lost} raise without `from`"


@pytest.mark.parametrize("path", OURS, ids=str)
def test_warnings_point_at_their_caller(path):
    """Every warning says by its stack level whose line it is about."""
    calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)]
    warned = [call for call in calls if ast.unparse(call.func) == "warnings.warn"]

    assert all("stacklevel" in {k.arg for k in call.keywords} for call in warned)
