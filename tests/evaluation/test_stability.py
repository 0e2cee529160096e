import numpy as np
import pytest

from colorkit import Colorizer, Prediction
from colorkit.evaluation.stability import at_other_scales, instability

IMAGE = np.random.default_rng(0).random((64, 64)).astype(np.float32)


class Sized:
    """Answers with a constant colour for each size that it sees."""

    stride, size, accepts_hints = 8, 64, False

    def predict(self, lightness, hints=None):
        height, width = lightness.shape[1:3]
        return Prediction(ab=np.full((1, height, width, 2), (height / 8, 0), np.float32))


def moved(backend, **options):
    recipe = Colorizer(backend, **options)
    return instability(IMAGE, recipe.ab(IMAGE), recipe, at_other_scales(recipe))


def test_a_constant_colour_is_stable():
    """Colours that do not depend on the picture do not move."""
    moved_by = moved(lambda lightness: np.full((*lightness.shape[:3], 2), 7, np.float32))
    assert moved_by == pytest.approx(0, abs=1e-4)


def test_a_mirror_image_moves_colours_that_sit_in_a_corner():
    """Colours that stay at their place in the frame are far from the mirrored ones."""

    def left(lightness):
        ab = np.zeros((*lightness.shape[:3], 2), np.float32)
        ab[:, :, : lightness.shape[2] // 2, 0] = 20
        return ab

    # Mirrored, every pixel is 20 off; cropped and scaled, hardly any.
    assert moved(left, upsampling="bilinear") == pytest.approx(5, abs=0.7)


def test_the_network_sees_the_picture_at_other_sizes():
    """Three quarters and one and a half times the size of the recipe, or of its backend."""
    # 64 pixels give 8; 48 give 6 and 96 give 12; the mirror image and the crop give 8 again.
    assert moved(Sized()) == pytest.approx((0 + 0 + 2 + 4) / 4)
    assert moved(Sized(), size=32) == pytest.approx((0 + 0 + 1 + 2) / 4)


def test_sizes_stay_within_what_is_allowed():
    """One and a half times the largest size is the largest size."""
    assert [recipe.size for recipe in at_other_scales(Colorizer(Sized(), size=1000))] == [750, 1024]
