"""Every kind of event, with its typed facts, its audience and its sentence. One section per floor.

Facts hold data only; sentences are rendered when read, so that they can be translated and corrected.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_noop as _

from seller_center.kernel.money import format_money
from seller_center.kernel.text import Count
from shops.deadline_kinds import KINDS as DEADLINES

#: Who may read an event.
AUDIENCES = {"seller": gettext_lazy("Members and staff"), "staff": gettext_lazy("Staff only")}
#: Every kind of thing that something can happen to.
SUBJECTS = {
    # floor 1: shops
    "shop": gettext_lazy("Shop"),
    "application": gettext_lazy("Application"),
    "document": gettext_lazy("Document"),
    "bank_account": gettext_lazy("Bank account"),
    "member": gettext_lazy("Member"),
    "api_key": gettext_lazy("API key"),
    "violation": gettext_lazy("Case"),
    "policy": gettext_lazy("Policy"),
    "job": gettext_lazy("Job"),
    "eligibility": gettext_lazy("Monthly evaluation"),
    "user": gettext_lazy("Person"),
    # floor 2: catalog
    "product": gettext_lazy("Product"),
    "import": gettext_lazy("Import"),
    "category": gettext_lazy("Category"),
    # floor 3: marketing
    "coupon": gettext_lazy("Coupon"),
    # floor 4: orders
    "order": gettext_lazy("Order"),
    "package": gettext_lazy("Package"),
    "refund": gettext_lazy("Refund"),
    "return": gettext_lazy("Return"),
    # floor 5: payouts
    "payout": gettext_lazy("Payout"),
    "payout_batch": gettext_lazy("Payout batch"),
    "statement": gettext_lazy("Statement"),
    # floor 6: support
    "ticket": gettext_lazy("Ticket"),
    "conversation": gettext_lazy("Conversation"),
    "review": gettext_lazy("Review"),
}


@dataclasses.dataclass(frozen=True)
class Kind:
    """A kind of event: ``facts`` is the dataclass of what is known, ``sentence`` is formatted with those facts."""

    name: str
    facts: type
    audience: str
    sentence: str


KINDS: dict[str, Kind] = {}
_WORD = re.compile(r"[a-z]+(_[a-z]+)+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
#: Facts that are a word of the code, as people call the thing.
WORDS: dict[tuple[str, str], str] = {
    ("step", "person"): _("About you"),
    ("step", "address"): _("Address"),
    ("step", "tax"): _("Tax number"),
    ("step", "selling"): _("What you sell"),
    ("step", "bank"): _("Bank account"),
    ("document_kind", "identity"): _("proof of identity"),
    ("document_kind", "proof_of_address"): _("proof of address"),
    ("channel", "storefront"): _("the storefront"),
    ("channel", "api"): _("the API"),
    ("status", "succeeded"): _("done"),
    ("stage", "due"): _("The review takes longer than promised."),
    ("stage", "overdue"): _("The review is still not done: its clock has run out."),
    ("fields", "is_active"): _("may log in"),
    ("fields", "is_staff"): _("staff"),
    ("factor", "authenticator"): _("authenticator app"),
    ("factor", "email"): _("code by e-mail"),
}


def event(name: str, *, sentence: str, audience: str = "seller") -> Callable[[type], type]:
    """Declare a kind. ``audience``: ``seller`` (shown to members) or ``staff`` (shown to staff only)."""

    def declare(facts: type) -> type:
        facts = dataclasses.dataclass(frozen=True, kw_only=True)(facts)
        if name in KINDS:
            raise ValueError(f"The event kind {name} is declared twice.")
        KINDS[name] = Kind(name, facts, audience, sentence)
        return facts

    return declare


def sentence_of(row: Any) -> str:
    """What happened, with the facts put in. A fact that an older row lacks reads as a dash."""
    kind = KINDS.get(row.kind)
    if kind is None:
        return row.kind
    return gettext(kind.sentence).format_map(_Facts(row.facts, code=row.subject_code))


def _in_words(name: str, value: Any) -> Any:
    """A fact as people read it: lists with commas, days by their month's name, a word of the code with spaces."""
    if type(value) is int:
        return Count(value)
    if isinstance(value, list):
        return ", ".join(str(_in_words(name, one)) for one in value)
    if not isinstance(value, str):
        return value
    if word := WORDS.get((name, value)):
        return gettext(word)
    if name == "deadline_kind" and value in DEADLINES:
        return str(DEADLINES[value].name)
    if name.endswith(("_on", "_from")) and _DAY.fullmatch(value):
        return date_format(dt.date.fromisoformat(value), "M j, Y")
    return value.replace("_", " ") if _WORD.fullmatch(value) else value


