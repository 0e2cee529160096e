import inspect
import itertools
import os
import threading
from unittest import SkipTest

import numpy as np
import pytest

import colorkit
from colorkit import BackendError, Distribution, Prediction, register_backend
from colorkit.testing import BackendTests


class Conforming:
    stride, size, accepts_hints = 4, 32, False

    def predict(self, lightness, hints=None):
        return Prediction(ab=self.colours(lightness))

    def colours(self, lightness):
        return lightness.repeat(2, axis=3) / 4


class Believing(Conforming):
    def predict(self, lightness, hints=None):
        near = np.arange(313, dtype=np.float32) - 3 * lightness[:, ::4, ::4]
        return Prediction(distribution=Distribution(-(near**2) / 100))


def conforming_function(lightness):
    return lightness[:, ::2, ::2].repeat(2, axis=3) / 4


class TestFunction(BackendTests):
    """A plain function conforms."""

    def make_backend(self):
        return conforming_function


class TestClass(BackendTests):
    """A class that gives distributions conforms."""

    def make_backend(self):
        return Believing


class TestName(BackendTests):
    """A backend under its name conforms."""

    backend_name = "conforming"

    @pytest.fixture(autouse=True)
    def _named(self, registry):
        register_backend("conforming")(Conforming)


class Undecided(Conforming):
    accepts_hints = "no"


class Undersized(Conforming):
    size = 3


class Doubling(Conforming):
    def colours(self, lightness):
        return super().colours(lightness).astype(np.float64)


class Listing(Conforming):
    def colours(self, lightness):
        return super().colours(lightness).tolist()


class Large(Conforming):
    def colours(self, lightness):
        n, height, width, _ = lightness.shape
        return np.ones((n, max(height, 16), max(width, 16), 2), np.float32)


class Square(Conforming):
    def colours(self, lightness):
        n, height, _, _ = lightness.shape
        return np.ones((n, height, height, 2), np.float32)


class Contrasting(Conforming):
    def colours(self, lightness):
        with np.errstate(invalid="ignore"):
            return super().colours((lightness - lightness.min()) / np.ptp(lightness))


class Mixing(Conforming):
    def colours(self, lightness):
        return super().colours(lightness - lightness.mean(axis=0))


class Counting(Conforming):
    def __init__(self):
        self.calls = itertools.count()

    def colours(self, lightness):
        return super().colours(lightness) + np.float32(next(self.calls))


class Overwriting(Conforming):
    def colours(self, lightness):
        lightness /= 4
        return lightness.repeat(2, axis=3)


class Entangled(Conforming):
    """Once two threads are inside together, both answer to what came last."""

    def __init__(self):
        self.meeting = threading.Barrier(2)

    def colours(self, lightness):
        self.lightness = lightness
        if threading.current_thread() is not threading.main_thread():
            self.meeting.wait(timeout=30)
            lightness = self.lightness
        return super().colours(lightness)


class Rooted(Conforming):
    def __init__(self):
        self.lock = threading.Lock()


class Whimsical(Conforming):
    def __init__(self):
        self.whim = np.random.default_rng().uniform(1, 4)

    def colours(self, lightness):
        return super().colours(lightness) / np.float32(self.whim)

    def __reduce__(self):
        return Whimsical, ()


class Forked(Conforming):
    def __init__(self):
        self.home = os.getpid()

    def colours(self, lightness):
        if os.getpid() != self.home:
            return self.away(lightness)
        return super().colours(lightness)

    def away(self, lightness):
        return super().colours(lightness) / 2


class ForkedHanging(Forked):
    def away(self, lightness):
        threading.Event().wait()


class ForkedDying(Forked):
    def away(self, lightness):
        os._exit(1)


class ForkedFailing(Forked):
    def away(self, lightness):
        raise OSError("no interpreter here")


class ForkedNonsense(Forked):
    def away(self, lightness):
        return np.full((*lightness.shape[:3], 2), np.nan, np.float32)


class ForkedRefusing(Forked):
    def away(self, lightness):
        raise BackendError("use spawn")


WRONG = [
    ("test_describes_itself", Undecided, "accepts_hints is True or False"),
    ("test_describes_itself", Undersized, "has at least one stride"),
    ("test_answers_in_float32", Doubling, "a map is float64, not float32"),
    ("test_answers_in_float32", Listing, "a map is a list, no array"),
    ("test_answers_to_the_smallest_input", Large, "answered with ab of shape"),
    ("test_answers_to_any_multiple_of_its_stride", Square, "answered with ab of shape"),
    ("test_answers_to_black_white_and_noise", Contrasting, "ab that are NaN or infinite"),
    ("test_answers_to_a_batch_as_to_each_picture", Mixing, "picture 0 of a batch"),
    ("test_answers_the_same_to_the_same", Counting, "the second answer differs"),
    ("test_leaves_its_input_alone", Overwriting, "the input was changed"),
    ("test_answers_several_threads_as_one", Entangled, "the answer in a thread differs"),
    ("test_colours_one_pixel", Contrasting, "ab that are NaN or infinite"),
    ("test_colours_odd_sizes", Square, "answered with ab of shape"),
    ("test_travels_as_a_recipe", Rooted(), "cannot be pickled: give it a name"),
    ("test_travels_as_a_recipe", Whimsical(), "the colours after pickling"),
    ("test_survives_a_fork", Forked, "the colours in a forked child"),
    ("test_survives_a_fork", ForkedNonsense, "a forked child failed: .* NaN or infinite"),
    ("test_survives_a_fork", ForkedHanging, r"a forked child gave no answer within 0\.5 seconds"),
    ("test_survives_a_fork", ForkedDying, "a forked child died"),
    ("test_survives_a_fork", ForkedFailing, r"a forked child failed: OSError\('no interpreter"),
]
CHECKS = {name for name, _ in inspect.getmembers(BackendTests) if name.startswith("test_")}


@pytest.mark.parametrize(("check", "wrong", "message"), WRONG)
def test_a_wrong_backend_fails(check, wrong, message):
    """Every check finds a backend that breaks its rule, and says what is wrong."""

    class Suite(BackendTests):
        fork_seconds = 0.5

        def make_backend(self):
            return wrong

    with pytest.raises((AssertionError, BackendError), match=message):
        getattr(Suite(), check)()


def test_a_core_that_lets_nan_pass_fails(monkeypatch):
    """The check on NaN fails when a picture of NaN is coloured."""

    class Careless:
        def __init__(self, backend): ...

        def colorize(self, image):
            return image

    monkeypatch.setattr(colorkit, "Colorizer", Careless)

    with pytest.raises(AssertionError, match="a picture of NaN was coloured"):
        TestFunction().test_never_sees_nan()


def test_every_check_has_been_seen_to_fail():
    """No check is without a backend that fails it."""
    assert {check for check, _, _ in WRONG} | {"test_never_sees_nan"} == CHECKS


def test_a_suite_without_a_backend_says_what_to_set():
    """A class that names no backend is told how."""

    class Suite(BackendTests): ...

    with pytest.raises(AssertionError, match="set backend_name, or override make_backend"):
        Suite().test_answers_in_float32()


def test_a_backend_may_refuse_a_fork():
    """A backend that says it cannot work in a forked child is not called wrong; a skip tells."""

    class Suite(BackendTests):
        def make_backend(self):
            return ForkedRefusing

    with pytest.raises(SkipTest, match="refuses to work in a forked child: use spawn"):
        Suite().test_survives_a_fork()
