"""Colour profiles, made number by number."""

import struct

import numpy as np

D50 = (0.9642, 1.0, 0.8249)

# Red, green and blue of each space as CIE XYZ relative to D50, one column each.
ADOBE_RGB = ((0.6097, 0.2053, 0.1492), (0.3111, 0.6257, 0.0632), (0.0195, 0.0609, 0.7446))
PROPHOTO = ((0.7977, 0.1352, 0.0314), (0.2880, 0.7119, 0.0001), (0.0, 0.0, 0.8252))
DISPLAY_P3 = ((0.5151, 0.2920, 0.1571), (0.2412, 0.6922, 0.0666), (-0.0011, 0.0419, 0.7841))
SRGB = ((0.4361, 0.3851, 0.1431), (0.2225, 0.7169, 0.0606), (0.0139, 0.0971, 0.7141))
SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)


def fixed(*values):
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def xyz(values):
    return b"XYZ \0\0\0\0" + fixed(*values)


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def table(values):
    codes = np.rint(np.asarray(values) * 65535).astype(">u2")
    return b"curv\0\0\0\0" + struct.pack(">I", len(codes)) + codes.tobytes()


def parametric(*values):
    kind = {1: 0, 3: 1, 4: 2, 5: 3, 7: 4}[len(values)]
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + fixed(*values)


def profile(kind, tags, pcs=b"XYZ "):
    """Put tags together, with those that LittleCMS asks for."""
    text = b"desc\0\0\0\0" + struct.pack(">I", 2) + b"a\0" + bytes(78)
    tags = {b"desc": text, b"cprt": b"text\0\0\0\0a\0", b"wtpt": xyz(D50)} | tags
    index, body, start = b"", b"", 132 + 12 * len(tags)
    for name, data in tags.items():
        index += name + struct.pack(">II", start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), b"none", 0x02400000, b"scnr", kind, pcs)
    head += struct.pack(">6H4s", 2020, 1, 1, 0, 0, 0, b"acsp")
    head = (head.ljust(68, b"\0") + fixed(*D50)).ljust(128, b"\0")
    return head + struct.pack(">I", len(tags)) + index + body


def rgb(matrix, curve):
    columns = dict(zip((b"rXYZ", b"gXYZ", b"bXYZ"), map(xyz, np.transpose(matrix)), strict=True))
    return profile(b"RGB ", columns | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve))


def gray(curve, pcs=b"XYZ "):
    return profile(b"GRAY", {b"kTRC": curve}, pcs)


def inks(lightness):
    """A table from CMYK to CIELAB that knows nothing but black ink: `lightness` is its paper's."""
    nodes = np.zeros((2, 2, 2, 2, 3), np.uint8) + np.array([0, 128, 128], np.uint8)
    nodes[..., 0, 0] = round(lightness * 255 / 100)  # black is the last of the four
    head = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + fixed(1, 0, 0, 0, 1, 0, 0, 0, 1)
    straight = bytes(range(256))
    return profile(
        b"CMYK", {b"A2B0": head + 4 * straight + nodes.tobytes() + 3 * straight}, b"Lab "
    )


def dot_gain(share):
    """Luminance of a gray, printed as dots that grow by that share in the middle."""
    wanted = 1 - np.linspace(0, 1, 256)
    printed = wanted + 4 * share * wanted * (1 - wanted)
    return 1 - np.clip(printed, 0, 1)


def luminance(lightness):
    """Luminance of an L* in [0, 1]."""
    fy = (100 * lightness + 16) / 116
    return np.where(fy > 6 / 29, fy**3, (fy - 4 / 29) * 3 * (6 / 29) ** 2)
