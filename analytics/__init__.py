"""Floor 7: visits, figures, the scorecard, the monthly evaluation, the home page."""
