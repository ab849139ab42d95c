"""Settlement: what was earned becomes available when its days have passed and no after-sale case is open (rulebook §5).

``terms_of`` says how long a shop waits; the moment is fixed at delivery and shown in the money calendar. ``settle``
works over all shops in set-based chunks: mark the earnings, post, tell. Part of the money may be held back as a
reserve, and what the shop owes is paid first.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterable

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from orders.models import ReturnRequest
from payouts import posting
from payouts.models import AccountKind, Earning, SettlementTerms, TransactionKind
from shops import events
from shops.batches import Run, batch_run
from shops.models import EligibilityReview, Shop
from shops.policy import Policy
from shops.policy_book import policy_for

CHUNK = 5_000


#: What the terms of an earning are called.
TERMS = {
    "standard": _("Standard"),
    "introductory": _("Introductory"),
    "accelerated": _("Accelerated"),
    "express": _("Express"),
}


@dataclasses.dataclass(frozen=True)
class Terms:
    """How long a shop's money stays pending, and what decided it."""

    name: str
    days: int


def terms_of(shop: Shop, policy: Policy) -> Terms:
    """The settlement terms of a shop: introductory by a staff decision only, else by standing (model.md §6)."""
    rules = policy.payouts
    if SettlementTerms.objects.in_shop(shop).standing().filter(introductory=True).exists():
        return Terms("introductory", rules.available_after_days_introductory)
    if not shop.programme_eligible:
        return Terms("standard", rules.available_after_days)
    if _score_tenths(shop) >= rules.express_least_sps_tenths:
        return Terms("express", rules.available_after_days_express)
    return Terms("accelerated", rules.available_after_days_eligible)


def _score_tenths(shop: Shop) -> int:
    """The score of the last evaluation that stands; 0 where nothing was measured."""
    review = EligibilityReview.objects.in_shop(shop).standing().newest_first().first()
    return (review.scorecard.get("sps_tenths") if review else None) or 0


@dataclasses.dataclass(frozen=True)
class Settled:
    """What a run of settlement did, or would do."""

    earnings: int = 0
    shops: int = 0
    total_minor: int = 0


def settle(*, at: dt.datetime, shop: Shop | None = None) -> Settled:
    """Make available what is due, for all shops or one. Repeatable: what is settled is not found again."""
    if shop is not None:
        return _settle_all(at, shop, None)
    with batch_run("settle", f"{at:%Y-%m-%dT%H}", at=at) as run:
        done = _settle_all(at, None, run)
        run.count("earnings", done.earnings)
    return done


def due(at: dt.datetime, shop: Shop | None = None):
    """Earnings whose days have passed and that no open case holds."""
    rows = Earning.objects.filter(status=Earning.Status.PENDING_SETTLEMENT, available_from__lte=at)
    rows = rows.exclude(order__in=ReturnRequest.objects.open_cases().values("order"))
    return rows.filter(shop=shop) if shop else rows


def _settle_all(at: dt.datetime, shop: Shop | None, run: Run | None) -> Settled:
    total = Settled()
    while True:
        with transaction.atomic():
            posting.alone()
            done = _settle_chunk(at, shop)
        if not done.earnings:
            break
        total = Settled(total.earnings + done.earnings, total.shops + done.shops, total.total_minor + done.total_minor)
        if run:
            run.beat()
    with transaction.atomic():
        posting.alone()
        release_reserves(at=at, shop=shop)
    return total


def _settle_chunk(at: dt.datetime, shop: Shop | None) -> Settled:
    _mark(at, shop)
    shops = _shops_of_chunk()
    if not shops:
        return Settled()
    ids = [shop_id for shop_id, *_rest in shops]
    _write_reserves(at, ids)
    posting.hold(AccountKind.PENDING, ids)
    posting.hold(AccountKind.DEBT, ids)
    posting.post_many(kind=TransactionKind.SETTLEMENT, source_kind="package", lines_sql=LINES_SQL, params=(), at=at)
    events.record_many(
        "earning.settled",
        by=None,
        at=at,
        shop_ids=ids,
        subjects=[
            ("shop", code, {"earning_count": count, "total_minor": total, "currency": currency})
            for _shop_id, code, currency, count, total in shops
        ],
    )
    return Settled(sum(row[3] for row in shops), len(shops), sum(row[4] for row in shops))


