"""What an evaluation found: for people a table, for programs JSON."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from colorkit import __version__
from colorkit.evaluation.scores import SCORES, Array, Interval, interval


@dataclass(frozen=True, eq=False)
class Row:
    """The scores of one way to colour.

    Attributes
    ----------
    recipe : str
        The `Colorizer` as it prints; for a reference, its name.
    resampled : mapping
        Each score ``(1001,)``: of all photographs, then as it would be for others.
    """

    recipe: str
    resampled: Mapping[str, Array] = field(repr=False)

    @property
    def scores(self) -> dict[str, Interval]:
        """Scores with 95 % intervals, by their names in `SCORES`."""
        return {name: interval(values) for name, values in self.resampled.items()}


@dataclass(frozen=True, eq=False)
class Report:
    """Scores of several ways to colour the same photographs.

    Attributes
    ----------
    rows : mapping
        A `Row` for each, by name.
    photographs : int
        How many were scored.
    names_sha256 : str
        Hash of their names, by which to see that two reports are of the same photographs.
    """

    rows: Mapping[str, Row]
    photographs: int
    names_sha256: str

    def difference(self, name: str, other: str) -> dict[str, Interval]:
        """By how much a row is higher than another, in every score that both have.

        Both are of the same draws: where the interval does not hold 0, other photographs would
        hardly have turned the order. It is much narrower than the intervals of both suggest.
        """
        one, two = self.rows[name].resampled, self.rows[other].resampled
        return {score: interval(one[score] - two[score]) for score in one if score in two}

    def table(self) -> str:
        """A line for each score, a column for each row; after ``±`` half of the 95 % interval."""
        columns = {name: row.scores for name, row in self.rows.items()}
        return _table(f"{self.photographs} photographs", columns)

    def differences(self, name: str) -> str:
        """The same of the rows after ``name``: by how much they are higher, as in `difference`."""
        rows = [*self.rows]
        others = rows[rows.index(name) + 1 :]
        columns = {other: self.difference(other, name) for other in others}
        return _table(f"difference from {name}", columns, sign="+")

    def to_json(self) -> str:
        """Everything in the table, and the interval itself, as JSON."""
        rows = {
            name: {"recipe": row.recipe, "scores": {k: asdict(v) for k, v in row.scores.items()}}
            for name, row in self.rows.items()
        }
        content: dict[str, Any] = {"colorkit": __version__, "photographs": self.photographs}
        content |= {"names_sha256": self.names_sha256, "rows": rows}
        return json.dumps(content, indent=2) + "\n"


def _table(title: str, columns: Mapping[str, Mapping[str, Interval]], sign: str = "") -> str:
    lines = [[title, "better", *columns]]
    for key, score in SCORES.items():
        form = f"{sign}.{score.digits}f"
        cells = [_cell(scores.get(key), form) for scores in columns.values()]
        lines.append([score.title, score.better, *cells])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            f"{cell:{'<' if place < 2 else '>'}{width}}"
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def _cell(score: Interval | None, form: str) -> str:
    if score is None:
        return "-"
    return f"{score.value:{form}} ±{(score.high - score.low) / 2:{form.removeprefix('+')}}"
