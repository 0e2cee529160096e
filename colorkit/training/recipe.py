"""How a network is trained: every choice in one place, kept beside the result."""

import json
import math
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from colorkit.atomic import write_atomically
from colorkit.errors import OptionError

__all__ = ["Recipe"]

Head = Literal["classification", "regression"]
Precision = Literal["float32", "bfloat16"]

RECIPE = "recipe.json"
"""Its name in the folder of a run."""

POSITIVE = ("steps", "minutes", "batch", "learning_rate", "clip", "heaviest", "variants")

ENCODERS = {"lite": "block15"}
"""Where the pretrained part of a network ends."""


@dataclass(frozen=True)
class Recipe:
    """What a training run does, apart from the photographs that it sees.

    Attributes
    ----------
    network : str
        Of a registered network.
    width : float or None
        Share of the channels, for networks that take one.
    head : str
        "classification", or "regression" for colours themselves in place of distributions: the
        baseline that turns out gray.
    weights : str or None
        What it starts from: "default" for its own, a .safetensors file, the name of published
        weights, "imagenet" for an encoder that knows what things are (``lite`` alone), or None for
        random ones.
    steps : int or None
        How many batches; None where ``minutes`` counts.
    minutes : float or None
        How long, validation included.
    batch : int
        Crops in a step.
    crops : tuple of int
        Sides of the crops in pixels, each for an equal share of the run: small ones are quick. The
        network says of what they have to be multiples.
    learning_rate : float
        At its highest, after ``warm_up`` steps; from there it falls to nothing along a cosine.
    warm_up : int
        Steps in which it rises.
    weight_decay : float
        Of AdamW.
    clip : float
        Largest norm of the gradient.
    average : float
        Momentum of the average of the weights, which is the result; 0 keeps the last ones.
    freeze : str or None
        A layer, or the beginning of its name: it and all that it depends on stay as they are.
    encoder : str or None
        The same for what is trained already: there batch normalisations stay as they are, for small
        batches would spoil them, and weights learn at ``encoder_rate``. None stands for the
        encoder of ``lite`` if it has weights, and for nothing in other networks.
    encoder_rate : float
        Share of the learning rate that the encoder takes.
    variants : int or None
        Where ``freeze`` is given: how many crops of a photograph there are. What the frozen layers
        make of them is then computed once, and kept. None draws new crops for ever.
    rebalance : float
        Lambda of Zhang et al. (ECCV 2016, section 2.2): 0 weighs colours by how rare they are,
        1 leaves them alone.
    heaviest : float
        What a rare colour may weigh at most, where 1 is the mean.
    regress : float
        Share of the distance between the mean of the distribution and the true colour in the loss.
    hints : float
        For networks that take hints: a crop gets none with this probability, and another with one
        less it after each.
    film : bool
        Whether crops get the faults of old film.
    precision : str
        "float32", or "bfloat16" for layers in half of the bits, where processors have them.
    per_source : int or None
        Photographs of one source, at most, in an epoch; see `colorkit.training.data.source`.
    seed : int
        Of everything that is drawn.
    """

    network: str = "lite"
    width: float | None = None
    head: Head = "classification"
    weights: str | None = "default"
    steps: int | None = None
    minutes: float | None = None
    batch: int = 16
    crops: tuple[int, ...] = (160, 192, 224)
    learning_rate: float = 1e-3
    warm_up: int = 200
    weight_decay: float = 0.02
    clip: float = 5.0
    average: float = 0.999
    freeze: str | None = None
    encoder: str | None = None
    encoder_rate: float = 0.3
    variants: int | None = None
    rebalance: float = 0.75
    heaviest: float = 6.0
    regress: float = 0.3
    hints: float = 0.125
    film: bool = True
    precision: Precision = "float32"
    per_source: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.minutes is None):
            raise OptionError(
                f"give either steps or minutes; received steps={self.steps!r} and "
                f"minutes={self.minutes!r}"
            )
        if self.variants is not None and self.freeze is None:
            raise OptionError(
                f"variants={self.variants!r} keeps what frozen layers make of crops: give freeze"
            )
        for name in POSITIVE:
            if getattr(self, name) is not None and not getattr(self, name) > 0:
                raise OptionError(f"{name} must be positive; received {getattr(self, name)!r}")
        for name in ("rebalance", "average", "encoder_rate"):
            if not 0 <= getattr(self, name) <= 1:
                raise OptionError(f"{name} must be in [0, 1]; received {getattr(self, name)!r}")
        if not 0 < self.hints <= 1:
            raise OptionError(f"hints must be in (0, 1]; received {self.hints!r}")
        if not self.crops or min(self.crops) < 1:
            raise OptionError(f"crops must be sides in pixels; received {self.crops!r}")

    @property
    def trunk(self) -> str | None:
        """The last layer of the encoder."""
        known = ENCODERS.get(self.network) if self.weights is not None else None
        return self.encoder or known

    def rate_at(self, step: int, progress: float) -> float:
        """The learning rate of a step, counted from 0, with a share of the run behind it."""
        rising = min((step + 1) / max(self.warm_up, 1), 1.0)
        return self.learning_rate * rising * (1 + math.cos(math.pi * progress)) / 2

    def side_at(self, progress: float) -> int:
        """The side of the crops with a share of the run behind it."""
        return self.crops[min(int(progress * len(self.crops)), len(self.crops) - 1)]

    def write(self, path: str | os.PathLike[str]) -> None:
        """Keep it as JSON."""
        write_atomically(path, (json.dumps(asdict(self), indent=2) + "\n").encode())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> "Recipe":
        """The recipe in a file that `write` made.

        Raises
        ------
        OptionError
            When it cannot be read, or holds another field or an impossible value.
        """
        try:
            values: dict[str, Any] = json.loads(Path(path).read_text())
            known = {field.name for field in fields(cls)}
            if unknown := sorted(set(values) - known):
                raise ValueError(f"unknown fields {', '.join(unknown)}")
            return cls(**values | {"crops": tuple(values["crops"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise OptionError(f"cannot read the recipe {os.fspath(path)!r}: {error}") from error
