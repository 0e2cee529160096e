"""Every photograph in sepia: a whole colorkit plugin."""

import numpy as np

import colorkit

TONE = np.array([8, 26], np.float32)
"""a and b of the middle grays, Lab units."""


def sepia(lightness):
    """Tone the middle grays; black stays black and paper stays white."""
    middle = 1 - (lightness / 50 - 1) ** 2
    return middle * TONE


@colorkit.hookimpl
def register_backends(register):
    register(
        colorkit.BackendSpec(
            "sepia",
            load="colorkit_sepia:sepia",
            summary="Sepia, as from a toning bath",
            license="BSD-3-Clause",
        )
    )
