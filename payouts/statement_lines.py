"""What a statement is made of, down to the order line and the fee: the rows of its page, its CSV and its tie-out.

A statement covers entries of the available account by position. Each becomes the rows that explain it: a settled
package the sales of its lines, their fees and what went back of them before; a refund the lines it took; anything else
itself. The rows of an entry add up to the entry, so that statement, ledger and bank file are equal to the cent.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any

from django.utils.translation import gettext_lazy as _

from payouts.models import Entry, FeeLine, Part, Reversal, Statement, Transaction, TransactionKind
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.money import Money

CHUNK = 500

#: The columns of the CSV. Programs read them by name: add at the end, never rename (docs/mechanisms/statements.md).
COLUMNS = (
    "statement",
    "date",
    "kind",
    "reference",
    "order",
    "package",
    "sku",
    "title",
    "quantity",
    "goods",
    "discount",
    "shipping",
    "tax_in_price",
    "referral_fee",
    "refund_fee",
    "other",
    "amount",
    "currency",
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a statement. ``amount`` is the sum of the amounts before it, as it moved the available balance."""

    at: dt.datetime
    kind: str
    reference: str
    order: str = ""
    package: str = ""
    sku: str = ""
    title: str = ""
    quantity: int | None = None
    goods: int = 0
    discount: int = 0
    shipping: int = 0
    tax: int = 0
    referral_fee: int = 0
    refund_fee: int = 0
    other: int = 0

    @property
    def amount(self) -> int:
        return sum((self.goods, self.discount, self.shipping, self.tax, self.referral_fee, self.refund_fee, self.other))


#: What the rows are called on the screen.
ROW_KINDS = {
    "sale": _("Sale"),
    "refund": _("Refund"),
    "refund_fee": _("Refund administration fee"),
    "reserve": _("Held in reserve"),
    "reserve_release": _("Released from reserve"),
    "debt": _("Paid back to the marketplace"),
    "shortfall": _("Carried as owed to the marketplace"),
    "payout": _("Payout"),
    "payout_failed": _("Payout not made"),
    "payout_return": _("Payout returned by the bank"),
    "other": _("Other"),
}


def entries_of(statement: Statement):
    """The entries that the statement covers, in order."""
    return Entry.objects.filter(
        shop_id=statement.shop_id,
        account_id=statement.account_id,
        position__gt=statement.after_position,
        position__lte=statement.to_position,
    ).order_by("position")


def rows(statement: Statement) -> Iterator[Row]:
    """All rows of a statement, read in chunks: a statement of any length takes the same memory."""
    after = statement.after_position
    while entries := _whole_transactions(entries_of(statement).filter(position__gt=after)):
        yield from rows_of(statement.shop_id, entries)
        after = entries[-1].position


def _whole_transactions(entries) -> list[Entry]:
    """The next chunk of entries, not ending in the middle of a transaction."""
    found = list(entries.select_related("transaction")[:CHUNK])
    if len(found) < CHUNK:
        return found
    last = found[-1].transaction_id
    whole = [entry for entry in found if entry.transaction_id != last]
    return whole or found


def rows_of(shop_id: int, entries: Sequence[Entry]) -> Iterator[Row]:
    """The rows that explain these entries, in their order."""
    known = _Known(shop_id, [entry.transaction for entry in entries])
    for made, beside in groupby(entries, key=lambda entry: entry.transaction):
        yield from _explain(made, list(beside), known)


def csv_file(statement: Statement) -> Iterator[bytes]:
    """The statement as CSV, streamed. Amounts in major units with their sign, dates in UTC."""
    code, currency = statement.code, statement.currency

    def cells(row: Row) -> list[Any]:
        amounts = (
            row.goods,
            row.discount,
            row.shipping,
            row.tax,
            row.referral_fee,
            row.refund_fee,
            row.other,
            row.amount,
        )
        return [
            code,
            row.at.astimezone(dt.UTC).strftime("%Y-%m-%d %H:%M:%S"),
            row.kind,
            row.reference,
            row.order,
            row.package,
            row.sku,
            row.title,
            row.quantity,
            *(Money(amount, currency).decimal for amount in amounts),
            currency,
        ]

    return write_rows(COLUMNS, (cells(row) for row in rows(statement)))


