"""How good colours are: scores on photographs whose colours are known, and sheets to look at."""

from colorkit.evaluation.evaluate import evaluate
from colorkit.evaluation.report import Report, Row
from colorkit.evaluation.scores import SCORES, Interval, Score
from colorkit.evaluation.sheet import contact_sheet

__all__ = ["SCORES", "Interval", "Report", "Row", "Score", "contact_sheet", "evaluate"]