class _Facts(dict):
    def __init__(self, facts: dict, **more: Any):
        plain = {name: _in_words(name, value) for name, value in facts.items()}
        if "currency" in facts:  # “{amount}” in a sentence is “amount_minor” of the facts, as people read it
            amounts = {name: value for name, value in facts.items() if name.endswith("_minor") and value is not None}
            plain |= {name[:-6]: format_money(value, facts["currency"]) for name, value in amounts.items()}
        super().__init__(plain, **more)

    def __missing__(self, key: str) -> str:
        return _Dash("–")


class _Dash(str):
    """Stands for a fact that is not there, whatever it would have counted."""

    __slots__ = ()

    def __format__(self, what: str) -> str:
        return str(self)


# --- floor 1: shops -------------------------------------------------------------------------------------------------


@event("deadline.approaching", sentence=_("{hours} h left – {deadline_kind}: {label}."))
class DeadlineApproaching:
    deadline_kind: str
    label: str
    hours: int
    due_at: str


@event("job.finished", sentence=_("Work {code} ended: {status}."))
class JobFinished:
    job_kind: str
    status: str


@event("policy.scheduled", audience="staff", sentence=_("Policy {code} takes effect on {effective_from}: {note}"))
class PolicyScheduled:
    effective_from: str
    note: str


@event("application.started", sentence=_("The application was begun."))
class ApplicationStarted:
    market: str
    business_type: str


@event("application.saved", sentence=_("The step “{step}” was saved."))
class ApplicationSaved:
    step: str


@event("application.submitted", sentence=_("The application was submitted."))
class ApplicationSubmitted:
    number: int
    due_at: str


@event("application.withdrawn", sentence=_("The application was taken back."))
class ApplicationWithdrawn:
    pass


@event("application.claimed", audience="staff", sentence=_("A reviewer claimed the application."))
class ApplicationClaimed:
    pass


@event("application.released", audience="staff", sentence=_("The reviewer put the application back into the queue."))
class ApplicationReleased:
    pass


@event("application.delayed", sentence=_("{stage}"))
class ApplicationDelayed:
    stage: str
    submitted_at: str


@event("application.approved", sentence=_("The application was approved."))
class ApplicationApproved:
    offer_ends_at: str


@event("application.changes_requested", sentence=_("The reviewer asked for changes. {text}"))
class ApplicationChangesRequested:
    text: str
    steps: list[str]


@event("application.refused", sentence=_("The application was refused. {text}"))
class ApplicationRefused:
    code_of_reason: str
    text: str


@event("document.uploaded", sentence=_("A document was sent: {document_kind}."))
class DocumentUploaded:
    document_code: str
    document_kind: str
    paper: str


@event("document.expired", sentence=_("A document has expired: {document_kind}."))
class DocumentExpired:
    document_kind: str
    paper: str


@event("shop.opened", sentence=_("The shop is open."))
class ShopOpened:
    tier: str
    offer_ends_at: str
    coupon_budget_minor: int


@event("shop.profile_changed", sentence=_("Changed: {fields}."))
class ShopProfileChanged:
    fields: list[str]


@event("shop.contact_changed", sentence=_("The contact address was changed to {new_email}."))
class ShopContactChanged:
    old_email: str
    new_email: str


@event("bank_account.changed", sentence=_("The bank account was changed to ••••{last_four}."))
class BankAccountChanged:
    last_four: str
    old_last_four: str
    usable_from: str


@event("member.invited", sentence=_("{email} was invited as {role}."))
class MemberInvited:
    email: str
    role: str
    expires_at: str


@event("member.joined", sentence=_("{name} joined the team as {role}."))
class MemberJoined:
    user_id: int
    name: str
    role: str


