"""Checkpoints that PyTorch wrote, and damaged ones."""

import pickle
import struct
import zipfile
from collections import OrderedDict

import numpy as np
import pytest

from colorkit import WeightsError
from colorkit.weights import torch as reader

MARK = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2)
LITTLE = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
CONTAINERS = ("zip", "legacy")


@pytest.fixture(scope="module")
def torch():
    return pytest.importorskip("torch", reason="PyTorch writes these checkpoints")


@pytest.fixture(params=CONTAINERS)
def container(request):
    return request.param


def save(torch, thing, path, container="zip", **options):
    torch.save(thing, path, _use_new_zipfile_serialization=container == "zip", **options)
    return path


def pack(path, program, storages=None, container="zip"):
    """Put a pickle and its storages into a container, as PyTorch would."""
    storages = storages or {}
    if container == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("w/data.pkl", program)
            for key, data in storages.items():
                archive.writestr(f"w/data/{key}", data)
    else:
        items = [struct.pack("<q", len(data) // 4) + data for data in storages.values()]
        keys = pickle.dumps(list(storages), 2)
        program = program.replace(b"tQ", b"NtQ")  # a sixth item, for views of storages
        path.write_bytes(MARK + LITTLE + program + keys + b"".join(items))
    return path


def text(value):
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value):
    data = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(data)]) + data


def row(*numbers):
    return b"(" + b"".join(map(number, numbers)) + b"t"


def storage(count=12, kind="FloatStorage", key="0"):
    location = text("cpu") + number(count)
    return b"(" + text("storage") + f"ctorch\n{kind}\n".encode() + text(key) + location + b"tQ"


def tensor(shape=(3, 4), strides=(4, 1), offset=0, stored=None):
    build = b"ctorch._utils\n_rebuild_tensor_v2\n"
    places = number(offset) + row(*shape) + row(*strides)
    return build + b"(" + (stored or storage()) + places + b"\x89}tR"


def named(*values):
    """A pickle of a dict."""
    names = (text(f"w{index}") for index in range(len(values)))
    pairs = b"".join(name + value for name, value in zip(names, values, strict=True))
    return b"\x80\x02}(" + pairs + b"u."


TWELVE = np.arange(12, dtype="<f4").tobytes()


def test_state_dict_is_read(torch, tmp_path, container):
    """Names, order, shapes and numbers are those of the network, its counters are int64."""
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ConvTranspose2d(4, 2, 4)
    )
    path = save(torch, net.state_dict(), tmp_path / "net.pth", container)

    found = reader.read(path)

    assert list(found) == list(net.state_dict())
    for name, values in net.state_dict().items():
        assert found[name].dtype == values.numpy().dtype
        np.testing.assert_array_equal(found[name], values.numpy())
    assert found["1.num_batches_tracked"].shape == ()
    assert found["1.num_batches_tracked"].dtype == np.int64


@pytest.mark.parametrize(
    "dtype",
    ["float32", "float64", "float16", "int64", "int32", "int16", "int8", "uint8", "bool"],
)
def test_dtypes_are_kept(torch, tmp_path, container, dtype):
    """Numbers come in the dtype that they were stored in."""
    values = torch.tensor([[0, 1, 100], [7, 0, 3]]).to(getattr(torch, dtype))
    found = reader.read(save(torch, {"w": values}, tmp_path / "w.pth", container))["w"]
    assert found.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(found, values.numpy())


def test_bfloat16_is_widened(torch, tmp_path, container):
    """NumPy has no bfloat16: its numbers become float32, exactly."""
    values = torch.tensor([[1, -2.5, 3e38], [0, 1e-20, 7]]).to(torch.bfloat16)
    found = reader.read(save(torch, {"w": values.T}, tmp_path / "w.pth", container))["w"]
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, values.T.float().numpy())


