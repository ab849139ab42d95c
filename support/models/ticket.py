"""Tickets: a seller asks the staff, about something that the ticket carries with it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

TICKET_MOVES = Moves(
    {
        "open": ("answered", "solved"),
        "answered": ("open", "solved"),
        "solved": ("open", "closed"),
    },
    start=("open",),
)


class TicketQuerySet(OwnedQuerySet):
    """Questions about tickets."""

    def awaiting_staff(self):
        """The staff's queue: open tickets, whoever waits longest against its promise first."""
        return self.filter(status=Ticket.Status.OPEN).order_by("answer_by", "id")

    def found_by(self, words: str):
        """Tickets whose subject holds the words, or with this number, or about this thing."""
        said = words.upper()
        return self.filter(Q(subject__icontains=words) | Q(code__startswith=said) | Q(about_code__startswith=said))

    def newest_first(self):
        """The order of the seller's list."""
        return self.order_by("-last_message_at", "-id")


class Ticket(ShopOwned):
    """A question to the staff with its clock. ``answer_by`` is the promise for the next answer."""

    class Status(models.TextChoices):
        OPEN = "open", _("Waiting for support")
        ANSWERED = "answered", _("Answered")
        SOLVED = "solved", _("Solved")
        CLOSED = "closed", _("Closed")

    class Topic(models.TextChoices):
        ORDER = "order", _("An order")
        PRODUCT = "product", _("A product")
        MONEY = "money", _("Payouts and fees")
        STANDING = "standing", _("Standing and rules")
        ACCOUNT = "account", _("Account and team")
        OTHER = "other", _("Something else")

    MOVES = TICKET_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    topic = models.CharField(_("topic"), max_length=10, choices=Topic)
    urgent = models.BooleanField(default=False)
    subject = models.CharField(_("subject"), max_length=140)
    about_kind = models.CharField(max_length=30, blank=True)
    about_code = models.CharField(max_length=60, blank=True)
    opened_by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    answer_by = models.DateTimeField()
    first_answered_at = models.DateTimeField(null=True, blank=True)
    last_message_at = models.DateTimeField()
    claimed_by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    claimed_at = models.DateTimeField(null=True, blank=True)
    solved_at = models.DateTimeField(null=True, blank=True)
    policy_version = models.ForeignKey("shops.PolicyVersion", null=True, on_delete=models.PROTECT, related_name="+")

    objects = owned_manager(TicketQuerySet)

    class Meta:
        constraints = [tenant_key(), models.UniqueConstraint(fields=("shop", "code"), name="ticket_code_once")]
        indexes = [
            models.Index(fields=("answer_by", "id"), name="ticket_queue", condition=Q(status="open")),
            models.Index(fields=("shop", "-last_message_at", "-id"), name="ticket_list"),
            models.Index(fields=("shop", "about_kind", "about_code"), name="ticket_about"),
        ]
        triggers = [moves_trigger("ticket_status_moves", "status", TICKET_MOVES)]

    def __str__(self) -> str:
        return f"{self.code}: {self.subject}"


class TicketMessage(ShopOwned):
    """One message of a ticket. Never edited: what was said was said."""

    ticket = models.ForeignKey(Ticket, on_delete=models.PROTECT, related_name="messages", db_constraint=False)
    by = models.ForeignKey("shops.User", on_delete=models.PROTECT, related_name="+")
    from_staff = models.BooleanField()
    body = models.TextField()
    at = models.DateTimeField()

    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("ticket"),
            models.CheckConstraint(
                condition=~Q(body=""),
                name="ticket_message_not_empty",
                violation_error_message=_("Write a message first."),
            ),
        ]
        indexes = [models.Index(fields=("shop", "ticket", "at", "id"), name="ticket_thread")]

    def __str__(self) -> str:
        return self.body[:60]
