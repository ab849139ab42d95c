"""Figures kept by the hour, so that no page adds up orders (performance.md)."""

from django.db import models

from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class HourlyFigureQuerySet(OwnedQuerySet):
    """Questions about figures."""

    def within(self, period):
        """The hours that begin in a half-open period."""
        return self.filter(hour__gte=period.start, hour__lt=period.end)


class HourlyFigure(ShopOwned):
    """What one shop sold in one clock hour (UTC). Days and months in any zone are sums of hours.

    Cancelled and refunded amounts stand in columns of their own and are never hidden in sales (rulebook §8). They
    count in the hour in which the cancellation or the refund happened.
    """

    hour = models.DateTimeField(help_text="The beginning of the hour.")
    order_count = models.PositiveIntegerField(default=0)
    unit_count = models.PositiveIntegerField(default=0)
    gross_minor = models.BigIntegerField(default=0, help_text="Goods before discounts, without shipping and tax.")
    discount_minor = models.BigIntegerField(default=0)
    cancelled_count = models.PositiveIntegerField(default=0)
    cancelled_minor = models.BigIntegerField(default=0)
    refunded_count = models.PositiveIntegerField(default=0)
    refunded_minor = models.BigIntegerField(default=0)
    visit_count = models.PositiveIntegerField(default=0)

    objects = owned_manager(HourlyFigureQuerySet)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "hour"), name="hourly_figure_once")]

    def __str__(self) -> str:
        return f"{self.hour:%Y-%m-%d %H}h"

    @property
    def net_minor(self) -> int:
        """Sales after discounts."""
        return self.gross_minor - self.discount_minor
