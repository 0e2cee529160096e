import numpy as np

from colorkit import Colorizer
from colorkit.evaluation import contact_sheet


def test_a_line_for_each_photograph(scenes):
    """Gray, a picture for each recipe, and the photograph itself stand in a line."""
    recipes = [Colorizer(saturation=0), Colorizer(caution=0)]
    found = scenes(2)
    sheet = contact_sheet(found, recipes, height=50)

    assert sheet.shape == (2 * 50 + 8, 4 * 60 + 3 * 8, 3)
    gray, colourless, coloured, truth = (sheet[:50, i * 68 : i * 68 + 60] for i in range(4))
    np.testing.assert_array_equal(truth, found[0].read())
    np.testing.assert_allclose(gray, colourless, atol=1)
    assert np.ptp(gray, axis=-1).max() == 0
    assert np.ptp(coloured, axis=-1).max() > 10
