"""Browsers from which a person has logged in before."""

from django.db import models


class KnownDevice(models.Model):
    """A browser that holds our long-lived cookie and was used by this person. Only the cookie's digest is kept."""

    user = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    cookie_sha256 = models.CharField(max_length=64)
    user_agent = models.CharField(max_length=200, blank=True)
    first_used_at = models.DateTimeField()
    last_used_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=("user", "cookie_sha256"), name="known_device_once")]

    def __str__(self) -> str:
        return f"{self.user_agent[:40]} ({self.user_id})"