@event("member.role_changed", sentence=_("{name} is now {role} (was {old_role})."))
class MemberRoleChanged:
    user_id: int
    name: str
    role: str
    old_role: str


@event("member.removed", sentence=_("{name} was removed from the team."))
class MemberRemoved:
    user_id: int
    name: str
    role: str


@event("invitation.withdrawn", sentence=_("The invitation of {email} was withdrawn."))
class InvitationWithdrawn:
    email: str


@event("api_key.created", sentence=_("The API key “{name}” was created."))
class ApiKeyCreated:
    name: str
    scopes: list[str]


@event("api_key.revoked", sentence=_("The API key “{name}” was revoked."))
class ApiKeyRevoked:
    name: str


@event("deadline.delegated", sentence=_("“{label}” was given to {name}."))
class DeadlineDelegated:
    deadline_kind: str
    label: str
    user_id: int | None
    name: str


@event("eligibility.reviewed", sentence=_("The evaluation for {month} found the shop {outcome} for the programme."))
class EligibilityReviewed:
    month: str
    outcome: str
    missed: list[str]


@event("violation.opened", sentence=_("Case {code} was opened ({violation_kind}, {points:points}): {reason}"))
class ViolationOpened:
    violation_kind: str
    points: int
    reason: str


@event("violation.confirmed", audience="staff", sentence=_("A second person confirmed the case."))
class ViolationConfirmed:
    pass


@event("violation.correction_reported", sentence=_("The shop says that it was put right: {text}"))
class ViolationCorrectionReported:
    text: str


@event("violation.corrected", sentence=_("Case {code} ends without points, it was put right: {reason}"))
class ViolationCorrected:
    reason: str


@event("violation.withdrawn", sentence=_("Case {code} was withdrawn: {reason}"))
class ViolationWithdrawn:
    reason: str


@event("violation.enforced", sentence=_("Case {code} took effect, {points:points}: {reason}"))
class ViolationEnforced:
    points: int
    reason: str


@event("violation.lapsed", sentence=_("Of case {code}, {points:points} lapsed."))
class ViolationLapsed:
    points: int


@event("violation.overturned", sentence=_("Case {code} no longer counts: {reason}"))
class ViolationOverturned:
    reason: str


@event("appeal.filed", sentence=_("The shop appealed against case {code}: {text}"))
class AppealFiled:
    number: int
    text: str
    decide_by: str


@event("appeal.claimed", audience="staff", sentence=_("Somebody claimed the appeal."))
class AppealClaimed:
    pass


@event("appeal.released", audience="staff", sentence=_("The appeal was put back into the queue."))
class AppealReleased:
    pass


@event("appeal.delayed", sentence=_("The decision about the appeal takes longer than promised."))
class AppealDelayed:
    pass


@event("appeal.upheld", sentence=_("The appeal against case {code} was refused: {reason}"))
class AppealUpheld:
    number: int
    reason: str


@event("appeal.overturned", sentence=_("The appeal against case {code} was won, {points:points} gone: {reason}"))
class AppealOverturned:
    number: int
    points: int
    reason: str


@event("restriction.imposed", sentence=_("{reason}"))
class RestrictionImposed:
    reason: str
    ends_at: str


@event("restriction.lifted", sentence=_("What followed from case {case_code} was lifted."))
class RestrictionLifted:
    case_code: str


@event("shop.closed", sentence=_("The shop was closed by the marketplace. {reason}"))
class ShopClosed:
    reason: str


@event("shop.reopened", sentence=_("The shop is open again: the appeal against case {case_code} was won."))
class ShopReopened:
    case_code: str


@event("shop.tier_raised", sentence=_("The shop moved up from tier {tier_before} to {tier}."))
class ShopTierRaised:
    tier_before: str
    tier: str


@event("shop.viewed_by_staff", sentence=_("Staff looked at the shop as its seller sees it, read only: {reason}"))
class ShopViewedByStaff:
    reason: str
    until: str


@event("agreement.accepted", sentence=_("{name} acknowledged version {version} of the seller agreement."))
class AgreementAccepted:
    user_id: int
    name: str
    version: str


