"""The networks that tutorials on colorization name, to train, to export, and trained."""

from collections.abc import Callable
from typing import NamedTuple

import colorkit

LICENSE = "BSD-3-Clause AND Apache-2.0"


class Member(NamedTuple):
    """A network, and the backend that runs it trained."""

    name: str
    summary: str
    backend: str
    size: int
    stride: int
    aliases: tuple[str, ...] = ()
    bins: str = "colorkit.bins:gamut_bins"
    module: str = "colorkit_zoo.networks"
    learner: str = "colorkit.training.learner:Learner"


MEMBERS = (
    Member(
        "reg_full",
        "Regression: the whole picture, and what is in it",
        "RegFull",
        size=224,
        stride=8,
        aliases=("reg_full_model",),
    ),
    Member(
        "reg_full_vgg",
        "Regression: what a frozen encoder sees",
        "RegFullVgg",
        size=224,
        stride=32,
        aliases=("reg_full_vgg_model",),
    ),
    Member(
        "reg_part",
        "Regression: tiles of 32 x 32 pixels, and what is in the picture",
        "RegPart",
        size=160,
        stride=32,
        aliases=("reg_part_model",),
    ),
    Member(
        "class_weights",
        "Classification of tiles into 400 colours, rare ones weighing more",
        "ClassWeights",
        size=160,
        stride=32,
        aliases=("class_weights_model", "class_with_weights"),
        bins="colorkit_zoo.bins:square_bins",
    ),
    Member(
        "class_wo_weights",
        "Classification of tiles into 400 colours, all weighing alike",
        "ClassWoWeights",
        size=160,
        stride=32,
        aliases=("class_wo_weights_model",),
        bins="colorkit_zoo.bins:square_bins",
    ),
    Member(
        "autoencoder",
        "Regression: a convolutional autoencoder",
        "Autoencoder",
        size=256,
        stride=8,
    ),
    Member(
        "fav",
        "Regression: several colourings of a frame, the first refined by the frame before",
        "Fav",
        size=256,
        stride=32,
        module="colorkit_zoo.fav.networks",
        learner="colorkit_zoo.fav.learner:FavLearner",
    ),
)


@colorkit.hookimpl
def register_networks(register: Callable[[colorkit.NetworkSpec], None]) -> None:
    """Register what can be trained and exported."""
    for it in MEMBERS:
        register(
            colorkit.NetworkSpec(
                it.name,
                f"{it.module}:{it.name}",
                summary=it.summary,
                license=LICENSE,
                requires=("keras",),
                install="colorkit-zoo[keras]",
                size=it.size,
                stride=it.stride,
                bins=it.bins,
                learner=it.learner,
            )
        )


@colorkit.hookimpl
def register_backends(register: Callable[[colorkit.BackendSpec], None]) -> None:
    """Register the files that ship, run by LiteRT."""
    for it in MEMBERS:
        register(
            colorkit.BackendSpec(
                it.name,
                f"colorkit_zoo.backends:{it.backend}",
                summary=it.summary,
                license=LICENSE,
                aliases=it.aliases,
            )
        )
