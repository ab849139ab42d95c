"""Where the counters of log-in limits and spent codes lie while the cache is away."""

from django.db import models


class GuardedCount(models.Model):
    """A row of Django's database cache: written by ``seller_center.kernel.steady_cache`` only, in that table's shape."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "shops_guarded_count"

    def __str__(self) -> str:
        return self.cache_key