def _mark(at: dt.datetime, shop: Shop | None) -> None:
    """Mark up to a chunk of due earnings as available and keep them in ``settling``."""
    posting.temporary(
        "settling",
        "id bigint, shop_id bigint, currency text, package_code text, order_id bigint, amount bigint",
    )
    chosen, params = due(at, shop).order_by("available_from", "id").values("id")[:CHUNK].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH chosen AS ({chosen}), marked AS (
                UPDATE payouts_earning e SET status = 'available', settled_at = %s
                FROM chosen WHERE e.id = chosen.id AND e.status = 'pending_settlement'
                RETURNING e.id, e.shop_id, e.currency, e.package_code, e.order_id, e.net_minor - e.taken_minor AS amount
            )
            INSERT INTO settling SELECT id, shop_id, currency, package_code, order_id, amount FROM marked
            """,  # noqa: S608 - composed of a query set's own SQL
            [*params, at],
        )


def _shops_of_chunk() -> list[tuple[int, str, str, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT s.shop_id, shop.code, s.currency, count(*), sum(s.amount)::bigint
            FROM settling s JOIN shops_shop shop ON shop.id = s.shop_id
            GROUP BY s.shop_id, shop.code, s.currency ORDER BY s.shop_id
            """
        )
        return cursor.fetchall()


def _write_reserves(at: dt.datetime, shop_ids: Iterable[int]) -> None:
    """What part of a shop's money is held back, for the few shops with a reserve."""
    posting.temporary("settling_reserve", "shop_id bigint, rate_bp int")
    rows = SettlementTerms.objects.standing().filter(shop__in=shop_ids, reserve_level__gt=0, reserve_until__gt=at)
    rates = [
        (terms.shop_id, policy_for(terms.shop, at).payouts.reserve_bp[terms.reserve_level])
        for terms in rows.select_related("shop")
    ]
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO settling_reserve VALUES (%s, %s)", rates)


LINES_SQL = """
    WITH kept AS (
        SELECT s.*, (s.amount * coalesce(r.rate_bp, 0) + 5000) / 10000 AS reserved
        FROM settling s LEFT JOIN settling_reserve r USING (shop_id)
    ), freed AS (
        SELECT k.*, k.amount - k.reserved AS free,
            sum(k.amount - k.reserved) OVER (PARTITION BY k.shop_id, k.currency ORDER BY k.id) AS until_here,
            -coalesce(a.balance_minor, 0) AS owed
        FROM kept k
        LEFT JOIN payouts_account a ON a.shop_id = k.shop_id AND a.currency = k.currency AND a.kind = 'debt'
    ), paid_back AS (
        SELECT f.*, (least(f.until_here, f.owed) - least(f.until_here - f.free, f.owed))::bigint AS back FROM freed f
    ), sides AS (
        SELECT p.*, side.* FROM paid_back p CROSS JOIN LATERAL (VALUES
            ('pending', -p.amount, 'settlement', 1),
            ('reserve', p.reserved, 'reserve', 2),
            ('available', p.free, 'settlement', 3),
            ('debt', p.back, 'recovery', 4),
            ('available', -p.back, 'recovery', 5)
        ) AS side (account_kind, amount_minor, part, place)
    )
    SELECT shop_id, currency, package_code AS source_code, 0 AS step, order_id, account_kind, amount_minor, part, place
    FROM sides
"""


def release_reserves(*, at: dt.datetime, shop: Shop | None = None) -> int:
    """Give back the reserves whose time is over (or whose terms were ended). How many shops got theirs back."""
    held = SettlementTerms.objects.standing().filter(reserve_level__gt=0, reserve_until__gt=at)
    only, params = ("AND a.shop_id = %s", [shop.pk]) if shop else ("", [])
    kept, kept_params = held.values("shop_id").query.sql_with_params()
    return posting.post_many(
        kind=TransactionKind.RESERVE_RELEASE,
        source_kind="reserve",
        at=at,
        params=[at.strftime("%Y%m%d%H%M"), *kept_params, *params],
        lines_sql=f"""
            SELECT a.shop_id, a.currency, %s AS source_code, 0 AS step, NULL::bigint AS order_id,
                side.account_kind, side.amount_minor, 'reserve' AS part, side.place
            FROM payouts_account a CROSS JOIN LATERAL (VALUES
                ('reserve', -a.balance_minor, 1), ('available', a.balance_minor, 2)
            ) AS side (account_kind, amount_minor, place)
            WHERE a.kind = 'reserve' AND a.balance_minor > 0 AND a.shop_id NOT IN ({kept}) {only}
        """,  # noqa: S608 - composed of a query set's own SQL
    )