@event("access.restored", audience="staff", sentence=_("The second factor of {name} was taken away: {reason}"))
class AccessRestored:
    user_id: int
    name: str
    reason: str


@event(
    "member.factor_removed", sentence=_("Staff took away the lost second factor of {name} after checking who they are.")
)
class MemberFactorRemoved:
    user_id: int
    name: str


@event("access.readdressed", audience="staff", sentence=_("The account of {name} has another e-mail address: {reason}"))
class AccessReaddressed:
    user_id: int
    name: str
    reason: str


@event(
    "member.readdressed",
    sentence=_("Staff gave the account of {name} another e-mail address after checking who they are."),
)
class MemberReaddressed:
    user_id: int
    name: str


@event("access.changed", audience="staff", sentence=_("The access of {name} was changed: {fields}."))
class AccessChanged:
    user_id: int
    name: str
    fields: list[str]


@event("account.password_changed", sentence=_("{name} changed the password of their account."))
class AccountPasswordChanged:
    user_id: int
    name: str


@event("account.email_changed", sentence=_("{name} changed the e-mail address of their account."))
class AccountEmailChanged:
    user_id: int
    name: str


@event("account.phone_changed", sentence=_("{name} changed the phone number of their account."))
class AccountPhoneChanged:
    user_id: int
    name: str


@event("account.factor_added", sentence=_("{name} set up a second factor: {factor}."))
class AccountFactorAdded:
    user_id: int
    name: str
    factor: str


@event("account.factor_removed", sentence=_("{name} took a second factor away: {factor}."))
class AccountFactorRemoved:
    user_id: int
    name: str
    factor: str


@event("account.recovery_codes_made", sentence=_("{name} made new recovery codes."))
class AccountRecoveryCodesMade:
    user_id: int
    name: str


@event("account.login_connected", sentence=_("{name} connected an account at TikTok to log in with."))
class AccountLoginConnected:
    user_id: int
    name: str


@event("account.login_removed", sentence=_("{name} took the log-in with TikTok away."))
class AccountLoginRemoved:
    user_id: int
    name: str


# --- floor 2: catalog -----------------------------------------------------------------------------------------------


@event("product.created", sentence=_("“{name}” was created."))
class ProductCreated:
    name: str


@event("product.edited", sentence=_("Changed: {fields}."))
class ProductEdited:
    fields: list[str]


@event("product.imported", sentence=_("Taken from import {import_code} ({outcome})."))
class ProductImported:
    import_code: str
    outcome: str


@event("product.went_live", sentence=_("Went live."))
class ProductWentLive:
    pass


@event("product.paused", sentence=_("Taken off sale."))
class ProductPaused:
    pass


@event("product.archived", sentence=_("Archived."))
class ProductArchived:
    pass


@event("product.restored", sentence=_("Brought back from the archive."))
class ProductRestored:
    pass


@event("product.refused", sentence=_("Refused by the marketplace: {reason}"))
class ProductRefused:
    reason: str


@event("product.redrafted", sentence=_("Back to draft."))
class ProductRedrafted:
    pass


@event("product.frozen", sentence=_("Frozen by the marketplace: {reason}"))
class ProductFrozen:
    reason: str


@event("product.released", sentence=_("Released by the marketplace."))
class ProductReleased:
    pass


@event("sku.priced", sentence=_("Price of {sku_code}: {before} → {after}."))
class SkuPriced:
    sku_code: str
    before: str
    after: str


@event("stock.changed", sentence=_("Stock of {sku_code}: {before} → {after}."))
class StockChanged:
    sku_code: str
    before: int
    after: int
    why: str


@event("stock.marked_out", sentence=_("Marked as out of stock."))
class StockMarkedOut:
    pass


@event("stock.marked_back", sentence=_("The mark “out of stock” was taken away."))
class StockMarkedBack:
    pass


@event("stock.low", sentence=_("Running low: {count:SKUs}."))
class StockLow:
    on_day: str
    count: int


@event("picture.added", sentence=_("Pictures added: {count}."))
class PictureAdded:
    count: int


@event("picture.removed", sentence=_("A picture was removed."))
class PictureRemoved:
    digest: str


@event("import.uploaded", sentence=_("“{file_name}” was uploaded."))
class ImportUploaded:
    file_name: str


