import pytest

from colorkit import ExportError, export_tflite
from colorkit.export.plan import plan
from colorkit.export.source import Source, source


@pytest.fixture
def origin(sketch) -> Source:
    """Take a network with a stride of 32."""
    return source(sketch, "default")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"precision": "int4"}, "int8-weights, int8-dynamic, int8; received 'int4'"),
        ({"precision": "int8-dynamic"}, "'int8-dynamic' wants a size"),
        ({"precision": "int8"}, "'int8' wants a size"),
        ({"output": "rgb"}, "output must be one of logits, ab; received 'rgb'"),
        ({"interface": "cmyk"}, "interface must be one of lightness, gray, rgb; received 'cmyk'"),
        ({"size": (250, 333)}, r"multiples of 32.*\(250, 333\); \(224, 320\) and \(256, 352\) fit"),
        ({"size": (256, 333)}, r"\(256, 320\) and \(256, 352\) fit"),
        ({"size": (1, 64)}, r"received \(1, 64\); \(32, 64\) fits"),
        ({"size": (8192, 64)}, r"at most 4096; received \(8192, 64\); \(4096, 64\) fits"),
        ({"size": 256}, r"size must be \(height, width\) in pixels, or None; received 256"),
        ({"size": (64.0, 64)}, r"size must be .* received \(64.0, 64\)"),
        ({"size": ()}, r"size must be .* received \(\)"),
        ({"size": [(64, 64), (64, 64)]}, r"sizes must differ; received \[\(64, 64\), \(64, 64\)\]"),
        ({"size": [(64, 64), (64, 65)]}, r"multiples of 32.*received \(64, 65\)"),
        ({"temperature": 0.5}, r"logits leave the temperature open.*temperature=0\.5"),
        ({"output": "ab", "temperature": 0}, "temperature must be a positive number.*received 0"),
        ({"network_size": 64}, "network_size goes with interface='rgb' or 'gray'; received 64"),
        ({"interface": "rgb"}, r"'rgb' wants one size.*received sizes \(\)"),
        ({"interface": "rgb", "size": [(64, 64), (32, 32)]}, "'rgb' wants one size"),
        ({"interface": "gray", "size": (64, 64), "output": "ab"}, "gives RGB; received output"),
        (
            {"interface": "rgb", "size": (192, 256), "network_size": 100},
            r"whole fraction of the short side of \(192, 256\).*: 192, 96; received 100",
        ),
    ],
)
def test_options_that_do_not_fit_are_refused(origin, options, message):
    """An option is refused with what would do instead."""
    with pytest.raises(ExportError, match=message):
        plan(origin, **options)


@pytest.mark.parametrize("output", ["logits", "ab"])
def test_ab_of_its_own_has_no_temperature(narrow, several, output):
    """A network that gives ab is not told how vivid to be: the option would change nothing."""
    for network in (narrow["siggraph17"], several):
        assert plan(source(network), output=output).temperature is None
        with pytest.raises(ExportError, match=r"'\w+' gives ab of its own; received .*=0\.5"):
            plan(source(network), output=output, temperature=0.5)


def test_networks_with_hints_take_no_pictures(narrow):
    """An 8-bit picture has no room for hints."""
    with pytest.raises(ExportError, match=r"a network without hints; received .*siggraph17"):
        plan(source(narrow["siggraph17"], "default"), interface="rgb", size=(64, 64))


@pytest.mark.parametrize(
    ("size", "network_size"),
    [((512, 512), 256), ((512, 768), 256), ((1024, 1024), 256), ((96, 128), 96), ((544, 544), 544)],
)
def test_network_looks_at_about_256_pixels(origin, size, network_size):
    """Of the whole fractions of a picture that fit the stride, the nearest to 256 is taken."""
    assert plan(origin, interface="rgb", size=size).size == network_size


def test_int8_wants_photographs(sketch, tmp_path):
    """Ranges are learned from photographs: without any there is no file."""
    with pytest.raises(ExportError, match=r"'int8' learns its ranges .* give calibration="):
        export_tflite(tmp_path / "m.tflite", sketch, precision="int8", size=(64, 64))


def test_unknown_options_are_wrong_usage(origin):
    """A misspelt option is no option."""
    with pytest.raises(TypeError, match="'presicion'"):
        plan(origin, presicion="int8")
