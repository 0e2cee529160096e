import numpy as np
from colorkit_zoo.bins import square_bins
from hypothesis import given, settings
from hypothesis import strategies as st

ab = st.integers(-102400, 102399).map(lambda n: n / 1024)  # so that sums are exact


@settings(max_examples=50, deadline=None)
@given(ab, ab)
def test_a_colour_is_in_the_square_of_its_class(a, b):
    """Class 20 i + j is the square with a from 10 i - 100 on, and b from 10 j - 100 on."""
    number = 20 * int((a + 100) // 10) + int((b + 100) // 10)

    assert np.abs(square_bins()[number] - (a, b)).max() <= 5


def test_they_are_400():
    """There are 20 x 20 of them, from -95 to 95, and none is twice there."""
    bins = square_bins()

    assert bins.shape == (400, 2)
    assert bins.dtype == np.float32
    assert len(np.unique(bins, axis=0)) == 400
    assert (bins.min(), bins.max()) == (-95, 95)
