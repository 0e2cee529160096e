from dataclasses import replace

import numpy as np
import pytest

from colorkit import OptionError
from colorkit.weights import safetensors

keras = pytest.importorskip("keras")

from colorkit.training import features  # noqa: E402
from colorkit.training.learner import halves, up_to  # noqa: E402
from colorkit.training.loop import Run  # noqa: E402
from colorkit.training.recipe import Recipe  # noqa: E402

KEPT = Recipe(
    network="narrow",
    weights=None,
    freeze="mixed",
    variants=2,
    steps=15,
    batch=2,
    crops=(32,),
    warm_up=2,
)


@pytest.fixture
def run(narrow, found, tmp_path):
    """Give a run that keeps the features of 24 crops."""
    return Run(tmp_path / "run", found, KEPT)


def numbers(run, step):
    """The crops of a step."""
    return [run.source._number(n) for n in range(step * KEPT.batch, (step + 1) * KEPT.batch)]


def test_the_halves_of_a_network_are_the_whole(run):
    """What the second half makes of the features of the first is what the network answers."""
    network = run.learner.network
    first, second = halves(network, "mixed")
    lightness = np.random.default_rng(0).uniform(0, 100, (1, 32, 32, 1)).astype(np.float32)
    answers = (
        keras.ops.convert_to_numpy(it) for it in (network(lightness), second(first(lightness)))
    )
    np.testing.assert_allclose(*answers, atol=1e-5)
    assert "stem/kernel" not in {v.path for v in second.variables}


@pytest.mark.parametrize("step", [0, 12])
def test_features_are_those_of_the_crops(run, step):
    """First met, or met again in another order: features and colours are those of the crop."""
    for before in range(step):
        run.source.batch(before, KEPT.batch, 32)
    batch = run.source.batch(step, KEPT.batch, 32)
    lightness, ab, _ = run.crops.cut(numbers(run, step), 32)
    expected = halves(run.learner.network, "mixed")[0](lightness[..., None])
    np.testing.assert_allclose(
        batch.inputs[0],
        keras.ops.convert_to_numpy(expected).reshape(2, 8, 8, 32),
        rtol=2e-3,
        atol=2e-3,
    )
    np.testing.assert_allclose(batch.truth["ab"], ab, atol=0.05)


def test_crops_come_round_in_another_order(run):
    """In a turn each comes once: as many of a photograph as there are variants."""
    first, second = (
        [n for s in steps for n in numbers(run, s)] for steps in (range(12), range(12, 24))
    )
    assert sorted(first) == sorted(second) == list(range(24))
    assert first != second


def test_what_finds_no_room_is_computed_each_time(run, monkeypatch):
    """A batch is the same, whatever was kept."""
    first = run.source.batch(0, 2, 32)
    monkeypatch.setattr(features, "LIMIT", 12 * run.source._row(32).itemsize)
    small = features.Features(run.crops, run.source.encoder, 2, run.folder)
    for _ in range(2):
        again = small.batch(0, 2, 32)
        np.testing.assert_allclose(again.inputs[0], first.inputs[0], rtol=2e-3, atol=1e-4)


def test_frozen_layers_stay_and_the_others_learn(run):
    """The weights of a run are those of the whole network."""
    before = {v.path: np.asarray(v).copy() for v in run.learner.network.weights}
    after = safetensors.read(run.train(report_every=5))
    frozen = {v.path for layer in up_to(run.learner.network, "mixed") for v in layer.weights}
    assert after.keys() == before.keys()
    for path, values in after.items():
        assert np.array_equal(values, before[path]) == (path in frozen), path


def test_a_stopped_run_ends_where_the_whole_one_does(run, found, tmp_path):
    """Features that were lost are computed again."""

    def stop(report):
        raise StopIteration

    whole = safetensors.read(run.train())
    parts = Run(tmp_path / "parts", found, KEPT)
    with pytest.raises(StopIteration):
        parts.train(stop, report_every=7)
    parts.save()
    ended = safetensors.read(Run(tmp_path / "parts", found, KEPT).train())
    for name, values in whole.items():
        np.testing.assert_allclose(ended[name], values, rtol=1e-3, atol=1e-4, err_msg=name)


def test_variants_want_frozen_layers_and_no_hints(registry, found, tmp_path):
    """Features that change, or hang on hints that are drawn anew, cannot be kept."""
    with pytest.raises(
        OptionError, match=r"variants=2 keeps what frozen layers make .* give freeze"
    ):
        replace(KEPT, freeze=None)
    hinted = replace(KEPT, network="siggraph17", width=0.05, freeze="conv2_2norm")
    with pytest.raises(OptionError, match="leave them out for 'siggraph17'"):
        Run(tmp_path / "run", found, hinted)
