"""A training run: from photographs and a recipe to weights in a folder."""

import csv
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from colorkit import registry
from colorkit.backends.keras import KerasBackend
from colorkit.bins import grid_bins
from colorkit.errors import ColorkitError, OptionError
from colorkit.networks import load_weights
from colorkit.photos import StoredPhoto
from colorkit.registry import NetworkSpec
from colorkit.training import checkpoint, targets
from colorkit.training.checkpoint import Average
from colorkit.training.clips import FramePair, read_pairs
from colorkit.training.data import Batch, Crops, ahead, cell_means
from colorkit.training.features import Features
from colorkit.training.learner import Learner, halves, learner, quick
from colorkit.training.pairs import Pairs
from colorkit.training.recipe import RECIPE, Recipe
from colorkit.training.start import start, untrained
from colorkit.training.validation import Scores, validate, write_sheet
from colorkit.weights import safetensors

PRIOR, STATE, WEIGHTS = "prior.npy", "checkpoint.safetensors", "weights.safetensors"
LOG, SCORES = "log.csv", "validation.csv"
"""What a run leaves in its folder, beside its recipe."""

KEEP_MINUTES = 10
"""How much of a run a power cut may cost."""

SHOWN = 12
"""Photographs on a sheet."""

COUNTED = 3000
"""Crops whose colours are counted for the prior."""


@dataclass(frozen=True)
class Report:
    """Where a run stands.

    Attributes
    ----------
    step : int
        Steps taken.
    progress : float
        Share of the run that is done, in [0, 1].
    side : int
        Of the crops, in pixels.
    learning_rate : float
        Of the last step.
    loss : float
        What is minimised: its mean since the last report.
    terms : dict
        Further means, by name: ``kl``, the divergence from the true colours in nats, in which all
        of them weigh the same; or what a network's own learner measures.
    crops_per_second : float
        Since the last report.
    minutes : float
        Since the run began, stops left out.
    unreadable : int
        Photographs that were passed over.
    """

    step: int
    progress: float
    side: int
    learning_rate: float
    loss: float
    terms: dict[str, float]
    crops_per_second: float
    minutes: float
    unreadable: int

    def row(self) -> dict[str, float]:
        """All of it by name, each term for itself."""
        fields = ({k: v} if k != "terms" else v for k, v in vars(self).items())
        return {name: value for field in fields for name, value in field.items()}