def test_views_are_read(torch, tmp_path, container):
    """Transposed, sliced, strided, repeated and empty tensors are what PyTorch shows of them."""
    base = torch.arange(24.0).reshape(2, 3, 4)
    views = {
        "permuted": base.permute(2, 0, 1),
        "strided": base[:, ::2, 1::2],
        "part": base[1, 2],
        "number": base[1, 2, 3],
        "repeated": base[0, :, :1].expand(3, 5),
        "channels last": base[None].contiguous(memory_format=torch.channels_last),
        "empty": torch.zeros(0, 3),
    }
    found = reader.read(save(torch, views, tmp_path / "w.pth", container))
    for name, values in views.items():
        assert found[name].flags.c_contiguous
        np.testing.assert_array_equal(found[name], values.numpy())


def test_shared_numbers_become_arrays_of_their_own(torch, tmp_path, container):
    """Arrays can be changed, and no change shows in another, or in the file."""
    values = torch.arange(6.0)
    path = save(torch, {"a": values, "b": values, "c": values[2:]}, tmp_path / "w.pth", container)
    found = reader.read(path)
    found["a"][:] = -1
    np.testing.assert_array_equal(found["b"], np.arange(6))
    np.testing.assert_array_equal(found["c"], np.arange(2, 6))
    np.testing.assert_array_equal(reader.read(path)["a"], np.arange(6))


@pytest.mark.parametrize("key", ["state_dict", "model", "params", "params_ema"])
def test_training_checkpoints_are_searched(torch, tmp_path, container, key):
    """The network is found among epochs, sizes and the state of an optimizer."""
    net = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.ones(2)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3,
        "loss": 0.25,
        "best": None,
        "done": True,
        "size": torch.Size([256, 256]),
        "optimizer": optimizer.state_dict(),
        key: net.state_dict(),
    }
    found = reader.read(save(torch, checkpoint, tmp_path / "w.pth", container))
    assert list(found) == ["weight", "bias"]
    np.testing.assert_array_equal(found["weight"], net.weight.detach().numpy())


def test_averaged_weights_are_preferred(torch, tmp_path):
    """Of ``params`` and ``params_ema``, the average is read, as its makers do."""
    both = {"params": {"w": torch.zeros(1)}, "params_ema": {"w": torch.ones(1)}}
    assert reader.read(save(torch, both, tmp_path / "w.pth"))["w"] == 1


def test_parameters_are_tensors(torch, tmp_path, container):
    """A dict of parameters reads like a state_dict."""
    parameters = {"w": torch.nn.Parameter(torch.ones(2, 3)), "m": torch.zeros(2)}
    found = reader.read(save(torch, parameters, tmp_path / "w.pth", container))
    np.testing.assert_array_equal(found["w"], np.ones((2, 3)))


def test_the_prefix_of_parallel_training_is_taken_away(torch, tmp_path):
    """``module.`` goes where every name has it, and only there."""
    ones = torch.ones(1)
    all_of_them = save(torch, {"module.a": ones, "module.module.b": ones}, tmp_path / "all.pth")
    some = save(torch, {"module.a": ones, "b": ones}, tmp_path / "some.pth")
    assert list(reader.read(all_of_them)) == ["a", "module.b"]
    assert list(reader.read(some)) == ["module.a", "b"]


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_every_binary_protocol_is_read(torch, tmp_path, container, protocol):
    """Checkpoints of any ``pickle_protocol`` from 2 on can be read."""
    state = torch.nn.BatchNorm2d(3).state_dict()
    path = save(torch, state, tmp_path / "w.pth", container, pickle_protocol=protocol)
    assert list(reader.read(path)) == list(state)


def test_checkpoints_of_python_2_are_read(tmp_path):
    """Their names are byte strings, and their OrderedDict is made of a list of pairs."""
    short = b"".join(b"U" + bytes([len(s)]) + s for s in (b"storage",))
    stored = storage().replace(text("storage"), short)
    pair = b"](U\x01w" + tensor(stored=stored) + b"e"
    program = b"\x80\x02ccollections\nOrderedDict\n](" + pair + b"e\x85R."
    path = pack(tmp_path / "w.pth", program, {"0": TWELVE}, "legacy")
    np.testing.assert_array_equal(reader.read(path)["w"], np.arange(12).reshape(3, 4))


