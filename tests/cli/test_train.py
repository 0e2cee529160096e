import json

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("keras")

EXAMPLE = ("train", "eccv16", "photos", "-o", "run")
NARROW = ("--width", "0.05", "--weights", "none", "--batch", "2", "--crop", "32", "--seed", "3")


@pytest.fixture
def photos(tmp_path):
    """Make a folder of four photographs, one of them damaged."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        pixels = rng.integers(40, 216, (6, 6, 1)) + rng.normal(0, 20, (6, 6, 3))
        picture = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        picture.resize((80, 80)).save(folder / f"{i}.png")
    (folder / "4.png").write_bytes(b"no picture")
    return folder


def test_training_and_going_on(run, photos):
    """A network is trained by one command; options are kept with the run, and not asked again."""
    first = run(*EXAMPLE, *NARROW, "--steps", "2")
    assert first.code == 0, first.err
    assert first.out == "run/weights.safetensors: step 2\n"
    assert "colorkit: 5 photographs, 5 in an epoch" in first.err
    recipe = json.loads((photos.parent / "run" / "recipe.json").read_text())
    assert (recipe["steps"], recipe["width"], recipe["weights"]) == (2, 0.05, None)
    again = run(*EXAMPLE, "--resume")
    assert (again.code, again.out) == (0, "run/weights.safetensors: step 2\n")


def test_a_run_is_neither_overwritten_nor_changed(run, photos):
    """A folder with a run is refused without --resume, and a recipe with it."""
    (photos.parent / "run").mkdir()
    (photos.parent / "run" / "recipe.json").write_text("{}")
    taken = run(*EXAMPLE, *NARROW, "--steps", "2")
    assert (taken.code, taken.err) == (2, "colorkit: 'run' holds a run; --resume takes it up\n")
    changed = run(*EXAMPLE, "--resume", "--steps", "9")
    assert changed.code == 2
    assert "a run is taken up with its own recipe; leave out steps" in changed.err


def test_clips_are_for_networks_that_learn_motion(run, photos):
    """Others refuse them."""
    refused = run(*EXAMPLE, *NARROW, "--steps", "2", "--clips", "walk.mp4")
    assert refused.code == 2
    assert "network 'eccv16' learns from photographs alone; leave out clips" in refused.err


def test_no_photographs_is_an_error(run, tmp_path):
    """An empty folder is named."""
    (tmp_path / "photos").mkdir()
    found = run(*EXAMPLE, *NARROW, "--steps", "2")
    assert (found.code, found.err) == (1, "colorkit: no photographs in 'photos'\n")
