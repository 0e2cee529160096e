"""What colorkit brings itself, registered like anybody's plugin."""

from collections.abc import Callable

from colorkit.hookspecs import hookimpl
from colorkit.specs import BackendSpec, CommandSpec, NetworkSpec

_LICENSE = "BSD-3-Clause AND Apache-2.0"


@hookimpl
def register_backends(register: Callable[[BackendSpec], None]) -> None:
    """Register colorkit's own backends."""
    register(
        BackendSpec(
            "lite",
            "colorkit.backends.litert:Lite",
            summary="The embedded network, run by LiteRT",
            license=_LICENSE,
            requires=("ai_edge_litert",),
            install="ai-edge-litert",
            aliases=("litert",),
        )
    )
    register(
        BackendSpec(
            "lite-keras",
            "colorkit.backends.keras:LiteKeras",
            summary="The embedded network, run by Keras",
            license=_LICENSE,
            requires=("keras",),
            install="colorkit[keras]",
            aliases=("keras",),
        )
    )


@hookimpl
def register_networks(register: Callable[[NetworkSpec], None]) -> None:
    """Register colorkit's own networks."""
    register(
        NetworkSpec(
            "lite",
            "colorkit.networks.lite:lite",
            summary="A U-Net on EfficientNet-Lite0 that predicts distributions on 313 colours",
            license=_LICENSE,
            requires=("keras",),
            install="colorkit[keras]",
            size=256,
            stride=32,
            weights="colorkit:models/lite.safetensors",
        )
    )


@hookimpl
def register_commands(register: Callable[[CommandSpec], None]) -> None:
    """Register colorkit's own commands."""
    register(
        CommandSpec(
            "colorize", "colorkit.cli.colorize:colorize", summary="Colour photographs and folders"
        )
    )
    register(CommandSpec("backends", "colorkit.cli.backends:backends", summary="List the backends"))
    register(
        CommandSpec(
            "plugins", "colorkit.cli.plugins:plugins", summary="List the plugins, broken ones too"
        )
    )
    register(
        CommandSpec(
            "export",
            "colorkit.cli.export:export",
            summary="Write a network as one TFLite file",
            requires=("keras", "tensorflow"),
            install="colorkit[export]",
        )
    )
