import os

import numpy as np
import pytest

from colorkit import ColorkitWarning, WeightsError, WeightsSpec
from colorkit.errors import UnknownNameError
from colorkit.weights import catalog, safetensors


@pytest.fixture
def mine(bread, tmp_path):
    """Write a file of the same kind as the published one, and unlike it."""
    path = tmp_path / "mine.safetensors"
    safetensors.write(path, {"crumb": np.zeros(7, np.float32)})
    return path


def put(bread, content=None):
    bread.folder.mkdir(parents=True, exist_ok=True)
    bread.file.write_bytes(bread.content if content is None else content)


DAMAGED = {
    "cut": lambda content: content[:-1],
    "flipped": lambda content: content[:-1] + b"\1",
    "empty": lambda content: b"",
}


@pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_file_is_found_and_fetched_anew(bread, damage):
    """`verify` says so, and the next use replaces it with a warning."""
    put(bread, damage(bread.content))
    bread.server.serve("/first", bread.content)

    with pytest.raises(
        WeightsError, match=r"bread-\w{8}.safetensors' is damaged: .*; run: colorkit weights fetch"
    ):
        catalog.verify("bread")
    with (
        pytest.warns(ColorkitWarning, match="fetching weights 'bread'"),
        pytest.warns(ColorkitWarning, match="is damaged: .* expected; it is fetched anew"),
    ):
        catalog.fetch("bread")

    assert catalog.verify("bread") == bread.file
    assert bread.file.read_bytes() == bread.content


def test_a_file_is_put_in_place_in_one_step(bread, tmp_path):
    """Who reads the old file meanwhile keeps all of it: it is replaced, never written over."""
    put(bread, b"old")
    os.link(bread.file, tmp_path / "being read")
    bread.server.serve("/first", bread.content)
    with pytest.warns(ColorkitWarning, match="fetching|fetched anew"):
        catalog.fetch("bread")

    assert (tmp_path / "being read").read_bytes() == b"old"


def test_a_damaged_file_is_never_used_offline(bread, monkeypatch):
    """Where it cannot be fetched anew, it is refused, and stays for whoever wants to look."""
    put(bread, b"<html>")
    monkeypatch.setenv("COLORKIT_OFFLINE", "1")

    for use in (catalog.fetch, catalog.converted):
        with pytest.raises(
            WeightsError, match=r"is damaged: an HTML page of 6 bytes, .*COLORKIT_OFFLINE forbids"
        ):
            use("bread")
    assert bread.file.read_bytes() == b"<html>"


def test_verifying_fetches_nothing(bread):
    """A file that is not there is answered with the command that fetches it."""
    with pytest.raises(
        WeightsError, match="'bread' is not in the cache; run: colorkit weights fetch bread"
    ):
        catalog.verify("bread")
    assert bread.server.asked == []


@pytest.mark.parametrize(
    "ask", [catalog.fetch, catalog.converted, catalog.path, catalog.state, catalog.verify]
)
def test_unknown_names_bring_the_known(bread, ask):
    """A mistyped name is answered with the right one."""
    with pytest.raises(UnknownNameError, match=r"named 'bred'; did you mean 'bread' or 'own"):
        ask("bred")


def test_a_file_is_converted_once(bread):
    """What its converter makes is kept: later neither the file nor the network is needed."""
    put(bread)

    made = catalog.converted("bread")
    bread.file.unlink()

    tensors = safetensors.read(made)
    assert list(tensors) == ["slice/crumb", "slice/crust"]
    np.testing.assert_array_equal(tensors["slice/crumb"], np.arange(2**17))
    assert catalog.converted("bread") == made
    assert os.listdir(bread.folder) == [made.name]


def test_a_damaged_conversion_is_made_anew(bread):
    """A bit that changed on the disk is found, and put right from the published file."""
    put(bread)
    made = catalog.converted("bread")
    good = made.read_bytes()
    made.write_bytes(good[:-1] + b"\1")

    assert catalog.converted("bread") == made
    assert made.read_bytes() == good


