"""The bank's word: events, answers by key and statements, brought together with payouts and ledger (INV11, INV12).

What the bank reports is heard through ``transfers.hear``; a callback is only a hint to ask. *Unknown* payouts are asked
about by key: not known within the time in which banks remember keys means it never arrived; later, only the statement
proves anything. A batch is reconciled when every payout has ended and the bank's statement moved the same money.
"""

import dataclasses
import datetime as dt

from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from payouts import transfers
from payouts.bank import Movement, TransferEvent, bank
from payouts.drafting import platform_shop
from payouts.models import BankFeed, BankMovement, Payout, PayoutBatch
from seller_center.kernel.calendar import day_of
from seller_center.kernel.errors import DomainError, Stale
from seller_center.kernel.http import Unreachable
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline, Market
from shops.scope import scope

#: How many days of statement are read in one round at most.
MOST_DAYS = 40


@dataclasses.dataclass
class Reconciled:
    """What a round did."""

    heard: int = 0
    cleared: int = 0
    movements: int = 0
    batches: int = 0
    unreachable: bool = False


def reconcile(*, at: dt.datetime) -> Reconciled:
    """Hear the bank's events, ask about what is unknown or overdue, read its statement, close what agrees."""
    done = Reconciled()
    try:
        done.heard = hear_events(at=at)
        done.cleared = ask_about_unknown(at=at)
        done.movements = read_statement(at=at)
    except (Unreachable, DomainError):  # the bank is away, or none is connected
        done.unreachable = True
    done.batches = close_batches(at=at)
    return done


def hear_events(*, at: dt.datetime) -> int:
    """Read the bank's events from where we stopped. Reading twice changes nothing, so the cursor needs no care."""
    feed, _made = BankFeed.objects.get_or_create(id=1)
    changed = 0
    while True:
        page = bank().events(feed.cursor)
        for event in page.events:
            changed += hear_event(event, at=at)
        if page.next != feed.cursor:
            BankFeed.objects.filter(id=1).update(cursor=page.next)
            feed.cursor = page.next
        if not page.more:
            return changed


def hear_event(event: TransferEvent, *, at: dt.datetime) -> bool:
    """One event of the bank's own feed; whether it changed anything. An event about nothing of ours is left alone."""
    payout = payout_of(event.transfer.key)
    return payout is not None and transfers.hear(payout=payout, transfer=event.transfer, at=at)


def hear_callback(event: TransferEvent, *, at: dt.datetime) -> bool:
    """A callback came: ask the bank itself about that transfer, whatever the callback says."""
    payout = payout_of(event.transfer.key)
    return payout is not None and _ask(payout, at)


def payout_of(key: str) -> Payout | None:
    """The payout that the bank knows under this key; None for a key that is not ours."""
    prefix, _colon, number = key.partition(":")
    if prefix != "payout" or not number.isdecimal() or len(number) > 18:
        return None
    return Payout.objects.filter(pk=int(number)).select_related("shop").first()


def ask_about_unknown(*, at: dt.datetime) -> int:
    """Ask by key about every payout whose outcome is unknown, or whose day has passed in silence."""
    silent = Payout.objects.filter(status=Payout.Status.SENDING, accepted_at__isnull=False, settles_on__lt=at.date())
    asked = list(Payout.objects.filter(status=Payout.Status.UNKNOWN).order_by("id")[:500]) + list(
        silent.order_by("id")[:500]
    )
    return sum(_ask(payout, at) for payout in asked)


def _ask(payout: Payout, at: dt.datetime) -> bool:
    transfer = bank().status(payout.key)
    if transfer is not None:
        return transfers.hear(payout=payout, transfer=transfer, at=at)
    if payout.status != Payout.Status.UNKNOWN or payout.accepted_at is not None:
        return False
    age = at - payout.first_sent_at
    if transfers.NEVER_ARRIVED <= age < transfers.KEY_REMEMBERED:
        return transfers.fail(payout=payout, reason=_("It never reached the bank."), at=at)
    return False


def read_statement(*, at: dt.datetime) -> int:
    """Read the statements of the days since the last complete one; today's is read again until the day is over."""
    feed, _made = BankFeed.objects.get_or_create(id=1)
    zones = Market.objects.order_by("code").values_list("zone", flat=True)
    today = min(day_of(at, zone) for zone in zones)
    first = (
        Payout.objects.filter(first_sent_at__isnull=False)
        .order_by("first_sent_at")
        .values_list("first_sent_at")
        .first()
    )
    if first is None:
        return 0
    day = feed.statement_until + dt.timedelta(days=1) if feed.statement_until else day_of(first[0], "UTC")
    written = 0
    for _number in range(MOST_DAYS):
        if day > today:
            break
        written += _write_movements(bank().statement(day))
        if day < today:
            BankFeed.objects.filter(id=1).update(statement_until=day)
        day += dt.timedelta(days=1)
    return written


def _write_movements(movements: list[Movement]) -> int:
    """Keep the lines under the shop they belong to; a line that is here already is left alone."""
    platform = {market.currency: platform_shop(market) for market in Market.objects.all()}
    rows = []
    for movement in movements:
        payout = payout_of(movement.key)
        shop = payout.shop if payout else platform.get(movement.currency)
        if shop is None:
            continue
        rows.append(
            BankMovement(
                shop=shop,
                payout=payout,
                number=movement.number,
                day=movement.day,
                at=movement.at,
                kind=movement.kind,
                key=movement.key[:60],
                reference=movement.reference[:60],
                amount_minor=movement.amount_minor,
                currency=movement.currency,
            )
        )
    before = BankMovement.objects.filter(number__in=[row.number for row in rows]).count()
    BankMovement.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows) - before


def close_batches(*, at: dt.datetime) -> int:
    """Sent batches whose payouts have all ended as the bank's statement says."""
    closed = 0
    for batch in PayoutBatch.objects.filter(status=PayoutBatch.Status.SENT).select_related("market").order_by("pk"):
        if differences(batch):
            continue
        platform = platform_shop(batch.market)
        with transaction.atomic(), scope(platform, by=None):
            try:
                move(batch, PayoutBatch.Status.RECONCILED, reconciled_at=at)
            except Stale:
                continue
            events.record(
                "payout_batch.reconciled",
                shop=platform,
                subject_kind="payout_batch",
                subject_code=batch.code,
                by=None,
                at=at,
            )
        closed += 1
    return closed


#: What the bank's statement must show for a payout that ended so, as a multiple of its amount.
LEFT_THE_BANK = {Payout.Status.PAID: -1, Payout.Status.RETURNED: 0, Payout.Status.FAILED: 0}


def differences(batch: PayoutBatch) -> list[tuple[Payout, str]]:
    """The payouts of a batch that do not agree with the bank yet, each with what is missing."""
    found = []
    rows = Payout.objects.filter(batch=batch).annotate(moved=Sum("movements__amount_minor")).order_by("pk")
    for payout in rows:
        expected = LEFT_THE_BANK.get(Payout.Status(payout.status))
        if expected is None:
            found.append((payout, _("The bank has not said how it ended.")))
        elif (payout.moved or 0) != expected * payout.amount_minor:
            found.append((payout, _("The bank's statement does not show it.")))
    return found


def answer_overdue(rows: list[Deadline], at: dt.datetime) -> None:
    """The bank has kept silent about a payout for too long: staff are told; the payout stays where it is."""
    deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)
    for row in rows:
        events.record(
            "payout.bank_silent", shop=row.shop, subject_kind="payout", subject_code=row.subject_code, by=None, at=at
        )
