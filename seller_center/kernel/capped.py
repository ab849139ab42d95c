"""Counts that stop: how many rows there are, but never more than were asked for, as a value beside other values."""

from django.db.models import IntegerField, Subquery


class CappedCount(Subquery):
    """How many rows, but at most as many as the query was sliced to: ``CappedCount(rows.values("pk")[:99])``."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS capped)"
    output_field = IntegerField()
