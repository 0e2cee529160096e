import sys
import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import colorkit
from colorkit import ColorkitWarning
from colorkit.resize import LONGEST, Enlarged, Frame, fit, resample, shrink

SIDE = st.integers(1, 300)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    """Lightness of that shape, 0..100."""
    return np.random.default_rng(seed).uniform(0, 100, shape).astype(np.float32)


def shrunk(lightness: np.ndarray, size: int, stride: int) -> tuple[np.ndarray, Frame]:
    """`shrink` without its warning for long pictures."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ColorkitWarning)
        return shrink(lightness, size, stride)


def area_weights(length: int, count: int) -> np.ndarray:
    """The share of each old pixel in each new one, ``(count, length)``, from exact fractions."""
    step = Fraction(length, count)
    return np.array(
        [
            [
                float(max(Fraction(0), min((i + 1) * step, j + 1) - max(i * step, j)) / step)
                for j in range(length)
            ]
            for i in range(count)
        ]
    )


class TestResample:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ((8, 8), (2, 4)),
            ((7, 9), (3, 4)),
            ((10, 3), (7, 1)),
            ((61, 50), (60, 49)),
            ((5, 5), (5, 1)),
        ],
    )
    def test_going_down_averages_areas(self, old, new):
        """Each new pixel is the mean over exactly its own area of the picture."""
        picture = noise(*old)
        expected = area_weights(old[0], new[0]) @ picture @ area_weights(old[1], new[1]).T

        np.testing.assert_allclose(resample(picture, new), expected, atol=1e-4)

    @settings(max_examples=60, deadline=None)
    @given(SIDE, SIDE, st.data())
    def test_going_down_keeps_the_mean(self, height, width, data):
        """No light is lost or counted twice: the mean over the picture stays."""
        new = data.draw(st.tuples(st.integers(1, height), st.integers(1, width)))
        picture = noise(height, width)

        assert resample(picture, new).mean(dtype=float) == pytest.approx(
            picture.mean(dtype=float), abs=1e-3
        )

    @settings(max_examples=60, deadline=None)
    @given(SIDE, SIDE, SIDE, SIDE)
    def test_constants_stay(self, height, width, rows, columns):
        """A plain picture is plain at any other size, with the same value."""
        plain = np.full((height, width), 37.25, np.float32)
        made = resample(plain, (rows, columns))

        assert (made.shape, made.dtype) == ((rows, columns), np.float32)
        terms = 8 + height / rows + width / columns
        np.testing.assert_allclose(made, 37.25, rtol=terms * 2**-24)

    @pytest.mark.parametrize("axis", [0, 1])
    def test_going_up_is_linear(self, axis):
        """Between the centres of the old pixels a ramp goes on as a ramp, centre on centre."""
        ramp = np.broadcast_to(np.arange(6, dtype=np.float32), (4, 6))
        ramp, shape = (ramp, (4, 30)) if axis else (ramp.T, (30, 4))
        expected = np.clip((np.arange(30) + 0.5) / 5 - 0.5, 0, 5)
        made = resample(ramp, shape)

        np.testing.assert_allclose(made if axis else made.T, [expected] * 4, atol=1e-5)

    @settings(max_examples=40, deadline=None)
    @given(*[st.integers(1, 40)] * 4)
    def test_result_follows_flips(self, height, width, rows, columns):
        """The mirrored picture gives the mirrored result: nothing is shifted."""
        picture = noise(height, width)
        made = resample(picture, (rows, columns))
        mirrored = resample(picture[::-1, ::-1], (rows, columns))

        np.testing.assert_allclose(mirrored[::-1, ::-1], made, atol=1e-3)

    def test_channels_are_resampled_alike(self):
        """``(H, W, C)`` is as C pictures."""
        picture = noise(9, 14, 3)
        made = resample(picture, (4, 20))

        assert made.shape == (4, 20, 3)
        for channel in range(3):
            alone = resample(picture[..., channel], (4, 20))
            np.testing.assert_allclose(made[..., channel], alone, atol=1e-4)


class TestShrink:
    @settings(max_examples=80, deadline=None)
    @given(SIDE, SIDE, st.integers(1, 96), st.sampled_from([1, 2, 8, 32]))
    @example(1, 1, 96, 32)
    @example(1, 300, 32, 8)
    @example(299, 1, 32, 32)
    def test_any_picture_becomes_a_network_input(self, height, width, size, stride):
        """Sides are multiples of the stride, the aspect ratio is kept within half a pixel."""
        small, frame = shrunk(noise(height, width), size, stride)
        scale = min(size / min(height, width), LONGEST * size / max(height, width))

        assert small.shape == (1, *frame.padded, 1)
        assert small.dtype == np.float32
        assert frame.picture == (height, width)
        for i, side in enumerate((height, width)):
            assert frame.padded[i] % stride == 0
            assert 0 <= frame.padded[i] - frame.network[i] < stride
            assert frame.network[i] >= 1
            assert abs(frame.network[i] - max(side * scale, 0.5)) <= 0.5 + 1e-9
        assert min(frame.network) <= size
        assert max(frame.network) <= LONGEST * size
        assert -1e-3 <= small.min() <= small.max() <= 100 + 1e-3

    @pytest.mark.parametrize("shape", [(1, 60_000), (60_000, 1)])
    def test_a_line_of_pixels_is_a_picture(self, shape):
        """60,000 pixels in one row or column are seen whole, in bounded room."""
        line = np.linspace(0, 100, 60_000, dtype=np.float32).reshape(shape)
        small, frame = shrunk(line, 256, 8)
        seen = small[0, : frame.network[0], : frame.network[1], 0].ravel()

        assert sorted(frame.padded) == [8, 1024]
        np.testing.assert_allclose(seen, (np.arange(1024) + 0.5) * 100 / 1024, atol=0.01)

    @pytest.mark.parametrize(("shape", "network"), [((1, 1), (64, 64)), ((2, 3), (64, 96))])
    def test_tiny_pictures_are_enlarged(self, shape, network):
        """A picture smaller than the network's size is seen at that size."""
        small, frame = shrink(np.full(shape, 42, np.float32), 64, 8)

        assert frame.network == network
        np.testing.assert_allclose(small, 42, atol=1e-4)

    def test_top_left_corner_is_the_picture(self):
        """The network's picture starts at the corner, and is the picture at that size."""
        picture = noise(50, 70)
        small, frame = shrink(picture, 33, 32)

        assert (frame.network, frame.padded) == ((33, 46), (64, 64))
        np.testing.assert_array_equal(small[0, :33, :46, 0], resample(picture, (33, 46)))

    def test_padding_is_a_reflection(self):
        """Beyond the picture the network sees it mirrored, not black."""
        small, _ = shrink(noise(50, 70), 33, 32)
        seen = small[0, ..., 0]

        np.testing.assert_array_equal(seen[33:], seen[1:32][::-1])
        np.testing.assert_array_equal(seen[:, 46:], seen[:, 27:45][:, ::-1])

    def test_picture_is_not_touched(self):
        """The result is new memory, even when no pixel has to move."""
        picture = noise(32, 40)
        picture.flags.writeable = False
        small, _ = shrink(picture, 32, 8)

        np.testing.assert_array_equal(small[0, ..., 0], picture)
        assert not np.shares_memory(small, picture)

    @pytest.mark.parametrize("shape", [(100, 401), (401, 100), (1, 5)])
    def test_long_panoramas_are_announced(self, shape):
        """Beyond 4:1 less is seen than usual: the warning says how much, at the caller's line."""
        line = sys._getframe().f_lineno + 2
        with pytest.warns(ColorkitWarning, match="very long: the network sees it at") as caught:
            _, frame = shrink(noise(*shape), 64, 8)

        message = str(caught[0].message)
        assert f"picture of {shape[1]} x {shape[0]} pixels" in message
        assert f"at {min(frame.network)} pixels on the short side instead of 64" in message
        assert (caught[0].filename, caught[0].lineno) == (__file__, line)

    @pytest.mark.parametrize("shape", [(100, 400), (400, 100), (1, 4), (3, 1)])
    def test_up_to_four_to_one_is_no_panorama(self, shape):
        """The short side is seen in full, without a warning."""
        _, frame = shrink(noise(*shape), 64, 8)

        assert min(frame.network) == 64

    def test_warning_of_colorize_points_at_its_caller(self):
        """Through `colorkit.colorize`, too, the warning names the line of the person's program."""
        gray = np.zeros((8, 80), np.uint8)
        line = sys._getframe().f_lineno + 2
        with pytest.warns(ColorkitWarning, match="a picture of 80 x 8 pixels") as caught:
            colorkit.colorize(gray, lambda lightness: np.zeros((*lightness.shape[:3], 2), "f4"))

        assert (caught[0].filename, caught[0].lineno) == (__file__, line)


