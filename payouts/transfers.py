"""Sending released payouts to the bank, once each (DEC14, INV11).

A worker claims one payout under a lease, asks the bank outside any transaction with the key ``payout:<id>``, and
writes what it heard. A worker that dies leaves a lease that runs out: another sends the same key again, and the bank
answers as the first time. Where the outcome cannot be known (a timeout, a 5xx), the payout is *unknown* and never sent
again: only the bank's own word about the key moves it on (``reconciliation``).
"""

import dataclasses
import datetime as dt
import re
import secrets
import time

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from payouts import ledger
from payouts.bank import Transfer, bank
from payouts.drafting import platform_shop
from payouts.ledger import Line, Source
from payouts.models import AccountKind, Part, Payout, PayoutBatch, TransactionKind
from seller_center.kernel.errors import DomainError, Stale
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.http import HttpRefused, Unreachable
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.policy_book import policy_for
from shops.scope import scope

#: How long a worker may be silent before another takes its payout over (real time).
LEASE = dt.timedelta(seconds=90)
#: How long the bank is sure to remember a key: only within it may a taken-over payout be sent again.
KEY_REMEMBERED = dt.timedelta(hours=20)
#: A key that the bank does not know after this long was never received; before, it may still be under way.
NEVER_ARRIVED = dt.timedelta(hours=1)


@dataclasses.dataclass
class Sent:
    """What a round of sending did."""

    accepted: int = 0
    refused: int = 0
    unknown: int = 0
    unreachable: bool = False


def send_released(*, at: dt.datetime, seconds: float = 3600) -> Sent:
    """Send what is released, one after the other, until nothing is left, the bank is away, or ``seconds`` have passed.

    Many workers may do so at the same time.
    """
    owner, done, until = secrets.token_hex(8), Sent(), time.monotonic() + seconds
    while time.monotonic() < until:
        payout = claim(at=at, owner=owner)
        if payout is None:
            break
        failpoint("payout.after_claim")
        _send(payout, at, done)
        if done.unreachable:
            break
    finish_batches(at=at)
    return done


def claim(*, at: dt.datetime, owner: str) -> Payout | None:
    """Take one payout: a released one, or one whose worker fell silent before the bank had answered."""
    real = timezone.now()
    with transaction.atomic():
        payout = (
            Payout.objects.filter(
                Q(status=Payout.Status.READY, batch__status=PayoutBatch.Status.RELEASED)
                | Q(status=Payout.Status.SENDING, accepted_at__isnull=True, lease_until__lte=real)
            )
            .select_related("shop")
            .order_by("id")
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .first()
        )
        if payout is None:
            return None
        lease = {"lease_until": real + LEASE, "lease_owner": owner, "attempts": payout.attempts + 1}
        if payout.status == Payout.Status.READY:
            move(payout, Payout.Status.SENDING, first_sent_at=at, **lease)
            _expect_answer(payout, at)
        elif at - payout.first_sent_at >= KEY_REMEMBERED:
            _become_unknown(payout, at, _("It was interrupted, and too long ago to be sent again safely."))
        else:
            Payout.objects.filter(shop_id=payout.shop_id, pk=payout.pk).update(**lease)
            payout.lease_owner = owner
    return payout


def _send(payout: Payout, at: dt.datetime, done: Sent) -> None:
    """Ask the bank, with no transaction open, and write what it said."""
    if payout.status != Payout.Status.SENDING:
        done.unknown += 1
        return
    account = payout.bank_account
    try:
        failpoint("payout.before_bank")
        transfer = bank().submit(
            key=payout.key,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            routing=account.routing_number,
            account=account.number.reveal(),
            name=account.holder,
        )
        failpoint("payout.after_bank")
    except HttpRefused as refusal:
        fail(payout=payout, reason=_sentence(refusal), at=at)
        done.refused += 1
    except DomainError:  # no bank is connected: certainly nothing was sent
        _give_lease_back(payout)
        done.unreachable = True
    except Unreachable as silence:
        if not silence.sent:
            _give_lease_back(payout)
            done.unreachable = True
            return
        lose_track(payout=payout, reason=str(silence), at=at)
        done.unknown += 1
    else:
        hear(payout=payout, transfer=transfer, at=at)
        done.accepted += 1


