import pytest

from colorkit.errors import OptionError
from colorkit.training.recipe import Recipe


def test_a_recipe_is_read_as_it_was_written(tmp_path):
    """What is beside the weights says all of how they came about."""
    recipe = Recipe(network="eccv16", width=0.5, weights=None, steps=9, crops=(64, 96))
    recipe.write(tmp_path / "recipe.json")
    assert Recipe.read(tmp_path / "recipe.json") == recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "either steps or minutes; received steps=None and minutes=None"),
        ({"steps": 1, "minutes": 1.0}, "either steps or minutes"),
        ({"steps": 0}, "steps must be positive; received 0"),
        ({"steps": 1, "rebalance": 1.5}, r"rebalance must be in \[0, 1\]; received 1.5"),
        ({"steps": 1, "hints": 0.0}, r"hints must be in \(0, 1\]; received 0.0"),
        ({"steps": 1, "crops": ()}, r"crops must be sides in pixels; received \(\)"),
    ],
)
def test_impossible_values_are_refused(values, message):
    """The message names the field and the value."""
    with pytest.raises(OptionError, match=message):
        Recipe(**values)


def test_a_file_of_another_kind_is_refused(tmp_path):
    """A recipe with an unknown field is of another version: nothing in it is guessed."""
    path = tmp_path / "recipe.json"
    path.write_text('{"steps": 3, "crops": [64], "speed": 9}')
    with pytest.raises(OptionError, match=r"cannot read the recipe .*unknown fields speed"):
        Recipe.read(path)


def test_the_rate_rises_and_falls():
    """It is highest after the warm-up, and nothing at the end."""
    recipe = Recipe(steps=100, warm_up=10, learning_rate=0.5)
    rates = [recipe.rate_at(step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(0.05)
    assert max(rates) == rates[9] < 0.5
    assert rates[100] == pytest.approx(0, abs=1e-12)


def test_crops_grow():
    """Each side has an equal share of the run."""
    recipe = Recipe(steps=10, crops=(64, 96))
    assert [recipe.side_at(share) for share in (0, 0.49, 0.5, 1)] == [64, 64, 96, 96]
