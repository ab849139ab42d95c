"""The ledger's one verb: ``post`` writes the posting of a business event once, whoever asks and however often (INV9).

Low verb: activities say what moves (``earning``, ``settlement``, ``transfers``), this module writes transaction,
entries and balances in one go, locking the shop's accounts in their one order (DEC8). Batches over many shops use
``payouts.posting``, which does the same in set-based SQL. What PostgreSQL guards: ``payouts.models.ledger_guards``.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from django.db import connection
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from payouts.models import (
    NEVER_NEGATIVE,
    NEVER_POSITIVE,
    Account,
    AccountKind,
    Entry,
    Part,
    Transaction,
    TransactionKind,
)
from seller_center.kernel.errors import DomainError
from seller_center.kernel.locking import lock_rows
from seller_center.kernel.prepared import prepared
from shops.scope import scope


class NotEnoughMoney(DomainError):
    """A posting would take more from an account than lies on it."""

    code = "not_enough_money"


class Unbalanced(ValueError):
    """Lines that do not sum to zero: a bug of the caller, never a state of the world."""


@dataclasses.dataclass(frozen=True)
class Line:
    """Money flowing into an account (above zero) or out of it (below zero)."""

    account: AccountKind
    amount_minor: int
    part: Part


@dataclasses.dataclass(frozen=True)
class Source:
    """The business event: what kind of thing, its code, and a step where one thing moves money several times."""

    kind: str
    code: str
    step: int = 0


@dataclasses.dataclass(frozen=True)
class Posted:
    """The transaction of an event, and whether it was written just now (else it stood already)."""

    transaction: Transaction
    fresh: bool


def post(
    *,
    shop,
    kind: TransactionKind,
    source: Source,
    lines: Iterable[Line],
    at: dt.datetime,
    by=None,
    order=None,
    reverses: Transaction | None = None,
    through_debt: bool = False,
) -> Posted | None:
    """Write the posting of ``source`` once; a repeat gives back the one that stands. None where nothing moves.

    ``lines`` sum to zero (else ``Unbalanced``). With ``through_debt``, what the seller's accounts lack becomes debt,
    and money that comes to *available* pays debt first; without it a lack is refused with ``NotEnoughMoney``.
    """
    given = [line for line in lines if line.amount_minor]
    if sum(line.amount_minor for line in given):
        raise Unbalanced(f"{kind} of {source} does not sum to zero: {given}")
    if not given:
        return None
    with scope(shop, by=by):
        row = Transaction(
            shop=shop,
            kind=kind,
            source_kind=source.kind,
            source_code=source.code,
            step=source.step,
            order=order,
            reverses=reverses,
            at=at,
            by=by,
        )
        if not _insert(row):
            return Posted(posting_of(shop=shop, kind=kind, source=source), fresh=False)
        accounts = _lock_accounts(shop, shop.currency, given, through_debt)
        if through_debt:
            given = cover(given, {name: account.balance_minor for name, account in accounts.items()})
        _write(row, accounts, given)
    return Posted(row, fresh=True)


def posting_of(*, shop, kind: TransactionKind, source: Source) -> Transaction:
    """The posting of an event; raises ``Transaction.DoesNotExist``."""
    return Transaction.objects.in_shop(shop).get(
        kind=kind, source_kind=source.kind, source_code=source.code, step=source.step
    )


def postings_of_order(order) -> QuerySet[Transaction]:
    """Everything that moved money for an order, in the order in which it was posted."""
    return Transaction.objects.filter(shop_id=order.shop_id, order=order).order_by("id")


def balances(shop, currency: str = "") -> dict[str, int]:
    """What lies on each account of the shop; an account that does not exist yet holds nothing."""
    return dict.fromkeys(AccountKind.values, 0) | dict(_balances(shop=shop.pk, currency=currency or shop.currency))


@prepared
def _balances(*, shop: int, currency: str) -> QuerySet:
    return Account.objects.in_shop(shop).filter(currency=currency).values_list("kind", "balance_minor")


def open_accounts(shop, currency: str) -> None:
    """Make the shop's accounts, all at once in the order of the chart, so that their keys ascend in it (DEC4)."""
    Account.objects.bulk_create(
        [Account(shop=shop, kind=kind, currency=currency) for kind in AccountKind.values], ignore_conflicts=True
    )


def hold_accounts(shop, currency: str) -> None:
    """Lock every account of the shop in key order: before several postings of one transaction (DEC4)."""
    rows = Account.objects.in_shop(shop).filter(currency=currency)
    if len(lock_rows(rows)) < len(AccountKind):
        open_accounts(shop, currency)
        lock_rows(rows)


