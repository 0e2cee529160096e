from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Give what builds a network that is a 32nd as wide, and sees with a mean in place of lite."""
    keras = pytest.importorskip("keras")
    from colorkit_zoo import networks
    from colorkit_zoo.encoders import Seen

    def scene(encoder: str) -> Seen:
        lightness = keras.Input((None, None, 1), name="lightness")
        mean = keras.layers.GlobalAveragePooling2D(name="scene_mean")(lightness)
        return Seen(lightness, keras.layers.Rescaling(1 / 100, name="scene_scaled")(mean))

    monkeypatch.setattr(networks, "scene", scene)

    def build(name: str) -> Any:
        keras.utils.set_random_seed(2)
        network = getattr(networks, name)(width=1 / 32)
        head = network.get_layer("head")  # begins near gray: what is tested would not show
        head.kernel.assign(20 * head.kernel)
        return network

    return build