def test_handmade_checkpoints_are_like_those_of_pytorch(torch, tmp_path, container):
    """What the tests below pack, PyTorch itself reads the same."""
    program = named(tensor(), tensor((4, 3), (1, 4)), tensor((2,), (0,), 11))
    path = pack(tmp_path / "w.pth", program, {"0": TWELVE}, container)
    if container == "zip":
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("w/version", "3\n")
    theirs = torch.load(path, weights_only=True)
    for name, values in reader.read(path).items():
        np.testing.assert_array_equal(values, theirs[name].numpy())


def test_whole_networks_are_refused(torch, tmp_path, container):
    """Reading one would need its code: the message says what to save instead."""
    path = save(torch, torch.nn.Linear(2, 2), tmp_path / "net.pth", container)
    with pytest.raises(WeightsError, match=r"torch\.nn\.modules.*Linear.*state_dict\(\)"):
        reader.read(path)


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ([1, 2], "holds a list without names"),
        ({}, "no tensors"),
        ({"state_dict": {}}, "no tensors"),
        ({"epoch": 3}, "'epoch' is a int in what should be a dict of tensors"),
        ({3: None}, "3 is a NoneType"),
        ({"params": 3}, "'params' is a int"),
        (OrderedDict(a=OrderedDict()), "'a' is a dict"),
    ],
    ids=range(7),
)
def test_what_is_no_state_dict_is_refused(tmp_path, container, thing, message):
    """The message says what was found where tensors should be."""
    path = pack(tmp_path / "w.pth", pickle.dumps(thing, 2), container=container)
    with pytest.raises(WeightsError, match=rf"w\.pth.*{message}"):
        reader.read(path)


def test_a_bare_tensor_is_refused(torch, tmp_path):
    """It has no name that a network could know it by."""
    path = save(torch, torch.zeros(2), tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="holds a Tensor without names"):
        reader.read(path)


