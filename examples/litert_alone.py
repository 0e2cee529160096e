"""Colour a photograph with LiteRT and NumPy alone.

python litert_alone.py APP.tflite OLD.pgm NEW.ppm

APP.tflite comes from: colorkit export lite APP.tflite --size 512x768 --interface rgb
"""

import re
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def read(path):
    """Read a binary PGM or PPM file of 8 bits a channel: ``(H, W, 1)`` or ``(H, W, 3)`` uint8."""
    with open(path, "rb") as file:
        content = file.read()
    header = re.match(rb"P([56])\s+(\d+)\s+(\d+)\s+255\s", content)
    kind, width, height = map(int, header.groups())
    return np.frombuffer(content[header.end() :], np.uint8).reshape(height, width, kind * 2 - 9)


def main(model, old, new):
    colorize = Interpreter(model, num_threads=4).get_signature_runner("colorize")
    _, height, width, channels = colorize.get_input_details()["image"]["shape"]
    image = read(old)
    rows = np.arange(height) * image.shape[0] // height
    columns = np.arange(width) * image.shape[1] // width
    image = np.broadcast_to(image[rows][:, columns], (height, width, channels))
    colour = colorize(image=image[None])["colour"][0]
    with open(new, "wb") as file:
        file.write(b"P6 %d %d 255\n" % (width, height) + colour.tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
