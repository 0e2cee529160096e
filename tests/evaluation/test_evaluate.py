import sys

import numpy as np
import pytest
from PIL import Image

from colorkit import Colorizer, lab
from colorkit.errors import ColorkitError, FileError, OptionError
from colorkit.evaluation import SCORES, evaluate
from colorkit.photos import photos


def gray(lightness):
    return np.zeros((*lightness.shape[:3], 2), np.float32)


def reddish(lightness):
    return gray(lightness) + np.float32([20, 10])


def values(report, row):
    return {name: score.value for name, score in report.rows[row].scores.items()}


def test_references_are_always_there(scenes):
    """No colour, another photograph's and the true ones stand before the recipes."""
    report = evaluate(scenes(3), {"mine": Colorizer(reddish)}, quick=True)

    assert [*report.rows] == ["gray", "random", "truth", "mine"]
    assert report.photographs == 3
    assert report.rows["mine"].recipe.startswith("Colorizer(backend=")


def test_the_truth_is_perfect(scenes):
    """True colours have the best of every score."""
    truth = values(evaluate(scenes(3), {}), "truth")

    for name in ("auc", "auc_rebalanced_own", "auc_rebalanced_prior", "colorfulness_ratio"):
        assert truth[name] == pytest.approx(100)
    assert truth["neutral_kept"] == 100
    assert truth["psnr"] > 50
    assert truth["ssim"] == pytest.approx(1, abs=1e-3)
    assert truth["ciede2000"] < 0.5


def test_gray_is_gray(scenes):
    """A recipe without colour scores as the reference does, and its AuC is one less mean chroma."""
    report = evaluate(scenes(3), {"mine": Colorizer(gray)}, quick=True)
    mine = values(report, "mine")
    squashed = [Image.fromarray(p.read()).resize((256, 256), 3) for p in scenes(3)]
    ab = np.array([lab.rgb_to_lab(np.asarray(s) / np.float32(255))[..., 1:] for s in squashed])
    chroma = np.hypot(ab[..., 0], ab[..., 1])

    assert mine == pytest.approx(values(report, "gray"))
    # Steps of 1 round errors up by half a unit in the mean, which trapezoids take back.
    assert mine["auc"] == pytest.approx(100 * (1 - chroma.mean() / 150), abs=0.03)
    assert mine["colorfulness_ratio"] < 1


def test_scores_that_want_the_network_again(scenes):
    """Stability is there unless in haste, calibration where there is a distribution as well."""
    recipes = {"lite": Colorizer(), "plain": Colorizer(reddish)}
    full, quick = evaluate(scenes(2), recipes), evaluate(scenes(2), recipes, quick=True)
    again = {"instability", "calibration_error"}

    assert {*values(full, "lite")} == {*SCORES}
    assert {*values(full, "plain")} == {*SCORES} - {"calibration_error"}
    assert {*values(quick, "lite")} == {*SCORES} - again
    assert values(quick, "lite") == {
        k: v for k, v in values(full, "lite").items() if k not in again
    }


def test_random_colours_are_those_of_another_photograph(tmp_path):
    """Of two photographs each gets the colours of the other."""
    for name, colour in (("a", (180, 90, 90)), ("b", (90, 110, 170))):
        Image.new("RGB", (40, 40), colour).save(tmp_path / f"{name}.png")
    report = evaluate(photos([tmp_path]), {}, quick=True)
    a, b = (lab.rgb_to_lab(p.read()[0, 0] / np.float32(255))[1:] for p in photos([tmp_path]))
    error = np.ceil(np.hypot(*(a - b)))

    assert values(report, "random")["auc"] == pytest.approx(100 * (150.5 - error) / 150)


def test_what_the_network_sees_can_be_degraded(scenes):
    """In a row beside, the recipe gets another lightness; colours are scored on the true one."""
    seen = []

    def half(rgb, rng):
        assert rgb.shape == (256, 256, 3)
        return np.full((256, 256), 30 + 10 * rng.random(), np.float32)

    def backend(lightness):
        seen.append(round(float(lightness.mean()), 3))
        return reddish(lightness)

    faults = {"half": half, "again": half}
    report = evaluate(scenes(2), {"mine": Colorizer(backend)}, quick=True, degrade=faults)

    assert [*report.rows][3:] == ["mine", "mine half", "mine again"]
    assert values(report, "mine half") == pytest.approx(values(report, "mine"))
    degraded = sorted(lightness for lightness in seen if 30 <= lightness <= 40)
    # Each photograph has chances of its own, the same each time.
    assert degraded[0] == degraded[1] != degraded[2] == degraded[3]


def test_the_order_of_work_does_not_matter(scenes):
    """Run twice, on several threads, it gives the same report."""
    reports = [evaluate(scenes(4), {"mine": Colorizer(reddish)}, quick=True) for _ in range(2)]

    assert reports[0].to_json() == reports[1].to_json()


def test_reports_of_other_photographs_are_told_apart(scenes):
    """The hash of names is that of the photographs, in their order."""
    two, three = scenes(2), scenes(3)
    hashes = [evaluate(p, {}, quick=True).names_sha256 for p in (two, three, two)]

    assert hashes[0] == hashes[2] != hashes[1]


def test_progress(scenes):
    """Whoever watches sees each photograph when it is done."""
    done = []

    def watch(results):
        for result in results:
            done.append(len(done))
            yield result

    evaluate(scenes(3), {}, quick=True, progress=watch)
    assert done == [0, 1, 2]


def test_a_set_that_is_not_whole(scenes, tmp_path):
    """A photograph that cannot be read ends it: scores of the others would be of another set."""
    (tmp_path / "bad.png").write_bytes(b"no picture")

    with pytest.raises(FileError, match=r"cannot read '.*bad\.png'"):
        evaluate([*scenes(2), *photos([tmp_path])], {})


def test_what_cannot_be_scored(scenes, tmp_path):
    """One photograph, photographs without colour, and names that are taken are refused."""
    for name in "ab":
        Image.new("L", (20, 20), 90).save(tmp_path / f"{name}.png")
    with pytest.raises(OptionError, match="at least 2 photographs; received 1"):
        evaluate(scenes(1), {})
    with pytest.raises(OptionError, match=r"no colours .*: their mean colourfulness is 0\.0"):
        evaluate(photos([tmp_path]), {})
    with pytest.raises(OptionError, match=r"are called \['gray'\]"):
        evaluate(scenes(2), {"gray": Colorizer()})


def test_scikit_image_is_needed(scenes, monkeypatch):
    """Where it is absent, the error says how to get it."""
    monkeypatch.setitem(sys.modules, "skimage", None)

    with pytest.raises(ColorkitError, match=r"pip install 'colorkit\[skimage\]'"):
        evaluate(scenes(2), {})


def test_the_embedded_network_on_photographs(photos):
    """On every 20th validation photograph, colours beat gray, and cost what is published."""
    from colorkit.photos import photos as found

    report = evaluate(found([photos.folder / "val.tar"])[::20], {"lite": Colorizer()}, quick=True)
    lite, gray = values(report, "lite"), values(report, "gray")

    assert lite["auc"] > gray["auc"] + 1
    assert lite["auc_rebalanced_own"] > gray["auc_rebalanced_own"] + 2
    assert lite["psnr"] > gray["psnr"] + 1
    assert lite["ciede2000"] < gray["ciede2000"]
    assert report.difference("lite", "gray")["auc"].low > 0
