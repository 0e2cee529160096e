import os
import socket
import subprocess
import sys
from contextlib import suppress
from threading import Barrier, Event

import pytest

from colorkit import ColorkitWarning, WeightsError
from colorkit.weights import catalog

pytest.importorskip("pooch", reason="fetching needs pooch: pip install 'colorkit[weights]'")

FETCH = "from colorkit.weights import catalog; print(catalog.fetch('bread'))"


def fetch(name="bread", **options):
    with pytest.warns(ColorkitWarning, match=f"fetching weights '{name}'"):
        return catalog.fetch(name, **options)


def start(tmp_path):
    """Fetch in another process, which finds the plugin and the cache as this one does."""
    path = os.pathsep.join([str(tmp_path), *filter(None, sys.path)])
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FETCH],
        env=os.environ | {"PYTHONPATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_file_is_fetched_once(bread):
    """The file of the first address is in the cache, alone; later it is taken from there."""
    bread.server.serve("/first", bread.content)

    assert fetch() == bread.file
    assert bread.file.read_bytes() == bread.content
    assert catalog.fetch("bread") == bread.file
    assert os.listdir(bread.folder) == [bread.file.name]
    assert bread.server.asked == ["/first"]


def test_licence_and_citation_are_said_first(bread):
    """Who fetches is told the size, the licence and whom to cite, at the line that asked."""
    bread.server.serve("/first", bread.content)
    with pytest.warns(
        ColorkitWarning, match=r"524,\d\d\d bytes, once; licence: MIT; .*B. Baker: Br"
    ):
        catalog.fetch("bread")
    bread.file.unlink()
    with pytest.warns(ColorkitWarning) as caught:
        catalog.fetch("bread")

    assert [warning.filename for warning in caught] == [__file__]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no umask")
def test_others_can_read_what_was_fetched(bread, tmp_path):
    """A file in a shared cache is as readable as any new file."""
    bread.server.serve("/first", bread.content)
    (tmp_path / "plain").touch()

    assert fetch().stat().st_mode & 0o777 == (tmp_path / "plain").stat().st_mode & 0o777


def cut_short(server, content):
    server.serve("/first", content[:100_000], Content_Length=str(len(content)))


def cut_short_unannounced(server, content):
    server.serve("/first", content[:100_000], Connection="close")


def endless(server, content):
    def answer(request):
        request.send_response(200)
        request.end_headers()
        with suppress(OSError):
            while True:
                request.wfile.write(content)

    server.answers["/first"] = answer


def too_long(server, content):
    server.serve("/first", content + b"\n")


def flipped(server, content):
    server.serve("/first", content[:-1] + b"\1")


def page(server, content):
    server.serve("/first", b"<!DOCTYPE html><title>Sign in</title>")


def pointer(server, content):
    server.serve("/first", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n")


def nothing(server, content):
    server.serve("/first", b"")


def unavailable(server, content):
    server.serve("/first", b"later", 503)


def absent(server, content):
    server.serve("/first", b"<html>no such page</html>", 404)


def hanging_up(server, content):
    def answer(request):
        request.connection.shutdown(socket.SHUT_RDWR)

    server.answers["/first"] = answer


def to_a_file(server, content):
    server.serve("/first", b"", 302, Location="file:///etc/hostname")


def to_plain_http(server, content):
    server.serve("/first", b"", 301, Location="http://weights.example/bread")


def in_circles(server, content):
    server.serve("/first", b"", 302, Location="/first")


FAILURES = {
    cut_short: "IncompleteRead",
    cut_short_unannounced: r"safetensors file of 100,000 bytes, 524,\d\d\d are expected",
    endless: r"more than the 524,\d\d\d bytes that are expected",
    too_long: "more than the",
    flipped: r"safetensors file with the SHA-256 \w{64}, \w{64} is expected",
    page: r"HTML page of 37 bytes, 524,\d\d\d are expected",
    pointer: "Git LFS pointer of 64 bytes",
    nothing: "empty file of 0 bytes",
    unavailable: "503 Service Unavailable",
    absent: "404 Not Found",
    hanging_up: "Connection aborted|Connection reset",
    to_a_file: "a redirect to 'file:///etc/hostname'; only https:// is followed",
    to_plain_http: "a redirect to 'http://weights.example/bread'; only https:// is followed",
    in_circles: "Exceeded 30 redirects",
}


@pytest.mark.parametrize("failing", FAILURES, ids=lambda failing: failing.__name__)
def test_the_next_address_is_tried(bread, failing):
    """Whatever is wrong with the first address, the file comes whole from the second."""
    failing(bread.server, bread.content)
    bread.server.serve("/second", bread.content)

    assert fetch().read_bytes() == bread.content
    assert os.listdir(bread.folder) == [bread.file.name]
    assert bread.server.asked[-1] == "/second"


@pytest.mark.parametrize(("failing", "reason"), FAILURES.items(), ids=lambda it: str(it)[:20])
def test_what_is_wrong_is_named_and_never_kept(bread, failing, reason):
    """When no address has the file, each is named with what it gave, and the cache is empty."""
    failing(bread.server, bread.content)
    bread.server.serve("/second", b"gone", 410)

    with pytest.raises(
        WeightsError,
        match=f"'bread' cannot be fetched: {bread.server.url('/first')}: .*({reason}).*; "
        f"{bread.server.url('/second')}: 410 Gone; bring the file of 524,.*colorkit weights add",
    ) as caught:
        fetch()
    assert caught.value.__cause__ is not None
    assert os.listdir(bread.folder) == []


def test_an_address_where_nobody_listens(bread):
    """A refused connection is a reason like any other."""
    bread.server.shutdown()
    bread.server.server_close()

    with pytest.raises(WeightsError, match=r"first: .*refused.*; .*second: .*refused.*; bring the"):
        fetch()


def test_a_redirect_is_followed(bread):
    """An address may lead to another that is as safe."""
    bread.server.serve("/first", b"", 302, Location="/elsewhere")
    bread.server.serve("/elsewhere", bread.content)

    assert fetch().read_bytes() == bread.content


def test_progress_is_drawn_when_asked_for(bread, capsys):
    """A bar on the standard error stream shows the name and the bytes; by default none does."""
    bread.server.serve("/first", bread.content)
    fetch()
    silent = capsys.readouterr()
    bread.file.unlink()
    fetch(progress=True)
    drawn = capsys.readouterr()

    assert (silent.out, silent.err, drawn.out) == ("", "", "")
    assert "bread: 100%" in drawn.err


def test_a_killed_process_leaves_no_half_file(bread, tmp_path):
    """After kill -9 in the middle, the next start fetches anew, and `clean` removes the rest."""
    halfway, over = Event(), Event()

    def stall(request):
        request.send_response(200)
        request.send_header("Content-Length", str(len(bread.content)))
        request.end_headers()
        request.wfile.write(bread.content[: len(bread.content) // 2])
        halfway.set()
        over.wait(60)

    bread.server.answers["/first"] = stall
    process = start(tmp_path)
    assert halfway.wait(60)
    process.kill()
    process.communicate()
    over.set()
    [left] = os.listdir(bread.folder)
    assert left != bread.file.name

    bread.server.serve("/first", bread.content)
    assert fetch().read_bytes() == bread.content
    assert sorted(os.listdir(bread.folder)) == sorted([left, bread.file.name])
    catalog.clean()
    assert os.listdir(bread.folder) == []


@pytest.mark.parametrize("count", [2, 8])
def test_processes_may_fetch_at_once(bread, tmp_path, count):
    """All have the file, and nothing else is left, when several receive it at the same time."""
    together = Barrier(count, timeout=60)
    bread.server.serve("/first", bread.content)
    send = bread.server.answers["/first"]

    def answer(request):
        together.wait()
        send(request)

    bread.server.answers["/first"] = answer
    processes = [start(tmp_path) for _ in range(count)]

    assert [process.communicate()[0].strip() for process in processes] == [str(bread.file)] * count
    assert len(bread.server.asked) == count
    assert bread.file.read_bytes() == bread.content
    assert os.listdir(bread.folder) == [bread.file.name]


def test_without_pooch_a_file_that_is_there_will_do(bread, monkeypatch):
    """Only fetching takes pooch; the message names the command that installs it."""
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(
        WeightsError, match=r"needs pooch: pip install 'colorkit\[weights\]'; or bring the file of"
    ):
        catalog.fetch("bread")
    bread.folder.mkdir(parents=True)
    bread.file.write_bytes(bread.content)

    assert catalog.fetch("bread") == bread.file


@pytest.mark.parametrize("value", ["1", "true", "Yes", "ON"])
def test_offline_says_which_file_to_put_where(bread, monkeypatch, value):
    """Nothing is asked for; the message has address, size, hash, command and place."""
    monkeypatch.setenv("COLORKIT_OFFLINE", value)

    with pytest.raises(
        WeightsError, match="'bread' is not in the cache; COLORKIT_OFFLINE forbids"
    ) as caught:
        catalog.fetch("bread")
    for fact in (
        f"{len(bread.content):,} bytes",
        catalog.registry.get_weights("bread").sha256,
        bread.server.url("/first"),
        "colorkit weights add FILE",
        str(bread.file),
    ):
        assert fact in str(caught.value)
    assert bread.server.asked == []

    bread.folder.mkdir(parents=True)
    bread.file.write_bytes(bread.content)
    assert catalog.fetch("bread") == bread.file


@pytest.mark.parametrize("value", ["", "0", "false", "No", "off"])
def test_not_offline(bread, monkeypatch, value):
    """An empty variable is as good as none."""
    monkeypatch.setenv("COLORKIT_OFFLINE", value)
    bread.server.serve("/first", bread.content)

    assert fetch() == bread.file


def test_offline_or_not_has_to_be_clear(bread, monkeypatch):
    """A value that could mean either is refused, before anything is asked for."""
    monkeypatch.setenv("COLORKIT_OFFLINE", "maybe")

    with pytest.raises(WeightsError, match="COLORKIT_OFFLINE must be 1 or 0; received 'maybe'"):
        catalog.fetch("bread")
    assert bread.server.asked == []