def test_a_new_source_makes_a_new_conversion(bread, mine):
    """The file that is made belongs to the hash of the one that it was made from."""
    catalog.add(mine, "own-bread")
    first = catalog.converted("own-bread")
    safetensors.write(mine, {"crumb": np.ones(7, np.float32)})
    catalog.add(mine, "own-bread")
    second = catalog.converted("own-bread")

    assert first != second
    assert safetensors.read(first)["slice/crumb"].tolist() == [0] * 7
    assert safetensors.read(second)["slice/crumb"].tolist() == [1] * 7


def test_what_is_added_is_recognised_by_its_hash(bread, tmp_path, monkeypatch):
    """A published file that came on a stick needs no name, whatever it is called."""
    monkeypatch.setenv("COLORKIT_OFFLINE", "1")
    stick = tmp_path / "from the stick"
    stick.write_bytes(bread.content)

    assert catalog.state("bread") == "absent"
    assert catalog.add(stick) == bread.file
    assert catalog.state("bread") == "yours"
    assert catalog.fetch("bread") == catalog.path("bread") == bread.file
    assert stick.read_bytes() == bread.content


def test_fetched_files_are_told_from_added_ones(bread):
    """What was not added is not the user's."""
    put(bread)

    assert catalog.state("bread") == "fetched"


def test_a_file_without_a_published_hash_has_to_be_named(bread, mine):
    """It is taken under the name, and checked from then on by the hash that it had."""
    with pytest.raises(WeightsError, match=r"no hash of them is published; .* --as own-bread"):
        catalog.fetch("own-bread")
    with pytest.raises(
        WeightsError,
        match=r"mine.safetensors' is none of the files whose hash is published: "
        r"a safetensors file; if it is one of .*own-bread, say which: --as NAME",
    ):
        catalog.add(mine)

    added = catalog.add(mine, "own-bread")

    assert (catalog.state("own-bread"), catalog.fetch("own-bread")) == ("yours", added)
    assert added.read_bytes() == mine.read_bytes()
    added.write_bytes(b"")
    with pytest.raises(WeightsError, match=r"is damaged: an empty file .*; bring the file of 1"):
        catalog.fetch("own-bread")


def test_a_file_of_another_name_is_refused(bread, mine, tmp_path):
    """A name does not make a file what it is not, and the cache stays as it was."""
    with pytest.raises(
        WeightsError,
        match=r"mine.safetensors' is not the file of weights 'bread': a safetensors file of \d+ by",
    ):
        catalog.add(mine, "bread")
    stick = tmp_path / "stick"
    stick.write_bytes(bread.content)
    with pytest.raises(
        WeightsError, match="stick' is not the file of weights 'own-bread': weights 'bread'"
    ):
        catalog.add(stick, "own-bread")
    assert not bread.folder.exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "an empty file"),
        (b"<!doctype html>", "an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"Hello", "text"),
    ],
)
def test_what_holds_no_weights_is_named(bread, tmp_path, content, what):
    """An accident is called by its name, with and without a name for the weights."""
    (tmp_path / "accident").write_bytes(content)

    for name in (None, "own-bread"):
        with pytest.raises(WeightsError, match=f"accident'.*{what}"):
            catalog.add(tmp_path / "accident", name)
    assert not bread.folder.exists()


def test_a_missing_file_cannot_be_added(bread, tmp_path):
    """A path that leads nowhere, or to a folder, is in the message."""
    for path in (tmp_path / "nowhere", tmp_path):
        with pytest.raises(WeightsError, match=f"cannot read '{path}'"):
            catalog.add(path)


def test_a_file_that_does_not_fit_its_network_is_not_taken(bread, mine):
    """Weights are read and tried before they are kept."""
    with pytest.raises(WeightsError, match=r"not the weights of .*'bw_conv1_1\[0\]' is missing"):
        catalog.add(mine, "eccv16-norebal")
    assert not bread.folder.exists()


def test_every_published_network_can_be_fetched(registry):
    """Files that are known by hash have several addresses, and name whom to cite."""
    specs = [spec for spec in registry.listed(WeightsSpec).values() if spec.sha256]

    assert {spec.name for spec in specs} == {"eccv16", "eccv16-caffe", "siggraph17"}
    assert all(len(spec.urls) > 1 and spec.license and "arXiv" in spec.citation for spec in specs)
