"""The worker side of `colorize.py`: one contender in one process, answering one line for a line.

`python contenders.py NAME ONNX` reads lines such as {"picture": "/tmp/gray.npy"}, colours that
picture and answers {"seconds": 0.123, "peak": 98304000}: the wall time of the call, and the most
memory that the process has held so far, in bytes. Linux and macOS.

`python contenders.py onnx ONNX` writes the network of the reference as an ONNX file instead.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import torch

Array = NDArray[Any]
Contender = Callable[[Array], Array]
"""From gray (H, W), uint8, to colours (H, W, 3)."""

THREADS = 2
SIDE = 256  # the reference sees every picture squashed to this square

# Blocks 1 to 7 of the reference: channels of each 3x3 convolution, stride of the last, dilation.
BLOCKS = (
    ((64, 64), 2, 1),
    ((128, 128), 2, 1),
    ((256, 256, 256), 2, 1),
    ((512, 512, 512), 1, 1),
    ((512, 512, 512), 1, 2),
    ((512, 512, 512), 1, 2),
    ((512, 512, 512), 1, 1),
)
BINS = 313


def eccv16() -> "torch.nn.Sequential":
    """The network of Zhang, Isola, Efros (ECCV 2016): (L* - 50) / 100 to ab / 110, same side."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    head = [
        nn.ConvTranspose2d(512, 256, 4, stride=2, padding=1),
        nn.ReLU(inplace=True),
        *_convolutions(256, (256, 256), stride=1, dilation=1),
        nn.Conv2d(256, BINS, 1),
        nn.Softmax(dim=1),
        nn.Conv2d(BINS, 2, 1, bias=False),
        nn.Upsample(scale_factor=4, mode="bilinear"),
    ]
    network = nn.Sequential(*_trunk(), *head).eval()
    _randomize(network)
    return network


def _trunk() -> "list[torch.nn.Module]":
    from torch import nn

    layers: list[nn.Module] = []
    channels = 1
    for widths, stride, dilation in BLOCKS:
        layers += _convolutions(channels, widths, stride, dilation)
        channels = widths[-1]
        layers.append(nn.BatchNorm2d(channels))
    return layers


def _convolutions(
    channels: int, widths: tuple[int, ...], stride: int, dilation: int
) -> "list[torch.nn.Module]":
    from torch import nn

    layers: list[nn.Module] = []
    strides = [1] * (len(widths) - 1) + [stride]
    for width, step in zip(widths, strides, strict=True):
        layers.append(nn.Conv2d(channels, width, 3, step, padding=dilation, dilation=dilation))
        layers.append(nn.ReLU(inplace=True))
        channels = width
    return layers


