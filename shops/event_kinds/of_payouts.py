"""What happens on floor 5: earnings, debts, statements, payouts."""

from django.utils.translation import gettext_noop as _

from shops.event_kinds.declaring import event


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
