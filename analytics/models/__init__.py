"""The nouns of floor 7, one file each."""

from analytics.models.figure import HourlyFigure
from analytics.models.score import Score
from analytics.models.visit import Visit

__all__ = ["HourlyFigure", "Score", "Visit"]
