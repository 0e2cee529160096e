"""A network with its loss and its optimiser."""

from typing import Any, ClassVar

import keras
import numpy as np
from keras import ops
from numpy.typing import NDArray

from colorkit.errors import OptionError
from colorkit.training import losses
from colorkit.training.data import Batch
from colorkit.training.recipe import Recipe

Tensor = Any  # of the backend of Keras


class Learner(keras.Model):  # type: ignore[misc]  # Keras carries no types
    """A network that learns colours.

    Parameters
    ----------
    network : keras.Model
        Lightness, and perhaps hints, to logits on ``bins``, to ab, or to ab and logits.
    bins : ndarray
        ``(Q, 2)``, Lab units.
    regress : float
        Share of the distance between colours in the loss.
    body : keras.Model
        What answers in training: the network, or the second of its `halves`.

    Attributes
    ----------
    pairs : bool
        Of the class: whether it learns from `colorkit.training.pairs.Pairs` in place of crops. Such
        a subclass has a `compute_loss` of its own, and perhaps metrics.
    """

    pairs: ClassVar[bool] = False

    def __init__(
        self,
        network: keras.Model,
        bins: NDArray[np.float32],
        regress: float,
        body: keras.Model,
    ) -> None:
        super().__init__(name="learner")
        self.network = network
        self.body = body
        self.bins = bins
        self.regress = regress
        if not self.pairs:  # they have no bins to diverge from
            self.divergence = keras.metrics.Mean(name="kl")

    def call(self, inputs: list[Tensor], training: bool | None = None) -> Tensor:
        """What the network answers."""
        given = inputs if len(self.body.inputs) > 1 else inputs[0]
        return self.body(given, training=training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: None = None,
        training: bool = True,
    ) -> Tensor:
        """The loss of a step, in float32 whatever the layers are in."""
        if isinstance(y_pred, list | tuple):
            ab, logits = (ops.cast(answer, "float32") for answer in y_pred)
            return self._classified(logits, y) + losses.colour_distance(ab, y["pixels"])
        answer = ops.cast(y_pred, "float32")
        if answer.shape[-1] == 2:
            return ops.mean(ops.square((answer - y["ab"]) / losses.SCALE))
        return self._classified(answer, y)

    def _classified(self, logits: Tensor, y: Any) -> Tensor:
        """Weighted divergence from the true colours, and a share of the distance to them."""
        log_p = ops.log_softmax(logits, axis=-1)
        divergence = losses.divergence(log_p, y["bins"], y["shares"])
        self.divergence.update_state(ops.mean(divergence))
        loss = ops.mean(y["weight"] * divergence)
        if self.regress:
            ab = losses.mean_colour(log_p, self.bins)
            loss += self.regress * losses.colour_distance(ab, y["ab"])
        return loss

    def learn(self, batch: Batch, learning_rate: float) -> dict[str, float]:
        """Take one step; returns the loss, and what else is measured, of this batch."""
        self.optimizer.learning_rate = learning_rate
        truth = {name: ops.convert_to_tensor(values) for name, values in batch.truth.items()}
        inputs = [ops.convert_to_tensor(x) for x in batch.inputs]
        measured = self.train_on_batch(inputs, truth, return_dict=True)
        return {name: float(value) for name, value in measured.items()}


def learner(
    network: keras.Model,
    bins: NDArray[np.float32],
    recipe: Recipe,
    kind: type[Learner] = Learner,
) -> Learner:
    """A network, made ready for training by a recipe.

    Parameters
    ----------
    network : keras.Model
        Functional; its weights are those to start from.
    bins : ndarray
        ``(Q, 2)``, Lab units: what its logits stand for.
    recipe : Recipe
        How it is trained.
    kind : type
        What is made.
    """
    network = quick(network, recipe.precision)
    freeze(network, recipe)
    body = halves(network, recipe.freeze)[1] if recipe.variants else network
    made = kind(network, bins, recipe.regress, body)
    trained = {v.path for layer in up_to(network, recipe.trunk) for v in layer.variables}
    learning = network.trainable_variables
    optimizer = _AdamW(
        [recipe.encoder_rate if v.path in trained else 1.0 for v in learning],
        recipe.learning_rate,
        name="adamw",  # a checkpoint knows its variables by it
        weight_decay=recipe.weight_decay,
        beta_2=0.98,
        global_clipnorm=recipe.clip,
    )
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    optimizer.build(learning)
    # XLA takes minutes over these networks on a CPU, and JAX has no other way.
    made.compile(optimizer, jit_compile=keras.backend.backend() == "jax")
    return made


def quick(network: keras.Model, precision: str = "float32") -> keras.Model:
    """The same network in the layers and numbers that train fastest; weights are copied."""
    stand_ins: dict[Any, Any] = {}
    if keras.backend.backend() == "torch":
        from colorkit.training.torch_layers import QUICK

        stand_ins = QUICK
    dtype = "float32" if precision == "float32" else f"mixed_{precision}"

    def stand_in(layer: keras.layers.Layer) -> keras.layers.Layer:
        if isinstance(layer, keras.layers.InputLayer):
            return layer.__class__.from_config(layer.get_config())
        kind: Any = stand_ins.get(type(layer), type(layer))
        return kind.from_config(layer.get_config() | {"dtype": dtype})

    copy = keras.models.clone_model(network, clone_function=stand_in)
    copy.set_weights(network.get_weights())
    return copy


def freeze(network: keras.Model, recipe: Recipe) -> None:
    """Keep the layers as they are that the recipe says, and the normalisations of the encoder."""
    for layer in up_to(network, recipe.freeze):
        layer.trainable = False
    for layer in up_to(network, recipe.trunk):
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.trainable = False


def up_to(network: keras.Model, name: str | None) -> list[keras.layers.Layer]:
    """A layer, or the last one whose name begins so, and all that it depends on; none for None."""
    if name is None:
        return []
    found = [la for la in network.layers if la.name == name or la.name.startswith(f"{name}_")]
    if not found:
        raise OptionError(f"network {network.name!r} has no layer {name!r}")
    layers: list[keras.layers.Layer] = keras.Model(network.input, found[-1].output).layers
    return layers


def halves(network: keras.Model, name: str | None) -> tuple[keras.Model, keras.Model]:
    """A network up to a layer, to a list of features, and what makes its answer of them."""
    first = up_to(network, name)
    made = {id(layer.output) for layer in first}
    second = [layer for layer in network.layers if layer not in first]
    taken = [tensor for layer in second for tensor in keras.tree.flatten(layer.input)]
    features = list({id(tensor): tensor for tensor in taken if id(tensor) in made}.values())
    return keras.Model(network.input, features), keras.Model(features, network.output)


class _AdamW(keras.optimizers.AdamW):  # type: ignore[misc]  # Keras carries no types
    """AdamW that takes smaller steps with some of the weights."""

    def __init__(self, shares: list[float], *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.shares = shares

    def update_step(self, gradient: Tensor, variable: Any, learning_rate: Tensor) -> None:
        share = self.shares[self._get_variable_index(variable)]
        super().update_step(gradient, variable, learning_rate * share)