class TestFit:
    @settings(max_examples=60, deadline=None)
    @given(SIDE, SIDE, st.integers(1, 64), st.integers(1, 64))
    def test_picture_fills_the_room_in_one_direction(self, height, width, rows, columns):
        """The whole picture stands in the room, in proportion, touching two of its sides."""
        small, network = fit(noise(height, width), (rows, columns))
        scale = min(rows / height, columns / width)

        assert small.shape == (rows, columns)
        assert network[0] == rows or network[1] == columns
        for i, side in enumerate((height, width)):
            assert 1 <= network[i] <= (rows, columns)[i]
            assert abs(network[i] - max(side * scale, 0.5)) <= 0.5 + 1e-9

    def test_rest_of_the_room_is_a_reflection(self):
        """What is not picture is the picture mirrored."""
        picture = noise(40, 20)
        small, network = fit(picture, (20, 16))

        assert network == (20, 10)
        np.testing.assert_array_equal(small[:, :10], resample(picture, (20, 10)))
        np.testing.assert_array_equal(small[:, 10:], small[:, 3:9][:, ::-1])


class TestFrame:
    def test_cells_are_counted_in_picture_pixels(self):
        """A grid over a padded input: how large its cells are, and which of them hold picture."""
        frame = Frame(picture=(400, 600), network=(200, 300), padded=(224, 320))

        assert frame.cell((56, 80)) == (8, 8)
        assert frame.cells((56, 80)) == (50, 75)
        assert frame.cells((7, 10)) == (7, 10)


