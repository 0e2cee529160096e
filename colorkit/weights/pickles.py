"""Pickles read as data: nothing that a file names is imported, and nothing of it is called.

Python's own unpickler calls whatever a file tells it to. Here `pickletools` takes a pickle apart
into its steps, and a machine with a stack follows those that PyTorch writes. A name in the file
is looked up in a table that the caller gives; any other name, and any other step, is refused.
"""

import pickletools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, BinaryIO

MAX_STEPS = 500_000
"""Most steps that a pickle may take: a network of 1000 tensors takes about 50 000."""

MAX_BITS = 128
"""Longest integer: arithmetic with longer ones takes noticeable time. PyTorch's mark has 77."""

ARGUMENTS = {
    *("BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
    *("BINSTRING", "SHORT_BINSTRING"),  # Python 2
}
"""Steps that put their argument on the stack."""

FRESH: dict[str, Callable[[], object]] = {
    "EMPTY_DICT": dict,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
}
"""Steps that put something new on the stack."""

TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}

Build = Callable[[tuple[Any, ...]], object]


def load(
    stream: BinaryIO, names: Mapping[str, object], persistent: Callable[[object], object]
) -> object:
    """Read one pickle.

    Parameters
    ----------
    stream : binary file
        Stands behind the pickle afterwards.
    names : mapping
        What the pickle may name, as ``"module name"``, and what stands for it. Callables are
        called with the tuple of arguments, which may be anything that a pickle can hold.
    persistent : callable
        Returns the object for a persistent id, which may be anything, too.

    Returns
    -------
    object
        Made of None, numbers, strings, tuples, lists, dicts, and what `names` and `persistent`
        gave. It may contain itself.

    Raises
    ------
    ValueError
        When the pickle asks for anything else, or is damaged.
    """
    machine = _Machine(names, persistent)
    for count, (opcode, argument, position) in enumerate(_steps(stream)):
        if count >= MAX_STEPS:
            raise ValueError(f"its pickle takes more than {MAX_STEPS} steps")
        try:
            machine.step(opcode.name, argument)
        except (IndexError, KeyError) as error:  # of the stack, the marks or the memo
            raise ValueError(f"its pickle is damaged at byte {position}") from error
    return machine.result()


def _steps(stream: BinaryIO) -> Iterator[tuple[pickletools.OpcodeInfo, Any, int | None]]:
    try:
        yield from pickletools.genops(stream)
    except ValueError as error:
        raise ValueError(f"its pickle is damaged: {error}") from error


def merge(target: object, pairs: list[Any]) -> None:
    """Set items of a dict from a flat list of keys and values."""
    if not isinstance(target, dict):
        raise ValueError(f"its pickle sets items of a {type(target).__name__}")
    for key, value in zip(pairs[::2], pairs[1::2], strict=True):
        # Hashes of nested tuples can take forever, or overflow the stack of C.
        if type(key) not in (str, int):
            raise ValueError(f"its pickle uses a {type(key).__name__} as a key")
        target[key] = value


class _Machine:
    """A stack, marks on it, and a memo of what may be used again."""

    def __init__(self, names: Mapping[str, object], persistent: Callable[[object], object]) -> None:
        self.names = names
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in ARGUMENTS:
            if isinstance(argument, int) and argument.bit_length() > MAX_BITS:
                raise ValueError(f"its pickle holds an integer of {argument.bit_length()} bits")
            self.stack.append(argument)
        elif name in FRESH:
            self.stack.append(FRESH[name]())
        elif name in TUPLES:
            self.stack.append(tuple(self.pop(TUPLES[name])))
        elif name in STEPS:
            STEPS[name](self, argument)
        else:
            raise ValueError(f"its pickle takes the step {name}, which no checkpoint needs")

    def result(self) -> object:
        if len(self.stack) != 1:
            raise ValueError(f"its pickle leaves {len(self.stack)} objects instead of one")
        return self.stack[0]

    def pop(self, count: int) -> list[Any]:
        if count > len(self.stack):
            raise IndexError(count)
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def pop_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def mark(self, _: object) -> None:
        self.marks.append(len(self.stack))

    def tuple_up(self, _: object) -> None:
        self.stack.append(tuple(self.pop_mark()))

    def append(self, _: object) -> None:
        self.extend_last(self.pop(1))

    def appends(self, _: object) -> None:
        self.extend_last(self.pop_mark())

    def extend_last(self, items: list[Any]) -> None:
        if not isinstance(self.stack[-1], list):
            raise ValueError(f"its pickle appends to a {type(self.stack[-1]).__name__}")
        self.stack[-1].extend(items)

    def set_item(self, _: object) -> None:
        pair = self.pop(2)
        merge(self.stack[-1], pair)

    def set_items(self, _: object) -> None:
        pairs = self.pop_mark()
        merge(self.stack[-1], pairs)

    def put(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    def memoize(self, _: object) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def get(self, index: int) -> None:
        self.stack.append(self.memo[index])

    def name(self, name: str) -> None:
        if name not in self.names:
            raise ValueError(
                f"it asks for {name.replace(' ', '.')[:200]!r}, which was refused: only tensors "
                "are built, and nothing of it was run. If it is a whole saved network, "
                "load it where its code is, and save its state_dict()"
            )
        self.stack.append(self.names[name])

    def name_on_stack(self, _: object) -> None:
        self.name(" ".join(map(str, self.pop(2))))

    def reduce(self, _: object) -> None:
        build, arguments = self.pop(2)
        if not callable(build) or not isinstance(arguments, tuple):
            raise ValueError(f"its pickle calls a {type(build).__name__}")
        self.stack.append(build(arguments))

    def build(self, _: object) -> None:
        """Leave the attributes of an OrderedDict: they hold versions, no numbers."""
        target, _ = self.pop(2)
        if not isinstance(target, dict):
            raise ValueError(f"its pickle sets attributes of a {type(target).__name__}")
        self.stack.append(target)

    def persist(self, _: object) -> None:
        [saved] = self.pop(1)
        self.stack.append(self.persistent(saved))

    def skip(self, _: object) -> None:
        """Do nothing."""


STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": _Machine.skip,
    "FRAME": _Machine.skip,
    "STOP": _Machine.skip,
    "MARK": _Machine.mark,
    "TUPLE": _Machine.tuple_up,
    "APPEND": _Machine.append,
    "APPENDS": _Machine.appends,
    "SETITEM": _Machine.set_item,
    "SETITEMS": _Machine.set_items,
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "MEMOIZE": _Machine.memoize,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "GLOBAL": _Machine.name,
    "STACK_GLOBAL": _Machine.name_on_stack,
    "REDUCE": _Machine.reduce,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.persist,
}
