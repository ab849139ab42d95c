"""The one table of states: the word and the tone in which every state appears, on every screen.

A tone says what the state asks of the reader, never which colour it has (the style sheet decides that):

* ``neutral``  nothing to do, nothing happening (draft, closed)
* ``info``     under way, somebody or something else is at work
* ``good``     reached what it was meant to reach
* ``warn``     waits for the reader, or soon will
* ``bad``      failed, late, refused, blocked

A state means the same wherever it appears. Where two nouns use one word differently, the key carries the noun:
``"coupon.paused"``. An unknown state is shown in neutral with its own name, so that a new state is never a broken page;
a test of the house compares this table with all declared moves.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

NEUTRAL, INFO, GOOD, WARN, BAD = "neutral", "info", "good", "warn", "bad"


class State(NamedTuple):
    """How a state looks: its word and its tone."""

    word: str | Promise
    tone: str


STATES: dict[str, State] = {
    # shops and applications
    "applying": State(_("Applying"), INFO),
    "active": State(_("Active"), GOOD),
    "closed": State(_("Closed"), NEUTRAL),
    "draft": State(_("Draft"), NEUTRAL),
    "submitted": State(_("Submitted"), INFO),
    "in_review": State(_("In review"), INFO),
    "changes_requested": State(_("Changes requested"), WARN),
    "approved": State(_("Approved"), GOOD),
    "refused": State(_("Refused"), BAD),
    "withdrawn": State(_("Withdrawn"), NEUTRAL),
    "restricted": State(_("Restricted"), BAD),
    "on_holiday": State(_("On holiday"), INFO),
    "eligible": State(_("Eligible"), GOOD),
    "not_eligible": State(_("Not eligible"), BAD),
    "not_measured": State(_("Not measured"), NEUTRAL),
    "not_met": State(_("Not met"), BAD),
    "beginner": State(_("Beginner"), NEUTRAL),
    "standard": State(_("Standard"), INFO),
    "premium": State(_("Premium"), INFO),
    "pro": State(_("Pro"), GOOD),
    # documents and qualifications
    "uploaded": State(_("Uploaded"), INFO),
    "verified": State(_("Verified"), GOOD),
    "unverified": State(_("Not verified"), WARN),
    "expired": State(_("Expired"), BAD),
    "expires_soon": State(_("Expires soon"), WARN),
    "accepted": State(_("Accepted"), GOOD),
    "current": State(_("In use"), GOOD),
    "retired": State(_("No longer used"), NEUTRAL),
    # violations and appeals
    "pending": State(_("Pending"), WARN),
    "corrected": State(_("Corrected"), GOOD),
    "enforced": State(_("Enforced"), BAD),
    "lapsed": State(_("Lapsed"), NEUTRAL),
    "overturned": State(_("Overturned"), GOOD),
    "upheld": State(_("Upheld"), BAD),
    # products and stock
    "live": State(_("Live"), GOOD),
    "paused": State(_("Paused"), NEUTRAL),
    "frozen": State(_("Frozen"), BAD),
    "archived": State(_("Archived"), NEUTRAL),
    "row.new": State(_("New"), GOOD),
    "row.changed": State(_("Changed"), INFO),
    "row.unchanged": State(_("Unchanged"), NEUTRAL),
    "checking": State(_("Being checked"), INFO),
    "checked": State(_("Checked"), WARN),
    "applied": State(_("Applied"), GOOD),
    "discarded": State(_("Discarded"), NEUTRAL),
    "unreadable": State(_("Unreadable"), BAD),
    "in_stock": State(_("In stock"), GOOD),
    "few_left": State(_("Few left"), WARN),
    "out_of_stock": State(_("Out of stock"), BAD),
    # orders and packages
    "unpaid": State(_("Unpaid"), NEUTRAL),
    "cooling_off": State(_("Cooling off"), INFO),
    "open": State(_("Open"), INFO),
    "awaiting_shipment": State(_("Awaiting shipment"), WARN),
    "partly_shipped": State(_("Partly shipped"), WARN),
    "awaiting_collection": State(_("Awaiting collection"), INFO),
    "shipped": State(_("Shipped"), INFO),
    "in_transit": State(_("In transit"), INFO),
    "delivered": State(_("Delivered"), GOOD),
    "completed": State(_("Completed"), GOOD),
    "cancelled": State(_("Cancelled"), NEUTRAL),
    "on_hold": State(_("On hold"), BAD),
    "late": State(_("Late"), BAD),
    "lost": State(_("Lost"), BAD),
    "returned_to_sender": State(_("Returned to sender"), BAD),
    "wanted": State(_("Being bought"), INFO),
    "bought": State(_("Bought"), GOOD),
    "voided": State(_("Voided"), NEUTRAL),
    # the same as a buyer reads them: what waits for the shop is under way for them
    "buyer.cooling_off": State(_("Paid"), GOOD),
    "buyer.awaiting_shipment": State(_("Being packed"), INFO),
    "buyer.partly_shipped": State(_("Partly shipped"), INFO),
    "buyer.on_hold": State(_("Being packed"), INFO),
    "buyer.awaiting_collection": State(_("Handed to the carrier"), INFO),
    "buyer.requested": State(_("With the shop"), INFO),
    "buyer.awaiting_return": State(_("Approved"), GOOD),
    "buyer.received": State(_("Back at the shop"), INFO),
    # payments and refunds
    "authorised": State(_("Authorised"), INFO),
    "captured": State(_("Paid"), GOOD),
    "awaiting": State(_("Awaiting payment"), INFO),
    "declined": State(_("Declined"), BAD),
    "abandoned": State(_("Abandoned"), NEUTRAL),
    "owed": State(_("Owed"), WARN),
    "partly_refunded": State(_("Partly refunded"), WARN),
    "refunded": State(_("Refunded"), NEUTRAL),
    # returns and disputes
    "requested": State(_("Requested"), WARN),
    "awaiting_return": State(_("Awaiting return"), INFO),
    "shipped_back": State(_("On its way back"), INFO),
    "received": State(_("Received"), WARN),
    "replaced": State(_("Replaced"), GOOD),
    "rejected": State(_("Rejected"), BAD),
    "disputed": State(_("Disputed"), BAD),
    "resolved": State(_("Resolved"), GOOD),
    # coupons, promotions, campaigns
    "scheduled": State(_("Scheduled"), INFO),
    "running": State(_("Running"), INFO),
    "coupon.running": State(_("Running"), GOOD),
    "promotion.running": State(_("Running"), GOOD),
    "campaign.running": State(_("Running"), GOOD),
    "ended": State(_("Ended"), NEUTRAL),
    "used_up": State(_("Used up"), NEUTRAL),
    "stopped": State(_("Stopped"), NEUTRAL),
    # money
    "pending_settlement": State(_("Not settled yet"), INFO),
    "available": State(_("Available"), GOOD),
    "ready": State(_("Ready"), INFO),
    "held": State(_("Held"), WARN),
    "sending": State(_("On its way"), INFO),
    "paid": State(_("Paid"), GOOD),
    "failed": State(_("Failed"), BAD),
    "unknown": State(_("Being clarified"), WARN),
    "returned": State(_("Returned by the bank"), BAD),
    "drafted": State(_("Drafted"), NEUTRAL),
    "approved_once": State(_("Released once"), WARN),
    "released": State(_("Released"), INFO),
    "sent": State(_("Sent"), INFO),
    "reconciled": State(_("Reconciled"), GOOD),
    # support
    "new": State(_("New"), WARN),
    "ticket.open": State(_("Waiting for support"), INFO),
    "awaiting_staff": State(_("With support"), INFO),
    "awaiting_seller": State(_("Awaiting your answer"), WARN),
    "awaiting_shop": State(_("Awaiting your answer"), WARN),
    "awaiting_buyer": State(_("Awaiting buyer"), INFO),
    "answered": State(_("Answered"), GOOD),
    "solved": State(_("Solved"), GOOD),
    "published": State(_("Published"), GOOD),
    "hidden": State(_("Hidden"), NEUTRAL),
    "reported": State(_("Reported"), WARN),
    # jobs and deadlines
    "queued": State(_("Queued"), NEUTRAL),
    "succeeded": State(_("Done"), GOOD),
    "finished": State(_("Finished"), GOOD),
    "met": State(_("Met"), GOOD),
    "missed": State(_("Missed"), BAD),
    "lost_by_silence": State(_("Lost by silence"), BAD),
    "void": State(_("No longer due"), NEUTRAL),
}


def state_of(status: str, noun: str = "") -> State:
    """The word and tone of a status, first as this noun uses it, then as everybody does."""
    found = (STATES.get(f"{noun}.{status}") if noun else None) or STATES.get(status)
    return found or State(status.replace("_", " ").capitalize(), NEUTRAL)
