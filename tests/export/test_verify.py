import numpy as np
import pytest

from colorkit import Distribution, ExportError
from colorkit.export import Cost, Deviation, pictures, verify
from colorkit.export.plan import plan
from colorkit.export.source import source
from colorkit.networks import call


@pytest.mark.parametrize(
    ("deviation", "message"),
    [
        (Deviation(1, mean_ab=0.6, max_ab=0.6), "by 0.6 Lab units of ab on average, where 0.5"),
        (Deviation(1, mean_ab=0.1, max_ab=0.6), "by 0.6 Lab units of ab at most, where 0.5 are"),
        (Deviation(1, mean_ab=np.nan, max_ab=0), "by nan Lab units"),
        (Deviation(20, 0, 0, auc_drop=0.7), "by 0.7 points of rebalanced AuC, where 0.5 are"),
        (Deviation(1, 0, 0, max_lightness=0.4), "by 0.4 L\\* of lightness at most, where 0.3 are"),
    ],
)
def test_deviating_files_are_refused(deviation, message):
    """Each figure has its tolerance, and is named with it."""
    with pytest.raises(ExportError, match=rf"float16 file deviates .*{message}.*nothing was"):
        verify.check(deviation, "float16")


@pytest.mark.parametrize(
    "deviation",
    [
        Deviation(1, mean_ab=0.1, max_ab=0.5),
        Deviation(19, 0, 0, auc_drop=0.7),  # of so few photographs it may be chance
        Deviation(1, mean_ab=0.1, max_ab=3, max_lightness=0.28),  # rounded to 8 bits
    ],
)
def test_others_are_kept(deviation):
    """What is within the tolerances passes."""
    verify.check(deviation, "float16")


def cost(times_float32):
    return Cost(10, times_float32, megabytes=None, partitions=(), rest={})


@pytest.mark.parametrize("speed", [0.93, 1, np.nan])
def test_int8_dynamic_has_to_save_time(speed):
    """It has the size of int8-weights: one that is no faster than float32 is refused."""
    with pytest.raises(ExportError, match=r"int8-dynamic file is .* times as fast as the float32"):
        verify.check(Deviation(1, 0, 0), "int8-dynamic", cost(speed))


@pytest.mark.parametrize(
    ("precision", "speed"), [("int8-dynamic", 1.2), ("int8-weights", 0.9), ("float32", None)]
)
def test_others_may_be_slow(precision, speed):
    """What saves room, or time, passes."""
    verify.check(Deviation(1, 0, 0), precision, cost(speed))


def test_every_fault_is_named():
    """A report can list all of them."""
    far, slow = verify.faults(Deviation(1, 3, 3), "int8-dynamic", cost(0.5))
    assert far.startswith("the int8-dynamic file deviates from Keras by 3 Lab units")
    assert slow.startswith("the int8-dynamic file is 0.50 times as fast")


def test_figures_are_those_of_the_difference(sketch, scans):
    """The network itself deviates by nothing; one with ab shifted by 3 and 4 units by these."""
    origin = source(sketch, "default")
    metadata = plan(origin, output="ab", size=(64, 64))
    seen = pictures.load([scans], metadata.sizes)

    def shifted(by):
        def run(inputs):
            answers = call(sketch, [inputs["lightness"]])
            logits = answers["logits"].numpy()
            return {"ab": Distribution(logits).mean() + np.float32(by)}

        return run

    wanted = verify.answers(sketch, metadata, seen)
    same = verify.compare(wanted, shifted((0, 0)), metadata, seen)
    assert (same.photographs, same.mean_ab, same.ciede2000, same.auc_drop) == (3, 0, 0, 0)
    other = verify.compare(wanted, shifted((3, -4)), metadata, seen)
    assert (other.mean_ab, other.max_ab) == pytest.approx((3.5, 4), abs=1e-4)
    assert other.ciede2000 > 1
    assert other.auc_drop != 0


def test_file_that_cannot_run_is_an_export_error(sketch, scans):
    """Whatever the runtime raises, the reason is one line."""

    def broken(inputs):
        raise RuntimeError("no memory\nand a page of addresses")

    metadata = plan(source(sketch, "default"), size=(64, 64))
    seen = pictures.load([scans], metadata.sizes)
    wanted = verify.answers(sketch, metadata, seen)
    with pytest.raises(ExportError, match=r"cannot be compared with Keras: no memory$"):
        verify.compare(wanted, broken, metadata, seen)


def test_photographs_that_are_not_there_are_an_export_error(tmp_path):
    """A path without pictures is named."""
    with pytest.raises(ExportError, match=r"cannot find '.*absent'"):
        pictures.load([tmp_path / "absent"], [(64, 64)])


def test_without_photographs_the_one_that_ships_is_used():
    """It is seen at each of the sizes."""
    first, second = pictures.load([], [(64, 64), (32, 96)])
    assert (first.shape, second.shape) == ((64, 64, 3), (32, 96, 3))
    assert first.std() > 10
