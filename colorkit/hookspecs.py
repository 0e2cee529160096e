"""The whole plugin contract: four hooks.

A distribution names a module in its entry points, group ``colorkit``. The first time that a name is
asked for, colorkit imports that module and calls, once, each function in it that is marked with
``@colorkit.hookimpl`` and bears the name of a hook below. The function hands its specs to
``register``, which checks them at once, and returns nothing. A spec is data: whatever is slow to
import belongs behind its ``load``.
"""

from collections.abc import Callable

import pluggy

from colorkit.specs import BackendSpec, CommandSpec, NetworkSpec, WeightsSpec

hookspec = pluggy.HookspecMarker("colorkit")
hookimpl = pluggy.HookimplMarker("colorkit")

SPECS = {
    "register_backends": BackendSpec,
    "register_networks": NetworkSpec,
    "register_weights": WeightsSpec,
    "register_commands": CommandSpec,
}
"""What the ``register`` of each hook takes."""


@hookspec
def register_backends(register: Callable[[BackendSpec], None]) -> None:
    """Hand over what turns lightness into colour: ``register(BackendSpec(...))``."""


@hookspec
def register_networks(register: Callable[[NetworkSpec], None]) -> None:
    """Hand over Keras networks to build, train and export: ``register(NetworkSpec(...))``."""


@hookspec
def register_weights(register: Callable[[WeightsSpec], None]) -> None:
    """Hand over files of weights that can be fetched: ``register(WeightsSpec(...))``."""


@hookspec
def register_commands(register: Callable[[CommandSpec], None]) -> None:
    """Hand over subcommands of ``colorkit``: ``register(CommandSpec(...))``."""
