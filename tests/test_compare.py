import numpy as np
import pytest

from colorkit.compare import sheet, side_by_side


def filled(height: int, width: int, *colour: int) -> np.ndarray:
    """A picture of one colour."""
    return np.full((height, width, len(colour)), colour, np.uint8)


def test_pictures_stand_in_a_row():
    """Each picture is unchanged, white lies between two, and none at the ends."""
    row = side_by_side(filled(5, 4, 10, 20, 30), filled(5, 6, 40, 50, 60), gap=3)

    assert row.shape == (5, 13, 3)
    assert (row[:, :4] == (10, 20, 30)).all()
    assert (row[:, 4:7] == 255).all()
    assert (row[:, 7:] == (40, 50, 60)).all()


def test_one_picture_is_its_own_row():
    """Nothing is added to a single picture."""
    np.testing.assert_array_equal(side_by_side(filled(2, 3, 1, 2, 3)), filled(2, 3, 1, 2, 3))


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        (np.full((2, 3), 7, np.uint8), (7, 7, 7)),
        (filled(2, 3, 7), (7, 7, 7)),
        (filled(2, 3, 7, 0), (255, 255, 255)),
        (filled(2, 3, 7, 255), (7, 7, 7)),
        (filled(2, 3, 1, 2, 3, 255), (1, 2, 3)),
        (filled(2, 3, 1, 2, 3, 0), (255, 255, 255)),
        (filled(2, 3, 0, 100, 200, 51), (204, 224, 244)),
    ],
    ids=["HW", "HW1", "clear gray", "opaque gray", "opaque", "clear", "a fifth"],
)
def test_pictures_of_every_kind_are_shown_on_white(picture, shown):
    """Gray becomes RGB; transparent parts let white through in proportion."""
    assert (side_by_side(picture, gap=0) == shown).all()


@pytest.mark.parametrize("gap", [0, 1, 8])
def test_sheet_has_rows_of_one_height(gap):
    """Pictures of any size come to one height, in rows, with white between and beside them."""
    red, green, blue = np.eye(3, dtype=int) * 200
    pictures = [filled(10, 20, *red), filled(80, 40, *green), filled(20, 60, *blue)]
    made = sheet(pictures, columns=2, height=20, gap=gap)

    assert made.shape == (40 + gap, max(40 + gap + 10, 60), 3)
    assert (made[:20, :40] == red).all()
    assert (made[:20, 40 : 40 + gap] == 255).all()
    assert (made[:20, 40 + gap : 50 + gap] == green).all()
    assert (made[20 : 20 + gap] == 255).all()
    assert (made[20 + gap :, :60] == blue).all()


def test_sheet_keeps_pictures_of_its_height():
    """A picture that has the sheet's height already is shown pixel by pixel."""
    noise = np.random.default_rng(0).integers(0, 256, (16, 9, 3), np.uint8)

    np.testing.assert_array_equal(sheet([noise], columns=4, height=16), noise)