def hear(*, payout: Payout, transfer: Transfer, at: dt.datetime) -> bool:
    """Write what the bank says about a payout. Repeats and late words change nothing; whether anything changed.

    A word about another amount or currency moves no money: staff are told instead (DEC26).
    """
    if (transfer.key, transfer.amount_minor, transfer.currency) != (payout.key, payout.amount_minor, payout.currency):
        _disagree(payout, transfer, at)
        return False
    with scope(payout.shop, by=None):
        payout = (
            Payout.objects.select_for_update(of=("self",), no_key=True)
            .select_related("shop", "batch")
            .get(shop_id=payout.shop_id, pk=payout.pk)
        )
        changed = _hear(payout, transfer, at)
        failpoint("payout.before_commit")
    return changed


def _hear(payout: Payout, transfer: Transfer, at: dt.datetime) -> bool:
    open_ones = (Payout.Status.SENDING, Payout.Status.UNKNOWN)
    if payout.status in open_ones and payout.accepted_at is None and transfer.state != "rejected":
        Payout.objects.filter(shop_id=payout.shop_id, pk=payout.pk).update(
            accepted_at=at, bank_reference=transfer.reference, settles_on=transfer.settles_on
        )
        payout.accepted_at = at
        events.record(
            "payout.sent",
            shop=payout.shop,
            subject_kind="payout",
            subject_code=payout.code,
            by=None,
            at=at,
            amount_minor=payout.amount_minor,
            currency=payout.currency,
            settles_on=f"{transfer.settles_on or ''}",
        )
        if transfer.state == "accepted":
            return True
    if transfer.state == "rejected" and payout.status in open_ones:
        _fail(payout, transfer.reason, at)
        return True
    if transfer.state in ("settled", "returned") and payout.status in open_ones:
        _pay(payout, at)
        if transfer.state == "settled":
            return True
    if transfer.state == "returned" and payout.status == Payout.Status.PAID:
        _return(payout, transfer, at)
        return True
    if payout.status == Payout.Status.FAILED and transfer.state in ("accepted", "settled"):
        _disagree(payout, transfer, at)  # it was given up as never received, and has arrived after all
    return False


def fail(*, payout: Payout, reason: str, at: dt.datetime) -> bool:
    """The bank has refused, or never got it: the money is available again. False where it has ended already."""
    with scope(payout.shop, by=None):
        try:
            _fail(payout, reason, at)
        except Stale:
            return False
    return True


def lose_track(*, payout: Payout, reason: str, at: dt.datetime) -> bool:
    """Nobody knows whether the bank has it. False where its word has come meanwhile, or another has taken it over."""
    with scope(payout.shop, by=None):
        mine = Payout.objects.select_for_update(no_key=True).filter(
            shop_id=payout.shop_id,
            pk=payout.pk,
            status=Payout.Status.SENDING,
            accepted_at__isnull=True,
            lease_owner=payout.lease_owner,
        )
        if not mine.exists():
            return False
        _become_unknown(payout, at, reason)
    return True


def finish_batches(*, at: dt.datetime) -> int:
    """Released batches of which nothing is left to hand over are sent."""
    waiting = Payout.objects.filter(
        Q(status=Payout.Status.READY) | Q(status=Payout.Status.SENDING, accepted_at__isnull=True)
    ).values("batch")
    done = 0
    for batch in PayoutBatch.objects.filter(status=PayoutBatch.Status.RELEASED).exclude(pk__in=waiting).order_by("pk"):
        platform = platform_shop(batch.market)
        with scope(platform, by=None):
            try:
                move(batch, PayoutBatch.Status.SENT, sent_at=at)
            except Stale:
                continue
            events.record(
                "payout_batch.sent", shop=platform, subject_kind="payout_batch", subject_code=batch.code, by=None, at=at
            )
        done += 1
    return done


# -- what each outcome does to the books ------------------------------------------------------------------------------


def _pay(payout: Payout, at: dt.datetime) -> None:
    move(payout, Payout.Status.PAID, ended_at=at, lease_until=None)
    _post(payout, TransactionKind.PAYOUT_PAID, AccountKind.IN_FLIGHT, AccountKind.BANK_CLEARING, at)
    _ended(payout, "payout.paid", at, last_four=payout.bank_account.last_four)


