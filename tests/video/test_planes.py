import numpy as np
import pytest
from av import VideoFrame

from colorkit import lab
from colorkit.errors import VideoError
from colorkit.video.planes import BT601, BT709, LUMA, Coding, planar, sampling_of, view


def frame(format="yuv420p", size=(64, 48), **tags):
    made = VideoFrame(*size, format)
    for name, value in tags.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("full", [False, True])
def test_black_and_white_by_range(depth, full):
    """Black and white are 16 and 235 of 256 in film, 0 and all in pictures; L* is 0 and 100."""
    coding = Coding(depth, full, BT709)
    ends = [0, 2**depth - 1] if full else [16 << (depth - 8), 235 << (depth - 8)]
    codes = np.array([0, *ends, 2**depth - 1], coding.dtype)

    np.testing.assert_allclose(coding.lightness(codes), [0, 0, 100, 100], atol=1e-4)


@pytest.mark.parametrize("matrix", LUMA)
@pytest.mark.parametrize("full", [False, True])
def test_chroma_is_that_of_the_colour(matrix, full):
    """Luma and chroma, decoded by the matrix, are the colour that was meant."""
    coding = Coding(10, full, matrix)
    lightness, a, b = np.float32([[60.0], [12.0], [25.0]])
    blue, red = (
        (codes.astype(float) - 512) / (1023 if full else 224 * 4)
        for codes in coding.chroma(lightness, a, b)
    )
    wanted = lab.lab_to_rgb(np.float32([[60, 12, 25]]))[0]
    of_red, of_blue = LUMA[matrix]
    luma = of_red * wanted[0] + (1 - of_red - of_blue) * wanted[1] + of_blue * wanted[2]

    assert luma + red[0] * 2 * (1 - of_red) == pytest.approx(wanted[0], abs=2e-3)
    assert luma + blue[0] * 2 * (1 - of_blue) == pytest.approx(wanted[2], abs=2e-3)


def test_gray_has_no_chroma():
    """Without colour, chroma is at its middle, whatever the lightness."""
    lightness = np.linspace(0, 100, 50, dtype=np.float32)
    blue, red = Coding(8, False, BT601).chroma(lightness, 0 * lightness, 0 * lightness)

    assert set(blue) | set(red) == {128}


@pytest.mark.parametrize(
    ("given", "codec", "full", "matrix"),
    [
        (frame(), "h264", False, BT601),
        (frame(size=(1280, 720)), "h264", False, BT709),
        (frame(colorspace=9), "hevc", False, 9),
        (frame(color_range=2), "h264", True, BT601),
        (frame("yuvj420p"), "mjpeg", True, BT601),
        (frame("gray"), "ffv1", True, BT601),
        (frame("gray"), "h264", False, BT601),
        (frame("gray", color_range=1), "ffv1", False, BT601),
    ],
)
def test_what_is_not_tagged_is_taken_as_players_do(given, codec, full, matrix):
    """Small film is BT.601 and large BT.709, range is limited, but for pictures and gray files."""
    coding = Coding.of(given, codec)

    assert (coding.full, coding.matrix) == (full, matrix)


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_high_dynamic_range_is_refused(transfer, name):
    """The error names the kind."""
    with pytest.raises(VideoError, match=f"its transfer function is {name}, high dynamic range"):
        Coding.of(frame("yuv420p10le", color_trc=transfer), "hevc")


@pytest.mark.parametrize("format", ["yuv420p", "yuv422p10le", "yuvj444p", "gray", "gray10le"])
def test_planes_are_seen_in_place(format):
    """Frames with luma in a plane of its own are taken as they are; a view writes to them."""
    made = frame(format, (50, 30))
    assert planar(made) is made
    luma = view(made, 0)
    luma[:] = 7

    assert luma.shape == (30, 50)
    assert (view(made, 0) == 7).all()


@pytest.mark.parametrize(
    ("format", "planes"), [("rgb24", "yuv444p"), ("gbrp10le", "yuv444p10le"), ("bgr0", "yuv444p")]
)
def test_rgb_becomes_luma_and_chroma(format, planes):
    """RGB is converted without subsampling, and tagged for what it is then."""
    made = planar(frame(format))

    assert made.format.name == planes
    assert (made.colorspace, made.color_range) == (BT601, 1)


def test_samplings():
    """By the name of the pixel format; gray is given the usual one."""
    names = ("yuv420p", "yuvj422p", "yuv444p10le", "gray", "gray12le", "yuv411p")

    assert [sampling_of(name) for name in names] == ["420", "422", "444", "420", "420", "411"]
