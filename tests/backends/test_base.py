import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from colorkit import BackendError, Distribution, Prediction
from colorkit.backends.base import Backend, FunctionBackend, as_backend, checked, prediction

LIGHTNESS = np.zeros((2, 16, 24, 1), np.float32)


def ab(*shape):
    return np.ones(shape, np.float32)


class Minimal:
    stride, size, accepts_hints = 8, 256, False

    def predict(self, lightness, hints=None):
        return Prediction(ab=lightness.repeat(2, axis=3))


class Wasteful(Minimal):
    def __init__(self, threads=None):
        self.threads = threads


@settings(deadline=None, max_examples=30)
@given(
    st.integers(1, 3), st.integers(1, 5), st.integers(1, 5), st.integers(1, 8), st.integers(1, 8)
)
def test_answers_at_a_whole_fraction_fit(n, rows, columns, k, other):
    """Maps of 1/k of the input's size are taken for any whole k, others for none."""
    lightness = np.zeros((n, rows * k, columns * k, 1), np.float32)

    assert checked(Prediction(ab=ab(n, rows, columns, 2)), lightness, "b").ab.shape[0] == n
    if other != k:
        with pytest.raises(BackendError, match="with a whole k"):
            checked(Prediction(ab=ab(n, rows * other, columns * k, 2)), lightness, "b")


@pytest.mark.parametrize(
    "shape",
    [
        (2, 16, 24),
        (1, 16, 24, 2),
        (2, 16, 24, 3),
        (2, 32, 48, 2),
        (2, 8, 24, 2),
        (2, 7, 10, 2),
        (2, 0, 0, 2),
        (0, 16, 24, 2),
    ],
)
def test_misshapen_ab_is_refused(shape):
    """The error names the backend, the shape found, and the one that would fit."""
    with pytest.raises(BackendError, match="backend 'b' answered with ab of shape") as caught:
        checked(Prediction(ab=ab(*shape)), LIGHTNESS, "b")
    assert f"shape {shape}; for lightness of shape (2, 16, 24, 1) it must be (2, 16/k" in str(
        caught.value
    )


def test_misshapen_logits_are_refused():
    """Logits have to fit the input, like ab."""
    believed = Distribution(ab(2, 5, 6, 313))

    with pytest.raises(BackendError, match=r"'b' answered with logits of shape \(2, 5, 6, 313\)"):
        checked(Prediction(distribution=believed), LIGHTNESS, "b")


def test_misshapen_alternatives_are_refused():
    """Alternatives are held to the same as the first answer."""
    with pytest.raises(BackendError, match=r"answered with ab of shape \(2, 3, 3, 2\)"):
        checked(Prediction(ab(2, 16, 24, 2), None, (ab(2, 3, 3, 2),)), LIGHTNESS, "b")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_not_finite_are_refused(value):
    """NaN, infinity and what float32 cannot hold never become colours."""
    wrong = np.zeros((2, 16, 24, 2))
    wrong[1, 3, 4, 0] = value

    with pytest.raises(BackendError, match="'b' answered with ab that are NaN or infinite"):
        checked(Prediction(ab=wrong), LIGHTNESS, "b")


def test_logits_that_are_not_finite_are_refused():
    """A distribution of NaN is refused like colours of NaN."""
    believed = Distribution(np.full((2, 4, 6, 313), np.nan, np.float32))

    with pytest.raises(BackendError, match="'b' answered with logits that are NaN or infinite"):
        checked(Prediction(distribution=believed), LIGHTNESS, "b")


@pytest.mark.parametrize(("value", "text"), [(5e4, "50000"), (-2000, "2000")])
def test_values_far_outside_lab_are_refused(value, text):
    """A wrong unit is told, with the largest value found."""
    with pytest.raises(BackendError, match=f"ab of up to {text}; these are Lab units"):
        checked(Prediction(ab=np.full((2, 16, 24, 2), value)), LIGHTNESS, "b")


@pytest.mark.parametrize(
    ("bins", "message"),
    [
        (np.zeros((5, 3), np.float32), r"answered with bins of shape \(5, 3\); it must be \(Q, 2"),
        (np.full((5, 2), np.nan, np.float32), "answered with bins of up to nan; these are Lab"),
    ],
)
def test_bins_that_are_no_colours_are_refused(bins, message):
    """A distribution's bins are points of the Lab plane."""
    with pytest.raises(BackendError, match=message):
        checked(Prediction(distribution=Distribution(ab(2, 4, 6, 5), bins)), LIGHTNESS, "b")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (ab(2, 16, 24, 2), "'b' must answer with a colorkit.Prediction; received ndarray"),
        (None, "'b' must answer with a colorkit.Prediction; received NoneType"),
        (Prediction(), "'b' answered with neither ab nor a distribution"),
        (Prediction(ab="sepia"), "'b' answered with ab that is no array of numbers"),
        (Prediction(ab=[[1], [1, 2]]), "'b' answered with ab that is no array of numbers"),
        (Prediction(distribution=ab(2, 16, 24, 313)), r"as a colorkit\.Distribution; .* ndarray"),
    ],
)
def test_answers_of_another_kind_are_refused(answer, message):
    """The error says what came in place of a prediction."""
    with pytest.raises(BackendError, match=message):
        checked(answer, LIGHTNESS, "b")


@pytest.mark.parametrize("channels", [1, 7, 18])
def test_ab_has_two_channels_a_colour(channels):
    """What a network calls ab, and is not, is no colour that was left out."""
    with pytest.raises(BackendError, match=f"ab of {channels} channels.*at most 8 colours"):
        prediction(ab=ab(1, 8, 8, channels))


def test_maps_become_float32():
    """Lists and other dtypes are taken, and handed on as float32."""
    answer = checked(
        Prediction(np.ones((2, 8, 12, 2), int), None, (ab(2, 4, 6, 2),)), LIGHTNESS, "b"
    )

    assert answer.ab.dtype == answer.alternatives[0].dtype == np.float32


def test_a_backend_is_taken_as_it_is():
    """An object with the four attributes is a backend; it is not wrapped."""
    backend = Minimal()

    assert as_backend(backend) is backend


def test_a_class_is_called_with_threads_if_it_takes_them():
    """Classes are called, with `threads` where the signature has it."""
    assert as_backend(Wasteful, threads=2).threads == 2
    assert type(as_backend(Minimal, threads=2)) is Minimal


def test_a_function_is_wrapped():
    """A function from lightness to ab is a backend of stride 8 and size 256 without hints."""
    backend = as_backend(lambda lightness: lightness.repeat(2, axis=3))

    assert isinstance(backend, FunctionBackend)
    assert isinstance(backend, Backend)
    assert (backend.stride, backend.size, backend.accepts_hints) == (8, 256, False)
    assert backend.predict(LIGHTNESS).ab.shape == (2, 16, 24, 2)


@pytest.mark.parametrize("thing", [7, None, [1], {}])
def test_other_things_are_no_backends(thing):
    """The error shows the thing and says what a backend has."""
    with pytest.raises(BackendError, match="is no backend: that has stride, size, accepts_hints"):
        as_backend(thing)


@pytest.mark.parametrize("field", ["stride", "size"])
@pytest.mark.parametrize("value", [0, -8, 8.0, None])
def test_sizes_are_whole_numbers_of_pixels(field, value):
    """A stride or size that no picture can have is refused before a picture is."""
    backend = Minimal()
    setattr(backend, field, value)

    with pytest.raises(BackendError, match=f"{field} of backend .* received {value!r}"):
        as_backend(backend)