@event("import.checked", sentence=_("Checked {rows:rows}: {new} new, {changed} changed, {refused} refused."))
class ImportChecked:
    rows: int
    new: int
    changed: int
    unchanged: int
    refused: int


@event("import.applied", sentence=_("Applied: {new} new, {changed} changed, {refused} refused."))
class ImportApplied:
    rows: int
    new: int
    changed: int
    unchanged: int
    refused: int


@event("import.stopped", sentence=_("Stopped; what was applied stays."))
class ImportStopped:
    pass


@event("import.discarded", sentence=_("Discarded without being applied."))
class ImportDiscarded:
    pass


@event("category.changed", audience="staff", sentence=_("Category “{name}” was changed: {fields}."))
class CategoryChanged:
    name: str
    fields: list[str]


# --- floor 3: marketing ---------------------------------------------------------------------------------------------


@event("coupon.created", sentence=_("Coupon {code} saved as a draft."))
class CouponCreated:
    name: str


@event("coupon.changed", sentence=_("Coupon {code} changed."))
class CouponChanged:
    name: str
    fields: list[str]


@event("coupon.scheduled", sentence=_("Coupon {code} scheduled."))
class CouponScheduled:
    name: str


@event("coupon.went_live", sentence=_("Coupon {code} went live."))
class CouponWentLive:
    name: str


@event("coupon.paused", sentence=_("Coupon {code} paused."))
class CouponPaused:
    name: str


@event("coupon.ended", sentence=_("Coupon {code} ended."))
class CouponEnded:
    name: str


# --- floor 4: orders ------------------------------------------------------------------------------------------------


@event("order.placed", sentence=_("Ordered by way of {channel}, units: {unit_count}."))
class OrderPlaced:
    channel: str
    external_number: str
    unit_count: int
    total_minor: int
    currency: str


@event("order.paid", sentence=_("Paid."))
class OrderPaid:
    captured_minor: int
    currency: str
    ship_by: str


@event("order.opened", sentence=_("Ready to ship: the buyer can no longer cancel for free."))
class OrderOpened:
    package_codes: list[str]


@event("order.cancelled", sentence=_("Cancelled: {reason_words} (fault: {fault})."))
class OrderCancelled:
    reason: str
    reason_words: str
    fault: str
    was_paid: bool
    refunded_minor: int
    currency: str


@event("order.partly_cancelled", sentence=_("{quantity} × {sku_code} cancelled: {reason_words} (fault: {fault})."))
class OrderPartlyCancelled:
    sku_code: str
    quantity: int
    reason: str
    reason_words: str
    fault: str


@event("order.completed", sentence=_("Completed."))
class OrderCompleted:
    delivered_at: str


@event("order.held", sentence=_("On hold: {reason}"))
class OrderHeld:
    hold_kind: str
    reason: str


@event("order.released", sentence=_("Released from hold. {reason}"))
class OrderReleased:
    hold_kind: str
    reason: str


@event("payment.declined", sentence=_("The payment was declined. {sentence}"))
class PaymentDeclined:
    attempt: int
    sentence: str


@event("payment.came_late", sentence=_("The payment came after the order had ended; it goes back."))
class PaymentCameLate:
    captured_minor: int
    currency: str


@event("label.bought", sentence=_("Label {tracking_number} bought."))
class LabelBought:
    order_code: str
    carrier: str
    tracking_number: str
    amount_minor: int
    currency: str


@event("package.shipped", sentence=_("Shipped, number {tracking_number}."))
class PackageShipped:
    order_code: str
    carrier: str
    tracking_number: str
    in_time: bool


@event("package.renumbered", sentence=_("Tracking number corrected to {tracking_number}."))
class PackageRenumbered:
    order_code: str
    carrier: str
    tracking_number: str
    old_carrier: str
    old_tracking_number: str


@event("package.late", sentence=_("Not shipped in time: late."))
class PackageLate:
    order_code: str
    ship_by: str


@event("package.collected", sentence=_("Collected by the carrier. {place}"))
class PackageCollected:
    order_code: str
    carrier: str
    place: str


@event("package.delivered", sentence=_("Delivered. {place}"))
class PackageDelivered:
    order_code: str
    carrier: str
    place: str


