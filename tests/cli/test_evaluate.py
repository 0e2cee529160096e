import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from colorkit import register_backend


@pytest.fixture
def evaluate(run):
    """Run `colorkit evaluate` with quick backends, beside a folder of pictures in colour."""
    register_backend("none")(lambda x: np.zeros((*x.shape[:3], 2), np.float32))
    rng = np.random.default_rng(0)
    Path("in").mkdir()
    for i in range(5):
        colours = Image.fromarray(rng.integers(0, 256, (4, 5, 3)).astype(np.uint8))
        colours.resize((40, 32)).save(f"in/{i}.png")
    return lambda *arguments: run("evaluate", "in", "--quick", *arguments)


def names(path="scores.json"):
    with open(path) as file:
        return [*json.load(file)["rows"]]


def test_prints_a_table(evaluate):
    """Scores of the backend and of the references go to stdout."""
    code, out, err = evaluate("--backend", "none")

    assert (code, err) == (0, "")
    assert out.splitlines()[0].split() == [
        *["5", "photographs", "better", "gray", "random", "truth", "none"]
    ]
    assert "AuC rebalanced by own frequencies" in out


def test_each_combination_is_a_row(evaluate):
    """Options that are repeated make a row for each combination, named by what was given."""
    options = (
        "--saturation",
        "0.5",
        "--saturation",
        "1",
        "--backend",
        "none",
        "--backend",
        "sepia",
    )
    register_backend("sepia")(lambda x: np.full((*x.shape[:3], 2), 10, np.float32))
    evaluate(*options, "--json", "scores.json")

    assert names()[3:] == [
        "none saturation=0.5",
        "none saturation=1",
        "sepia saturation=0.5",
        "sepia saturation=1",
    ]


def test_faults_of_old_film(evaluate):
    """Each recipe is scored clean and with each fault; differences from the first row follow."""
    out = evaluate("--backend", "none", "--degrade", "grain", "--degrade", "faded").out
    heads = [line.split() for line in out.splitlines() if "better" in line]

    assert heads[0][-5:] == ["none", "none", "grain", "none", "faded"]
    assert heads[1] == ["difference", "from", "none", "better", "none", "grain", "none", "faded"]
    assert evaluate("--video", "--degrade", "grain").code == 2


@pytest.mark.parametrize(("half", "count"), [("even", 3), ("odd", 2)])
def test_halves(evaluate, half, count):
    """Every other photograph, from the first or from the second."""
    out = evaluate("--backend", "none", "--half", half).out

    assert out.startswith(f"{count} photographs")


def test_a_sheet(evaluate):
    """The sheet has all photographs, and its columns are named; it may be written again."""
    for _ in range(2):
        out = evaluate("--backend", "none", "--sheet", "sheet.png").out

    assert out.startswith("sheet.png: gray, none, truth\n")
    with Image.open("sheet.png") as sheet:
        assert sheet.size == (3 * 240 + 2 * 8, 5 * 192 + 4 * 8)


def test_errors_are_one_line(run, evaluate):
    """No photographs, an unknown backend: a line and an exit code, no table."""
    assert run("evaluate", "absent") == (
        1,
        "",
        "colorkit: cannot find 'absent': name a picture, a folder, a tar file or a pattern\n",
    )
    code, out, err = evaluate("--backend", "nonesuch")
    assert (code, out) == (2, "")
    assert "nonesuch" in err
    assert err.count("\n") == 1
    assert run("evaluate").code == 2
