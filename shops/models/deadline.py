"""What time acts upon: one row per running clock, shown together in the deadline inbox."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class DeadlineQuerySet(OwnedQuerySet):
    """Questions about clocks."""

    def running(self):
        """Clocks that have not ended, soonest first."""
        return self.filter(ended_at__isnull=True).order_by("due_at", "id")

    def about(self, shop, subject_kind: str, subject_code: str):
        """All clocks of one thing, soonest first."""
        return self.filter(shop=shop, subject_kind=subject_kind, subject_code=subject_code).order_by("due_at", "id")

    def to_check(self, at):
        """Clocks that somebody must look at now: a warning or the end has come."""
        return self.filter(ended_at__isnull=True, next_check_at__lte=at).order_by("next_check_at", "id")

    def overdue(self, at):
        """Running clocks whose time is up."""
        return self.running().filter(due_at__lte=at)


class Deadline(ShopOwned):
    """A promise with a moment. The owning verb writes it; the sweep calls the verb listed for its kind."""

    class Ended(models.TextChoices):
        MET = "met", _("Met")
        MISSED = "missed", _("Missed")
        LOST_BY_SILENCE = "lost_by_silence", _("Lost by silence")
        VOID = "void", _("Void")

    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=30)
    subject_code = models.CharField(max_length=60)
    label = models.CharField(max_length=160, blank=True)
    area = models.CharField(max_length=20, default="orders", help_text="Whose members see it in their inbox.")
    due_at = models.DateTimeField()
    next_check_at = models.DateTimeField()
    warn_hours = ArrayField(models.PositiveSmallIntegerField(), default=list, blank=True)
    policy_version = models.ForeignKey(
        "shops.PolicyVersion", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    assigned_to = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    snoozed_until = models.DateTimeField(null=True, blank=True, help_text="Quietens reminders, never the clock.")
    escalated_at = models.DateTimeField(null=True, blank=True)
    set_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_as = models.CharField(max_length=15, choices=Ended, blank=True)

    objects = owned_manager(DeadlineQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "kind", "subject_kind", "subject_code"),
                condition=models.Q(ended_at__isnull=True),
                name="deadline_one_running_per_kind",
            ),
            models.CheckConstraint(
                condition=models.Q(ended_at__isnull=True, ended_as="")
                | models.Q(ended_at__isnull=False) & ~models.Q(ended_as=""),
                name="deadline_ended_with_outcome",
            ),
        ]
        indexes = [
            models.Index(
                fields=("next_check_at", "id"), name="deadline_to_check", condition=models.Q(ended_at__isnull=True)
            ),
            models.Index(
                fields=("shop", "due_at", "id"), name="deadline_inbox", condition=models.Q(ended_at__isnull=True)
            ),
            models.Index(fields=("shop", "ended_as", "ended_at"), name="deadline_outcomes"),
            models.Index(fields=("shop", "subject_kind", "subject_code"), name="deadline_subject"),
            # The score counts a shop's answers to buyers every night; among all that has ended they are one in dozens.
            models.Index(
                fields=("shop", "ended_at"), name="deadline_answers", condition=models.Q(kind="message.answer")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_code} by {self.due_at:%Y-%m-%d %H:%M}"
