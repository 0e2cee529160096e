from importlib.resources import as_file, files

import pytest

from colorkit import ExportError
from colorkit.export.source import source


def test_licence_is_what_is_known_of_the_weights():
    """Those that colorkit brings have theirs; of a file, and of random ones, nothing is claimed."""
    assert source("lite").license == "BSD-3-Clause AND Apache-2.0"
    with as_file(files("colorkit").joinpath("models/lite.safetensors")) as path:
        assert source("lite", path).license == "NOASSERTION"
    assert source("lite", None).license == "NOASSERTION"
    assert source("lite", None, "CC0-1.0").license == "CC0-1.0"


@pytest.mark.parametrize(
    "license",
    ["CC0-1.0", "LicenseRef-mine", "(MIT OR Apache-2.0) AND GPL-2.0+ WITH Classpath-exception-2.0"],
)
def test_licence_can_be_stated(sketch, license):
    """As an SPDX expression."""
    assert source(sketch, license=license).license == license


@pytest.mark.parametrize("license", ["", "my own", "MIT and Apache-2.0", "MIT AND", "© me"])
def test_what_is_no_expression_is_refused(sketch, license):
    """Words that programs cannot read are refused with an example."""
    with pytest.raises(ExportError, match=r"SPDX expression, such as 'CC-BY-4\.0' .*received"):
        source(sketch, license=license)