def _fail(payout: Payout, reason: str, at: dt.datetime) -> None:
    move(payout, Payout.Status.FAILED, ended_at=at, lease_until=None, reason=_kept(reason))
    _post(payout, TransactionKind.PAYOUT_FAILED, AccountKind.IN_FLIGHT, AccountKind.AVAILABLE, at)
    _ended(payout, "payout.failed", at, reason=_kept(reason))


def _return(payout: Payout, transfer: Transfer, at: dt.datetime) -> None:
    move(
        payout, Payout.Status.RETURNED, returned_at=at, return_code=transfer.return_code, reason=_kept(transfer.reason)
    )
    _post(payout, TransactionKind.PAYOUT_RETURN, AccountKind.BANK_CLEARING, AccountKind.AVAILABLE, at)
    _ended(payout, "payout.returned", at, reason=_kept(transfer.reason), return_code=transfer.return_code)


def _post(payout: Payout, kind: TransactionKind, source: AccountKind, target: AccountKind, at: dt.datetime) -> None:
    made = ledger.posting_of(shop=payout.shop, kind=TransactionKind.PAYOUT, source=Source("payout", payout.code))
    ledger.post(
        shop=payout.shop,
        kind=kind,
        source=Source("payout", payout.code),
        reverses=made if kind == TransactionKind.PAYOUT_FAILED else None,
        lines=[Line(source, -payout.amount_minor, Part.PAYOUT), Line(target, payout.amount_minor, Part.PAYOUT)],
        at=at,
        through_debt=target == AccountKind.AVAILABLE,
    )


def _ended(payout: Payout, kind: str, at: dt.datetime, **facts) -> None:
    deadlines.meet(shop=platform_shop(payout.shop.market), subject_kind="payout", subject_code=payout.code, at=at)
    events.record(
        kind,
        shop=payout.shop,
        subject_kind="payout",
        subject_code=payout.code,
        by=None,
        at=at,
        amount_minor=payout.amount_minor,
        currency=payout.currency,
        **facts,
    )


def _become_unknown(payout: Payout, at: dt.datetime, reason: str) -> None:
    move(payout, Payout.Status.UNKNOWN, lease_until=None, reason=_kept(reason))
    events.record(
        "payout.unknown",
        shop=payout.shop,
        subject_kind="payout",
        subject_code=payout.code,
        by=None,
        at=at,
        reason=_kept(reason),
    )


def _expect_answer(payout: Payout, at: dt.datetime) -> None:
    """Staff have a clock for every payout that the bank keeps silent about."""
    hours = policy_for(payout.shop, at).payouts.bank_answer_hours
    deadlines.set_deadline(
        shop=platform_shop(payout.shop.market),
        kind="payout.bank_answer_by",
        subject_kind="payout",
        subject_code=payout.code,
        due_at=at + dt.timedelta(hours=hours),
        at=at,
    )


def _disagree(payout: Payout, transfer: Transfer, at: dt.datetime) -> None:
    with scope(payout.shop, by=None):
        events.record(
            "payout.disagrees",
            shop=payout.shop,
            subject_kind="payout",
            subject_code=payout.code,
            by=None,
            at=at,
            ours_minor=payout.amount_minor,
            bank_minor=transfer.amount_minor,
            currency=payout.currency,
            bank_key=transfer.key[:60],
        )


def _give_lease_back(payout: Payout) -> None:
    """The bank cannot be reached and has certainly got nothing: whoever comes next may send at once."""
    Payout.objects.filter(shop_id=payout.shop_id, pk=payout.pk, lease_owner=payout.lease_owner).update(
        lease_until=timezone.now()
    )


#: A bank may repeat the account that it was told.
LONG_NUMBER = re.compile(r"\d(?:[ -]?\d){5,}")


def _kept(reason: str) -> str:
    """What the bank said as it may be kept: of a long number only the last four digits (INV21)."""
    return LONG_NUMBER.sub(lambda found: "••••" + re.sub(r"\D", "", found[0])[-4:], reason)[:200]


def _sentence(refusal: HttpRefused) -> str:
    body = refusal.body if isinstance(refusal.body, dict) else {}
    return str(body.get("sentence") or _("The bank refused it (%(status)d).") % {"status": refusal.status})
