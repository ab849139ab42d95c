"""Reviews by buyers of what they received."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

REVIEW_MOVES = Moves({"published": ("hidden",), "hidden": ("published",)}, start=("published",))


class ReviewQuerySet(OwnedQuerySet):
    """Questions about reviews."""

    def published(self):
        """What buyers see, newest first."""
        return self.filter(status=Review.Status.PUBLISHED).order_by("-at", "-id")

    def newest_first(self):
        """The order of the seller's list."""
        return self.order_by("-at", "-id")


class Review(ShopOwned):
    """One to five stars for one ordered line, by the buyer who received it: always a verified purchase.

    ``first_stars`` is kept for ever: the score counts the first rating only (rulebook §2).
    """

    class Status(models.TextChoices):
        PUBLISHED = "published", _("Published")
        HIDDEN = "hidden", _("Hidden by moderation")

    MOVES = REVIEW_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.PUBLISHED)
    order = models.ForeignKey("orders.Order", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    line = models.ForeignKey("orders.OrderLine", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    product = models.ForeignKey("catalog.Product", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    buyer = models.ForeignKey("orders.Buyer", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    author = models.CharField(max_length=60, help_text="As shown: the first name and an initial.")
    stars = models.PositiveSmallIntegerField(_("stars"))
    first_stars = models.PositiveSmallIntegerField()
    body = models.TextField(_("your words"), blank=True)
    at = models.DateTimeField()
    reply = models.TextField(_("reply"), blank=True)
    replied_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    replied_at = models.DateTimeField(null=True, blank=True)
    hidden_reason = models.CharField(max_length=200, blank=True)

    objects = owned_manager(ReviewQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("order"),
            TenantFK("line"),
            TenantFK("product"),
            TenantFK("buyer"),
            models.UniqueConstraint(fields=("shop", "code"), name="review_code_once"),
            models.UniqueConstraint(
                fields=("shop", "line"),
                name="review_once_per_line",
                violation_error_message=_("You have already reviewed this product of the order."),
            ),
            models.CheckConstraint(
                condition=Q(stars__gte=1, stars__lte=5, first_stars__gte=1, first_stars__lte=5),
                name="review_one_to_five_stars",
                violation_error_message=_("Give one to five stars."),
            ),
            models.CheckConstraint(
                condition=Q(reply="", replied_at__isnull=True) | (~Q(reply="") & Q(replied_at__isnull=False)),
                name="review_reply_with_its_moment",
            ),
            models.CheckConstraint(
                condition=~Q(status="hidden") | ~Q(hidden_reason=""), name="review_hidden_with_reason"
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "-at", "-id"), name="review_list"),
            models.Index(
                fields=("shop", "product", "-at", "-id"), name="review_of_product", condition=Q(status="published")
            ),
        ]
        triggers = [moves_trigger("review_status_moves", "status", REVIEW_MOVES)]

    def __str__(self) -> str:
        return f"{counted(self.stars, 'stars')} for {self.product_id}"
