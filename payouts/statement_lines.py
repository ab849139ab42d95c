"""What a statement is made of, down to the order line and the fee: the rows of its page, its CSV and its tie-out.

A statement covers entries of the available account by position. Each becomes the rows that explain it: a settled
package the sales of its lines, their fees and what went back of them before; a refund the lines it took; anything else
itself. The rows of an entry add up to the entry, so that statement, ledger and bank file are equal to the cent.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from django.db.models import F, QuerySet
from django.utils.translation import gettext_lazy as _

from payouts.models import Entry, FeeLine, Part, Reversal, Statement, TransactionKind
from seller_center.kernel.csvio import write_rows
from seller_center.kernel.money import Money
from seller_center.kernel.prepared import prepared, several

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


class Covered(NamedTuple):
    """An entry that a statement covers, with what its transaction says."""

    id: int
    position: int
    amount_minor: int
    part: str
    transaction_id: int
    kind: str
    source_code: str
    at: dt.datetime


def entries_of(statement: Statement) -> QuerySet:
    """The entries that the statement covers, in order; each row has the fields of ``Covered``."""
    rows = Entry.objects.filter(
        shop_id=statement.shop_id,
        account_id=statement.account_id,
        position__gt=statement.after_position,
        position__lte=statement.to_position,
    )
    about = {name: F(f"transaction__{name}") for name in ("kind", "source_code", "at")}
    return rows.annotate(**about).values_list(*Covered._fields, named=True).order_by("position")


def rows(statement: Statement) -> Iterator[Row]:
    """All rows of a statement, read in chunks: a statement of any length takes the same memory."""
    after = statement.after_position
    while entries := _whole_transactions(entries_of(statement).filter(position__gt=after)):
        yield from rows_of(statement.shop_id, entries)
        after = entries[-1].position


def _whole_transactions(entries: QuerySet) -> list[Covered]:
    """The next chunk of entries, not ending in the middle of a transaction."""
    found = list(entries[:CHUNK])
    if len(found) < CHUNK:
        return found
    last = found[-1].transaction_id
    whole = [entry for entry in found if entry.transaction_id != last]
    return whole or found


def rows_of(shop_id: int, entries: Sequence[Covered]) -> Iterator[Row]:
    """The rows that explain these entries, in their order."""
    known = _Known(shop_id, entries)
    for _transaction, beside in groupby(entries, key=lambda entry: entry.transaction_id):
        yield from _explain(list(beside), known)


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


class _Sold(NamedTuple):
    """A settled order line: every line has exactly one referral fee, so that the fee stands for the line."""

    id: int
    package: str
    order: str
    sku: str
    title: str
    quantity: int
    goods: int
    seller_discount: int
    shipping: int
    tax: int
    tax_included: bool
    referral_fee: int
    taken_from_package: int


@prepared
def _sold(*, shop: int, packages: list[str]) -> QuerySet:
    """The settled lines of packages. Every table that is joined says whose rows are wanted, so that each is found by its
    index that begins with the shop."""
    fees = FeeLine.objects.filter(
        shop_id=shop,
        kind=FeeLine.Kind.REFERRAL,
        earning_line__shop_id=shop,
        earning_line__earning__shop_id=shop,
        earning_line__earning__package_code__in=packages,
    )
    return fees.order_by("earning_line").values_list(
        "earning_line_id",
        "earning_line__earning__package_code",
        "earning_line__earning__order__code",
        "earning_line__line__sku_code",
        "earning_line__line__title",
        "earning_line__quantity",
        "earning_line__goods_minor",
        "earning_line__seller_discount_minor",
        "earning_line__shipping_minor",
        "earning_line__tax_minor",
        "earning_line__tax_included",
        "amount_minor",
        "earning_line__earning__taken_minor",
    )


class _Taken(NamedTuple):
    """What a refund took of an earned line."""

    earning_line: int
    at: dt.datetime
    refund: str
    refunded_quantity: int | None
    order: str
    sku: str
    title: str
    goods: int
    seller_discount: int
    shipping: int
    tax: int
    tax_included: bool
    referral: int
    seller: int
    from_pending: int


_TAKEN = (
    "earning_line_id",
    "reversed_at",
    "refund__code",
    "refund__quantity",
    "order__code",
    "line__sku_code",
    "line__title",
    "goods_minor",
    "seller_discount_minor",
    "shipping_minor",
    "tax_minor",
    "earning_line__tax_included",
    "referral_minor",
    "seller_minor",
    "from_pending_minor",
)


@prepared
def _taken_before(*, shop: int, earning_lines: list[int]) -> QuerySet:
    """What went back of lines before they were settled."""
    rows = Reversal.objects.filter(shop_id=shop, earning_line__in=earning_lines, from_pending_minor__gt=0)
    return rows.order_by("id").values_list(*_TAKEN)


@prepared
def _taken_after(*, shop: int, refunds: list[str]) -> QuerySet:
    """What refunds took of lines that were settled."""
    rows = Reversal.objects.filter(
        shop_id=shop,
        refund__shop_id=shop,
        refund__code__in=refunds,
        earning_line__isnull=False,
        from_pending_minor=0,
        lack_minor=0,
    )
    return rows.order_by("id").values_list(*_TAKEN)


class _Known:
    """What explains some entries: the fees with their lines, and what went back. Three queries for all of them."""

    def __init__(self, shop_id: int, entries: Sequence[Covered]) -> None:
        settled = {one.source_code for one in entries if one.kind == TransactionKind.SETTLEMENT}
        refunded = {one.source_code for one in entries if one.kind == TransactionKind.REFUND}
        self.sold: dict[str, list[_Sold]] = {}
        self.taken_before: dict[int, list[_Taken]] = {}
        self.taken_after: dict[str, list[_Taken]] = {}
        if settled:
            self._read_sold(shop_id, settled)
        if refunded:
            for row in _taken_after(shop=shop_id, refunds=several(refunded)):
                taken = _Taken._make(row)
                self.taken_after.setdefault(taken.refund, []).append(taken)

    def _read_sold(self, shop_id: int, packages: set[str]) -> None:
        """The lines of settled packages; what went back of them is asked only where a package says that something did."""
        found = [_Sold._make(row) for row in _sold(shop=shop_id, packages=several(packages))]
        for sold in found:
            self.sold.setdefault(sold.package, []).append(sold)
        if less := {sold.id for sold in found if sold.taken_from_package}:
            for row in _taken_before(shop=shop_id, earning_lines=several(less)):
                taken = _Taken._make(row)
                self.taken_before.setdefault(taken.earning_line, []).append(taken)


def _explain(entries: list[Covered], known: _Known) -> Iterator[Row]:
    """The rows of a transaction's entries; what its lines do not explain stands as a row of its own."""
    made = entries[0]
    detail = {TransactionKind.SETTLEMENT: _settled, TransactionKind.REFUND: _refunded}.get(made.kind)  # type: ignore[call-overload]
    told = [entry for entry in entries if detail and entry.part in _IN_DETAIL]
    if told:
        found = list(detail(made, known))
        yield from found
        rest = sum(entry.amount_minor for entry in told) - sum(row.amount for row in found)
        if rest:
            yield _plain(told[0], rest)
    for entry in entries:
        if entry not in told:
            yield _plain(entry, entry.amount_minor)


