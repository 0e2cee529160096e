import csv
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from colorkit import ColorkitError, ColorkitWarning, OptionError, VideoError, WeightsError
from colorkit.weights import safetensors

keras = pytest.importorskip("keras")

from colorkit.training.loop import Run  # noqa: E402  # needs Keras
from colorkit.training.recipe import Recipe  # noqa: E402

TINY = Recipe(network="narrow", weights=None, steps=6, batch=2, crops=(32,), warm_up=2)

TRAIN = """
import sys
from pathlib import Path

import narrow_network
from colorkit.photos import photos
from colorkit.training.loop import Run
from colorkit.training.recipe import Recipe

narrow_network.register()
folder, out = map(Path, sys.argv[1:3])
run = Run(out, photos([folder]), Recipe.read(sys.argv[3]))
run.train(lambda report: print(report.step, flush=True), report_every=1, save_every=2)
"""


def rows(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def whole(narrow, found, tmp_path):
    """Train without a stop; give the weights."""
    return safetensors.read(Run(tmp_path / "whole", found, TINY).train(report_every=2))


def assert_same(path, expected):
    weights = safetensors.read(path)
    assert weights.keys() == expected.keys()
    for name, values in expected.items():
        # Threads may add in another order.
        np.testing.assert_allclose(weights[name], values, rtol=1e-3, atol=1e-5, err_msg=name)


def test_a_run_leaves_weights_recipe_and_log(whole, tmp_path):
    """Beside the weights there are the recipe, and a line for every report."""
    assert "logits/kernel" in whole
    assert Recipe.read(tmp_path / "whole" / "recipe.json") == TINY
    log = rows(tmp_path / "whole" / "log.csv")
    assert [row["step"] for row in log] == ["2", "4", "6"]
    assert all(float(row["loss"]) > 0 and float(row["kl"]) > 0 for row in log)


def test_a_report_has_the_means_of_its_steps(whole, found, tmp_path):
    """Every batch since the last report counts, not just the last one."""
    Run(tmp_path / "each", found, TINY).train(report_every=1)
    each, pairs = (rows(tmp_path / name / "log.csv") for name in ("each", "whole"))

    for term in ("loss", "kl"):
        steps = np.array([float(row[term]) for row in each])
        means = [float(row[term]) for row in pairs]
        np.testing.assert_allclose(means, steps.reshape(-1, 2).mean(axis=1), rtol=1e-3)
        assert np.ptp(steps) > 0.01


def test_a_stopped_run_ends_where_the_whole_one_does(whole, found, tmp_path):
    """SIGTERM ends the step and keeps the state; taken up from it, the weights are the same."""

    def stop(report):
        os.kill(os.getpid(), signal.SIGTERM)

    first = Run(tmp_path / "parts", found, TINY)
    with pytest.raises(KeyboardInterrupt):
        first.train(stop, report_every=3)
    second = Run(tmp_path / "parts", found, TINY)
    assert (first.step, second.step) == (3, 3)
    assert_same(second.train(), whole)


def test_a_killed_run_ends_where_the_whole_one_does(whole, folder, found, tmp_path):
    """Kill -9 costs the steps since the last checkpoint, no more."""
    out, recipe = tmp_path / "killed", tmp_path / "recipe.json"
    TINY.write(recipe)
    command = [sys.executable, "-c", TRAIN, folder, out, recipe]
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": path}
    ) as process:
        for line in process.stdout:
            if int(line) == 5:
                process.kill()
    resumed = Run(out, found, TINY)
    assert resumed.step == 4
    assert_same(resumed.train(), whole)


def test_a_checkpoint_of_another_recipe_is_refused(whole, found, tmp_path):
    """A run is not taken up with a network of other shapes."""
    other = Recipe(network="narrow", width=2, weights=None, steps=6, batch=2, crops=(32,))
    with pytest.raises(WeightsError, match="is not of this recipe: 'network/stem/kernel' has sha"):
        Run(tmp_path / "whole", found, other)


def test_one_picture_is_learned_by_heart(narrow, found, tmp_path):
    """With a single photograph the divergence falls a long way within 150 steps."""
    recipe = Recipe(
        network="narrow",
        weights=None,
        steps=150,
        batch=4,
        crops=(32,),
        learning_rate=0.02,
        warm_up=10,
        film=False,
    )
    run = Run(tmp_path / "run", found[:1], recipe)
    run.train(report_every=15)
    log = rows(tmp_path / "run" / "log.csv")
    assert float(log[-1]["kl"]) < 0.4 * float(log[0]["kl"])


