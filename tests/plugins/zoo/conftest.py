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


@pytest.fixture
def narrow_fav(monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """Give what builds `fav` a 16th as wide, which sees means in place of what lite sees."""
    keras = pytest.importorskip("keras")
    from colorkit_zoo.fav import networks

    def seen() -> tuple[Any, list[Any]]:
        lightness = keras.Input((None, None, 1), name="lightness")
        scaled = keras.layers.Rescaling(1 / 100, name="seen")(lightness)
        pools = [keras.layers.AveragePooling2D(2 << i, name=f"seen{2 << i}") for i in range(5)]
        return lightness, [pool(scaled) for pool in pools]

    monkeypatch.setattr(networks, "seen", seen)

    def build() -> Any:
        keras.utils.set_random_seed(2)
        network = networks.fav(width=1 / 16)
        for name in ("first", "others", "refine_change"):
            head = network.get_layer(f"{name}_head")  # begins near gray: tests would see nothing
            head.kernel.assign(20 * head.kernel)
        return network

    return build