#: Parts of settlements and refunds that are explained by order lines.
_IN_DETAIL = (Part.SETTLEMENT, Part.REFUND, Part.REFERRAL_FEE)


def _settled(made: Covered, known: _Known) -> Iterator[Row]:
    for sold in known.sold.get(made.source_code, ()):
        yield Row(
            at=made.at,
            kind="sale",
            reference=made.source_code,
            order=sold.order,
            package=sold.package,
            sku=sold.sku,
            title=sold.title,
            quantity=sold.quantity,
            goods=sold.goods,
            discount=-sold.seller_discount,
            shipping=sold.shipping,
            tax=-sold.tax if sold.tax_included else 0,
            referral_fee=-sold.referral_fee,
        )
        for taken in known.taken_before.get(sold.id, ()):
            yield _went_back(taken, sold.package, fee=taken.from_pending - taken.seller)


def _refunded(made: Covered, known: _Known) -> Iterator[Row]:
    for taken in known.taken_after.get(made.source_code, ()):
        yield _went_back(taken, "", fee=0)


def _went_back(taken: _Taken, package: str, *, fee: int) -> Row:
    return Row(
        at=taken.at,
        kind="refund",
        reference=taken.refund,
        order=taken.order,
        package=package,
        sku=taken.sku,
        title=taken.title,
        quantity=-taken.refunded_quantity if taken.refunded_quantity else None,
        goods=-taken.goods,
        discount=taken.seller_discount,
        shipping=-taken.shipping,
        tax=taken.tax if taken.tax_included else 0,
        referral_fee=taken.referral,
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


def _plain(entry: Covered, amount: int) -> Row:
    kind = _BY_PART.get(Part(entry.part)) or _BY_KIND.get(TransactionKind(entry.kind), "other")
    if entry.kind == TransactionKind.RESERVE_RELEASE:
        kind = "reserve_release"
    fee = {"refund_fee": amount} if kind == "refund_fee" else {"other": amount}
    return Row(at=entry.at, kind=kind, reference=entry.source_code, **fee)
