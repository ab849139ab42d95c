"""What the Finance pages show: balances, what lands when, what happened. Questions only, in few queries."""

import dataclasses
import datetime as dt
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery, Sum
from django.utils.translation import gettext as _

from orders.models import ReturnRequest
from orders.models.return_request import OPEN as OPEN_CASES
from payouts import payday
from payouts.models import (
    SELLER_KINDS,
    Earning,
    Entry,
    Payout,
    SettlementTerms,
    Transaction,
    TransactionKind,
)
from seller_center.kernel.calendar import day_of, instant
from seller_center.kernel.money import format_money
from seller_center.kernel.prepared import prepared, several
from shops.models import BankAccount, Shop
from shops.policy_book import policy_for

#: How far the money calendar looks ahead.
CALENDAR_DAYS = 35
#: Kinds that move nothing on the seller's own accounts and are left out of the seller's list.
NOT_THE_SELLERS = (TransactionKind.CAPTURE, TransactionKind.CANCEL)


@dataclasses.dataclass(frozen=True)
class Landing:
    """A day of the money calendar: what becomes available, and what goes to the bank, if nothing else happens."""

    day: dt.date
    minor: int
    count: int
    pays_minor: int = 0


def calendar(shop: Shop, at: dt.datetime, held: dict[str, int]) -> list[Landing]:
    """What becomes available when, day by day in the shop's zone, with the paydays between. One query.

    ``held`` are the balances: what is available now goes out on the first payday, less what is owed.
    """
    zone = ZoneInfo(shop.zone)
    today = day_of(at, zone)
    until = today + dt.timedelta(days=CALENDAR_DAYS)
    midnight, before = (instant(day, dt.time(0), zone) for day in (today, until))
    sums: dict[dt.date, tuple[int, int]] = {}
    for day, total, count in _becoming_available(shop, midnight, before):
        lands = day or today  # what is due already lands with the next run, within the hour
        so_far = sums.get(lands, (0, 0))
        sums[lands] = (so_far[0] + int(total), so_far[1] + count)
    rules = policy_for(shop, at).payouts
    found, waiting = [], held["available"] + held["debt"]
    for ahead in range(CALENDAR_DAYS):
        day = today + dt.timedelta(days=ahead)
        is_payday = payday.is_payday(day, weekday=rules.weekday, every_weeks=shop.payout_every_weeks)
        pays = waiting if is_payday and day > today and waiting >= rules.least_minor else 0
        total, count = sums.get(day, (0, 0))
        waiting += total - pays
        if count or pays:
            found.append(Landing(day, total, count, pays))
    return found


_WAITS = "FROM payouts_earning WHERE shop_id = %(shop)s AND status = 'pending_settlement'"
_SUMS = "coalesce(sum(net_minor - taken_minor), 0), count(*)"
_DAY = "(available_from AT TIME ZONE %(zone)s)::date"
_BECOMING_AVAILABLE = f"""
SELECT NULL::date, {_SUMS} {_WAITS} AND available_from < %(midnight)s
UNION ALL
SELECT {_DAY}, {_SUMS} {_WAITS} AND available_from >= %(midnight)s AND available_from < %(before)s GROUP BY 1
UNION ALL
SELECT CASE WHEN available_from >= %(midnight)s THEN {_DAY} END, -sum(net_minor - taken_minor), -count(*) {_WAITS}
    AND available_from < %(before)s
    AND order_id IN (SELECT order_id FROM orders_returnrequest WHERE shop_id = %(shop)s AND status = ANY(%(open)s))
GROUP BY 1
"""  # noqa: S608 (own words)


def _becoming_available(shop: Shop, midnight: dt.datetime, before: dt.datetime) -> list[tuple]:
    """(day of the shop's zone, minor units, packages): what becomes available, and once more, negative, what waits for an
    open return.

    What was due before ``midnight`` has no day: to work out the day of a moment costs more than to add it up, as it would
    to look for the return of each.
    """
    given = {"shop": shop.pk, "zone": shop.zone, "midnight": midnight, "before": before, "open": list(OPEN_CASES)}
    with connection.cursor() as cursor:
        cursor.execute(_BECOMING_AVAILABLE, given)
        return cursor.fetchall()


def _unsettled(shop: int) -> QuerySet[Earning]:
    return Earning.objects.in_shop(shop).filter(status=Earning.Status.PENDING_SETTLEMENT)


def _open_cases(shop: int) -> QuerySet:
    return ReturnRequest.objects.in_shop(shop).open_cases().order_by().values("order")


@dataclasses.dataclass(frozen=True)
class Standing:
    """Where a shop's money is now, and what comes next."""

    currency: str
    pending: int
    available: int
    reserve: int
    in_flight: int
    debt: int
    payday: dt.date
    payday_minor: int
    why_not: str
    account: BankAccount | None
    terms_reason: str
    reserve_until: dt.datetime | None


