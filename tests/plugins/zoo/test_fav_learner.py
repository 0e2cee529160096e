import numpy as np
import pytest
from PIL import Image

from colorkit import export_tflite
from colorkit.backends.base import HintMap
from colorkit.backends.litert import LiteRTBackend
from colorkit.bins import gamut_bins
from colorkit.photos import photos
from colorkit.training.data import Batch

keras = pytest.importorskip("keras")

from colorkit_zoo.fav import learner as fav_learner  # noqa: E402
from colorkit_zoo.fav.learner import FavLearner  # noqa: E402

from colorkit.training.learner import learner  # noqa: E402
from colorkit.training.loop import Run  # noqa: E402
from colorkit.training.recipe import Recipe  # noqa: E402
from colorkit.training.start import trained  # noqa: E402

RECIPE = Recipe(network="fav", width=1 / 16, weights=None, steps=9, crops=(32,), weight_decay=0)


@pytest.fixture
def batch():
    """Two pans by two cells over blotches, warm where they are light."""
    rng = np.random.default_rng(8)
    scene = rng.uniform(0, 100, (2, 4, 5, 1)).astype(np.float32).repeat(8, 1).repeat(8, 2)
    lightness = np.concatenate([scene[:, :, 4:36], scene[:, :, :32]])
    ab = (lightness[:, ::2, ::2] - 50) * np.array([0.3, 0.6], np.float32)
    origin = np.arange(256, dtype=np.int32).reshape(16, 16)
    origin = np.maximum(origin - 2, origin[:, :1])
    trust = np.ones((2, 16, 16), np.float32)
    trust[:, :, :2] = 0
    truth = {"ab": ab, "origin": np.stack([origin.ravel()] * 2), "trust": trust}
    return Batch([lightness], truth)


@pytest.fixture
def made(narrow_fav):
    return learner(narrow_fav(), gamut_bins(), RECIPE, FavLearner)


def steps(model, batch, count=1):
    """What it measures in the last of so many steps."""
    return [model.learn(batch, 1e-2) for _ in range(count)][-1]


def weights(model):
    return {v.path: np.asarray(v).copy() for v in model.network.trainable_variables}


def test_it_learns(made, batch):
    """Its colourings come nearer to the truth, by the paper's own measure, each term told."""
    first, last = steps(made, batch), steps(made, batch, 40)

    assert set(first) == {"loss", "ranked", "bilateral", "temporal", "refinement"}
    assert last["ranked"] < 0.8 * first["ranked"]
    total = sum(weight * last[name] for name, weight in fav_learner.WEIGHTS.items())
    assert last["loss"] == pytest.approx(total, rel=1e-3)


def test_the_truth_has_no_flicker(made, batch):
    """Pans whose colours move with what they belong to cost nothing in time."""
    before, after = np.split(batch.truth["ab"], 2)
    arrived = fav_learner.losses.carried(before, batch.truth["origin"])

    cost = fav_learner.losses.temporal(arrived, after, batch.truth["trust"][..., None])
    assert float(cost) == 0


@pytest.mark.parametrize("learned", ["ranked", "bilateral", "temporal", "refinement"])
def test_f_and_g_learn_from_their_own_terms(learned, made, batch, monkeypatch):
    """Refinement teaches g alone, and does not tempt f; all other terms teach f alone."""
    alone = {name: float(name == learned) for name in fav_learner.WEIGHTS}
    monkeypatch.setattr(fav_learner, "WEIGHTS", alone)
    before = weights(made)

    steps(made, batch)

    after = weights(made)
    moved = {path for path in before if not np.array_equal(before[path], after[path])}
    of_g = {path for path in before if path.startswith("refine")}
    assert moved
    assert moved <= (of_g if learned == "refinement" else before.keys() - of_g)


@pytest.mark.usefixtures("narrow_fav")
@pytest.mark.filterwarnings("ignore:the network has settled for gray")
def test_it_is_trained_exported_and_run(tmp_path):
    """From photographs to a file of any size with Keras' colours: the best and three others."""
    rows, columns = np.mgrid[:64, :80]
    for i in range(4):
        plane = (rows * (i + 1) + columns * 2) % 256
        picture = np.stack([plane, 0.7 * plane + 20, 0.4 * plane + 60], -1)
        Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(tmp_path / f"{i}.png")
    found = photos([tmp_path])
    recipe = Recipe(network="fav", width=1 / 16, weights=None, steps=2, batch=4, crops=(64,))
    network = trained(recipe, Run(tmp_path / "run", found, recipe).train())

    export_tflite(tmp_path / "it.tflite", network)
    rng = np.random.default_rng(1)
    lightness, before, mask = (
        rng.uniform(0, top, (1, 64, 96, c)).astype(np.float32)
        for top, c in ((100, 1), (30, 2), (1, 1))
    )
    backend = LiteRTBackend.from_file(tmp_path / "it.tflite")
    answer = backend.predict(lightness, HintMap(before, mask))

    wanted = keras.ops.convert_to_numpy(network([lightness, before, mask], training=False))
    given = np.concatenate([answer.ab, *answer.alternatives], axis=-1)
    assert given.shape == (1, 32, 48, 8)
    np.testing.assert_allclose(given, wanted, rtol=1e-3, atol=1e-3)
