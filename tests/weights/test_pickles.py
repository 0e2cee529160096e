"""Pickles that nobody should open, in checkpoints that look like PyTorch's."""

import ast
import copyreg
import io
import pickle
import struct
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from colorkit import WeightsError
from colorkit.weights import pickles
from colorkit.weights import torch as reader

MARK, VERSION = pickle.dumps(0x1950A86A20F9469CFC6C, 2), pickle.dumps(1001, 2)
SYSTEM_INFO = pickle.dumps({"little_endian": True}, 2)


@pytest.fixture(params=["zip", "legacy"])
def container(request):
    return request.param


def pack(path, program, container):
    """Put a pickle into a checkpoint without storages."""
    if container == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w/data.pkl", program)
    else:
        path.write_bytes(MARK + VERSION + SYSTEM_INFO + program + pickle.dumps([], 2))
    return path


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def named(value):
    """A pickle of a dict with one entry."""
    return b"\x80\x02}" + text("w") + value + b"s."


def run(command):
    """The pickled argument of a shell."""
    return text(command) + b"\x85"


SYSTEM = b"cposix\nsystem\n"
ON_STACK = b"\x8c\x05posix\x8c\x06system\x93"
EXTENSION = 0xF3

ATTACKS = {
    "GLOBAL": lambda command: SYSTEM + run(command) + b"R",
    "STACK_GLOBAL": lambda command: ON_STACK + run(command) + b"R",
    "INST": lambda command: b"(" + text(command) + b"iposix\nsystem\n",
    "OBJ": lambda command: b"(" + SYSTEM + text(command) + b"o",
    "EXT1": lambda command: b"\x82\xf3" + run(command) + b"R",
    "EXT2": lambda command: b"\x83\xf3\0" + run(command) + b"R",
    "EXT4": lambda command: b"\x84\xf3\0\0\0" + run(command) + b"R",
    "eval": lambda command: (
        b"cbuiltins\neval\n" + run(f"__import__('os').system({command!r})") + b"R"
    ),
    "exec": lambda command: b"cbuiltins\nexec\n" + run(f"import os; os.system({command!r})") + b"R",
    "Popen": lambda command: (
        b"csubprocess\ngetoutput\n" + run(command) + b"R"
    ),
    "NEWOBJ": lambda command: (
        b"cbuiltins\nlist\n(cbuiltins\nmap\n" + SYSTEM + text(command) + b"\x85\x86\x81tR"
    ),
    "BUILD": lambda command: (
        b"ctypes\nSimpleNamespace\n)\x81}"
        + text("__setstate__") + SYSTEM + b"sb" + text(command) + b"b"
    ),
    "BUILD of OrderedDict": lambda command: (
        b"ccollections\nOrderedDict\n)R}"
        + text("__setstate__") + SYSTEM + b"sb" + text(command) + b"b"
    ),
    "dotted name": lambda command: (
        b"\x8c\x02os\x8c\x06system\x93" + run(command) + b"R"
    ),
    "nested pickle": lambda command: (
        b"c_pickle\nloads\n" + b"B" + struct.pack("<I", len(inner := nested(command)))
        + inner + b"\x85R"
    ),
    "persistent id": lambda command: (
        b"(" + text("storage") + SYSTEM + run(command) + b"RtQ"
    ),
    "key": lambda command: b"}" + SYSTEM + run(command) + b"RNs",
    "memo": lambda command: SYSTEM + b"q\x000h\0" + run(command) + b"R",
}  # fmt: skip


def nested(command):
    return b"\x80\x02" + SYSTEM + run(command) + b"R."


class Careless(pickle.Unpickler):
    """What PyTorch did for years."""

    def persistent_load(self, saved):
        return saved


@pytest.fixture
def extension():
    copyreg.add_extension("posix", "system", EXTENSION)
    yield
    copyreg.remove_extension("posix", "system", EXTENSION)


@pytest.mark.skipif("os.name == 'nt'", reason="these attacks are for a POSIX shell")
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.usefixtures("extension")
def test_nothing_runs(tmp_path, container, attack):
    """Commands that run in Python's unpickler do not run here, wherever they stand."""
    marker = tmp_path / "ran"
    program = ATTACKS[attack](f"touch {marker}")

    Careless(io.BytesIO(b"\x80\x04" + program + b".")).load()
    assert marker.exists(), "the attack is none"
    marker.unlink()

    for place in (b"\x80\x04" + program + b".", named(program)):
        path = pack(tmp_path / "w.pth", place, container)
        with pytest.raises(WeightsError, match=r"which was refused|which no checkpoint needs"):
            reader.read(path)
    assert not marker.exists()