class Run:
    """A training run in a folder, which goes on where it stopped.

    Parameters
    ----------
    folder : path
        Takes what is described in docs/training.md; made if it is not there.
    photos : sequence of StoredPhoto
        What is learned from.
    recipe : Recipe
        How.
    clips : sequence of Path
        Film in colour, of which half of the pairs are, for networks that learn from pairs.

    Raises
    ------
    OptionError
        When the network cannot take the recipe's crops, or variants, or clips.
    VideoError
        When a clip cannot be read.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[StoredPhoto],
        recipe: Recipe,
        clips: Sequence[Path] = (),
    ) -> None:
        self.folder, self.recipe = folder, recipe
        self.spec = _checked_spec(recipe)
        kind = _checked_learner(self.spec, recipe, clips)
        filmed = [pair for clip in clips for pair in read_pairs(clip)]
        folder.mkdir(parents=True, exist_ok=True)
        keras.utils.set_random_seed(recipe.seed)
        network = start(recipe)
        encoder = _encoder(self.spec)
        self.learner = learner(network, encoder.bins, recipe, kind)
        self.average = Average(recipe.average)
        self.minutes = 0.0
        self._measured: list[dict[str, float]] = []
        if (folder / STATE).exists():
            self.minutes = checkpoint.restore(folder / STATE, self.learner, self.average)
        even = np.ones(len(encoder.bins), np.float32)
        self.crops = Crops(
            photos,
            encoder,
            even,
            recipe.seed,
            cell=_cell(network),
            film=recipe.film,
            per_source=recipe.per_source,
            hints=recipe.hints if len(network.inputs) > 1 else None,
        )
        if not kind.pairs:  # they have no bins to weigh
            self._rebalance()
        self.source = self._source(network, filmed)
        recipe.write(folder / RECIPE)

    def _rebalance(self) -> None:
        """Give colours the weights of the recipe, by how often they are met."""
        p = _prior(self.folder / PRIOR, self.crops)
        weights = targets.rebalancing(p, self.recipe.rebalance, self.recipe.heaviest)
        self.crops = replace(self.crops, weights=weights)

    def _source(self, network: keras.Model, filmed: list[FramePair]) -> Crops | Features | Pairs:
        """What batches come from."""
        if self.learner.pairs:
            return Pairs(self.crops, filmed)
        if self.recipe.variants:
            return self._features(network, self.recipe.variants)
        return self.crops

    def _features(self, network: keras.Model, variants: int) -> Features:
        """Of a copy of the frozen layers: the network itself learns in another thread."""
        if len(network.inputs) > 1:
            raise OptionError(
                f"variants are for networks without hints; leave them out for {network.name!r}"
            )
        frozen = quick(halves(network, self.recipe.freeze)[0], self.recipe.precision)
        frozen.trainable = False
        return Features(self.crops, frozen, variants, self.folder)

    @property
    def step(self) -> int:
        """Steps taken."""
        return int(self.learner.optimizer.iterations)

    def train(
        self,
        report: Callable[[Report], None] = lambda report: None,
        *,
        watched: Sequence[StoredPhoto] = (),
        report_every: int = 50,
        save_every: int = 500,
    ) -> Path:
        """Take all steps that are left.

        Parameters
        ----------
        report : callable
            Is told where the run stands, and may raise to end it.
        watched : sequence of StoredPhoto
            Photographs to score the weights on, and to show on a sheet.
        report_every, save_every : int
            Steps between reports; between scores. The state is kept before each of these. It is
            also kept when `KEEP_MINUTES` have passed.

        Returns
        -------
        Path
            The weights.

        Raises
        ------
        KeyboardInterrupt
            When the process is told to stop, after the step is finished and the state is kept.
        ColorkitError
            When the loss is no longer a number. What was kept before stays.
        """
        clock = _Clock(self.minutes, self.step)
        with _stop_asked() as stop:
            for batch in self._batches():
                rate = self._learn(batch)
                self.minutes = clock.minutes()
                if self.step % report_every == 0:
                    speed = len(batch.inputs[0]) * clock.steps_per_second(self.step)
                    side = batch.truth["ab"].shape[1] * self.crops.cell
                    report(self._report(side, rate, speed))
                due = self.step % save_every == 0
                if stop or due or clock.must_keep():
                    self.save()
                if stop:
                    raise KeyboardInterrupt
                if watched and due:
                    self.validate(watched)
        self.save()
        if watched and self.step % save_every:
            self.validate(watched)
        return self.folder / WEIGHTS

    def _learn(self, batch: Batch) -> float:
        """Take a step, and return its learning rate."""
        rate = self.recipe.rate_at(self.step, self._progress())
        self._measured.append(self.learner.learn(batch, rate))
        self.average.update(self.learner.network.trainable_variables, self.step)
        return rate

    def save(self) -> None:
        """Keep the state and the weights."""
        checkpoint.save(self.folder / STATE, self.learner, self.average, self.minutes)
        safetensors.write(self.folder / WEIGHTS, checkpoint.weights(self.learner, self.average))

    def validate(self, photos: Sequence[StoredPhoto]) -> Scores:
        """Score the weights as they would be kept now; the folder gets a line and a sheet."""
        network = untrained(self.recipe)
        load_weights(network, checkpoint.weights(self.learner, self.average), self.folder)
        bins = self.crops.encoder.bins
        backend = KerasBackend(network, self.spec.size, self.spec.stride, bins)
        scores = validate(backend, photos)
        append_row(self.folder / SCORES, {"step": self.step, **vars(scores)})
        shown = photos[:: max(len(photos) // SHOWN, 1)][:SHOWN]
        write_sheet(self.folder / f"sheet-{self.step:07}.jpg", backend, shown)
        return scores

    def _batches(self) -> Iterator[Batch]:
        last = self.recipe.steps or 2**31

        def make(step: int) -> Batch:
            side = self.recipe.side_at(self._progress(step))
            return self.source.batch(step, self.recipe.batch, side)

        for batch in ahead(make, self.step, last):
            yield batch
            if self._progress() >= 1:
                break

    def _progress(self, step: int | None = None) -> float:
        if self.recipe.minutes:
            return min(self.minutes / self.recipe.minutes, 1.0)
        assert self.recipe.steps
        return (self.step if step is None else step) / self.recipe.steps

    def _report(self, side: int, rate: float, speed: float) -> Report:
        means = {name: fmean(step[name] for step in self._measured) for name in self._measured[0]}
        self._measured.clear()
        loss = means.pop("loss")
        if not math.isfinite(loss):
            raise ColorkitError(
                f"the loss is {loss} at step {self.step}: take up the run from its "
                f"checkpoint, or begin anew with a lower learning rate"
            )
        report = Report(
            self.step,
            self._progress(),
            side,
            rate,
            loss,
            means,
            speed,
            self.minutes,
            len(self.crops.unreadable),
        )
        append_row(self.folder / LOG, report.row())
        return report


def _checked_spec(recipe: Recipe) -> NetworkSpec:
    """Of the recipe's network, whose stride its crops have to fit."""
    spec, _ = registry.get_network(recipe.network)
    if any(side % spec.stride for side in recipe.crops):
        raise OptionError(
            f"crops for network {recipe.network!r} must be multiples of {spec.stride} pixels; "
            f"received {recipe.crops!r}"
        )
    return spec


