"""Picture files of every kind: good, unusual, bad. ``python corpus.py FOLDER`` writes them all."""

import io
import struct
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import iccs
import numpy as np
import tifffile
from PIL import Image
from samples import chunk, png

HEIGHT, WIDTH = 23, 31


class Good(NamedTuple):
    """A file that is read, and what it is read as.

    ``image`` is what `colorkit.files.read` has to give, within ``tolerance`` of its white.
    """

    name: str
    data: bytes
    image: np.ndarray
    tolerance: float = 0.0
    warning: str = ""


class Bad(NamedTuple):
    """A file that is refused, and a part of the reason."""

    name: str
    data: bytes
    reason: str


def scene(channels, dtype=np.uint8):
    """A smooth picture with an edge, `(H, W)` for one channel; two and four have alpha last."""
    y, x = np.mgrid[:HEIGHT, :WIDTH] / [[[HEIGHT - 1]], [[WIDTH - 1]]]
    planes = [0.1 + 0.8 * x * (0.4 + 0.6 * y), 0.15 + 0.7 * y, 0.9 - 0.7 * x * y, (x > 0.3) * y]
    planes[0][5:9, 10:20] = 1
    picked = {1: planes[:1], 2: planes[::3], 3: planes[:3], 4: planes}[channels]
    image = np.stack(picked, axis=-1)
    image = image[..., 0] if channels == 1 else image
    return image.astype(dtype) if np.dtype(dtype).kind == "f" else whole(image, dtype)


def by_pillow(image, format, **options):
    stream = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(
        stream, format, **options
    )
    return stream.getvalue()


def by_tifffile(image, **options):
    stream = io.BytesIO()
    tifffile.imwrite(stream, image, metadata=None, **options)
    return stream.getvalue()


def png16(image, *extra, interlaced=False):
    """A PNG of 16 bits a channel, its rows unfiltered."""
    height, width = image.shape[:2]
    colour = {2: 0, 3: {2: 4, 3: 2, 4: 6}.get(image.shape[-1])}[image.ndim]
    passes = [image]
    if interlaced:  # Adam7
        starts = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2)]
        starts += [(0, 1, 2, 2), (1, 0, 2, 1)]
        passes = [image[top::down, left::across] for top, left, down, across in starts]
    rows = b"".join(
        b"\0" + row.astype(">u2").tobytes() for part in passes if part.size for row in part
    )
    data = bytearray(png(width, height, 16, colour, rows, *extra))
    if interlaced:
        data[28] = 1
        data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


def tiff(image, tags, pixels=None):
    """An uncompressed little-endian TIFF of one strip, with tags of our choice."""
    height, width = image.shape[:2]
    pixels = image.tobytes() if pixels is None else pixels
    entries = {256: (width,), 257: (height,), 259: (1,), 277: (1,), 278: (height,)} | tags
    entries |= {273: (8,), 279: (len(pixels),)}
    place = 8 + len(pixels) + len(pixels) % 2
    body, extra, at = b"", b"", place + 2 + 12 * len(entries) + 4
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"<{len(values)}I", *values)
        body += struct.pack("<HHI", tag, 4, len(values))
        body += packed if len(values) == 1 else struct.pack("<I", at + len(extra))
        extra += packed if len(values) > 1 else b""
    head = b"II*\0" + struct.pack("<I", place) + pixels + b"\0" * (len(pixels) % 2)
    return head + struct.pack("<H", len(entries)) + body + bytes(4) + extra


def through(matrix, curve, image):
    """What a picture in a space of that matrix and curve is in sRGB, worked out in float64."""
    light = curve(image.astype(np.float64)) @ (np.linalg.inv(iccs.SRGB) @ np.array(matrix)).T
    return encoded(light)


def encoded(light):
    light = np.clip(light, 0, 1)
    return np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)


def srgb_light(code):
    return np.where(code > 0.04045, ((code + 0.055) / 1.055) ** 2.4, code / 12.92)


def whole(values, dtype):
    return np.rint(values * np.iinfo(dtype).max).astype(dtype)


def muted(dtype):
    """Colours that every space can show."""
    image = 0.45 + 0.1 * scene(3, np.float64)
    return whole(image, dtype)


def goods():
    yield from good_jpegs()
    yield from good_pngs()
    yield from good_tiffs()
    yield from deep_tiffs()
    yield from good_others()
    yield from profiled()


