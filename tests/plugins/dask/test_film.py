import os
import signal
from pathlib import Path

import numpy as np
import pytest
from colorkit_dask import colorize_video

from colorkit import Colorizer, VideoError, video
from colorkit.cli import main
from colorkit.video import segments

av = pytest.importorskip("av", reason="pip install 'colorkit[video]'")
pytest.importorskip("cv2", reason="pip install opencv-python-headless")


@pytest.fixture
def film(tmp_path, monkeypatch):
    """Work in a folder with a film of three shots, each a segment; gives its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(segments, "LENGTH", 30)  # by the client alone films are divided
    with av.open("old.mp4", "w") as file:
        stream = file.add_stream("libx264", rate=25, width=48, height=32)
        for number in range(60):
            rng = np.random.default_rng(number // 20)
            scene = rng.integers(0, 256, (4, 6), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
            frame = av.VideoFrame.from_ndarray(np.roll(scene, number // 4, 1), format="gray")
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return "old.mp4"


def pictures(path):
    with av.open(path) as file:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)])


def test_a_killed_worker_loses_nothing_of_a_film(client, film):
    """After kill -9 of a worker the film is, frame by frame, what one machine makes of it."""
    lossless = video.Delivery(codec="ffv1")
    told = []

    def progress(done, total):
        if not told:
            os.kill(min(client.run(os.getpid).values()), signal.SIGKILL)
        told.append((done, total))

    report = colorize_video(film, "many.mkv", client, delivery=lossless, progress=progress)
    alone = video.colorize_video(film, "one.mkv", delivery=lossless)

    assert report == alone == video.Report(60, 3, 0)
    assert told == [(20, 60), (40, 60), (60, 60)]
    np.testing.assert_array_equal(pictures("many.mkv"), pictures("one.mkv"))
    assert not Path("many.mkv.parts").exists()


def test_a_film_is_coloured_by_a_command(client, film, monkeypatch, capsys):
    """A single file that is no picture is taken for a film; the new one is not replaced unasked."""
    monkeypatch.delenv("COLORKIT_PLUGINS", raising=False)
    command = ["dask", film, "-o", "new.mp4", "--scheduler", client.scheduler.address]
    for code, said in ((0, "60 frames coloured, 3 shots\n"), (1, "--overwrite replaces it\n")):
        with pytest.raises(SystemExit) as ended:
            main(command)
        printed = capsys.readouterr()

        assert ended.value.code == code
        assert (printed.out + printed.err).endswith(said)
    assert pictures("new.mp4").shape == (60, 32, 48, 3)


def test_a_film_that_kills_its_workers(client, film, monkeypatch):
    """Where a segment makes workers die, that is one error."""
    monkeypatch.setattr(client.cluster.scheduler, "allowed_failures", 0)

    with pytest.raises(VideoError, match="several workers died of one segment"):
        colorize_video(film, "new.mkv", client, colorizer=Colorizer(Deadly()))


class Deadly:
    """A backend that is all right here, and makes workers die."""

    def __call__(self, lightness):
        return 0 * lightness.repeat(2, axis=-1)

    def __reduce__(self):
        return os._exit, (1,)
