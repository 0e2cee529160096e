"""What the distributions hold."""

import subprocess
import sys
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

import colorkit

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def dist(tmp_path_factory) -> Path:
    """Build the source distribution, and the wheel from it."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT],
        check=True,
        capture_output=True,
    )
    return folder


def test_the_wheel_holds_the_package_and_nothing_else(dist):
    """Modules, models with their papers, example, web page, type marker, licences."""
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        metadata = Parser().parsestr(
            archive.read(f"colorkit-{colorkit.__version__}.dist-info/METADATA").decode()
        )
    package = {name for name in names if not name.startswith("colorkit-")}
    other = {name for name in package if not name.endswith(".py")}
    assert {name.partition("/")[0] for name in package} == {"colorkit"}
    assert other == {
        "colorkit/py.typed",
        "colorkit/cli/example.jpg",
        "colorkit/evaluation/prior_probs.npy",
        "colorkit/evaluation/LICENSE-prior_probs.txt",
        "colorkit/models/README.md",
        "colorkit/models/LICENSE-APACHE-2.0.txt",
        "colorkit/models/lite.safetensors",
        "colorkit/models/lite.tflite",
        "colorkit/web/package.json",
        "colorkit/web/package-lock.json",
        "colorkit/web/page/app.js",
        "colorkit/web/page/color.js",
        "colorkit/web/page/icon.svg",
        "colorkit/web/page/index.html",
        "colorkit/web/page/note.js",
        "colorkit/web/page/style.css",
        "colorkit/web/page/sw.js",
        "colorkit/web/page/worker.js",
    }
    assert metadata["License-Expression"] == "BSD-3-Clause AND BSD-2-Clause AND Apache-2.0"
    assert set(metadata.get_all("License-File")) >= {"LICENSE", "NOTICE"}
    assert wheel.stat().st_size < 12e6


def test_the_core_depends_on_few_packages(dist):
    """None of them is a deep-learning framework."""
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read(f"colorkit-{colorkit.__version__}.dist-info/METADATA").decode()
    required = {
        line.split(">")[0].strip()
        for line in Parser().parsestr(text).get_all("Requires-Dist")
        if "extra ==" not in line
    }
    assert required == {"numpy", "pillow", "pluggy", "click", "tqdm", "ai-edge-litert"}


def test_the_source_distribution_holds_the_tests(dist):
    """Those who package colorkit can run them, and read the licences."""
    [source] = dist.glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"LICENSE", "NOTICE", "README.md", "CHANGELOG.md", "tests/test_lab.py"} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(".git/")]