def enlarged(
    shape: tuple[int, int],
    ab: np.ndarray | None = None,
    *,
    upsampling: str = "guided",
) -> tuple[Enlarged, np.ndarray]:
    """Colours on a quarter of the network's grid, over noise of that shape, and the noise."""
    lightness = noise(*shape)
    small, frame = shrunk(lightness, 32, 8)
    grid = (small.shape[1] // 4, small.shape[2] // 4)
    if ab is None:
        ab = np.random.default_rng(1).uniform(-90, 90, (*grid, 2)).astype(np.float32)
    else:
        ab = np.broadcast_to(ab, (*grid, 2)).astype(np.float32)
    return Enlarged(ab, small[0, ..., 0], frame, upsampling), lightness


UPSAMPLINGS = pytest.mark.parametrize("upsampling", ["guided", "bilinear"])


class TestEnlarged:
    @UPSAMPLINGS
    @settings(max_examples=30, deadline=None)
    @given(st.integers(1, 120), st.integers(1, 120), st.integers(1, 40))
    def test_strips_leave_no_seams(self, upsampling, height, width, strip):
        """Whatever the height of the strips, every bit of the colours is the same."""
        grown, lightness = enlarged((height, width), upsampling=upsampling)
        whole = grown.rows(0, lightness)
        strips = [
            grown.rows(start, lightness[start : start + strip]) for start in range(0, height, strip)
        ]

        for plane, parts in zip(whole, zip(*strips, strict=True), strict=True):
            assert (plane.shape, plane.dtype) == ((height, width), np.float32)
            np.testing.assert_array_equal(plane, np.concatenate(parts))

    @UPSAMPLINGS
    @pytest.mark.parametrize("shape", [(1, 1), (37, 53), (300, 200), (20, 90), (1, 60_000)])
    def test_constant_colour_stays(self, upsampling, shape):
        """One colour all over is that colour at every pixel, whatever the lightness does."""
        grown, lightness = enlarged(shape, np.array([60, -90]), upsampling=upsampling)
        a, b = grown.rows(0, lightness)

        np.testing.assert_allclose(a, 60, atol=2e-3)
        np.testing.assert_allclose(b, -90, atol=2e-3)

    @pytest.mark.parametrize("shape", [(64, 96), (100, 130), (33, 47)])
    def test_bilinear_reproduces_ramps(self, shape):
        """A linear ramp of ab on the grid is the same ramp over the picture, padded or not."""
        lightness = noise(*shape)
        small, frame = shrink(lightness, 32, 8)
        grid = (small.shape[1] // 4, small.shape[2] // 4)
        rows, columns = np.mgrid[: grid[0], : grid[1]].astype(np.float32)
        ab = np.stack([rows * 3 - 20, columns * -5 + 7], axis=-1)
        a, b = Enlarged(ab, small[0, ..., 0], frame, "bilinear").rows(0, lightness)

        cell = frame.cell(grid)
        at = [np.clip((np.arange(shape[i]) + 0.5) / cell[i] - 0.5, 0, grid[i] - 1) for i in (0, 1)]
        np.testing.assert_allclose(a, np.tile(at[0][:, None] * 3 - 20, (1, shape[1])), atol=1e-3)
        np.testing.assert_allclose(b, np.tile(at[1] * -5 + 7, (shape[0], 1)), atol=1e-3)

    @pytest.mark.parametrize("edge", [58, 61, 64, 67])
    @pytest.mark.parametrize("turned", [False, True])
    def test_guided_colours_follow_the_edges_of_lightness(self, edge, turned):
        """At an edge of L* colours stay on their own side: half of bilinear's error at most."""
        lightness = np.full((128, 128), 25, np.float32)
        lightness[:, edge:] = 75
        truth = np.where((lightness < 50)[..., None], [40, -10], [-20, 30]).astype(np.float32)
        if turned:
            lightness, truth = lightness.T.copy(), truth.swapaxes(0, 1)
        small, frame = shrink(lightness, 128, 8)
        ab = resample(truth, (16, 16))

        def error(upsampling: str) -> float:
            grown = np.stack(
                Enlarged(ab, small[0, ..., 0], frame, upsampling).rows(0, lightness), axis=-1
            )
            return float(np.abs(grown - truth).mean())

        assert error("guided") < error("bilinear") / 2

    @UPSAMPLINGS
    @pytest.mark.parametrize("axes", [(0,), (1,), (0, 1)])
    def test_result_follows_flips(self, upsampling, axes):
        """The mirrored picture with mirrored colours gives the mirrored result."""
        lightness = noise(64, 96)
        ab = np.random.default_rng(1).uniform(-90, 90, (8, 12, 2)).astype(np.float32)

        def grown(lightness: np.ndarray, ab: np.ndarray) -> np.ndarray:
            small, frame = shrink(lightness, 32, 8)
            planes = Enlarged(ab, small[0, ..., 0], frame, upsampling).rows(0, lightness)
            return np.stack(planes, axis=-1)

        mirrored = grown(np.flip(lightness, axes).copy(), np.flip(ab, axes).copy())
        np.testing.assert_allclose(np.flip(mirrored, axes), grown(lightness, ab), atol=1e-2)

    @UPSAMPLINGS
    def test_colours_may_be_at_network_size(self, upsampling):
        """A backend may answer at any integer fraction of its input, one included."""
        lightness = noise(70, 90)
        small, frame = shrink(lightness, 32, 8)
        for fraction in (1, 2, 4, 8):
            grid = (small.shape[1] // fraction, small.shape[2] // fraction)
            ab = np.full((*grid, 2), 15, np.float32)
            a, b = Enlarged(ab, small[0, ..., 0], frame, upsampling).rows(0, lightness)
            np.testing.assert_allclose([a, b], 15, atol=2e-3)

    def test_inputs_are_not_touched(self):
        """Neither ab nor lightness is written to."""
        lightness, ab = noise(40, 40), noise(8, 8, 2)
        small, frame = shrink(lightness, 32, 8)
        for array in (lightness, ab, small):
            array.flags.writeable = False
        Enlarged(ab, small[0, ..., 0], frame).rows(0, lightness)
