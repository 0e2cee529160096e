from itertools import pairwise

import av
import numpy as np
from PIL import Image

from colorkit.video.shots import is_cut


def test_the_cuts_of_a_real_film(clips):
    """In a street film of six shots, with a lorry close to the camera, five cuts are found."""
    with av.open(clips / "bikes.mp4") as film:
        frames = [frame.to_ndarray(format="gray") for frame in film.decode(video=0)]

    assert [i for i, pair in enumerate(pairwise(frames), 1) if is_cut(*pair)] == [
        30,
        76,
        137,
        187,
        242,
    ]


def test_photographs_are_shots_of_their_own(photos):
    """Nearly every photograph that follows another is a cut."""
    small = [np.asarray(Image.fromarray(p).resize((96, 64))) for p in photos.validation(every=8)]
    cuts = [is_cut(*pair) for pair in pairwise(small)]

    assert len(cuts) > 40
    assert np.mean(cuts) > 0.97


def test_light_is_no_cut():
    """A lamp that is switched on, and a fade to black, are no cuts."""
    scene = np.add.outer(np.arange(48), np.arange(64)).astype(np.uint8)
    steps = [(scene * share).astype(np.uint8) for share in np.linspace(1, 0, 12)]

    assert not is_cut(scene, scene + 90)
    assert not any(is_cut(*pair) for pair in pairwise(steps))
