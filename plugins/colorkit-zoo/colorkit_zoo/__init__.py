"""The networks that tutorials on colorization name, to train and to export."""

from collections.abc import Callable
from typing import NamedTuple

import colorkit


class Member(NamedTuple):
    """A network."""

    name: str
    summary: str
    size: int
    stride: int
    bins: str = "colorkit.bins:gamut_bins"


MEMBERS = (
    Member(
        "reg_full",
        "Regression: the whole picture, and what is in it",
        size=224,
        stride=8,
    ),
    Member(
        "reg_full_vgg",
        "Regression: what a frozen encoder sees",
        size=224,
        stride=32,
    ),
    Member(
        "reg_part",
        "Regression: tiles of 32 x 32 pixels, and what is in the picture",
        size=160,
        stride=32,
    ),
    Member(
        "class_weights",
        "Classification of tiles into 400 colours, rare ones weighing more",
        size=160,
        stride=32,
        bins="colorkit_zoo.bins:square_bins",
    ),
    Member(
        "class_wo_weights",
        "Classification of tiles into 400 colours, all weighing alike",
        size=160,
        stride=32,
        bins="colorkit_zoo.bins:square_bins",
    ),
    Member(
        "autoencoder",
        "Regression: a convolutional autoencoder",
        size=256,
        stride=8,
    ),
)


@colorkit.hookimpl
def register_networks(register: Callable[[colorkit.NetworkSpec], None]) -> None:
    """Register what can be trained and exported."""
    for it in MEMBERS:
        register(
            colorkit.NetworkSpec(
                it.name,
                f"colorkit_zoo.networks:{it.name}",
                summary=it.summary,
                license="BSD-3-Clause",
                requires=("keras",),
                install="colorkit-zoo[keras]",
                size=it.size,
                stride=it.stride,
                bins=it.bins,
            )
        )