def cover(lines: Sequence[Line], held: Mapping[str, int]) -> list[Line]:
    """The lines, with what the seller's accounts lack moved on: pending → available → debt; and debt paid back first.

    ``held`` are the balances before. What comes to *available* pays what is owed before it stays there.
    """
    found = list(lines)

    def after(kind: AccountKind) -> int:
        return held.get(kind, 0) + sum(line.amount_minor for line in found if line.account == kind)

    def shift(from_kind: AccountKind, to_kind: AccountKind, amount: int, part: Part) -> None:
        found.extend([Line(from_kind, amount, part), Line(to_kind, -amount, part)])

    if (lack := -after(AccountKind.PENDING)) > 0:
        shift(AccountKind.PENDING, AccountKind.AVAILABLE, lack, Part.SHORTFALL)
    if (lack := -after(AccountKind.AVAILABLE)) > 0:
        shift(AccountKind.AVAILABLE, AccountKind.DEBT, lack, Part.SHORTFALL)
    arrived = sum(line.amount_minor for line in found if line.account == AccountKind.AVAILABLE)
    owed = -after(AccountKind.DEBT)
    if (back := min(arrived, owed, after(AccountKind.AVAILABLE))) > 0:
        shift(AccountKind.DEBT, AccountKind.AVAILABLE, back, Part.RECOVERY)
    return found


def _insert(row: Transaction) -> bool:
    """Insert the transaction unless the event has one; a concurrent twin is waited for."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO payouts_transaction
                (shop_id, kind, source_kind, source_code, step, order_id, reverses_id, at, by_id)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT (shop_id, kind, source_kind, source_code, step) DO NOTHING
            RETURNING id
            """,
            [
                row.shop_id,
                row.kind,
                row.source_kind,
                row.source_code,
                row.step,
                row.order_id,
                row.reverses_id,
                row.at,
                row.by_id,
            ],
        )
        found = cursor.fetchone()
    if found:
        row.pk = found[0]
        row._state.adding = False
    return bool(found)


def _lock_accounts(shop, currency: str, lines: Sequence[Line], through_debt: bool) -> dict[str, Account]:
    """The accounts that the lines touch, or may touch on their way to debt, locked in key order."""
    wanted = {line.account for line in lines}
    if through_debt:
        wanted |= {AccountKind.AVAILABLE, AccountKind.DEBT}
    rows = Account.objects.in_shop(shop).filter(currency=currency, kind__in=wanted)
    found = lock_rows(rows)
    if len(found) < len(wanted):
        open_accounts(shop, currency)
        found = lock_rows(rows)
    return {account.kind: account for account in found}


def _write(row: Transaction, accounts: Mapping[str, Account], lines: Sequence[Line]) -> None:
    """Entries with their running balances, then the balances themselves; the rows are locked."""
    entries, touched = [], {}
    for line in lines:
        account = touched.setdefault(line.account, accounts[line.account])
        account.balance_minor += line.amount_minor
        account.entry_count += 1
        entries.append(
            Entry(
                shop_id=row.shop_id,
                transaction=row,
                account=account,
                currency=account.currency,
                amount_minor=line.amount_minor,
                part=line.part,
                position=account.entry_count,
                balance_after_minor=account.balance_minor,
            )
        )
    for account in touched.values():
        _refuse_lack(account)
    _save_balances(sorted(touched.values(), key=lambda account: account.pk))
    Entry.objects.bulk_create(entries)


def _refuse_lack(account: Account) -> None:
    if account.kind in NEVER_NEGATIVE and account.balance_minor < 0:
        raise NotEnoughMoney(
            _("There is not enough money on the account “%(account)s”.") % {"account": account.get_kind_display()}
        )
    if account.kind in NEVER_POSITIVE and account.balance_minor > 0:
        raise NotEnoughMoney(
            _("More cannot be given back on the account “%(account)s” than was taken.")
            % {"account": account.get_kind_display()}
        )


def _save_balances(accounts: Sequence[Account]) -> None:
    """One UPDATE for all of them; the rows are ours, so that each must be there."""
    values = ", ".join(["(%s::bigint, %s::bigint, %s::bigint)"] * len(accounts))
    params = [number for one in accounts for number in (one.pk, one.balance_minor, one.entry_count)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE payouts_account AS a SET balance_minor = v.balance, entry_count = v.entries
            FROM (VALUES {values}) AS v (id, balance, entries)
            WHERE a.shop_id = %s AND a.id = v.id
            """,  # noqa: S608 - placeholders only
            [*params, accounts[0].shop_id],
        )
        if cursor.rowcount != len(accounts):
            raise AssertionError("a locked account went away")