def standing(shop: Shop, at: dt.datetime, held: dict[str, int], lands: list[Landing]) -> Standing:
    """The balances, and what the next payday will pay if nothing else happens. ``lands`` is the calendar."""
    account, (reason, reserve_until) = _account_and_terms(shop)
    rules = policy_for(shop, at).payouts
    on = payday.next_payday(day_of(at, shop.zone), weekday=rules.weekday, every_weeks=shop.payout_every_weeks)
    expected = max(0, held["available"] + sum(one.minor for one in lands if one.day < on) + held["debt"])
    return Standing(
        currency=shop.currency,
        pending=held["pending"],
        available=held["available"],
        reserve=held["reserve"],
        in_flight=held["in_flight"],
        debt=-held["debt"],
        payday=on,
        payday_minor=expected,
        why_not=_why_not(expected, account, rules.least_minor, shop.currency, instant(on, dt.time(0), shop.zone)),
        account=account,
        terms_reason=reason,
        reserve_until=reserve_until,
    )


def _account_and_terms(shop: Shop) -> tuple[BankAccount | None, tuple[str, dt.datetime | None]]:
    """The current account, and reason and end of the standing terms; one query where there is an account."""
    for account in _current_account(shop=shop.pk):
        return account, (account.reason or "", account.until)
    return None, next(iter(_terms(shop=shop.pk)), ("", None))


@prepared
def _current_account(*, shop: int) -> QuerySet[BankAccount]:
    """The account in the words of the page, with the standing terms beside it."""
    terms = SettlementTerms.objects.in_shop(shop).standing()
    rows = BankAccount.objects.in_shop(shop).current().only("bank_name", "last_four", "usable_from")
    return rows.annotate(
        reason=Subquery(terms.values("reason")[:1]), until=Subquery(terms.values("reserve_until")[:1])
    ).order_by("pk")[:1]


@prepared
def _terms(*, shop: int) -> QuerySet:
    rows = SettlementTerms.objects.in_shop(shop).standing().order_by("pk")
    return rows.values_list("reason", "reserve_until")[:1]


def _why_not(expected: int, account: BankAccount | None, least: int, currency: str, until: dt.datetime) -> str:
    """Why nothing would be paid out on the next payday; empty where something would."""
    if expected < least:
        return _("Payouts begin at %(least)s; less is carried on.") % {"least": format_money(least, currency)}
    if account is None:
        return _("Add a bank account to be paid.")
    if account.usable_from > until:
        return _("Your bank account was changed; it can be paid to after the waiting time.")
    return ""


def held_by_cases(shop: Shop) -> list[tuple[str, str, int]]:
    """Money that waits for an open return: (return's code, order's code, amount), at most ten. One query."""
    return list(_held_by_cases(shop=shop.pk))


@prepared
def _held_by_cases(*, shop: int) -> QuerySet:
    case = ReturnRequest.objects.in_shop(shop).open_cases().filter(order=OuterRef("order")).order_by("id")
    rows = _unsettled(shop).filter(order__in=_open_cases(shop)).order_by("id")
    left = F("net_minor") - F("taken_minor")
    return rows.values_list(Subquery(case.values("code")[:1]), "order__code", left)[:10]


@dataclasses.dataclass(frozen=True)
class Moved:
    """A transaction as the seller reads it: what it did to each of their accounts."""

    transaction: Transaction
    effects: dict[str, int]

    @property
    def elsewhere(self) -> int:
        """What it did to reserve, payouts under way and debt together."""
        return sum(amount for kind, amount in self.effects.items() if kind not in ("pending", "available"))


def newest(shop: Shop, most: int) -> list[Moved]:
    """What moved the seller's money last, with its effects. Two queries.

    A refund of what was not earned yet touches none of it and is left out; the ledger has it.
    """
    rows = list(_newest(most, shop=shop.pk))
    effects = effects_of(shop, [row.pk for row in rows])
    return [Moved(row, effects.get(row.pk, {})) for row in rows]


@prepared
def _newest(most: int, *, shop: int) -> QuerySet[Transaction]:
    touched = Entry.objects.in_shop(shop).filter(transaction=OuterRef("pk"), account__kind__in=SELLER_KINDS)
    rows = Transaction.objects.in_shop(shop).exclude(kind__in=NOT_THE_SELLERS).filter(Exists(touched))
    return rows.only("kind", "source_code", "step", "at").newest_first()[:most]


def effects_of(shop: Shop, transaction_ids: list[int]) -> dict[int, dict[str, int]]:
    """What transactions did to the seller's accounts: transaction → account kind → sum."""
    found: dict[int, dict[str, int]] = {}
    if not transaction_ids:
        return found
    for transaction_id, kind, total in _effects(shop=shop.pk, transactions=several(transaction_ids)):
        found.setdefault(transaction_id, {})[kind] = total
    return found


@prepared
def _effects(*, shop: int, transactions: list[int]) -> QuerySet:
    entries = Entry.objects.in_shop(shop).filter(transaction__in=transactions, account__kind__in=SELLER_KINDS)
    return entries.order_by().values_list("transaction_id", "account__kind").annotate(total=Sum("amount_minor"))


def under_way(shop: Shop) -> list[Payout]:
    """Payouts that left the balance and have not ended, newest first."""
    return list(_under_way(shop=shop.pk))


@prepared
def _under_way(*, shop: int) -> QuerySet[Payout]:
    rows = Payout.objects.in_shop(shop).under_way().newest_first().select_related("bank_account")
    account = ("bank_account__bank_name", "bank_account__last_four")
    return rows.only("code", "status", "amount_minor", "currency", *account)[:10]
