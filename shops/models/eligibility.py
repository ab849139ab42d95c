"""Standing: the monthly evaluation of a shop, case by case violations, and the tier it has earned."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key


class EligibilityReviewQuerySet(OwnedQuerySet):
    """Questions about evaluations."""

    def standing(self):
        """The reviews that hold: the newest of each month."""
        return self.filter(superseded_at__isnull=True)

    def newest_first(self):
        """The order of the history."""
        return self.order_by("-month", "-id")


class EligibilityReview(ShopOwned):
    """A shop's evaluation for one month: each criterion with value, threshold and verdict (rulebook §2).

    Nothing is overwritten: a correction supersedes. The latest review that stands decides the programme.
    """

    month = models.DateField(help_text="The first day of the month that is judged.")
    eligible = models.BooleanField()
    criteria = models.JSONField(help_text="[{code, value, threshold, met}] as they were on the day of the review.")
    scorecard = models.JSONField(help_text="The measured numbers behind the criteria.")
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    reviewed_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(EligibilityReviewQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "month"), condition=Q(superseded_at__isnull=True), name="eligibility_one_per_month"
            ),
        ]
        indexes = [models.Index(fields=("shop", "-month", "-id"), name="eligibility_history")]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {'eligible' if self.eligible else 'not eligible'}"


VIOLATION_MOVES = Moves(
    {"pending": ("corrected", "withdrawn", "enforced"), "enforced": ("lapsed", "overturned")}, start=("pending",)
)


class ViolationQuerySet(OwnedQuerySet):
    """Questions about cases."""

    def counting(self, at):
        """Enforced and not lapsed: their points count now."""
        return self.filter(status=Violation.Status.ENFORCED, lapses_at__gt=at)


class Violation(ShopOwned):
    """A case against a shop. It cannot exist without its rule, its reason, its points and its appeal date."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        CORRECTED = "corrected", _("Corrected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        ENFORCED = "enforced", _("Enforced")
        LAPSED = "lapsed", _("Lapsed")
        OVERTURNED = "overturned", _("Overturned")

    MOVES = VIOLATION_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    kind = models.CharField(max_length=40)
    rule = models.TextField(help_text="The text of the rule as it read on the day.")
    reason = models.TextField(help_text="What happened, for the seller to read.")
    points = models.PositiveSmallIntegerField()
    fraud_related = models.BooleanField(default=False)
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    takes_effect_at = models.DateTimeField(help_text="Nothing bites before.")
    appeal_by = models.DateTimeField()
    enforced_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(ViolationQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "code"), name="violation_code_once"),
            models.CheckConstraint(
                condition=~Q(rule="") & ~Q(reason="") & Q(points__gte=1),
                name="violation_has_rule_reason_and_points",
                violation_error_message=_("A case needs the text of the rule, a reason and at least one point."),
            ),
            models.CheckConstraint(
                condition=~Q(status="enforced") | Q(enforced_at__isnull=False, lapses_at__isnull=False),
                name="violation_enforced_with_its_end",
            ),
        ]
        indexes = [models.Index(fields=("shop", "status", "lapses_at"), name="violation_counting")]
        triggers = [moves_trigger("violation_status_moves", "status", VIOLATION_MOVES)]

    def __str__(self) -> str:
        return f"{self.code}: {self.kind}, {self.points} points"