def test_torchscript_is_refused(torch, tmp_path):
    """Programs for PyTorch are archives, too, but no checkpoints."""
    with pytest.warns(DeprecationWarning, match="torch.jit"):
        torch.jit.save(torch.jit.trace(torch.nn.ReLU(), torch.ones(1)), tmp_path / "w.pt")
    with pytest.raises(WeightsError, match="holds no state_dict"):
        reader.read(tmp_path / "w.pt")


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (named(tensor((3, 5))), "'w0' reaches beyond the 12 numbers"),
        (named(tensor(offset=1)), "reaches beyond"),
        (named(tensor(strides=(4, 2))), "reaches beyond"),
        (named(tensor((2, 2), (2**62, 2**62))), "reaches beyond"),
        (named(tensor((2**62, 2**62), (0, 0))), "would take"),
        (named(tensor((1000,), (0,))), "would take 4000 bytes"),
        (named(tensor(strides=(-4, 1))), "negative"),
        (named(tensor((-3, -4))), "negative"),
        (named(tensor(offset=-1)), "negative"),
        (named(tensor((12,), (1, 1))), "has 1 dimensions and 2 strides"),
        (named(tensor((1,) * 65, (1,) * 65)), "has 65 dimensions"),
        (named(tensor((2**100,) * 50_000, (1,) * 50_000)), "has 50000 dimensions"),
        (named(tensor((0, 2**62), (1, 1))), "dimension|too big|array"),
        (named(tensor().replace(row(3, 4), text("3"))), "builds a tensor in an unknown way"),
        (named(tensor().replace(row(3, 4), b"(\x88\x88t")), "negative or broken"),
        (named(tensor(stored=text("0"))), "builds a tensor in an unknown way"),
        (named(tensor(stored=storage(-1))), "negative"),
        (named(tensor(stored=storage(2**40))), "expected|cut short"),
        (named(tensor(stored=storage(13))), "expected 13|cut short"),
        (named(tensor(stored=storage(6, "DoubleStorage"))), "reaches beyond|cut short"),
        (named(tensor(stored=storage(12, "DoubleStorage"))), "expected 12 numbers|cut short"),
        (named(tensor(stored=storage(key="1"))), r"lacks 'w/data/1'|belongs to no tensor"),
        (named(tensor(stored=storage(key="../0"))), r"lacks 'w/data/\.\./0'|belongs to no tensor"),
        (named(tensor(stored=text("storage") + b"Q")), "is no storage"),
        (named(b"ctorch._utils\n_rebuild_parameter\n)R"), "builds a parameter in an unknown way"),
        (named(b"ctorch\nSize\n)R"), "builds a torch.Size in an unknown way"),
        (named(b"ccollections\nOrderedDict\n\x88\x85R"), "an OrderedDict in an unknown way"),
        (named(b"ctorch\nFloatStorage\n)R"), "calls a _Kind"),
        (named(text("storage") + b")R"), "calls a str"),
        (named(tensor())[:-20], "exhausted|damaged|not enough|expected"),
        (b"\x80\x02.", "leaves 0 objects"),
        (b"\x80\x02}}.", "leaves 2 objects"),
        (b"\x80\x02R.", "damaged at byte (2|78)"),
        (b"\x80\x02h\x05.", "damaged at byte (2|78)"),
        (b"\x80\x02u.", "damaged at byte (2|78)"),
        (b"\x80\x02s.", "damaged at byte (2|78)"),
        (b"\x80\x02]}}s.", "sets items of a list"),
        (b"\x80\x02}}a.", "appends to a dict"),
        (b"\x80\x02]}b.", "sets attributes of a list"),
        (b"\x80\x02}(}u.", "shorter|longer"),
        (b"\x80\x02\xfe.", "its pickle is damaged.*unknown"),
        (b"", "its pickle is damaged"),
    ],
    ids=range(42),
)
def test_damage_is_named(tmp_path, container, program, message):
    """Sizes, strides and places that do not add up are refused before anything is read."""
    path = pack(tmp_path / "w.pth", program, {"0": TWELVE}, container)
    with pytest.raises(WeightsError, match=rf"w\.pth.*({message})"):
        reader.read(path)


def test_cut_short_files_are_named(torch, tmp_path, container):
    """A checkpoint that ends early is refused wherever it ends."""
    content = save(torch, {"w": torch.ones(50)}, tmp_path / "w.pth", container).read_bytes()
    for end in range(1, len(content), 7):
        (tmp_path / "cut.pth").write_bytes(content[:end])
        with pytest.raises(WeightsError, match=r"cut\.pth"):
            reader.read(tmp_path / "cut.pth")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"compress_type": zipfile.ZIP_DEFLATED}, "compressed or encrypted"),
        ({"compress_type": zipfile.ZIP_LZMA}, "compressed or encrypted"),
    ],
)
def test_archives_that_unfold_are_refused(tmp_path, change, message):
    """PyTorch compresses nothing, so no small file can become a large one."""
    with zipfile.ZipFile(tmp_path / "w.pth", "w") as archive:
        archive.writestr("w/data.pkl", named(tensor((1,), (1,), stored=storage(2**20))))
        archive.writestr("w/data/0", bytes(2**22), **change)
    with pytest.raises(WeightsError, match=message):
        reader.read(tmp_path / "w.pth")


def test_damaged_records_are_named(tmp_path):
    """A number that changed on the way no longer fits the archive's checksum."""
    path = pack(tmp_path / "w.pth", named(tensor()), {"0": TWELVE})
    path.write_bytes(path.read_bytes().replace(TWELVE, TWELVE[::-1]))
    with pytest.raises(WeightsError, match="'w/data/0' is damaged"):
        reader.read(path)


