"""The offset of the movable clock (demo and tests only; DEC22)."""

import datetime as dt

from django.db import models


class ClockOffset(models.Model):
    """How far the demo's clock runs ahead of real time. At most one row; production refuses to read it."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    seconds = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="clock_offset_single_row"),
            models.CheckConstraint(condition=models.Q(seconds__gte=0), name="clock_offset_forward_only"),
        ]

    def __str__(self) -> str:
        return f"{self.seconds} s"


def read_offset() -> dt.timedelta:
    """How far the clock was moved, zero where nobody moved it."""
    seconds = ClockOffset.objects.values_list("seconds", flat=True).first()
    return dt.timedelta(seconds=seconds or 0)
