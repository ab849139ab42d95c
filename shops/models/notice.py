"""Notices: what a member is told in the app (and by mail, by reaction)."""

from django.db import models

from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class NoticeQuerySet(OwnedQuerySet):
    """Questions about notices."""

    def of(self, user):
        """Notices to this person, newest first."""
        return self.filter(to=user).order_by("-at", "-id")

    def unread(self):
        """Not yet opened."""
        return self.filter(read_at__isnull=True)


class Notice(ShopOwned):
    """One sentence to one member, with the place to go."""

    to = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    kind = models.CharField(max_length=60)
    title = models.CharField(max_length=160)
    body = models.TextField(blank=True)
    url = models.CharField(max_length=200, blank=True)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    once_key = models.CharField(max_length=100, blank=True, help_text="A repeat with the same key is dropped.")

    objects = owned_manager(NoticeQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "to", "once_key"), condition=~models.Q(once_key=""), name="notice_once"
            ),
        ]
        indexes = [
            models.Index(fields=("to", "-at", "-id"), name="notice_newest"),
            models.Index(fields=("shop", "to"), name="notice_unread", condition=models.Q(read_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title