def test_archives_of_very_many_records_are_refused(tmp_path):
    """They are counted before a table of them is made."""
    path = pack(tmp_path / "w.pth", named(tensor()), {"0": b"PK\1\2" * 100_000})
    with pytest.raises(WeightsError, match="more than 100000 records"):
        reader.read(path)


def test_misplaced_records_are_named(tmp_path):
    """A table of contents that points elsewhere is noticed."""
    path = pack(tmp_path / "w.pth", named(tensor()), {"0": TWELVE})
    path.write_bytes(path.read_bytes().replace(b"PK\3\4", b"PK\3\5"))
    with pytest.raises(WeightsError, match="is not where the archive says"):
        reader.read(path)


def test_big_endian_files_are_refused(tmp_path):
    """Either container says so."""
    path = pack(tmp_path / "zip.pth", named(tensor()), {"0": TWELVE})
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("w/byteorder", "big")
    big = MARK + LITTLE.replace(b"\x88", b"\x89") + named(tensor()) + pickle.dumps([], 2)
    (tmp_path / "legacy.pth").write_bytes(big)
    for name in ("zip.pth", "legacy.pth"):
        with pytest.raises(WeightsError, match="big-endian"):
            reader.read(tmp_path / name)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file"),
        (b"PK", "damaged or cut short"),
        (pickle.dumps({"w": 1}, 2), "no checkpoint of PyTorch"),
        (MARK, "exhausted|expected"),
        (MARK + LITTLE + named(tensor()) + pickle.dumps(None, 2), "behind|missing"),
        (MARK + LITTLE + named(tensor()) + pickle.dumps(["1"], 2), "'1' belongs to no tensor"),
        (MARK + LITTLE + named(tensor()) + pickle.dumps([0], 2), "0 belongs to no tensor"),
        (MARK + LITTLE + named(tensor()) + pickle.dumps(["0"], 2), "cut short in storage '0'"),
        (b"x" * 257 + b"ustar" + b"x" * 99, "tar archive.*before 2017.*save it again"),
    ],
    ids=range(9),
)
def test_other_files_are_named(tmp_path, content, message):
    """What is no checkpoint, or an unfinished one, says so."""
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(WeightsError, match=rf"w\.pth.*({message})"):
        reader.read(tmp_path / "w.pth")


def test_storages_must_agree_with_themselves(tmp_path):
    """One storage cannot be of two kinds, and nothing may stand behind the last."""
    twice = named(tensor(), tensor(stored=storage(12, "DoubleStorage")))
    path = pack(tmp_path / "w.pth", twice, {"0": TWELVE}, "legacy")
    with pytest.raises(WeightsError, match="'0' is described twice"):
        reader.read(path)
    path = pack(tmp_path / "w.pth", named(tensor()), {"0": TWELVE}, "legacy")
    path.write_bytes(path.read_bytes() + b"tail")
    with pytest.raises(WeightsError, match="4 bytes are left"):
        reader.read(path)


def test_missing_file_is_named(tmp_path):
    """A path that leads nowhere is in the message."""
    with pytest.raises(WeightsError, match=r"nowhere\.pth.*No such file"):
        reader.read(tmp_path / "nowhere.pth")


def test_overlapping_tensors_cannot_fill_the_memory(tmp_path, container):
    """A thousand tensors on one storage may not take a thousand times its bytes."""
    path = pack(tmp_path / "w.pth", named(*[tensor()] * 1000), {"0": TWELVE}, container)
    small = path.stat().st_size
    assert len(reader.read(path)) == 1000
    stored = storage(2**16)
    first = b"(" + stored.removesuffix(b"Q")[1:] + b"Q"
    many = named(*[tensor((2**16,), (1,), stored=first)] * 100)
    path = pack(tmp_path / "w.pth", many, {"0": bytes(2**18)}, container)
    assert small < path.stat().st_size
    with pytest.raises(WeightsError, match=r"would take 26214400 bytes, but it has 2\d{5}"):
        reader.read(path)
