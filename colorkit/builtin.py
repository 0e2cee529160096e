"""What colorkit brings itself, registered like anybody's plugin."""

from collections.abc import Callable

from colorkit.hookspecs import hookimpl
from colorkit.specs import BackendSpec, CommandSpec, NetworkSpec, WeightsSpec

_LICENSE = "BSD-3-Clause AND Apache-2.0"
_ECCV16 = (
    "R. Zhang, P. Isola, A. A. Efros: Colorful Image Colorization. ECCV 2016, arXiv:1603.08511"
)
_SIGGRAPH17 = (
    "R. Zhang, J.-Y. Zhu, P. Isola, X. Geng, A. S. Lin, T. Yu, A. A. Efros: Real-Time User-Guided "
    "Image Colorization with Learned Deep Priors. SIGGRAPH 2017, arXiv:1705.02999"
)


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
    for name, attribute, summary in (
        ("eccv16", "Eccv16", "Colorful Image Colorization, the published network"),
        ("eccv16-int8", "Eccv16Int8", "The same in 8 bits: quicker, seen in 256 x 256"),
        ("eccv16-norebal", "Eccv16Norebal", "Trained without rebalancing: safer, duller"),
        ("siggraph17", "Siggraph17", "Real-Time User-Guided Image Colorization: takes hints"),
    ):
        register(
            BackendSpec(
                name,
                f"colorkit.backends.published:{attribute}",
                summary=summary,
                license="BSD-2-Clause",
                requires=("ai_edge_litert",),
                install="ai-edge-litert",
            )
        )
    for name, attribute in (("eccv16", "Eccv16Keras"), ("siggraph17", "Siggraph17Keras")):
        register(
            BackendSpec(
                f"{name}-keras",
                f"colorkit.backends.keras:{attribute}",
                summary=f"{name}, run by Keras",
                license="BSD-2-Clause",
                requires=("keras",),
                install="colorkit[keras]",
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
    register(
        NetworkSpec(
            "eccv16",
            "colorkit.networks.eccv16:eccv16",
            summary="Colorful Image Colorization: distributions on 313 colours",
            license="BSD-2-Clause",
            requires=("keras",),
            install="colorkit[keras]",
            size=256,
            stride=8,
            weights="eccv16",
        )
    )
    register(
        NetworkSpec(
            "eccv16-norebal",
            "colorkit.networks.eccv16:eccv16",
            summary="The same network, trained without rebalancing: safer, duller",
            license="BSD-2-Clause",
            requires=("keras",),
            install="colorkit[keras]",
            size=256,
            stride=8,
            weights="eccv16-norebal",
        )
    )
    register(
        NetworkSpec(
            "siggraph17",
            "colorkit.networks.siggraph17:siggraph17",
            summary="Real-Time User-Guided Image Colorization: takes hints",
            license="BSD-2-Clause",
            requires=("keras",),
            install="colorkit[keras]",
            size=256,
            stride=8,
            weights="siggraph17",
            bins="colorkit.bins:grid_bins",
        )
    )


@hookimpl
def register_weights(register: Callable[[WeightsSpec], None]) -> None:
    """Register the files of the published networks."""
    register(
        WeightsSpec(
            "eccv16",
            "colorkit.weights.published:eccv16_from_torch",
            summary="Colorful Image Colorization, as its authors publish it today",
            license="BSD-2-Clause",
            citation=_ECCV16,
            network="eccv16",
            format="pytorch",
            urls=(
                "https://colorizers.s3.us-east-2.amazonaws.com/colorization_release_v2-9b330a0b.pth",
                "https://github.com/clibdev/colorization/releases/latest/download/colorization-eccv-16.pth",
            ),
            bytes=128_976_165,
            sha256="9b330a0bae53f4ded77b1e23defbf78beaa09c10ebc4c4999e8e4f4a160b93f9",
        )
    )
    register(
        WeightsSpec(
            "eccv16-caffe",
            "colorkit.weights.published:eccv16_from_caffe",
            summary="The same network, as it was published in 2016",
            license="BSD-2-Clause",
            citation=_ECCV16,
            network="eccv16",
            format="caffe",
            urls=(
                "https://storage.openvinotoolkit.org/repositories/datumaro/models/colorization/colorization_release_v2.caffemodel",
                "https://huggingface.co/spaces/BilalSardar/Black-N-White-To-Color/resolve/main/colorization_release_v2.caffemodel",
                "https://www.dropbox.com/s/dx0qvhhp5hbcx7z/colorization_release_v2.caffemodel?dl=1",
            ),
            bytes=128_946_764,
            sha256="f5af1e602646328c792e1094f9876fe9cd4c09ac46fa886e5708a1abc89137b1",
        )
    )
    register(
        WeightsSpec(
            "eccv16-norebal",
            "colorkit.weights.published:eccv16_from_caffe",
            summary="Trained without rebalancing: safer, duller; its file is no longer published",
            license="BSD-2-Clause",
            citation=_ECCV16,
            network="eccv16-norebal",
            format="caffe",
        )
    )
    register(
        WeightsSpec(
            "siggraph17",
            "colorkit.weights.published:siggraph17_from_torch",
            summary="Real-Time User-Guided Image Colorization: takes hints",
            license="BSD-2-Clause",
            citation=_SIGGRAPH17,
            network="siggraph17",
            format="pytorch",
            urls=(
                "https://colorizers.s3.us-east-2.amazonaws.com/siggraph17-df00044c.pth",
                "https://github.com/clibdev/colorization/releases/latest/download/colorization-siggraph-17.pth",
            ),
            bytes=136_787_426,
            sha256="df00044c0a4d7c3edcecf6f75437ce346a66e7a42612d9b968e1a7e17dbc6f66",
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
    register(
        CommandSpec(
            "evaluate",
            "colorkit.cli.evaluate:evaluate",
            summary="Score colours on photographs in colour",
            requires=("skimage",),
            install="colorkit[skimage]",
        )
    )
    register(
        CommandSpec(
            "inspect",
            "colorkit.cli.inspect:inspect",
            summary="Tell whether a model made a picture's colours",
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
            "video",
            "colorkit.cli.video:video",
            summary="Colour film, steadily; sound and times stay",
            requires=("av",),
            install="colorkit[video]",
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
    register(
        CommandSpec(
            "train",
            "colorkit.cli.train:train",
            summary="Train a network on photographs",
            requires=("keras",),
            install="colorkit[keras]",
        )
    )
    register(
        CommandSpec(
            "weights",
            "colorkit.cli.weights:weights",
            summary="Fetch, add and check the weights of published networks",
        )
    )
    register(
        CommandSpec(
            "web",
            "colorkit.cli.web:web",
            summary="Write a page that colours photographs in the browser",
        )
    )