def test_a_network_that_takes_hints_is_trained_with_them(registry, found, tmp_path):
    """siggraph17 learns colours of all pixels, and the grid of 529 bins, from simulated hints."""
    recipe = Recipe(
        network="siggraph17", width=0.05, weights=None, steps=1, batch=2, crops=(32,), hints=0.5
    )
    run = Run(tmp_path / "run", found, recipe)
    layer = run.learner.network.get_layer("conv10_ab")
    before = layer.get_weights()[0]
    weights = safetensors.read(run.train(report_every=1))
    assert not np.array_equal(before, layer.get_weights()[0])
    assert weights["model_class/bias"].shape == (529,)
    assert run.crops.batch(0, 2, 32).inputs[1].shape == (2, 32, 32, 2)


PAIRED = replace(TINY, network="paired", batch=4)


def test_a_network_may_learn_motion_by_a_loss_of_its_own(paired, found, clip, pan, tmp_path):
    """From pairs out of photographs and clips; the log has the terms of its loss."""
    run = Run(tmp_path / "run", found, PAIRED, [clip(pan)])
    weights = safetensors.read(run.train(report_every=2))
    assert weights["ab/kernel"].shape == (1, 1, 8, 4)
    log = rows(tmp_path / "run" / "log.csv")
    assert [row["step"] for row in log] == ["2", "4", "6"]
    for row in log:
        loss, ranked, temporal = (float(row[name]) for name in ("loss", "ranked", "temporal"))
        assert loss == pytest.approx(ranked + temporal, rel=1e-4)
        assert temporal > 0
    assert "kl" not in log[0]
    assert not (tmp_path / "run" / "prior.npy").exists()


def test_pairs_go_on_after_a_stop(paired, found, tmp_path):
    """Taken up again, a run learns from the pairs that it would have met."""

    def stop(report):
        raise StopIteration

    whole = safetensors.read(Run(tmp_path / "whole", found, PAIRED).train())
    parts = Run(tmp_path / "parts", found, PAIRED)
    with pytest.raises(StopIteration):
        parts.train(stop, report_every=3)
    parts.save()
    assert_same(Run(tmp_path / "parts", found, PAIRED).train(), whole)


def test_clips_and_variants_are_not_for_every_network(narrow, paired, found, tmp_path):
    """What a network cannot use is refused, before anything is written."""
    with pytest.raises(OptionError, match="'narrow' learns from photographs alone; leave out clip"):
        Run(tmp_path / "run", found, TINY, [tmp_path / "walk.mp4"])
    with pytest.raises(OptionError, match=r"'paired' learns from pairs of frames, .* out variants"):
        Run(tmp_path / "run", found, replace(PAIRED, freeze="stem", variants=2))
    with pytest.raises(VideoError, match=r"walk.mp4': No such file"):
        Run(tmp_path / "run", found, PAIRED, [tmp_path / "walk.mp4"])
    assert not (tmp_path / "run").exists()


def test_minutes_end_a_run(narrow, found, tmp_path):
    """Time in place of steps: the run is over when it is up."""
    recipe = Recipe(network="narrow", weights=None, minutes=1e-4, batch=2, crops=(32,))
    run = Run(tmp_path / "run", found, recipe)
    run.train()
    assert run.step >= 1
    assert run.minutes >= 1e-4


def test_watched_photographs_are_scored_and_shown(narrow, found, tmp_path):
    """Scores go into a table beside the log, pictures onto a sheet; gray answers are warned of."""
    recipe = Recipe(
        network="narrow", weights=None, steps=2, batch=2, crops=(32,), head="regression"
    )
    run = Run(tmp_path / "run", found, recipe)
    with pytest.warns(ColorkitWarning, match="has settled for gray: "):
        run.train(watched=found[:2], save_every=2)
    (scores,) = rows(tmp_path / "run" / "validation.csv")
    assert scores["step"] == "2"
    assert 0 < float(scores["auc"]) <= 100
    assert float(scores["chroma"]) < 0.25
    assert (tmp_path / "run" / "sheet-0000002.jpg").exists()


def test_crops_that_the_network_cannot_take_are_refused(narrow, found, tmp_path):
    """Before anything is written."""
    recipe = Recipe(network="lite", steps=1, crops=(192, 208))
    with pytest.raises(OptionError, match=r"'lite' must be multiples of 32 .* \(192, 208\)"):
        Run(tmp_path / "run", found, recipe)
    assert not (tmp_path / "run").exists()


def test_a_loss_that_is_no_number_ends_the_run(narrow, found, tmp_path):
    """What was kept before stays; the message says what to do."""
    run = Run(tmp_path / "run", found, TINY)
    run.learner.network.get_layer("logits").bias.assign(np.full(313, np.nan))
    with pytest.raises(ColorkitError, match="the loss is nan at step 1: take up the run from"):
        run.train(report_every=1)
    assert not (tmp_path / "run" / "checkpoint.safetensors").exists()
