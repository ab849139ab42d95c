"""The three-way tie-out of a statement: what the sales say, what the ledger says, what the bank says (rulebook §5).

Each side is added up from rows of its own, in SQL; a difference is shown with its name, never smoothed over.
"""

import dataclasses
import datetime as dt

from django.core.cache import cache
from django.db import connection
from django.db.models import QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from payouts.models import BankMovement, Statement
from seller_center.kernel.prepared import prepared

#: So long the page of a statement shows what it added up; the nightly proof adds everything up anew.
REMEMBERED_SECONDS = 300


@dataclasses.dataclass(frozen=True, kw_only=True)
class Summary:
    """What happened on the available balance in a period, by what it was; the parts add up to ``total``."""

    goods: int
    discount: int
    shipping: int
    tax: int
    referral_fee: int
    refunds: int
    refund_fee: int
    reserve: int
    debt: int
    returned_payouts: int
    other: int

    @property
    def total(self) -> int:
        return sum(dataclasses.astuple(self))


@dataclasses.dataclass(frozen=True)
class Check:
    """Two sides of one amount. ``theirs`` None: that side has not spoken yet."""

    name: str
    ours: int
    theirs: int | None
    source: str

    @property
    def agrees(self) -> bool:
        return self.theirs == self.ours

    @property
    def waits(self) -> bool:
        return self.theirs is None

    @property
    def difference(self) -> int:
        return 0 if self.theirs is None else self.theirs - self.ours


@dataclasses.dataclass(frozen=True)
class Sums:
    """A statement added up: the lines behind it, the ledger's entries, and the bank's own statement.

    ``at_bank`` is what left the marketplace's account for this payout; None while the bank has not said so.
    ``added_up_at``: when all but the bank's side was added up.
    """

    lines: Summary
    moved: int
    paid_out: int
    closing: int | None
    at_bank: int | None
    added_up_at: dt.datetime


def checks(statement: Statement, sums: Sums) -> list[Check]:
    """The checks of a statement, each with both of its sides."""
    found = [
        Check(_("Sales, fees and refunds"), statement.movements_minor, sums.lines.total, _("orders")),
        Check(_("Entries of the ledger"), statement.movements_minor, sums.moved, _("ledger")),
        Check(_("Closing balance"), statement.closing_minor, sums.closing, _("ledger")),
    ]
    if statement.payout_id:
        found.append(Check(_("Paid out"), statement.paid_out_minor, sums.paid_out, _("ledger")))
        found.append(Check(_("Left for your bank"), statement.paid_out_minor, sums.at_bank, _("bank statement")))
    return found


def sums_of(statement: Statement, at: dt.datetime) -> Sums:
    """As ``add_up``, remembered for a few minutes where it ties out.

    What a closed statement covers is written and stays (INV8), so that its sums stay the same; what the bank says is asked
    each time. What does not tie out is never remembered: whoever looks sees how it stands now.
    """
    name = f"tie-out:1:{statement.pk}:{statement.to_position}"
    known = cache.get(name)
    if known is not None:
        lines, moved, paid_out, closing, then = known
        return Sums(Summary(**lines), moved, paid_out, closing, _at_bank(statement), then)
    sums = add_up(statement, at)
    if all(check.agrees or check.waits for check in checks(statement, sums)):
        known = (dataclasses.asdict(sums.lines), sums.moved, sums.paid_out, sums.closing, sums.added_up_at)
        cache.set(name, known, REMEMBERED_SECONDS)
    return sums


def add_up(statement: Statement, at: dt.datetime) -> Sums:
    """Add up what stands behind the statement's entries, the entries themselves, and the bank's side."""
    place = {
        "shop": statement.shop_id,
        "account": statement.account_id,
        "after": statement.after_position,
        "until": statement.to_position,
    }
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(SUMS_SQL, place)
        for what, amount in cursor.fetchall():
            found[what] = found.get(what, 0) + (amount or 0)
    return Sums(
        lines=Summary(
            goods=found.pop("goods"),
            discount=found.pop("discount"),
            shipping=found.pop("shipping"),
            tax=found.pop("tax"),
            referral_fee=found.pop("referral_fee"),
            refunds=found.pop("refunds"),
            refund_fee=found.pop("fee_before") + found.pop("refund_fee", 0),
            reserve=found.pop("reserve", 0),
            debt=found.pop("recovery", 0) + found.pop("shortfall", 0),
            returned_payouts=found.pop("payout", 0),
            other=sum(amount for what, amount in found.items() if not what.startswith("=")),
        ),
        moved=found["=moved"],
        paid_out=-found["=paid_out"],
        closing=found.get("=closing"),
        at_bank=_at_bank(statement),
        added_up_at=at,
    )


