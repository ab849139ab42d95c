"""The nouns of floor 7, one file each."""

from analytics.models.figure import HourlyFigure
from analytics.models.score import Score
from analytics.models.tour import Tour
from analytics.models.visit import Visit
from analytics.models.widget import HomeLayout

__all__ = ["HomeLayout", "HourlyFigure", "Score", "Tour", "Visit"]
