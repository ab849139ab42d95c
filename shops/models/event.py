"""What happened: the outbox, the timeline and the audit trail in one table."""

import pgtrigger
from django.db import models

from seller_center.kernel.tenancy import TenantFK
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class ShopEventQuerySet(OwnedQuerySet):
    """Questions about what happened."""

    def about(self, shop, subject_kind: str, subject_code: str):
        """The timeline of one thing, oldest first."""
        return self.filter(shop=shop, subject_kind=subject_kind, subject_code=subject_code).order_by("at", "id")

    def timeline(self, shop, subject_kind: str, subject_code: str, most: int = 100):
        """The same as pages of the staff show it: the newest, newest first, with who did it."""
        return self.about(shop, subject_kind, subject_code).select_related("by").order_by("-at", "-id")[:most]

    def for_sellers(self):
        """Only what sellers may read."""
        return self.filter(audience="seller")

    def undelivered(self, at):
        """Events whose reactions are not all done and whose next attempt is due."""
        return self.filter(delivered_at__isnull=True, next_attempt_at__lte=at).order_by("next_attempt_at", "id")


class ShopEvent(ShopOwned):
    """One thing that happened, written inside the transaction of the deed. Sentences are rendered when read."""

    kind = models.CharField(max_length=60)
    subject_kind = models.CharField(max_length=30)
    subject_code = models.CharField(max_length=60)
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    facts = models.JSONField(default=dict)
    audience = models.CharField(max_length=6, default="seller")
    delivered_at = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=300, blank=True)

    objects = owned_manager(ShopEventQuerySet)

    class Meta:
        constraints = [tenant_key()]
        indexes = [
            models.Index(fields=("shop", "subject_kind", "subject_code", "at", "id"), name="event_timeline"),
            models.Index(
                fields=("next_attempt_at", "id"),
                name="event_undelivered",
                condition=models.Q(delivered_at__isnull=True),
            ),
            models.Index(fields=("shop", "-at", "-id"), name="event_newest"),
        ]
        triggers = [
            pgtrigger.ReadOnly(
                name="event_facts_read_only", exclude=["delivered_at", "attempts", "next_attempt_at", "last_error"]
            ),
            pgtrigger.Protect(name="event_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_code}"

    @property
    def sentence(self) -> str:
        """What happened, in the words of the screen."""
        from shops.event_kinds import sentence_of

        return sentence_of(self)


class EventHandled(ShopOwned):
    """A reaction that has taken effect: written in the same transaction as the effect, so it happens once."""

    event = models.ForeignKey(ShopEvent, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    handler = models.CharField(max_length=100)
    handled_at = models.DateTimeField()

    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("event"),
            models.UniqueConstraint(fields=("shop", "event", "handler"), name="event_handled_once"),
        ]