def _randomize(network: "torch.nn.Sequential") -> None:
    """Weights that keep the signal alive through all layers, so that colours are not all gray."""
    from torch import nn

    for layer in network:
        if isinstance(layer, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            if layer.in_channels == BINS:
                nn.init.uniform_(layer.weight, -1, 1)


def write_onnx(path: Path, network: "torch.nn.Sequential") -> None:
    """The reference's network as an ONNX file for one SIDE x SIDE picture."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes, weights = [], []
    last = "lightness"
    for index, layer in enumerate(network):
        kind, arrays, attributes = _onnx_layer(layer)
        names = [f"weight{index}.{n}" if array.size else "" for n, array in enumerate(arrays)]
        pairs = zip(arrays, names, strict=True)
        weights += [numpy_helper.from_array(array, name) for array, name in pairs if name]
        output = f"value{index}"
        nodes.append(helper.make_node(kind, [last, *names], [output], **attributes))
        last = output
    inputs = [helper.make_tensor_value_info("lightness", TensorProto.FLOAT, (1, 1, SIDE, SIDE))]
    outputs = [helper.make_tensor_value_info(last, TensorProto.FLOAT, (1, 2, None, None))]
    graph = helper.make_graph(nodes, "eccv16", inputs, outputs, weights)
    opset = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), path)


def _onnx_layer(layer: Any) -> tuple[str, list[Array], dict[str, Any]]:
    """Operator, further inputs and attributes of one PyTorch layer; an empty array is left out."""
    from torch import nn

    match layer:
        case nn.Conv2d() | nn.ConvTranspose2d():
            kind = "Conv" if isinstance(layer, nn.Conv2d) else "ConvTranspose"
            attributes = {
                "kernel_shape": layer.kernel_size,
                "strides": layer.stride,
                "dilations": layer.dilation,
                "pads": layer.padding * 2,
            }
            return kind, [p.detach().numpy() for p in layer.parameters()], attributes
        case nn.BatchNorm2d():
            weight, bias, mean, variance, _ = (t.numpy() for t in layer.state_dict().values())
            return "BatchNormalization", [weight, bias, mean, variance], {"epsilon": layer.eps}
        case nn.Upsample():
            scales = np.array([1, 1, layer.scale_factor, layer.scale_factor], np.float32)
            # the default of ONNX, but OpenCV 4 must be told
            grid = {"coordinate_transformation_mode": "half_pixel"}
            return "Resize", [np.empty(0), scales], {"mode": "linear", **grid}
        case nn.Softmax():
            return "Softmax", [], {"axis": layer.dim}
        case nn.ReLU():
            return "Relu", [], {}
    raise TypeError(f"no ONNX operator is known for {layer!r}")


def reference(onnx: Path) -> Contender:
    """The published pipeline, with scikit-image in float64 both ways.

    The authors' own script falls to float32 on the way back, which is faster.
    """
    import torch
    from PIL import Image
    from skimage.color import gray2rgb, lab2rgb, rgb2lab
    from torch.nn.functional import interpolate

    torch.set_num_threads(THREADS)
    network = eccv16()

    @torch.inference_mode()
    def colorize(gray: Array) -> Array:
        rgb = gray2rgb(gray)
        small = Image.fromarray(rgb).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        seen = torch.tensor(rgb2lab(np.asarray(small))[..., 0], dtype=torch.float32)
        lightness = rgb2lab(rgb)[..., :1].copy()  # a view would keep all of Lab in memory
        ab = 110 * network((seen[None, None] - 50) / 100)
        ab = interpolate(ab, gray.shape, mode="bilinear")[0].permute(1, 2, 0).numpy()
        rgb = lab2rgb(np.concatenate((lightness, ab), axis=-1))
        return np.rint(255 * rgb).astype(np.uint8)

    return colorize


def opencv(onnx: Path) -> Contender:
    """The tutorials' way: the same network in cv2.dnn, and cv2.cvtColor in float32."""
    import cv2

    cv2.setNumThreads(THREADS)
    network = cv2.dnn.readNetFromONNX(str(onnx))

    def colorize(gray: Array) -> Array:
        rgb = cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB).astype(np.float32) / 255
        lightness = cv2.split(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB))[0]
        seen = cv2.resize(lightness, (SIDE, SIDE))
        network.setInput(((seen - 50) / 100)[None, None])
        ab = 110 * network.forward()[0].transpose(1, 2, 0)
        ab = cv2.resize(ab, gray.shape[::-1])
        lab = np.concatenate((lightness[..., None], ab), axis=2)
        rgb = np.clip(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB), 0, 1)
        return (255 * rgb).astype(np.uint8)

    return colorize


def scikit_image(onnx: Path) -> Contender:
    """To Lab and back in float64, without any colouring."""
    from skimage.color import gray2rgb, lab2rgb, rgb2lab

    return lambda gray: lab2rgb(rgb2lab(gray2rgb(gray)))


def colorkit(onnx: Path) -> Contender:
    """The default backend with its default options."""
    from colorkit import Colorizer

    return Colorizer(threads=THREADS).colorize


def colorkit_without_network(onnx: Path) -> Contender:
    """Everything but the network: the colours come from a formula."""
    from colorkit import Colorizer

    return Colorizer(rainbow, threads=THREADS).colorize


def rainbow(lightness: Array) -> Array:
    """Smooth colours, some out of gamut, at a quarter of the side, so that the join has work."""
    count, height, width, _ = lightness.shape
    y, x = np.mgrid[0 : 6 : height // 4 * 1j, 0 : 6 : width // 4 * 1j].astype(np.float32)
    ab = 40 * np.stack((np.sin(x + y), np.cos(x - y)), axis=-1)
    return np.broadcast_to(ab, (count, *ab.shape))


CONTENDERS: dict[str, Callable[[Path], Contender]] = {
    "colorkit": colorkit,
    "reference": reference,
    "opencv4": opencv,
    "opencv5": opencv,
    "colorkit without network": colorkit_without_network,
    "scikit-image": scikit_image,
}


def measure(contender: Contender, picture: Path) -> dict[str, float]:
    """Seconds of one call, and the process's peak memory in bytes."""
    gray = np.load(picture)
    start = time.perf_counter()
    result = contender(gray)
    seconds = time.perf_counter() - start
    if result.shape != (*gray.shape, 3):
        raise ValueError(f"expected {(*gray.shape, 3)}, the contender gave {result.shape}")
    return {"seconds": seconds, "peak": peak_memory()}


def peak_memory() -> int:
    """Most resident bytes so far."""
    if sys.platform == "linux":
        # ru_maxrss would count what the parent held before it started this process.
        status = Path("/proc/self/status").read_text()
        return 1024 * int(status.split("VmHWM:")[1].split()[0])
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(name: str, onnx: Path) -> None:
    """Answer every line of the standard input, or write the ONNX file."""
    if name == "onnx":
        part = onnx.with_suffix(".part")
        write_onnx(part, eccv16())
        part.replace(onnx)
        return
    contender = CONTENDERS[name](onnx)
    for line in sys.stdin:
        print(json.dumps(measure(contender, Path(json.loads(line)["picture"]))), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