class _Known:
    """What explains some transactions: the fees with their lines, and what went back. Three queries for all of them.

    Every table that is joined says whose rows are wanted, so that each is found by its index that begins with the shop.
    """

    def __init__(self, shop_id: int, transactions: Iterable[Transaction]) -> None:
        settled = {one.source_code for one in transactions if one.kind == TransactionKind.SETTLEMENT}
        refunded = {one.source_code for one in transactions if one.kind == TransactionKind.REFUND}
        self.sold: dict[str, list[FeeLine]] = {}
        self.taken_before: dict[int, list[Reversal]] = {}
        self.taken_after: dict[str, list[Reversal]] = {}
        if settled:
            self._read_sold(shop_id, settled)
        if settled or refunded:
            self._read_taken(shop_id, settled, refunded)

    def _read_sold(self, shop_id: int, packages: set[str]) -> None:
        """The referral fee of each settled line: every line has exactly one, so that it stands for the line."""
        fees = FeeLine.objects.filter(
            shop_id=shop_id,
            kind=FeeLine.Kind.REFERRAL,
            earning_line__shop_id=shop_id,
            earning_line__earning__shop_id=shop_id,
            earning_line__earning__package_code__in=packages,
        )
        for fee in fees.select_related("earning_line__earning__order", "earning_line__line").order_by("earning_line"):
            self.sold.setdefault(fee.earning_line.earning.package_code, []).append(fee)

    def _read_taken(self, shop_id: int, packages: set[str], refunds: set[str]) -> None:
        rows = Reversal.objects.filter(shop_id=shop_id).select_related("refund", "line", "order", "earning_line")
        if packages:
            before = rows.filter(
                earning_line__shop_id=shop_id,
                earning_line__earning__shop_id=shop_id,
                earning_line__earning__package_code__in=packages,
                from_pending_minor__gt=0,
            )
            for taken in before.order_by("id"):
                self.taken_before.setdefault(taken.earning_line_id, []).append(taken)
        if refunds:
            after = rows.filter(
                refund__shop_id=shop_id, refund__code__in=refunds, earning_line__isnull=False, from_pending_minor=0
            )
            for taken in after.order_by("id"):
                self.taken_after.setdefault(taken.refund.code, []).append(taken)


def _explain(made: Transaction, entries: list[Entry], known: _Known) -> Iterator[Row]:
    """The rows of a transaction's entries; what its lines do not explain stands as a row of its own."""
    detail = {TransactionKind.SETTLEMENT: _settled, TransactionKind.REFUND: _refunded}.get(made.kind)
    told = [entry for entry in entries if detail and entry.part in _IN_DETAIL]
    if told:
        found = list(detail(made, known))
        yield from found
        rest = sum(entry.amount_minor for entry in told) - sum(row.amount for row in found)
        if rest:
            yield _plain(told[0], made, rest)
    for entry in entries:
        if entry not in told:
            yield _plain(entry, made, entry.amount_minor)


#: Parts of settlements and refunds that are explained by order lines.
_IN_DETAIL = (Part.SETTLEMENT, Part.REFUND, Part.REFERRAL_FEE)


def _settled(made: Transaction, known: _Known) -> Iterator[Row]:
    for fee in known.sold.get(made.source_code, ()):
        line = fee.earning_line
        yield Row(
            at=made.at,
            kind="sale",
            reference=made.source_code,
            order=line.earning.order.code,
            package=line.earning.package_code,
            sku=line.line.sku_code,
            title=line.line.title,
            quantity=line.quantity,
            goods=line.goods_minor,
            discount=-line.seller_discount_minor,
            shipping=line.shipping_minor,
            tax=-line.tax_minor if line.tax_included else 0,
            referral_fee=-fee.amount_minor,
        )
        for taken in known.taken_before.get(line.pk, ()):
            yield _taken(taken, made, line.earning.package_code, fee=taken.from_pending_minor - taken.seller_minor)


def _refunded(made: Transaction, known: _Known) -> Iterator[Row]:
    for taken in known.taken_after.get(made.source_code, ()):
        yield _taken(taken, made, "", fee=0)


def _taken(taken: Reversal, made: Transaction, package: str, *, fee: int) -> Row:
    return Row(
        at=taken.reversed_at,
        kind="refund",
        reference=taken.refund.code,
        order=taken.order.code,
        package=package,
        sku=taken.line.sku_code,
        title=taken.line.title,
        quantity=-taken.refund.quantity if taken.refund.quantity else None,
        goods=-taken.goods_minor,
        discount=taken.seller_discount_minor,
        shipping=-taken.shipping_minor,
        tax=taken.tax_minor if taken.earning_line and taken.earning_line.tax_included else 0,
        referral_fee=taken.referral_minor,
        refund_fee=-fee,
    )


#: Entries that stand for themselves, by what they are part of, else by the kind of their transaction.
_BY_PART = {
    Part.RESERVE: "reserve",
    Part.RECOVERY: "debt",
    Part.SHORTFALL: "shortfall",
    Part.REFUND_FEE: "refund_fee",
}
_BY_KIND = {
    TransactionKind.SETTLEMENT: "reserve",
    TransactionKind.RESERVE_RELEASE: "reserve_release",
    TransactionKind.REFUND: "refund",
    TransactionKind.PAYOUT: "payout",
    TransactionKind.PAYOUT_FAILED: "payout_failed",
    TransactionKind.PAYOUT_RETURN: "payout_return",
}


def _plain(entry: Entry, made: Transaction, amount: int) -> Row:
    kind = _BY_PART.get(Part(entry.part)) or _BY_KIND.get(TransactionKind(made.kind), "other")
    if made.kind == TransactionKind.RESERVE_RELEASE:
        kind = "reserve_release"
    fee = {"refund_fee": amount} if kind == "refund_fee" else {"other": amount}
    return Row(at=made.at, kind=kind, reference=made.source_code, **fee)
