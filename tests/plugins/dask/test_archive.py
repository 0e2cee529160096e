import os
import signal
from pathlib import Path

import numpy as np
import pytest
from colorkit_dask import Report, colorize_files
from colorkit_dask.archive import CHUNK, LEAST_IN_WORK
from distributed import Client, LocalCluster
from PIL import Image

from colorkit import BackendError, Colorizer, ColorkitError, FileError, Prediction


def files_below(folder):
    return {path.relative_to(folder): path for path in Path(folder).rglob("*") if path.is_file()}


def check_all_are_there(sources, out):
    """Each picture has its colours, of its own size, and nothing else is there."""
    found = files_below(out)
    assert found.keys() == files_below("scans").keys()
    assert len(found) == len(sources)
    for path in found.values():
        with Image.open(path) as image:
            assert np.asarray(image).shape == (24, 32, 3)


def kill_a_worker(client):
    os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)


def check_a_killed_worker_loses_nothing(client, sources):
    done = []

    def progress(picture):
        done.append(picture.source)
        if len(done) == len(sources) // 3:
            kill_a_worker(client)

    report = colorize_files(["scans"], "colour", client, progress=progress)

    # Of a task that was killed, what it had finished is found done by the one in its place.
    assert report.written + report.skipped == len(sources)
    assert report.skipped <= 16
    assert report.failures == ()
    assert len(set(done)) == len(done) == len(sources)
    check_all_are_there(sources, "colour")
    before = {path: path.stat() for path in files_below("colour").values()}
    assert colorize_files(["scans"], "colour", client) == Report(0, len(sources), ())
    assert {path: path.stat() for path in before} == before


def test_a_killed_worker_loses_nothing(client, make):
    """After kill -9 of a worker every picture is there, none twice; again does nothing."""
    check_a_killed_worker_loses_nothing(client, make(60))


@pytest.mark.soak
def test_a_killed_worker_loses_nothing_of_a_thousand(client, make):
    """The same with a thousand pictures."""
    check_a_killed_worker_loses_nothing(client, make(1000))


def test_failures_are_listed(client, make):
    """Bad pictures are listed with their errors, and may be tried again when they are mended."""
    [good, bad, _] = make(3)
    bad.write_bytes(b"junk")
    Path("mended.png").write_bytes(good.read_bytes())

    report = colorize_files(["scans", "no.png"], "colour", client)

    assert report.written == 2
    errors = {Path(failure.source).name: failure.error for failure in report.failures}
    assert errors.keys() == {bad.name, "no.png"}
    assert "it is not a JPEG" in errors[bad.name]
    Path("mended.png").rename(bad)
    again = colorize_files([failure.source for failure in report.failures], "colour", client)
    assert again.written == 1


class Moody:
    """A backend that fails once, and leaves a file to remember that by."""

    stride, size, accepts_hints = 8, 64, False

    def __init__(self, memory):
        self.memory = memory

    def predict(self, lightness, hints=None):
        from pathlib import Path

        try:
            Path(self.memory).touch(exist_ok=False)
        except FileExistsError:
            return Prediction(ab=0 * lightness.repeat(2, axis=-1))
        raise OSError("the disk is away for a moment")


@pytest.mark.parametrize("retries", [0, 1])
def test_what_fails_is_tried_again(client, make, retries):
    """A picture that fails for a moment is tried again, as often as is said."""
    import sys

    import cloudpickle

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    make(3)
    colorizer = Colorizer(Moody(str(Path("memory").absolute())))

    report = colorize_files(["scans"], "colour", client, colorizer=colorizer, retries=retries)

    assert (report.written, len(report.failures)) == (2 + retries, 1 - retries)


def test_a_picture_that_kills_its_workers_is_a_failure(client, make, monkeypatch):
    """Where a picture makes workers die, it alone is listed, and its neighbours are coloured."""
    sources = make(5)
    Image.new("L", (32, 24), 255).save(sources[2])
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)

    def deadly(lightness):
        if lightness.min() > 99:
            os._exit(1)
        return 0 * lightness.repeat(2, axis=-1)

    recipe = Colorizer(deadly)
    report = colorize_files(["scans"], "colour", client, colorizer=recipe, retries=3)

    assert report.written + report.skipped == 4
    [failure] = report.failures
    assert failure.source == str(sources[2].absolute())
    assert failure.error.startswith("several workers died of it: ")


def test_what_would_be_lost_is_a_failure(client, make):
    """Of two pictures that would become one file, the second is a failure, whatever is tried."""
    make(1, "one")
    make(1, "two")

    report = colorize_files(["one", "two"], "colour", client, retries=3)

    assert (report.written, report.skipped) == (1, 0)
    assert report.failures[0].error.startswith("another picture becomes ")


def test_an_unknown_backend_ends_the_run(client, make):
    """What is wrong for every picture is raised, once."""
    make(3)

    with pytest.raises(BackendError, match="no backend is named 'nope'"):
        colorize_files(["scans"], "colour", client, colorizer=Colorizer("nope"))


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell who writes a file")
def test_nothing_is_left_of_a_killed_worker(client, make):
    """Half a file that appears in the middle of the run is gone at its end."""
    sources = make(3)

    def progress(_):
        Path("colour/a/.colorkit-0123456789abcdef.part").write_bytes(b"half")

    colorize_files(["scans"], "colour", client, progress=progress)

    check_all_are_there(sources, "colour")


@pytest.fixture
def idle():
    """Connect to a cluster that has no worker yet."""
    with (
        LocalCluster(n_workers=0, processes=False, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield client


def test_a_cluster_without_workers_is_an_error(idle, make):
    """What would wait for ever ends when the time is over, and says where nobody came."""
    make(3)

    with pytest.raises(ColorkitError, match=r"no worker has come to .+ in 0\.2 seconds"):
        colorize_files(["scans"], "colour", idle, timeout=0.2)


def test_a_cluster_that_adapts_gets_its_workers(idle, make):
    """Workers that a cluster starts when there is work are waited for."""
    sources = make(3)
    idle.cluster.adapt(minimum=0, maximum=1, interval="50 ms")

    assert colorize_files(["scans"], "colour", idle).written == len(sources)


def test_nothing_to_colour_is_an_error(client, make):
    """A folder without pictures is an error: it is likely to be the wrong one."""
    make(0)

    with pytest.raises(FileError, match="there is nothing to colour"):
        colorize_files(["scans"], "colour", client)


def test_a_bounded_number_is_in_work(client, make):
    """Pictures are looked for as workers become free, not all at once."""
    handed_out = done = furthest = 0

    def paths():
        nonlocal handed_out
        for path in make(80):
            handed_out += 1
            yield path

    def progress(_):
        nonlocal done, furthest
        done += 1
        furthest = max(furthest, handed_out - done)

    def gray(lightness):
        return 0 * lightness.repeat(2, axis=-1)

    colorize_files(paths(), "colour", client, colorizer=Colorizer(gray), progress=progress)

    assert done == 80
    assert furthest <= CHUNK * (LEAST_IN_WORK + 1)
