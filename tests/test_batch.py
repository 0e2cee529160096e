import os
import pickle
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorkit import Colorizer, ColorkitWarning, Prediction, files
from colorkit.batch import HAD_COLOUR, LINE_ART, Batch
from colorkit.files import Photo
from colorkit.plan import Job, plan
from colorkit.provenance import Note, from_xmp


def warm(lightness):
    return np.broadcast_to(np.float32([10, 30]), (*lightness.shape[:3], 2))


class TwoAnswers:
    stride, size, accepts_hints = 8, 64, False

    def predict(self, lightness, hints=None):
        ab = warm(lightness)
        return Prediction(ab=ab, alternatives=(-ab,))


@pytest.fixture
def picture(tmp_path, monkeypatch):
    """Work in an empty folder; returns a function that makes gray pictures there."""
    monkeypatch.chdir(tmp_path)

    def picture(name, channels=()):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, np.full((8, 12, *channels), 128, np.uint8))
        return path

    return picture


def run(jobs, **options):
    return list(Batch(Colorizer(warm), **options).run(jobs))


def test_what_is_missing_fails_when_its_turn_comes(picture):
    """A name that does not exist costs no other picture its colours."""
    outcomes = run(plan([picture("a.jpg"), "no.jpg", "no*.jpg", picture("b.jpg")]))

    assert [outcome.error is None for outcome in outcomes] == [True, False, False, True]
    assert "cannot read 'no.jpg': No such file" in str(outcomes[1].error)


def test_outcomes_come_in_order(picture):
    """Each job has its outcome, in the order of the jobs, with what was written."""
    jobs = plan([picture(f"{i}.png") for i in (3, 1, 2, 5, 4)], "new/folder")

    outcomes = run(jobs)

    assert [outcome.job for outcome in outcomes] == jobs
    assert [outcome.written for outcome in outcomes] == [(job.target,) for job in jobs]
    for outcome in outcomes:
        image = files.read(outcome.written[0]).image
        assert image.shape == (8, 12, 3)
        assert image[0, 0, 0] > image[0, 0, 2]


def test_alpha_and_colour_go_their_way(picture):
    """Alpha is kept where the file can hold it; colours that were there are told."""
    image = np.dstack(
        [np.full((8, 12), 128, np.uint8), np.arange(96, dtype=np.uint8).reshape(8, 12)]
    )
    files.write(picture("a.png"), image, overwrite=True)
    files.write(picture("b.png"), np.uint8([[[200, 0, 0]] * 4]), overwrite=True)

    first, second = run(plan(["a.png", "b.png"]))
    (refused,) = run(plan(["a.png"], "a.jpg"))

    np.testing.assert_array_equal(files.read("a-color.png").image[..., 3], image[..., 1])
    assert (first.remarks, second.remarks) == ((), (HAD_COLOUR,))
    assert "cannot write 'a.jpg': JPEG holds no transparency" in str(refused.error)
    assert not Path("a.jpg").exists()


def test_what_is_there_is_skipped(picture):
    """A result that exists is not written again, unless that is asked for."""
    jobs = plan([picture("a.png")])
    target = jobs[0].target
    target.write_bytes(b"mine")

    (skipped,) = run(jobs)
    assert skipped.skipped
    assert target.read_bytes() == b"mine"

    (done,) = run(jobs, overwrite=True)
    assert done.written == (target,)
    assert not done.skipped
    assert files.read(target).image.shape == (8, 12, 3)


def test_a_half_done_picture_is_completed(picture):
    """Of several results, only those that are missing are written."""
    picture("a.png")
    Path("a-color-1.png").write_bytes(b"mine")

    batch = Batch(Colorizer(TwoAnswers()))
    jobs = plan(["a.png"], variants=2, compare=True)
    (outcome,) = batch.run(jobs)

    assert [str(path) for path in outcome.written] == ["a-color-2.png", "a-color-compare.png"]
    assert files.read("a-color-compare.png").image.shape == (8, 3 * 12 + 2 * 8, 3)
    assert next(batch.run(jobs)).skipped


