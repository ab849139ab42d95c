"""Every kind of deadline: its name on the screen and the area whose members are responsible for it."""

import dataclasses

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

#: The area of clocks that run for staff: no member sees them in the inbox.
STAFF = "staff"


@dataclasses.dataclass(frozen=True)
class DeadlineKind:
    """``name`` is shown in the inbox, ``area`` decides who sees it, ``url_name`` opens its subject."""

    name: str | Promise
    area: str
    url_name: str = ""


KINDS: dict[str, DeadlineKind] = {
    # floor 1: shops
    "application.review": DeadlineKind(_("Review of the application"), area=STAFF),
    "document.expiry": DeadlineKind(_("Document expires"), area="settings", url_name="shops:files"),
    "violation.takes_effect": DeadlineKind(
        _("Put right or appeal before a case takes effect"), area="health", url_name="shops:violation"
    ),
    "violation.appeal_by": DeadlineKind(_("Appeal against a case"), area="health", url_name="shops:violation"),
    "violation.lapse": DeadlineKind(_("Points of a case lapse"), area=STAFF),
    "appeal.decide": DeadlineKind(_("Decide about an appeal"), area=STAFF),
    # floor 2: catalog
    # floor 3: marketing
    "coupon.start": DeadlineKind(_("Coupon starts"), area="marketing", url_name="marketing:coupon"),
    "coupon.end": DeadlineKind(_("Coupon ends"), area="marketing", url_name="marketing:coupon"),
    # floor 4: orders
    "order.payment": DeadlineKind(_("Payment by the buyer"), area=STAFF),
    "order.cooling_off": DeadlineKind(_("Buyer may still cancel"), area=STAFF),
    "order.ship_by": DeadlineKind(_("Ship by"), area="orders", url_name="orders:order"),
    "order.auto_cancel": DeadlineKind(_("Cancels by itself"), area="orders", url_name="orders:order"),
    "order.complete": DeadlineKind(_("Order completes"), area=STAFF),
    "package.collect_by": DeadlineKind(_("Collection by the carrier"), area="orders", url_name="orders:package"),
    "package.deliver_by": DeadlineKind(_("Delivery to the buyer"), area="orders", url_name="orders:package"),
    "package.silence": DeadlineKind(_("Next scan by the carrier"), area=STAFF),
    "return.decide": DeadlineKind(_("Decide on a return"), area="orders", url_name="orders:return"),
    "return.ship_back": DeadlineKind(_("Sent back by the buyer"), area=STAFF),
    "return.inspect": DeadlineKind(_("Inspect a return"), area="orders", url_name="orders:return"),
    "return.close": DeadlineKind(_("Return closes"), area=STAFF),
    # floor 5: payouts
    "payout_batch.release_by": DeadlineKind(_("Release the payout batch"), area=STAFF),
    "payout.bank_answer_by": DeadlineKind(_("The bank's answer about a payout"), area=STAFF),
    # floor 6: support
    "ticket.answer": DeadlineKind(_("Answer from support"), area="support", url_name="support:ticket"),
    "message.answer": DeadlineKind(_("Answer a buyer"), area="support", url_name="support:conversation"),
}