def _at_bank(statement: Statement) -> int | None:
    """What the bank says left the marketplace's account for the statement's payout."""
    if statement.payout_id is None:
        return None
    return next((left for (left,) in _left_for(shop=statement.shop_id, payout=statement.payout_id)), None)


@prepared
def _left_for(*, shop: int, payout: int) -> QuerySet:
    """The sum that left for this payout; no row where nothing is said."""
    rows = BankMovement.objects.filter(shop_id=shop, payout=payout, amount_minor__lt=0)
    return rows.order_by().values("payout").annotate(left=-Sum("amount_minor")).values_list("left")


#: One pass over the entries of the statement; what they are made of is read from orders' side of the books. Names that
#: begin with “=” are sums of the ledger itself. A shop whose reserve account has no entry is not asked
#: for entries of its reserve, settlement by settlement. Keys are looked up as arrays: PostgreSQL walks an index once for
#: all of them, not down to its leaves for each.
SUMS_SQL = """
    WITH covered AS MATERIALIZED (
        SELECT e.part, e.amount_minor AS amount, e.position, e.balance_after_minor, t.shop_id, t.id AS made, t.kind,
            t.source_code,
            t.kind = 'settlement' AND e.part = 'settlement' AS settles,
            t.kind = 'refund' AND e.part IN ('refund', 'referral_fee') AS refunds
        FROM payouts_entry e
        JOIN payouts_transaction t ON t.shop_id = e.shop_id AND t.id = e.transaction_id
        WHERE e.shop_id = %(shop)s AND e.account_id = %(account)s
            AND e.position > %(after)s AND e.position <= %(until)s
    ), sold AS MATERIALIZED (
        SELECT l.id, l.goods_minor, l.seller_discount_minor, l.shipping_minor, l.tax_minor, l.tax_included
        FROM payouts_earningline l
        WHERE l.shop_id = %(shop)s AND l.earning_id = ANY (ARRAY(
            SELECT g.id FROM payouts_earning g WHERE g.shop_id = %(shop)s AND g.package_code = ANY (ARRAY(
                SELECT source_code FROM covered WHERE settles))))
    ), taken AS MATERIALIZED (
        SELECT r.seller_minor AS seller, r.from_pending_minor - r.seller_minor AS fee FROM payouts_reversal r
        WHERE r.shop_id = %(shop)s AND r.earning_line_id = ANY (ARRAY(SELECT id FROM sold)) AND r.from_pending_minor > 0
        UNION ALL
        SELECT r.seller_minor, 0 FROM covered c
        JOIN orders_refund o ON o.shop_id = c.shop_id AND o.code = c.source_code
        JOIN payouts_reversal r ON r.shop_id = o.shop_id AND r.refund_id = o.id
            AND r.earning_line_id IS NOT NULL AND r.from_pending_minor = 0 AND r.lack_minor = 0
        WHERE c.kind = 'refund' AND c.part = 'refund'
    )
    SELECT what.name, what.amount FROM (
        SELECT sum(l.goods_minor)::bigint AS goods, -sum(l.seller_discount_minor)::bigint AS discount,
            sum(l.shipping_minor)::bigint AS shipping, -sum(l.tax_minor) FILTER (WHERE l.tax_included)::bigint AS tax
        FROM sold l
    ) AS s, LATERAL (
        VALUES ('goods', s.goods), ('discount', s.discount), ('shipping', s.shipping), ('tax', s.tax)
    ) AS what (name, amount)
    UNION ALL SELECT 'referral_fee', -sum(f.amount_minor)::bigint FROM payouts_feeline f
        WHERE f.shop_id = %(shop)s AND f.earning_line_id = ANY (ARRAY(SELECT id FROM sold))
    UNION ALL SELECT 'refunds', -sum(seller)::bigint FROM taken
    UNION ALL SELECT 'fee_before', -sum(fee)::bigint FROM taken
    UNION ALL SELECT 'reserve', -sum(held.amount_minor)::bigint FROM covered c
        JOIN payouts_entry held ON held.shop_id = c.shop_id AND held.transaction_id = c.made AND held.part = 'reserve'
        WHERE c.settles AND EXISTS (
            SELECT FROM payouts_account a WHERE a.shop_id = %(shop)s AND a.kind = 'reserve' AND a.entry_count > 0)
    UNION ALL SELECT part, sum(amount)::bigint FROM covered
        WHERE NOT settles AND NOT refunds AND kind <> 'payout' GROUP BY part
    UNION ALL SELECT '=moved', coalesce(sum(amount) FILTER (WHERE kind <> 'payout'), 0)::bigint FROM covered
    UNION ALL SELECT '=paid_out', coalesce(sum(amount) FILTER (WHERE kind = 'payout'), 0)::bigint FROM covered
    UNION ALL SELECT '=closing', balance_after_minor FROM covered WHERE position = %(until)s
"""