def test_fewer_answers_than_asked_are_named_rightly(picture):
    """Where a backend has two answers, four variants are two, and the comparison is one."""
    batch = Batch(Colorizer(TwoAnswers()))

    jobs = plan([picture("a.png")], variants=4, compare=True)
    (outcome,) = batch.run(jobs)

    assert [str(path) for path in outcome.written] == [
        "a-color-1.png",
        "a-color-2.png",
        "a-color-compare.png",
    ]
    assert next(batch.run(jobs)).skipped


def test_one_bad_file_does_not_end_the_run(picture):
    """Whatever goes wrong with one picture is its own outcome."""
    Path("bad.jpg").write_bytes(b"\xff\xd8\xff no more")
    inputs = [picture("a.png"), "bad.jpg", picture("b.png"), picture("c.png")]
    jobs = [*plan(inputs), Job(Path("a.png"), Path("bad.jpg/x.png"))]

    def fussy(lightness):
        if lightness.min() < 1:
            raise ZeroDivisionError("by zero")
        return warm(lightness)

    files.write("c.png", np.zeros((8, 8), np.uint8), overwrite=True)
    outcomes = list(Batch(Colorizer(fussy)).run(jobs))

    assert [bool(outcome.written) for outcome in outcomes] == [True, False, True, False, False]
    assert "cannot read 'bad.jpg'" in str(outcomes[1].error)
    assert str(outcomes[3].error) == "cannot be coloured: ZeroDivisionError('by zero')"
    assert "cannot make the folder 'bad.jpg'" in str(outcomes[4].error)


def test_large_pictures_are_refused(picture):
    """The limit on pixels is the batch's."""
    jobs = plan([picture("a.png")])

    assert "more than the limit of 95" in str(run(jobs, max_pixels=95)[0].error)
    assert run(jobs, max_pixels=96)[0].written


def test_closing_ends_the_run(picture):
    """After the iterator is closed no picture is begun; what was begun is whole."""
    jobs = plan([picture(f"{i}.png") for i in range(9)])

    outcomes = Batch(Colorizer(warm)).run(jobs)
    next(outcomes)
    outcomes.close()

    written = [job.target for job in jobs if job.target.exists()]
    assert len(written) == 3
    assert all(files.read(path).image.shape == (8, 12, 3) for path in written)
    assert not list(Path().glob(".*"))


def test_jobs_may_be_endless(picture):
    """Jobs are taken as they are needed."""
    path = picture("a.png")
    jobs = (Job(path, Path(f"{i}.png")) for i in count())

    outcomes = Batch(Colorizer(warm)).run(jobs)

    assert [next(outcomes).written for _ in "ab"] == [(Path("0.png"),), (Path("1.png"),)]
    outcomes.close()


def note_in(path):
    return from_xmp(files.read_xmp(path))


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_results_say_that_a_model_made_their_colours(picture, suffix):
    """Every file has a note, unless that is switched off; pixels are the same with and without."""
    jobs = plan([picture(f"a{suffix}")])

    run(jobs)
    assert note_in(jobs[0].target) == Note("warm")
    noted = files.read(jobs[0].target).image
    run(jobs, overwrite=True, provenance=False)
    assert files.read_xmp(jobs[0].target) == b""
    np.testing.assert_array_equal(files.read(jobs[0].target).image, noted)


def test_notes_tell_variants_and_comparisons_apart(picture):
    """Of several guesses each has its number and what they were drawn with."""
    jobs = plan([picture("a.png")], variants=2, compare=True)
    list(Batch(Colorizer(TwoAnswers(), saturation=0.5)).run(jobs))

    notes = [note_in(path) for path in jobs[0].targets]

    assert [note.variant for note in notes] == [1, 2, None]
    assert [note.seed for note in notes] == [0, 0, None]
    assert {(note.model, note.saturation) for note in notes} == {("TwoAnswers", 0.5)}


XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""
xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" photoshop:Headline="Harbour"
photoshop:City="Bergen"/></rdf:RDF></x:xmpmeta>"""


@pytest.mark.parametrize(
    ("metadata", "kept"),
    [("keep", (True, True)), ("safe", (True, False)), ("none", (False, False))],
)
def test_metadata_are_kept_as_asked(picture, metadata, kept):
    """What others say is kept, or without places, or left out; the note is there in any case."""
    photo = replace(files.read(picture("a.jpg")), xmp=XMP)
    files.write("a.jpg", photo.image, like=photo, overwrite=True)
    jobs = plan(["a.jpg"])

    run(jobs, metadata=metadata)

    packet = files.read_xmp(jobs[0].target)
    assert (b"Harbour" in packet, b"Bergen" in packet) == kept
    assert note_in(jobs[0].target) == Note("warm")


def test_what_has_no_room_gives_way_to_the_note(picture):
    """The longest that others say is left out of a JPEG, and told; the note is not."""
    full = XMP.replace(b"Harbour", b"Harbour" * 9300)
    photo = replace(files.read(picture("a.jpg")), xmp=full)
    files.write("a.jpg", photo.image, like=photo, overwrite=True)
    jobs = plan(["a.jpg"])

    with pytest.warns(ColorkitWarning, match="without Headline of its XMP packet"):
        run(jobs)

    assert b"Bergen" in files.read_xmp(jobs[0].target)
    assert note_in(jobs[0].target) == Note("warm")


def test_pages_are_coloured_one_by_one(picture):
    """Of a TIFF with several pages, and of an animation, each page is in the result."""
    gray = np.full((8, 12), 128, np.uint8)
    pages = [Photo(gray // (i + 1), "TIFF", shown_for=40) for i in range(3)]
    files.write_pages("a.tif", pages)
    files.write_pages("b.webp", pages)

    outcomes = run([*plan(["a.tif", "b.webp"]), *plan(["a.tif"], "c.jpg")])

    for name in ("a-color.tif", "b-color.webp"):
        coloured = [page.image for page in files.read_pages(name)]
        assert [image.shape for image in coloured] == [(8, 12, 3)] * 3
        assert (coloured[0][0, 0] > coloured[2][0, 0]).all()
    assert "JPEG holds one picture" in str(outcomes[2].error)
    assert not Path("c.jpg").exists()


def test_pages_and_drawings_are_remarked_on(picture):
    """What looks like a page of text is coloured, with a remark."""
    lines = np.full((320, 320), 250, np.uint8)
    lines[::12] = 10
    files.write("a.png", lines)
    picture("b.png")

    first, second = run(plan(["a.png", "b.png"]))

    assert first.written
    assert (first.remarks, second.remarks) == ((LINE_ART,), ())


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot tell who writes a file")
def test_what_a_killed_run_left_is_removed(picture):
    """Half a file from an earlier run goes when the folder is coloured into again."""
    jobs = plan([picture("in/a.png")], "out")
    Path("out").mkdir()
    Path("out/.colorkit-0123456789abcdef.part").write_bytes(b"half")

    run(jobs)

    assert os.listdir("out") == ["a.png"]


def test_a_folder_is_looked_through_once(picture, monkeypatch):
    """However often a batch is asked for more, it lists the folder of its results once."""
    listed = []
    monkeypatch.setattr("colorkit.batch.remove_leftovers", listed.append)
    batch = Batch(Colorizer(warm))
    for name in ("a.png", "b.png", "c.png"):
        assert all(outcome.written for outcome in batch.run(plan([picture(f"in/{name}")], "out")))

    assert listed == [Path("out")]
    assert pickle.loads(pickle.dumps(batch)) == batch


def test_a_result_without_an_ending_is_like_its_source(picture):
    """A scan without an ending stays what it is; what is only read becomes a lossless file."""
    picture("a.jpg").rename("scan")
    Image.new("L", (8, 8), 90).save("old.gif")
    Path("old.gif").rename("film")

    run(plan(["scan", "film"]))

    assert files.read("scan-color").format == "JPEG"
    assert files.read("film-color").format == "WEBP"
    Path("scan").rename("scan.old")
    (refused,) = run(plan(["scan.old"]))
    assert "cannot tell a format from 'scan-color.old'" in str(refused.error)
