import json

import numpy as np
import pytest

from colorkit.evaluation import Report, Row


def row(recipe, **values):
    """Resampled scores of equal steps around values."""
    steps = np.linspace(-1, 1, 1000)
    return Row(recipe, {name: np.append(value, value + steps) for name, value in values.items()})


@pytest.fixture
def report():
    rows = {"gray": row("gray", auc=80), "mine": row("Colorizer()", auc=90, instability=2)}
    return Report(rows, photographs=7, names_sha256="ab12")


def test_the_table_has_a_column_for_each_row(report):
    """Values stand with half of their interval below the name of the row; a dash is no score."""
    head, *lines = report.table().splitlines()
    cells = {line[:36].strip(): line[36:].split() for line in lines}

    assert head.split() == ["7", "photographs", "better", "gray", "mine"]
    assert cells["AuC, %"][-4:] == ["80.00", "±0.95", "90.00", "±0.95"]
    assert cells["instability, Lab units"][-3:] == ["-", "2.00", "±0.95"]
    assert len({len(line) for line in report.table().splitlines()}) == 1


def test_json_has_everything(report):
    """JSON gives recipes, values and the ends of intervals, and says of which photographs."""
    content = json.loads(report.to_json())

    assert (content["photographs"], content["names_sha256"]) == (7, "ab12")
    assert content["rows"]["mine"]["recipe"] == "Colorizer()"
    scores = content["rows"]["mine"]["scores"]
    assert [*scores] == ["auc", "instability"]
    assert scores["auc"] == pytest.approx({"value": 90, "low": 89.05, "high": 90.95})


def test_a_difference_is_certain_where_both_move_together(report):
    """The interval of a difference is that of the difference in each resample."""
    difference = report.difference("mine", "gray")

    assert [*difference] == ["auc"]
    assert difference["auc"].value == 10
    assert (difference["auc"].low, difference["auc"].high) == pytest.approx((10, 10))


def test_differences_are_a_table_of_their_own(report):
    """Rows after a row, with signs: what they have above it or below it."""
    rows = report.rows | {"other": row("Colorizer(caution=1)", auc=88.5)}
    differences = Report(rows, photographs=7, names_sha256="ab12").differences("mine")
    head, auc, *_ = differences.splitlines()

    assert head.split() == ["difference", "from", "mine", "better", "other"]
    assert auc.split()[-2:] == ["-1.50", "±0.00"]