def good_jpegs():
    gray, rgb = scene(1), scene(3)
    ink = Image.fromarray(rgb).convert("CMYK")
    plain = np.asarray(ink.convert("RGB"))
    best = {"quality": 100, "subsampling": 0}
    yield Good("gray.jpg", by_pillow(gray, "JPEG", **best), gray, 0.02)
    yield Good("rgb.jpg", by_pillow(rgb, "JPEG", **best), rgb, 0.03)
    yield Good("progressive.jpg", by_pillow(rgb, "JPEG", progressive=True, **best), rgb, 0.03)
    yield Good("restarts.jpg", by_pillow(rgb, "JPEG", restart_marker_rows=1, **best), rgb, 0.03)
    yield Good("halved.jpg", by_pillow(gray, "JPEG", quality=100, subsampling=2), gray, 0.02)
    adobe = by_pillow(ink, "JPEG", **best)
    yield Good("cmyk-adobe.jpg", adobe, plain, 0.04)
    # Without Adobe's mark nothing is upside down.
    start = adobe.index(b"\xff\xee")
    bare = adobe[:start] + adobe[start + 2 + int.from_bytes(adobe[start + 2 : start + 4], "big") :]
    upright = Image.fromarray(255 - np.asarray(ink), "CMYK")
    yield Good("cmyk-bare.jpg", bare, np.asarray(upright.convert("RGB")), 0.04)
    mislabelled = by_pillow(rgb, "PNG")
    yield Good("png-inside.jpg", mislabelled, rgb, warning="holds PNG")
    yield Good("one-pixel.jpg", by_pillow(gray[:1, :1], "JPEG", **best), gray[:1, :1], 0.02)