@event("package.lost", sentence=_("Lost: {why}."))
class PackageLost:
    order_code: str
    carrier: str
    why: str


@event("package.returned_to_sender", sentence=_("On its way back to you: it could not be delivered. {place}"))
class PackageReturnedToSender:
    order_code: str
    carrier: str
    place: str


@event("return.requested", sentence=_("The buyer asks to return something: {reason_words} (units: {quantity})."))
class ReturnRequested:
    order_code: str
    return_kind: str
    reason: str
    reason_words: str
    quantity: int


@event("return.approved", sentence=_("Return {code} approved."))
class ReturnApproved:
    order_code: str
    by_silence: bool


@event("return.refused", sentence=_("Return {code} refused: {reason_words}. {justification}"))
class ReturnRefused:
    order_code: str
    reason: str
    reason_words: str
    justification: str


@event("return.withdrawn", sentence=_("The buyer took return {code} back."))
class ReturnWithdrawn:
    order_code: str


@event("return.shipped_back", sentence=_("Return {code} is on its way, number {tracking_number}."))
class ReturnShippedBack:
    order_code: str
    carrier: str
    tracking_number: str


@event("return.received", sentence=_("Return {code} has arrived."))
class ReturnReceived:
    order_code: str
    inspect_by: str


@event("return.rejected", sentence=_("Return {code} rejected after inspection: {reason_words}. {justification}"))
class ReturnRejected:
    order_code: str
    reason: str
    reason_words: str
    justification: str


@event("return.expired", sentence=_("Return {code} was not sent back in time."))
class ReturnExpired:
    order_code: str


@event("return.refund_released", sentence=_("The refund of return {code} was released by the first of two people."))
class ReturnRefundReleased:
    order_code: str
    amount_minor: int
    currency: str


@event(
    "return.refunded_before",
    sentence=_("Return {code}: money had gone back already (units: {quantity}), and did not go back again."),
)
class ReturnRefundedBefore:
    order_code: str
    quantity: int


@event("return.closed", sentence=_("Return {code} closed."))
class ReturnClosed:
    order_code: str


@event("refund.made", sentence=_("Refund {code} of {amount}."))
class RefundMade:
    order_code: str
    sku_code: str
    quantity: int
    total_minor: int
    amount: str
    currency: str
    reason: str
    fault: str


@event("refund.sent", sentence=_("Refund {code} was carried out by the payment provider."))
class RefundSent:
    order_code: str


@event("refund.failed", sentence=_("The payment provider refused refund {code}: {sentence}"))
class RefundFailed:
    order_code: str
    sentence: str


@event("refund.sent_again", sentence=_("Refund {code} is owed again and goes to the payment provider once more."))
class RefundSentAgain:
    order_code: str


# --- floor 5: payouts -----------------------------------------------------------------------------------------------


@event("earning.booked", sentence=_("{net} earned with package {package_code}, available from {available_on}."))
class EarningBooked:
    package_code: str
    net_minor: int
    currency: str
    available_on: str


@event("earning.reversed", sentence=_("{buyer} went back to the buyer; {seller} of it from your earnings."))
class EarningReversed:
    refund_code: str
    buyer_minor: int
    seller_minor: int
    fee_minor: int
    currency: str


@event("earning.settled", sentence=_("{total} from {earning_count:packages} became available."))
class EarningSettled:
    earning_count: int
    total_minor: int
    currency: str


@event("settlement_terms.decided", sentence=_("The marketplace changed your settlement terms: {reason}"))
class SettlementTermsDecided:
    introductory: bool
    reserve_level: int
    reserve_until: str
    reason: str


@event("payout.drafted", sentence=_("Payout of {amount} prepared."))
class PayoutDrafted:
    amount_minor: int
    currency: str


@event("payout.held", sentence=_("The payout is held: {reason}"))
class PayoutHeld:
    reason: str


@event("payout.put_back", sentence=_("The payout is no longer held and goes with the next batch."))
class PayoutPutBack:
    pass


@event("payout.sent", sentence=_("{amount} was handed to the bank."))
class PayoutSent:
    amount_minor: int
    currency: str
    settles_on: str


