"""The keys that encrypt a shop's secrets, themselves wrapped by a master key from the environment (DEC20)."""

from django.db import models


class DataKey(models.Model):
    """A data key of one shop, or of the platform where ``shop`` is empty.

    The newest one that is not retired seals; the others only open. Destroying it makes everything under it unreadable
    for good (crypto-erase): the row stays, the key is gone.
    """

    shop = models.ForeignKey("shops.Shop", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    kid = models.CharField(max_length=40)
    wrapped = models.TextField(blank=True, help_text="The data key, encrypted under a master key; empty: destroyed.")
    created_at = models.DateTimeField(help_text="On real time.")
    retired_at = models.DateTimeField(null=True, blank=True, help_text="From then on it only opens.")
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("shop", "kid"), nulls_distinct=False, name="data_key_kid_once"),
            models.UniqueConstraint(
                fields=("shop",),
                condition=models.Q(retired_at__isnull=True),
                nulls_distinct=False,
                name="data_key_one_in_use",
            ),
            models.CheckConstraint(
                condition=models.Q(destroyed_at__isnull=True) ^ models.Q(wrapped=""), name="data_key_destroyed_is_empty"
            ),
        ]

    def __str__(self) -> str:
        return self.kid

    @property
    def label(self) -> str:
        """What the wrapped key is bound to."""
        return f"{'platform' if self.shop_id is None else self.shop_id}|{self.kid}"