def good_pngs():
    gray, both, rgb, rgba = (scene(channels) for channels in (1, 2, 3, 4))
    bits = np.where(gray > 128, 255, 0).astype(np.uint8)
    flat = Image.fromarray(rgb).quantize(16)
    yield Good("one-bit.png", by_pillow(Image.fromarray(bits).convert("1"), "PNG"), bits)
    for depth in (2, 4):
        top = 2**depth - 1
        levels = np.rint(gray / 255 * top).astype(np.uint8)
        padded = np.pad(levels, ((0, 0), (0, -WIDTH % (8 // depth))))
        packed = np.zeros((HEIGHT, padded.shape[1] * depth // 8), np.uint8)
        for i in range(8 // depth):
            packed |= padded[:, i :: 8 // depth] << (8 - depth * (i + 1))
        rows = b"".join(b"\0" + row.tobytes() for row in packed)
        yield Good(f"{depth}-bit.png", png(WIDTH, HEIGHT, depth, 0, rows), levels * (255 // top))
    yield Good("gray.png", by_pillow(gray, "PNG"), gray)
    yield Good("gray-alpha.png", by_pillow(both, "PNG"), both)
    yield Good("rgb.png", by_pillow(rgb, "PNG"), rgb)
    yield Good("rgba.png", by_pillow(rgba, "PNG"), rgba)
    yield Good("palette.png", by_pillow(flat, "PNG"), np.asarray(flat.convert("RGB")))
    clear = np.where(np.asarray(flat) == 3, 0, 255).astype(np.uint8)
    seen = np.dstack([np.asarray(flat.convert("RGB")), clear])
    yield Good("palette-clear.png", by_pillow(flat, "PNG", transparency=3), seen)
    frames = [Image.fromarray(rgb), Image.fromarray(rgb[::-1])]
    animated = by_pillow(frames[0], "PNG", save_all=True, append_images=frames[1:])
    yield Good("animated.png", animated, rgb, warning="holds 2 pages")
    yield Good("row.png", by_pillow(gray[:1, :4], "PNG"), gray[:1, :4])
    for channels, name in enumerate(["gray", "gray-alpha", "rgb", "rgba"], 1):
        image = scene(channels, np.uint16)
        yield Good(f"16-{name}.png", png16(image), image)
        yield Good(f"16-{name}-interlaced.png", png16(image, interlaced=True), image)
    gray, rgb = scene(1, np.uint16), scene(3, np.uint16)
    clear = chunk(b"tRNS", struct.pack(">H", gray[2, 3]))
    alpha = np.where(gray == gray[2, 3], 0, 65535).astype(np.uint16)
    yield Good("16-gray-clear.png", png16(gray, clear), np.dstack([gray, alpha]))
    clear = chunk(b"tRNS", struct.pack(">3H", *rgb[2, 3]))
    alpha = np.where((rgb == rgb[2, 3]).all(axis=-1), 0, 65535).astype(np.uint16)
    yield Good("16-rgb-clear.png", png16(rgb, clear), np.dstack([rgb, alpha]))


def good_tiffs():
    gray, both, rgb, rgba = (scene(channels) for channels in (1, 2, 3, 4))
    bits = np.where(gray > 128, 255, 0).astype(np.uint8)
    one = Image.fromarray(bits).convert("1")
    yield Good("one-bit.tif", by_pillow(one, "TIFF"), bits)
    yield Good("fax.tif", by_pillow(one, "TIFF", compression="group4"), bits)
    for name in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "zstd"):
        yield Good(f"{name}.tif", by_pillow(rgb, "TIFF", compression=name), rgb)
    yield Good("gray-alpha.tif", by_pillow(both, "TIFF"), both)
    yield Good("rgba.tif", by_pillow(rgba, "TIFF"), rgba)
    yield Good("white-is-zero.tif", tiff(255 - gray, {258: (8,), 262: (0,)}), gray)
    jpeg = by_pillow(rgb, "TIFF", compression="jpeg", quality=100)
    yield Good("jpeg.tif", jpeg, rgb, 0.03)
    ycc = Image.fromarray(rgb).convert("YCbCr")
    yield Good("ycbcr.tif", by_pillow(ycc, "TIFF"), rgb, 0.012)
    ink = Image.fromarray(rgb).convert("CMYK")
    yield Good("cmyk.tif", by_pillow(ink, "TIFF"), rgb, 0.004)
    for name, options in {
        "tiled": {"tile": (16, 16)},
        "planes": {"planarconfig": "separate"},
        "big": {"bigtiff": True},
        "motorola": {"byteorder": ">"},
    }.items():
        picture = np.moveaxis(rgb, -1, 0) if name == "planes" else rgb
        data = by_tifffile(np.ascontiguousarray(picture), photometric="rgb", **options)
        yield Good(f"{name}.tif", data, rgb)
    pages = by_tifffile(np.stack([gray, gray[::-1], gray]), photometric="minisblack")
    yield Good("pages.tif", pages, gray, warning="holds 3 pages")
    cielab = np.dstack([gray, np.zeros_like(gray), np.zeros_like(gray)])
    lightness = encoded(iccs.luminance(gray / 255))
    yield Good(
        "cielab.tif",
        tiff(cielab, {258: (8, 8, 8), 262: (8,), 277: (3,)}),
        whole(np.dstack([lightness] * 3), np.uint8),
        0.01,
    )


def deep_tiffs():
    gray, both, rgb, rgba = (scene(channels, np.uint16) for channels in (1, 2, 3, 4))
    rgb_options = {"photometric": "rgb"}
    yield Good("16-gray.tif", by_tifffile(gray), gray)
    yield Good("16-gray-motorola.tif", by_tifffile(gray, byteorder=">"), gray)
    inverted = tiff((~gray).astype("<u2"), {258: (16,), 262: (0,)})
    yield Good("16-white-is-zero.tif", inverted, gray)
    alpha = {"extrasamples": ["unassalpha"], "planarconfig": "contig"}
    yield Good("16-gray-alpha.tif", by_tifffile(both, photometric="minisblack", **alpha), both)
    yield Good("16-rgb.tif", by_tifffile(rgb, **rgb_options), rgb)
    yield Good("16-rgb-motorola.tif", by_tifffile(rgb, byteorder=">", **rgb_options), rgb)
    packed = {"compression": "zlib", "predictor": True}
    yield Good("16-rgb-deflate.tif", by_tifffile(rgb, **packed, **rgb_options), rgb)
    motorola = by_tifffile(rgb, byteorder=">", **packed, **rgb_options)
    yield Good("16-rgb-deflate-motorola.tif", motorola, rgb)
    yield Good("16-rgb-tiled.tif", by_tifffile(rgb, tile=(16, 16), **rgb_options), rgb)
    planes = np.ascontiguousarray(np.moveaxis(rgb, -1, 0))
    yield Good(
        "16-rgb-planes.tif", by_tifffile(planes, planarconfig="separate", **rgb_options), rgb
    )
    yield Good("16-rgba.tif", by_tifffile(rgba, extrasamples=["unassalpha"], **rgb_options), rgba)
    share = rgba[..., 3:] / 65535
    multiplied = np.dstack([whole(rgba[..., :3] / 65535 * share, np.uint16), rgba[..., 3]])
    divided = np.where(
        share > 0, np.minimum(multiplied[..., :3] / np.maximum(share, 1e-9), 65535), 0
    )
    yield Good(
        "16-rgba-multiplied.tif",
        by_tifffile(multiplied, extrasamples=["assocalpha"], **rgb_options),
        np.dstack([np.rint(divided), rgba[..., 3]]).astype(np.uint16),
        2e-5,
    )
    twelve = (gray >> 4).astype(np.uint32)
    twelve = np.pad(twelve, ((0, 0), (0, 1)))  # rows of whole bytes
    pairs = twelve[:, ::2] << 12 | twelve[:, 1::2]
    bits = np.stack([pairs >> 16 & 255, pairs >> 8 & 255, pairs & 255], axis=-1).astype(np.uint8)
    widened = (twelve << 4 | twelve >> 8).astype(np.uint16)
    yield Good("12-gray.tif", tiff(twelve, {258: (12,), 262: (1,)}, bits.tobytes()), widened)
    for bits in (16, 32, 64):
        for channels in (1, 3, 4):
            image = scene(channels, np.float32).astype(f"f{bits // 8}")
            options = rgb_options if channels > 2 else {}
            if channels == 4:
                options = options | {"extrasamples": ["unassalpha"]}
            data = by_tifffile(image, **options)
            yield Good(f"float{bits}-{channels}.tif", data, image.astype(np.float32))
    near = scene(1, np.float32) * 1.1
    yield Good("float-rounding.tif", by_tifffile(np.minimum(near, 1.0005)), np.minimum(near, 1))


def good_others():
    gray, rgb, rgba = scene(1), scene(3), scene(4)
    yield Good("lossy.webp", by_pillow(rgb, "WEBP", quality=100), rgb, 0.4)
    lossless = {"lossless": True, "exact": True}
    yield Good("lossless.webp", by_pillow(rgba, "WEBP", **lossless), rgba)
    frames = {"save_all": True, "append_images": [Image.fromarray(rgb[::-1])]}
    animated = by_pillow(rgb, "WEBP", lossless=True, **frames)
    opaque = np.dstack([rgb, np.full((HEIGHT, WIDTH), 255, np.uint8)])
    yield Good("animated.webp", animated, opaque, warning="holds 2 pages")
    yield Good("rgb.bmp", by_pillow(rgb, "BMP"), rgb)
    flat = Image.fromarray(rgb).quantize(16)
    yield Good("palette.bmp", by_pillow(flat, "BMP"), np.asarray(flat.convert("RGB")))
    yield Good("gray.gif", by_pillow(gray, "GIF"), gray)
    yield Good("palette.gif", by_pillow(flat, "GIF"), np.asarray(flat.convert("RGB")))
    frames = {"save_all": True, "append_images": [Image.fromarray(gray[::-1])]}
    yield Good("animated.gif", by_pillow(gray, "GIF", **frames), gray, warning="holds 2 pages")
    best = {"quality": 100, "subsampling": "4:4:4"}
    yield Good("rgb.avif", by_pillow(rgb, "AVIF", **best), rgb, 0.03)
    yield Good("rgba.avif", by_pillow(rgba, "AVIF", **best), rgba, 0.03)
    yield Good("rgb.jp2", by_pillow(rgb, "JPEG2000"), rgb)
    yield Good("rgba.jp2", by_pillow(rgba, "JPEG2000"), rgba)
    yield Good("stream.j2k", by_pillow(rgb, "JPEG2000", no_jp2=True), rgb)
    deep = Image.fromarray(scene(1, np.uint16))
    yield Good("16-gray.jp2", by_pillow(deep, "JPEG2000"), np.asarray(deep))


def profiled():
    """Pictures in other spaces than sRGB, and profiles that are none."""
    adobe = iccs.rgb(iccs.ADOBE_RGB, iccs.gamma(2.19921875))
    prophoto = iccs.rgb(iccs.PROPHOTO, iccs.gamma(461 / 256))
    p3 = iccs.rgb(iccs.DISPLAY_P3, iccs.parametric(*iccs.SRGB_CURVE))
    spaces = {
        "adobe-rgb": (adobe, iccs.ADOBE_RGB, lambda code: code**2.19921875),
        "prophoto": (prophoto, iccs.PROPHOTO, lambda code: code ** (461 / 256)),
        "display-p3": (p3, iccs.DISPLAY_P3, srgb_light),
    }
    for name, (profile, matrix, curve) in spaces.items():
        for dtype, level in ((np.uint8, 1 / 255), (np.uint16, 20 / 65535)):
            image = muted(dtype)
            expected = whole(through(matrix, curve, image / np.iinfo(dtype).max), dtype)
            if dtype == np.uint8:
                options = {"quality": 100, "subsampling": 0, "icc_profile": profile}
                yield Good(f"{name}.jpg", by_pillow(image, "JPEG", **options), expected, 0.03)
                data = by_pillow(image, "PNG", icc_profile=profile)
                yield Good(f"{name}.png", data, expected, level)
            else:
                inside = chunk(b"iCCP", b"a\0\0" + zlib.compress(profile))
                yield Good(f"16-{name}.png", png16(image, inside), expected, level)
                data = by_tifffile(image, photometric="rgb", iccprofile=profile)
                yield Good(f"16-{name}.tif", data, expected, level)
    dots = iccs.dot_gain(0.2)
    curves = {
        "gray-1.8": (iccs.gamma(461 / 256), lambda code: code ** (461 / 256)),
        "gray-2.2": (iccs.gamma(563 / 256), lambda code: code ** (563 / 256)),
        "dot-gain-20": (
            iccs.table(dots),
            lambda code: np.interp(code, np.linspace(0, 1, 256), dots),
        ),
    }
    for name, (curve, light) in curves.items():
        profile = iccs.gray(curve)
        for dtype, level in ((np.uint8, 1 / 255), (np.uint16, 20 / 65535)):
            image = scene(1, dtype)
            expected = whole(encoded(light(image / np.iinfo(dtype).max)), dtype)
            depth = 8 * np.dtype(dtype).itemsize
            yield Good(
                f"{depth}-{name}.tif", by_tifffile(image, iccprofile=profile), expected, level
            )
            both = scene(2, dtype)
            if dtype == np.uint8:
                data = by_pillow(both, "PNG", icc_profile=profile)
                yield Good(f"{name}-alpha.png", data, np.dstack([expected, both[..., 1]]), level)
    gray, rgb = scene(1), scene(3)
    expected = whole(encoded((gray / 255) ** 2.19921875), np.uint8)
    yield Good(
        "gray-in-adobe-rgb.png", by_pillow(gray, "PNG", icc_profile=adobe), expected, 1 / 255
    )
    srgb = iccs.rgb(iccs.SRGB, iccs.parametric(*iccs.SRGB_CURVE))
    yield Good("srgb.png", by_pillow(rgb, "PNG", icc_profile=srgb), rgb)
    left_out = "colour profile that is left out"
    ink = Image.fromarray(np.dstack([np.zeros((HEIGHT, WIDTH, 3), np.uint8), gray]), "CMYK")
    paper = iccs.inks(90)
    lightness = encoded(iccs.luminance(0.9 * (1 - gray / 255)))
    printed = np.dstack([whole(lightness, np.uint8)] * 3)
    yield Good("cmyk-profile.tif", by_pillow(ink, "TIFF", icc_profile=paper), printed, 0.02)
    for name, profile in {
        "empty": b"x",
        "nonsense": b"nonsense" * 100,
        "cut": adobe[:200],
        "huge": adobe + bytes(5_000_000),
        "for-ink": paper,
        "for-gray": iccs.gray(iccs.gamma(461 / 256)),
        "no-curve": iccs.profile(b"RGB ", {b"rXYZ": iccs.xyz((1, 1, 1))}),
        "black": iccs.rgb(np.zeros((3, 3)), iccs.gamma(563 / 256)),
        "odd-curve": iccs.rgb(iccs.SRGB, b"para\0\0\0\0\0\x09\0\0"),
        "short-curve": iccs.rgb(iccs.SRGB, b"curv\0\0\0\0\x7f\xff\xff\xff"),
    }.items():
        data = by_pillow(rgb, "WEBP", lossless=True, icc_profile=profile)
        yield Good(f"profile-{name}.webp", data, rgb, warning=left_out)


def bads():
    gray, rgb = scene(1), scene(3)
    yield Bad("empty.png", b"", "it is empty")
    texts = {
        "text.jpg": b"grandmother, 1921\n",
        "page.png": b"<!DOCTYPE html><html></html>",
        "vector.png": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
        "document.tif": b"%PDF-1.7\n",
        "script.png": b"%!PS-Adobe-3.0 EPSF-3.0\n",
        "phone.avif": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        "archive.webp": b"PK\x03\x04" + bytes(30),
        "model.png": b"\x80\x04\x95" + bytes(30),
    }
    for name, data in texts.items():
        yield Bad(name, data, "it is not a JPEG")
    for name, head in {
        "only.jpg": b"\xff\xd8\xff",
        "only.png": b"\x89PNG\r\n\x1a\n",
        "only.tif": b"II*\0",
        "only.webp": b"RIFF\x04\0\0\0WEBP",
        "only.gif": b"GIF89a",
        "only.bmp": b"BM",
        "only.avif": b"\0\0\0\x18ftypavif\0\0\0\0",
        "only.jp2": b"\0\0\0\x0cjP  \r\n\x87\n",
    }.items():
        yield Bad(name, head, "cannot read")
    large = np.kron(rgb, np.ones((8, 8, 1), np.uint8))
    for ending, format in {
        "jpg": "JPEG",
        "png": "PNG",
        "tif": "TIFF",
        "webp": "WEBP",
        "gif": "GIF",
        "bmp": "BMP",
        "avif": "AVIF",
        "jp2": "JPEG2000",
    }.items():
        data = by_pillow(large, format)
        yield Bad(f"half.{ending}", data[: len(data) // 2], "cannot read")
    deep = png16(scene(3, np.uint16))
    yield Bad("16-half.png", deep[: len(deep) // 2], "cannot read")
    flipped = bytearray(by_pillow(large, "PNG"))
    flipped[60] ^= 0xFF
    yield Bad("checksum.png", bytes(flipped), "cannot read")
    yield Bad("bomb.png", png(50000, 50000, 8, 0, bytes(1000)), "50000 x 50000 pixels")
    yield Bad("bomb.tif", tiff(gray, {258: (8,), 262: (1,), 256: (60000,), 257: (60000,)}), "60000")
    bomb = bytearray(by_pillow(gray, "GIF"))
    bomb[6:10] = struct.pack("<HH", 65535, 65535)
    yield Bad("bomb.gif", bytes(bomb), "65535 x 65535 pixels")
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(8_000_000)))
    yield Bad("text-bomb.png", png(1, 1, 8, 0, b"\0\0", text), "too large")
    yield Bad("no-pixels.tif", tiff(gray, {258: (8,), 262: (1,), 256: (0,)}), "cannot read")
    empty = by_tifffile(rgb, photometric="rgb", byteorder=">")
    height = struct.pack(">HHII", 257, 4, 1, HEIGHT)
    yield Bad("no-rows.tif", empty.replace(height, height[:8] + bytes(4)), "cannot read")
    whole_numbers = "no fixed white"
    yield Bad("32-gray.tif", by_tifffile(gray.astype(np.uint32)), whole_numbers)
    yield Bad("signed-gray.tif", by_tifffile(gray.astype(np.int16)), whole_numbers)
    yield Bad("32-rgb.tif", by_tifffile(rgb.astype(np.uint32), photometric="rgb"), whole_numbers)
    yield Bad("complex.tif", by_tifffile(gray.astype(np.complex64)), whole_numbers)
    outside = "not in \\[0, 1\\] but "
    yield Bad("float-255.tif", by_tifffile(gray.astype(np.float32)), outside + "26 to 255")
    yield Bad("float-below.tif", by_tifffile(scene(1, np.float32) - 0.5), outside + "-0.4")
    holes = scene(1, np.float32)
    holes[3, 4] = np.nan
    yield Bad("float-nan.tif", by_tifffile(holes), outside + "NaN")
    colour = {"photometric": "rgb"}
    yield Bad("float-rgb-255.tif", by_tifffile(rgb.astype(np.float32), **colour), outside)
    seven = np.dstack([rgb, rgb, gray]).astype(np.uint16)
    yield Bad("seven-channels.tif", by_tifffile(seven, planarconfig="contig"), "7 channels")
    yield Bad("seven-bits.tif", tiff(gray, {258: (7,), 262: (1,)}), "cannot read")


def main(folder):
    """Write every file of the corpus into a folder."""
    for file in (*goods(), *bads()):
        (Path(folder) / file.name).write_bytes(file.data)


if __name__ == "__main__":
    main(sys.argv[1])
