"""Invitations: a person is asked into a shop's team by e-mail."""

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.fields import new_seal
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models.owned import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

INVITATION_MOVES = Moves({"open": ("accepted", "withdrawn", "expired")}, start=("open",))


class InvitationQuerySet(OwnedQuerySet):
    """Questions about invitations."""

    def open(self, at):
        """Still to be accepted, newest first."""
        return self.filter(status=Invitation.Status.OPEN, expires_at__gt=at).order_by("-invited_at", "-id")


class Invitation(ShopOwned):
    """An offer of a place in the team, bound to one address, for one use, for a limited time (rulebook §2)."""

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        ACCEPTED = "accepted", _("Accepted")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        EXPIRED = "expired", _("Expired")

    MOVES = INVITATION_MOVES

    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    email = models.EmailField()
    role = models.ForeignKey("shops.Role", on_delete=models.PROTECT, related_name="+")
    nonce = models.CharField(max_length=32, default=new_seal, editable=False)
    token_sha256 = models.CharField(max_length=64, help_text="The token itself stands in the mail only.")
    invited_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    answered_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(InvitationQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            models.UniqueConstraint(fields=("shop", "token_sha256"), name="invitation_token_once"),
            models.UniqueConstraint(
                "shop",
                Lower("email"),
                condition=models.Q(status="open"),
                name="invitation_one_open_per_address",
                violation_error_message=_("This address has an open invitation already."),
            ),
        ]
        indexes = [models.Index(fields=("token_sha256",), name="invitation_token")]
        triggers = [moves_trigger("invitation_status_moves", "status", INVITATION_MOVES)]

    def __str__(self) -> str:
        return self.email
