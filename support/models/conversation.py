"""Messages between a buyer and a shop, with the promise to answer within the policy's hours."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from orders.models import Order
from seller_center.kernel.tenancy import TenantFK
from seller_center.kernel.transitions import Moves, moves_trigger
from shops.models import OwnedQuerySet, ShopOwned, owned_manager, tenant_key

CONVERSATION_MOVES = Moves(
    {"awaiting_shop": ("awaiting_buyer",), "awaiting_buyer": ("awaiting_shop",)}, start=("awaiting_shop",)
)


class ConversationQuerySet(OwnedQuerySet):
    """Questions about conversations."""

    def awaiting_answer(self):
        """Buyers who wait for the shop, longest first."""
        return self.filter(status=Conversation.Status.AWAITING_SHOP).order_by("answer_by", "id")

    def found_by(self, shop, words: str):
        """Conversations about orders of the shop that hold all the words, or with their buyers, or with this number."""
        orders = Order.objects.in_shop(shop).found_by(words).order_by()
        about = Q(order__in=orders.values("pk")) | Q(buyer__in=orders.values("buyer"))
        return self.filter(about | Q(code__startswith=words.upper()))

    def newest_first(self):
        """The order of the inbox."""
        return self.order_by("-last_message_at", "-id")


class Conversation(ShopOwned):
    """What a buyer and a shop say to each other, about an order or in general. One per buyer and order."""

    class Status(models.TextChoices):
        AWAITING_SHOP = "awaiting_shop", _("Waiting for your answer")
        AWAITING_BUYER = "awaiting_buyer", _("Answered")

    MOVES = CONVERSATION_MOVES

    code = models.CharField(max_length=12)
    status = models.CharField(max_length=14, choices=Status, default=Status.AWAITING_SHOP)
    buyer = models.ForeignKey("orders.Buyer", on_delete=models.PROTECT, related_name="+", db_constraint=False)
    order = models.ForeignKey(
        "orders.Order", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )
    started_at = models.DateTimeField()
    last_message_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True, blank=True, help_text="The buyer's first unanswered message.")
    answer_by = models.DateTimeField(null=True, blank=True)

    objects = owned_manager(ConversationQuerySet)

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("buyer"),
            TenantFK("order"),
            models.UniqueConstraint(fields=("shop", "code"), name="conversation_code_once"),
            models.UniqueConstraint(fields=("shop", "buyer", "order"), nulls_distinct=False, name="conversation_once"),
            models.CheckConstraint(
                condition=Q(status="awaiting_buyer") | Q(waiting_since__isnull=False, answer_by__isnull=False),
                name="conversation_waiting_has_a_promise",
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "-last_message_at", "-id"), name="conversation_list"),
            models.Index(
                fields=("shop", "answer_by", "id"), name="conversation_waiting", condition=Q(status="awaiting_shop")
            ),
        ]
        triggers = [moves_trigger("conversation_status_moves", "status", CONVERSATION_MOVES)]

    def __str__(self) -> str:
        return self.code


class BuyerMessage(ShopOwned):
    """One message of a conversation. An answer keeps how long the buyer waited: the score is made of it."""

    conversation = models.ForeignKey(
        Conversation, on_delete=models.PROTECT, related_name="messages", db_constraint=False
    )
    from_buyer = models.BooleanField()
    by = models.ForeignKey("shops.User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    body = models.TextField()
    at = models.DateTimeField()
    waited_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text="On the first answer to a waiting buyer."
    )
    in_time = models.BooleanField(null=True, blank=True)

    append_only = True

    class Meta:
        constraints = [
            tenant_key(),
            TenantFK("conversation"),
            models.CheckConstraint(
                condition=~Q(body=""),
                name="buyer_message_not_empty",
                violation_error_message=_("Write a message first."),
            ),
        ]
        indexes = [
            models.Index(fields=("shop", "conversation", "at", "id"), name="conversation_thread"),
            models.Index(fields=("shop", "at"), name="buyer_message_answered", condition=Q(in_time__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.body[:60]
