import multiprocessing
import os
import warnings

import numpy as np
import pytest

import colorkit
from colorkit import BackendError, pixels
from colorkit.testing import BackendTests

keras = pytest.importorskip("keras")

from colorkit.backends.keras import KerasBackend, LiteKeras  # noqa: E402
from colorkit.export.pictures import load  # noqa: E402


def network(stride=8):
    lightness = keras.Input((None, None, 1), name="lightness")
    x = keras.layers.Conv2D(4, stride, stride, name="eye")(lightness)
    x = keras.layers.UpSampling2D(2, interpolation="bilinear")(x)
    return keras.Model(lightness, keras.layers.Conv2D(313, 1, name="logits")(x), name="sketch")


class TestLiteKeras(BackendTests):
    backend_name = "lite-keras"

    @pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
    def test_survives_a_fork(self):
        """Keras would wait forever in a forked child: the child is told so at once."""
        context = multiprocessing.get_context("fork")
        answers = context.SimpleQueue()
        child = context.Process(target=ask, args=(self._backend, answers))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # a fork beside threads: the point
            child.start()
        child.join(60)
        assert child.exitcode == 0
        assert "does not survive a fork" in answers.get()


def ask(backend, answers):
    try:
        backend.predict(np.zeros((1, 32, 32, 1), np.float32))
    except BackendError as error:
        answers.put(str(error))


def test_keras_agrees_with_the_file_that_ships():
    """The TFLite file gives Keras' colours: a tenth of a Lab unit apart on average."""
    pytest.importorskip("ai_edge_litert")
    from colorkit.backends.litert import Lite

    [photograph] = load([], [(64, 96)])
    upright = pixels.split(photograph).lightness[..., None]
    lightness = np.stack([upright, upright[::-1]])
    ours, shipped = (
        backend.predict(lightness).distribution.mean() for backend in (LiteKeras(), Lite())
    )
    difference = np.abs(ours - shipped)
    print(f"|delta ab| mean {difference.mean():.3f}, max {difference.max():.3f} Lab units")
    assert difference.mean() < 0.3
    assert difference.max() < 5


def test_any_network_is_a_backend():
    """A network in hand colours a picture as a registered one does."""
    backend = KerasBackend(network(), size=64, stride=8)
    gray = np.linspace(0, 255, 33 * 47).reshape(33, 47).astype(np.uint8)
    coloured = colorkit.colorize(gray, backend)
    assert coloured.shape == (33, 47, 3)
    distribution = backend.predict(np.zeros((1, 24, 40, 1), np.float32)).distribution
    assert distribution.logits.shape == (1, 6, 10, 313)


def test_network_is_used_not_copied():
    """A network that goes on learning is seen as it is now."""
    model = network()
    backend = KerasBackend(model, stride=8)
    lightness = np.full((1, 8, 8, 1), 50, np.float32)
    before = backend.predict(lightness).distribution.logits
    model.get_layer("logits").bias.assign(np.arange(313, dtype=np.float32))
    after = backend.predict(lightness).distribution.logits
    np.testing.assert_allclose(
        after - before, np.broadcast_to(np.arange(313), after.shape), atol=1e-3
    )


def test_a_network_has_bins_of_its_own():
    """What classes stand for can be said; the colours are then among those."""
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(3, 1)])
    bins = np.float32([[40, 0], [50, 10], [60, 0]])

    answer = KerasBackend(model, bins=bins).predict(np.full((1, 32, 32, 1), 50, np.float32))

    np.testing.assert_array_equal(answer.distribution.bins, bins)
    assert answer.distribution.mean()[..., 0].min() >= 40


@pytest.mark.parametrize("classes", [1, 3, 7, 18])
def test_network_with_another_head_is_refused(classes):
    """Logits on bins that nobody has told are no colours."""
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(classes, 1)])
    with pytest.raises(
        BackendError, match=f"{classes} classes; bins are known for 313 and 529, and ab has two"
    ):
        KerasBackend(model).predict(np.zeros((1, 32, 32, 1), np.float32))


@pytest.mark.parametrize("colours", [1, 4, 8])
def test_network_may_give_several_colours(colours):
    """Two channels are ab, further pairs its alternatives, best first."""
    model = keras.Sequential([keras.Input((None, None, 1)), keras.layers.Conv2D(2 * colours, 1)])
    lightness = np.full((1, 32, 32, 1), 50, np.float32)

    answer = KerasBackend(model).predict(lightness)

    everything = np.concatenate([answer.ab, *answer.alternatives], axis=-1)
    np.testing.assert_allclose(everything, model(lightness).numpy(), rtol=1e-6)
    assert len(answer.alternatives) == colours - 1