@event("payout.unknown", sentence=_("The bank has not answered; we are asking it."))
class PayoutUnknown:
    reason: str


@event("payout.paid", sentence=_("{amount} arrived on the account ••••{last_four}."))
class PayoutPaid:
    amount_minor: int
    currency: str
    last_four: str


@event(
    "payout.failed", sentence=_("The bank did not make the payout of {amount}: {reason} The money is available again.")
)
class PayoutFailed:
    amount_minor: int
    currency: str
    reason: str


@event(
    "payout.returned", sentence=_("The bank returned {amount} ({return_code} {reason}). The money is available again.")
)
class PayoutReturned:
    amount_minor: int
    currency: str
    reason: str
    return_code: str


@event(
    "payout.disagrees",
    audience="staff",
    sentence=_("The bank reports {bank_key} with {bank}, ours is {ours}."),
)
class PayoutDisagrees:
    ours_minor: int
    bank_minor: int
    currency: str
    bank_key: str


@event("payout.bank_silent", audience="staff", sentence=_("The bank has kept silent about payout {code} for too long."))
class PayoutBankSilent:
    pass


@event("payout_batch.drafted", audience="staff", sentence=_("Batch {code} drafted for {pays_on}."))
class PayoutBatchDrafted:
    pays_on: str


@event("payout_batch.approved", audience="staff", sentence=_("Batch {code} of {total} released by the first person."))
class PayoutBatchApproved:
    total_minor: int
    currency: str


@event("payout_batch.released", audience="staff", sentence=_("Batch {code} of {total} released by the second person."))
class PayoutBatchReleased:
    total_minor: int
    currency: str


@event("payout_batch.overdue", audience="staff", sentence=_("Batch {code} was not released in time."))
class PayoutBatchOverdue:
    pass


@event("payout_batch.sent", audience="staff", sentence=_("Batch {code} was handed to the bank."))
class PayoutBatchSent:
    pass


@event("payout_batch.reconciled", audience="staff", sentence=_("Batch {code} agrees with the bank's statement."))
class PayoutBatchReconciled:
    pass


@event("payout_batch.file_taken", audience="staff", sentence=_("The bank file of batch {code} was downloaded."))
class PayoutBatchFileTaken:
    sha256: str


@event("statement.published", sentence=_("Statement {code}: {paid_out} paid out, {closing} carried on."))
class StatementPublished:
    paid_out_minor: int
    closing_minor: int
    currency: str


# --- floor 6: support -----------------------------------------------------------------------------------------------


@event("ticket.opened", sentence=_("Ticket {code} opened: “{subject}”."))
class TicketOpened:
    subject: str


@event("ticket.replied", sentence=_("Message added to ticket {code}."))
class TicketReplied:
    subject: str


@event("ticket.answered", sentence=_("Support answered ticket {code}."))
class TicketAnswered:
    subject: str


@event("ticket.claimed", audience="staff", sentence=_("Somebody claimed ticket {code}."))
class TicketClaimed:
    subject: str


@event("ticket.released", audience="staff", sentence=_("Ticket {code} was put back into the queue."))
class TicketReleased:
    subject: str


@event("ticket.solved", sentence=_("Ticket {code} solved."))
class TicketSolved:
    subject: str


@event("ticket.answer_late", sentence=_("Support is late with an answer to ticket {code}."))
class TicketAnswerLate:
    subject: str


@event("message.received", sentence=_("The buyer wrote a message."))
class MessageReceived:
    pass


@event("message.answered", sentence=_("The shop answered the buyer."))
class MessageAnswered:
    pass


@event("message.answer_late", sentence=_("The buyer's message was not answered in time."))
class MessageAnswerLate:
    pass


@event("review.written", sentence=_("The buyer gave {stars:stars}."))
class ReviewWritten:
    stars: int


@event("review.replied", sentence=_("The shop replied to the review."))
class ReviewReplied:
    stars: int


@event("review.hidden", sentence=_("The review was hidden by moderation."))
class ReviewHidden:
    stars: int


@event("review.shown", sentence=_("The review was put back."))
class ReviewShown:
    stars: int


# --- floor 7: analytics ---------------------------------------------------------------------------------------------
# --- floor 8: storefront --------------------------------------------------------------------------------------------
