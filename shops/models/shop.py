"""The shop, its team and their roles."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.history import history
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import PeerManager, PeerQuerySet, ShopOwned, owned_manager, tenant_key

AREAS = (
    "home",
    "products",
    "orders",
    "marketing",
    "storefront",
    "analytics",
    "support",
    "finance",
    "health",
    "settings",
    "team",
)


class ShopQuerySet(PeerQuerySet):
    """Questions about shops."""

    def active(self):
        """Shops that may sell."""
        return self.filter(status=Shop.Status.ACTIVE, is_platform=False)

    def of_member(self, user):
        """Shops this person belongs to now, in the order of their names."""
        return self.filter(pk__in=Membership.objects.filter(user=user).values("shop")).order_by("name", "pk")


SHOP_MOVES = Moves(
    {"applying": ("active", "closed"), "active": ("closed",), "closed": ("active",)}, start=("applying", "active")
)


class Shop(models.Model):
    """A seller's shop in one market. It exists from the first saved draft of its application on (model.md §3)."""

    class Status(models.TextChoices):
        APPLYING = "applying", _("Applying")
        ACTIVE = "active", _("Active")
        CLOSED = "closed", _("Closed")

    MOVES = SHOP_MOVES

    class Tier(models.TextChoices):
        BEGINNER = "beginner", _("Beginner")
        STANDARD = "standard", _("Standard")
        PREMIUM = "premium", _("Premium")
        PRO = "pro", _("Pro")

    code = models.CharField(max_length=4, unique=True, help_text="Four letters; opens every order code of the shop.")
    name = models.CharField(max_length=120, blank=True)
    slug = models.SlugField(max_length=140, unique=True)
    market = models.ForeignKey("shops.Market", on_delete=models.PROTECT, related_name="+")
    currency = models.CharField(max_length=3)
    zone = models.CharField(max_length=60)
    status = models.CharField(max_length=10, choices=Status, default=Status.APPLYING)
    is_platform = models.BooleanField(default=False, help_text="Carries staff, policy and batch events of its market.")
    description = models.TextField(blank=True)
    contact_email = models.EmailField(blank=True)
    logo = models.CharField(max_length=120, blank=True, help_text="Content-hash name of the public picture.")
    tier = models.CharField(max_length=10, choices=Tier, default=Tier.BEGINNER)
    programme_eligible = models.BooleanField(default=False, help_text="Standing by the last monthly evaluation.")
    agreement_version = models.CharField(
        max_length=20, blank=True, help_text="The version that the owner accepted when the shop was opened."
    )
    payout_every_weeks = models.PositiveSmallIntegerField(default=1)
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True, blank=True)
    offer_ends_at = models.DateTimeField(null=True, blank=True, help_text="End of the new-seller offer, exclusive.")
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = models.Manager.from_queryset(ShopQuerySet)()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=("market",), condition=models.Q(is_platform=True), name="shop_one_platform_per_market"
            ),
            models.CheckConstraint(condition=models.Q(payout_every_weeks__in=(1, 2)), name="shop_payout_rhythm"),
        ]
        triggers = [moves_trigger("shop_status_moves", "status", SHOP_MOVES)]
        permissions = [("view_as_seller", "Can look at a shop as its seller, read only")]

    def __str__(self) -> str:
        return self.name or self.code

    @property
    def opened(self) -> bool:
        """Was this shop ever opened? One that only applied, or was refused, has nothing but its application."""
        return self.status == self.Status.ACTIVE or (self.status == self.Status.CLOSED and self.approved_at is not None)

    @property
    def selling(self) -> bool:
        """May this shop take orders at all?"""
        return self.status == self.Status.ACTIVE

    def offer_runs(self, at) -> bool:
        """Does the new-seller offer (half referral fee) cover this moment?"""
        return (
            self.offer_ends_at is not None
            and self.approved_at is not None
            and self.approved_at <= at < self.offer_ends_at
        )


class Role(models.Model):
    """What a member may do: area → none | view | edit. The presets are shipped as rows without a shop."""

    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=60)
    areas = models.JSONField(default=dict)
    is_owner = models.BooleanField(default=False)

    objects = PeerManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=("shop", "code"), nulls_distinct=False, name="role_code_once"),
        ]

    def __str__(self) -> str:
        return self.name

    def allows(self, area: str, may: str) -> bool:
        """May somebody in this role see (``view``) or change (``edit``) this area?"""
        held = self.areas.get(area, "none")
        return held == "edit" or (may == "view" and held == "view")


@history(exclude=["list_columns"])
class Membership(ShopOwned):
    """A person's place in a shop. Removing the row takes every right away with the next request."""

    user = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="memberships")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    list_columns = models.JSONField(
        default=dict, db_default={}, blank=True, help_text="List → the columns this member wants to see."
    )

    objects = owned_manager()

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(
                fields=("shop", "user"),
                name="membership_once",
                violation_error_message="This person is already a member of the shop.",
            ),
        ]
        indexes = [models.Index(fields=("user", "shop"), name="membership_user")]

    def __str__(self) -> str:
        return f"{self.user} – {self.role}"

    def may(self, area: str, may: str) -> bool:
        """May this member see or change this area?"""
        return self.role.allows(area, may)
