"""Violations: cases against a shop, appeals against them, and what follows from points (rulebook §2)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

VIOLATION_MOVES = Moves(
    {"pending": ("corrected", "withdrawn", "enforced"), "enforced": ("lapsed", "overturned")}, start=("pending",)
)
#: States that somebody brought about and must account for to the seller.
ENDED_BY_STAFF = ("corrected", "withdrawn", "overturned")


class ViolationQuerySet(OwnedQuerySet):
    """Questions about cases."""

    def counting(self, at):
        """Enforced and not lapsed: their points count now."""
        return self.filter(status=Violation.Status.ENFORCED, lapses_at__gt=at)

    def standing(self):
        """Cases that are not over, newest first."""
        return self.filter(status__in=("pending", "enforced")).order_by("-opened_at", "-id")

    def to_confirm(self):
        """Cases that need a second person before they can take effect, soonest first."""
        rows = self.filter(status="pending", needs_second_person=True, confirmed_by__isnull=True)
        return rows.order_by("takes_effect_at", "id")

    def said_to_be_corrected(self):
        """Cases whose seller says that it is put right, and that nobody has looked at yet, soonest first."""
        return self.filter(status="pending", corrected_at__isnull=False).order_by("takes_effect_at", "id")


class Violation(ShopOwned):
    """A case against a shop. It cannot exist without its rule, reason, evidence, points, effect and appeal date."""

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
    evidence_kind = models.CharField(max_length=30, help_text="What kind of thing shows it: order, product, ….")
    evidence_code = models.CharField(max_length=60)
    effect = models.TextField(help_text="What it means for the shop once it is enforced, for the seller to read.")
    points = models.PositiveSmallIntegerField()
    fraud_related = models.BooleanField(default=False)
    needs_second_person = models.BooleanField(default=False)
    policy_version = models.ForeignKey("shops.PolicyVersion", on_delete=models.PROTECT, related_name="+")
    opened_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    takes_effect_at = models.DateTimeField(help_text="Nothing bites before.")
    appeal_by = models.DateTimeField()
    corrected_text = models.TextField(blank=True, help_text="What the seller says was put right.")
    corrected_at = models.DateTimeField(null=True, blank=True)
    confirmed_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    confirmed_at = models.DateTimeField(null=True, blank=True)
    enforced_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField(help_text="When its points end; before it is enforced: when they would.")
    ended_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_reason = models.TextField(blank=True)

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
                condition=~Q(evidence_kind="") & ~Q(evidence_code="") & ~Q(effect=""),
                name="violation_has_evidence_and_effect",
                violation_error_message=_("A case needs its evidence, and says what it means for the shop."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=("pending", "corrected", "withdrawn")) | Q(enforced_at__isnull=False),
                name="violation_enforced_with_its_time",
            ),
            models.CheckConstraint(
                condition=~Q(status__in=ENDED_BY_STAFF) | ~Q(ended_reason=""),
                name="violation_ended_with_reason",
                violation_error_message=_("Say why the case ends."),
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=F("opened_by")),
                name="violation_confirmed_by_somebody_else",
                violation_error_message=_("Somebody else has to confirm what you have opened."),
            ),
            models.CheckConstraint(
                condition=Q(status__in=("pending", "corrected", "withdrawn"))
                | Q(needs_second_person=False)
                | Q(confirmed_by__isnull=False),
                name="violation_enforced_by_two_where_needed",
                violation_error_message=_("This case takes effect only when a second person has confirmed it."),
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "status", "lapses_at"), name="violation_counting"),
            models.Index(fields=("takes_effect_at", "id"), name="violation_pending", condition=Q(status="pending")),
        ]
        triggers = [moves_trigger("violation_status_moves", "status", VIOLATION_MOVES)]

    def __str__(self) -> str:
        return f"{self.code}: {self.kind}, {counted(self.points, 'points')}"


APPEAL_MOVES = Moves({"pending": ("upheld", "overturned")}, start=("pending",))


class AppealQuerySet(OwnedQuerySet):
    """Questions about appeals."""

    def waiting(self):
        """The queue: not decided, whose promise ends first on top."""
        return self.filter(status="pending").order_by("decide_by", "id")


class Appeal(ShopOwned):
    """A seller's answer to a case; ``upheld`` means that the case stands, ``overturned`` that it does not."""

    class Status(models.TextChoices):
        PENDING = "pending", _("Pending")
        UPHELD = "upheld", _("Case upheld")
        OVERTURNED = "overturned", _("Case overturned")

    MOVES = APPEAL_MOVES

    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="appeals", db_constraint=False)
    number = models.PositiveSmallIntegerField(help_text="1 for the first, 2 for the one after a refusal.")
    status = models.CharField(max_length=10, choices=Status, default=Status.PENDING)
    text = models.TextField()
    filed_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    filed_at = models.DateTimeField()
    decide_by = models.DateTimeField(help_text="What the seller was promised.")
    claimed_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)

    objects = owned_manager(AppealQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("violation"),
            models.UniqueConstraint(fields=("shop", "violation", "number"), name="appeal_number_once"),
            models.UniqueConstraint(
                fields=("shop", "violation"),
                condition=Q(status="pending"),
                name="appeal_one_open_per_case",
                violation_error_message=_("An appeal against this case is being decided already."),
            ),
            models.CheckConstraint(
                condition=~Q(text=""), name="appeal_has_text", violation_error_message=_("Say why you appeal.")
            ),
            models.CheckConstraint(
                condition=Q(status="pending")
                | (~Q(reason="") & Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
                name="appeal_decided_with_reason",
                violation_error_message=_("A decision about an appeal needs its reason."),
            ),
        ]
        indexes = [models.Index(fields=("decide_by", "id"), name="appeal_waiting", condition=Q(status="pending"))]
        triggers = [moves_trigger("appeal_status_moves", "status", APPEAL_MOVES)]

    def __str__(self) -> str:
        return f"{self.violation.code} / {self.number}"


class RestrictionQuerySet(OwnedQuerySet):
    """Questions about restrictions."""

    def standing(self, at):
        """What holds at a moment, the latest end first."""
        return self.filter(
            Q(ends_at__isnull=True) | Q(ends_at__gt=at), lifted_at__isnull=True, starts_at__lte=at
        ).order_by(F("ends_at").desc(nulls_first=True), "-id")


class Restriction(ShopOwned):
    """What a shop may not do for a while, or ever again, because of the points of its cases."""

    class Kind(models.TextChoices):
        NO_NEW_LISTINGS = "no_new_listings", _("No new listings")
        SHOP_CLOSED = "shop_closed", _("Shop closed")

    kind = models.CharField(max_length=20, choices=Kind)
    violation = models.ForeignKey(Violation, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True, blank=True, help_text="Exclusive; none: for good.")
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(RestrictionQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("violation"),
            models.UniqueConstraint(fields=("shop", "violation"), name="restriction_once_per_case"),
            models.CheckConstraint(
                condition=~Q(reason=""),
                name="restriction_has_reason",
                violation_error_message=_("A restriction cannot exist without its reason."),
            ),
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gt=F("starts_at")), name="restriction_ends_after_start"
            ),
        ]
        indexes = [models.Index(fields=("shop", "lifted_at", "ends_at"), name="restriction_standing")]

    def __str__(self) -> str:
        return str(self.get_kind_display())