@pytest.mark.skipif("os.name == 'nt'", reason="these attacks are for a POSIX shell")
@pytest.mark.parametrize("position", range(5))
def test_nothing_runs_in_any_pickle_of_a_legacy_file(tmp_path, position):
    """All five pickles are read with the same care."""
    marker = tmp_path / "ran"
    parts = [MARK, VERSION, SYSTEM_INFO, named(b"N"), pickle.dumps([], 2)]
    parts[position] = nested(f"touch {marker}")
    (tmp_path / "w.pth").write_bytes(b"".join(parts))
    with pytest.raises(WeightsError, match=r"'posix\.system', which was refused"):
        reader.read(tmp_path / "w.pth")
    assert not marker.exists()


@pytest.mark.parametrize(
    "name",
    [
        *("torch load", "torch.serialization load", "torch.storage _load_from_bytes"),
        *("torch._utils _rebuild_tensor", "torch._utils _rebuild_sparse_tensor", "torch.hub load"),
        *("builtins getattr", "__builtin__ eval", "builtins __import__", "importlib import_module"),
        *("collections OrderedDict.fromkeys", "collections namedtuple", "torch.nn Linear"),
        *("numpy.core.multiarray _reconstruct", "functools partial", "operator attrgetter"),
        *("torch  FloatStorage", "torch floatstorage", "torch FloatStorage.__init__", " ", "torch"),
    ],
)
def test_only_listed_names_are_known(tmp_path, container, name):
    """Names are compared as a whole; what looks alike is another name."""
    module, _, inner = name.partition(" ")
    program = b"\x80\x04" + text(module) + text(inner) + b"\x93)R."
    path = pack(tmp_path / "w.pth", program, container)
    with pytest.raises(WeightsError, match="which was refused"):
        reader.read(path)


def doubled(times):
    """A tuple of the same tuple, twice, and so on: 2 ** times in a few bytes."""
    return b")" + b"q\x00h\x00\x86" * times


BOMBS = {
    "laughs": (doubled(5000), "is a tuple|has a tuple"),
    "laughs as a key": (b"}" + doubled(5000) + b"Ns", "uses a tuple as a key"),
    "depth": (b"]" * 100_000 + b"a" * 99_999, "is a list"),
    "depth as a key": (b"}" + b")" + b"\x85" * 100_000 + b"Ns", "uses a tuple as a key"),
    "marks": (b"(" * 500_000, "more than 500000 steps"),
    "self": (b"]q\x00h\x00a", "is a list"),
    "dict in itself": (b"}q\x00" + text("state_dict") + b"h\x00s", "'w' is a dict"),
    "memo": (b"]r\xff\xff\xff\x7f", "is a list"),
    "integer": (b"\x8b\xff\xff\x0f\x00" + b"\x7f" * 0xFFFFF, "integer of 8388599 bits"),
    "decimal integer": (b"L" + b"9" * 100_000 + b"L\n", "LONG|limit"),
    "string": (b"X\xff\xff\xff\x7f", "expected 2147483647 bytes"),
    "long string": (b"\x8d" + b"\xff" * 7 + b"\x7f", "expected|BINUNICODE8"),
    "bytes": (b"B\xff\xff\xff\x7f", "expected 2147483647 bytes"),
    "buffer": (b"\x96" + b"\xff" * 7 + b"\x7f", "expected|bytearray8"),
    "frame": (b"\x95" + b"\xff" * 8 + b"N", "is a NoneType"),
    "copies": (b"2" * 100_000, "takes the step DUP"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_bombs_do_not_go_off(tmp_path, container, bomb):
    """Small files that would take hours, all memory or the stack are refused in little of each."""
    program, message = BOMBS[bomb]
    path = pack(tmp_path / "w.pth", named(program), container)
    tracemalloc.start()
    try:
        with pytest.raises(WeightsError, match=message):
            reader.read(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100e6


def test_nothing_of_python_s_pickle_is_used():
    """Only `pickles` takes pickles apart; others unpack nothing but recipes that they packed."""
    package = Path(pickles.__file__).parents[1]
    users = {
        (path.relative_to(package).as_posix(), name)
        for path in package.rglob("*.py")
        for name in imported(path)
        if name in ("pickle", "_pickle", "pickletools", "marshal", "shelve", "dill", "joblib")
    }
    assert users == {
        ("testing.py", "pickle"),
        ("video/tasks.py", "pickle"),
        ("weights/pickles.py", "pickletools"),
    }


def imported(path):
    """Top-level packages that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]