def _checked_learner(spec: NetworkSpec, recipe: Recipe, clips: Sequence[Path]) -> type[Learner]:
    """The class of a network's learner, which has to be able to use what there is."""
    kind: type[Learner] = spec.load_learner()
    if clips and not kind.pairs:
        raise OptionError(f"network {spec.name!r} learns from photographs alone; leave out clips")
    if kind.pairs and recipe.variants:
        raise OptionError(
            f"network {spec.name!r} learns from pairs of frames, which are drawn anew; leave out "
            f"variants"
        )
    return kind


def _encoder(spec: NetworkSpec) -> targets.Encoder:
    """Soft encoding on the bins of a network, or the nearest point of the whole grid alone."""
    bins = spec.load_bins()
    return targets.Encoder(bins, neighbours=1 if len(bins) == len(grid_bins()) else 5)


def _cell(network: keras.Model) -> int:
    """Pixels of the input, along a side, in a cell of the logits."""
    side = 64
    logits = keras.Model(network.input, network.outputs[-1])
    shapes = [(1, side, side, given.shape[-1]) for given in network.inputs]
    shape = logits.compute_output_shape(shapes if len(shapes) > 1 else shapes[0])
    return side // int(shape[1])


def _prior(path: Path, crops: Crops) -> NDArray[np.float64]:
    """Counted once in a run, so that it weighs the same after a stop."""
    if path.exists():
        counted: NDArray[np.float64] = np.load(path)
        return counted
    numbers = range(min(COUNTED, crops.epoch))
    p = targets.prior(crops.encoder, (cell_means(crops.crop(n, 64)[1][None], 4) for n in numbers))
    targets.check_prior(p, crops.encoder.bins)
    np.save(path, p)
    return p


def append_row(path: Path, row: dict[str, Any]) -> None:
    """Add a line to a CSV file, which gets its head with the first."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, row)
        if new:
            writer.writeheader()
        writer.writerow({k: f"{v:.6g}" if isinstance(v, float) else v for k, v in row.items()})


class _Clock:
    """Time spent learning."""

    def __init__(self, minutes: float, step: int) -> None:
        now = time.monotonic()
        self._began, self._reported, self._step, self._kept = now - 60 * minutes, now, step, now

    def minutes(self) -> float:
        """Since the run began, stops left out."""
        return (time.monotonic() - self._began) / 60

    def steps_per_second(self, step: int) -> float:
        """Since this was asked last."""
        now = time.monotonic()
        speed = (step - self._step) / max(now - self._reported, 1e-9)
        self._reported, self._step = now, step
        return speed

    def must_keep(self) -> bool:
        """Whether the state has not been kept for too long."""
        late = time.monotonic() - self._kept > 60 * KEEP_MINUTES
        self._kept = time.monotonic() if late else self._kept
        return late


@contextmanager
def _stop_asked() -> Iterator[list[int]]:
    """A list that is empty until the process is told to stop; told twice, it stops at once."""
    asked: list[int] = []

    def ask(number: int, frame: Any) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(number)

    is_main = threading.current_thread() is threading.main_thread()
    signals = (signal.SIGINT, signal.SIGTERM) if is_main else ()  # no other thread is told
    before = {number: signal.signal(number, ask) for number in signals}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
