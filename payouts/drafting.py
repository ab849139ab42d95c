"""Payday: close every due shop's statement and turn its available money into a payout of one batch per market (DEC14).

Set-based, in chunks of shops; the unit of work is a shop's statement of the payday, unique, so that a run may stop
anywhere and be repeated. A payout covers the entries of the available account since the last statement by their
position: no line is rewritten, and what the entries add up to must be what the account holds, else the shop is left
out (INV12).
"""

import dataclasses
import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from payouts import payday, posting
from payouts.models import AccountKind, Payout, PayoutBatch, TransactionKind
from seller_center.kernel.calendar import day_of, hours_from
from seller_center.kernel.errors import Invalid
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.batches import Run, batch_run
from shops.models import BankAccount, BatchRun, Market, Shop
from shops.policy_book import policy_for

CHUNK = 1_000
KIND = "run_payouts"

#: Why a shop gets no payout on a payday though it has money, by the code that ``closing`` uses.
LEFT_OUT = {
    "below_minimum": "less than the smallest payout; carried to the next payday",
    "no_bank_account": "no bank account is known",
    "bank_changed": "the bank account was changed and is not used yet",
    "books": "the entries do not add up to the balance",
}


class NotAPayday(Invalid):
    """The day asked for is not one on which this market pays, or has not come yet."""


@dataclasses.dataclass
class Drafted:
    """What a run did, or would do."""

    market: str
    period_on: dt.date
    batch: PayoutBatch | None = None
    payout_count: int = 0
    total_minor: int = 0
    statement_count: int = 0
    left_out: Counter = dataclasses.field(default_factory=Counter)


def payday_of(market: Market, at: dt.datetime) -> dt.date:
    """The newest payday of a market: the one that a run without a date is for, however late it comes."""
    weekday = policy_for(market.code, at).payouts.weekday
    return payday.last_payday(day_of(at, market.zone), weekday=weekday)


def is_done(market: Market, period_on: dt.date) -> bool:
    """Whether the payday was run to its end."""
    return BatchRun.objects.filter(
        kind=KIND, period=f"{market.code}:{period_on}", status__in=("finished", "failed")
    ).exists()


def draft(*, market: Market, period_on: dt.date, at: dt.datetime, by=None, dry_run: bool = False) -> Drafted:
    """Draft the payouts of one market's payday. A repeat drafts what is left, into a further batch of the day.

    Raises ``NotAPayday``, and ``AlreadyRunning`` while another process is at it.
    """
    weekday = policy_for(market.code, at).payouts.weekday
    rhythms = payday.rhythms_due(period_on, weekday=weekday)
    if not rhythms or period_on > day_of(at, market.zone):
        raise NotAPayday(
            _("%(day)s is no payday of %(market)s, or has not come yet.") % {"day": period_on, "market": market.code},
            field="on",
        )
    work = _Payday(market, period_on, rhythms, at, by)
    if dry_run:
        return work.look()
    with batch_run(KIND, f"{market.code}:{period_on}", at=at) as run:
        done = work.run(run)
        run.count("payouts", done.payout_count)
        run.count("statements", done.statement_count)
    return done


class _Payday:
    """One run: a market, a payday, the rhythms that are due."""

    def __init__(self, market: Market, period_on: dt.date, rhythms: Sequence[int], at: dt.datetime, by: Any) -> None:
        self.market, self.period_on, self.rhythms, self.at, self.by = market, period_on, rhythms, at, by
        self.rules = policy_for(market.code, at).payouts
        self.done = Drafted(market.code, period_on)

    def run(self, run: Run) -> Drafted:
        with transaction.atomic():
            self._take_up_held()
        for ids in self._chunks():
            with transaction.atomic():
                posting.alone()
                self._draft_chunk(ids, run)
                failpoint("payday.before_commit")
            run.beat()
        if self.done.batch is not None:
            self.done.batch.refresh_from_db()
        return self.done

    def look(self) -> Drafted:
        """What a run would do, without doing it."""
        for ids in self._chunks():
            with transaction.atomic():
                posting.alone()
                self._recover_debt(ids)
                self._close(ids)
                self._count()
                transaction.set_rollback(True)
        return self.done

    def _chunks(self) -> Iterator[list[int]]:
        """Shops of the market whose rhythm is due and whose statement of this day is not closed, by key."""
        last = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(
                    """
                    SELECT shop.id FROM shops_shop shop
                    JOIN payouts_account a ON a.shop_id = shop.id AND a.kind = 'available' AND a.entry_count > 0
                    WHERE shop.market_id = %s AND shop.id > %s AND shop.payout_every_weeks = ANY(%s)
                        AND NOT EXISTS (
                            SELECT FROM payouts_statement s
                            WHERE s.shop_id = a.shop_id AND s.account_id = a.id AND s.closes_on = %s
                        )
                    ORDER BY shop.id LIMIT %s
                    """,
                    [self.market.code, last, list(self.rhythms), self.period_on, CHUNK],
                )
                ids = [shop_id for (shop_id,) in cursor.fetchall()]
            if not ids:
                return
            yield ids
            last = ids[-1]

    def _draft_chunk(self, ids: list[int], run: Run) -> None:
        self._recover_debt(ids)
        self._close(ids)
        paid = self._count()
        if paid:
            self._make_batch()
            self._insert_payouts()
        self._insert_statements(bool(paid))
        for code in self._shops_left_out("books"):
            run.error(code, LEFT_OUT["books"])
        self._tell(bool(paid))

    def _recover_debt(self, ids: list[int]) -> None:
        """What a shop owes is paid first. The accounts stay locked until the chunk is done."""
        posting.hold(AccountKind.DEBT, ids)
        posting.hold(AccountKind.AVAILABLE, ids)
        posting.post_many(
            kind=TransactionKind.DEBT_RECOVERY,
            source_kind="payday",
            at=self.at,
            params=[f"{self.period_on}", ids],
            lines_sql="""
                SELECT a.shop_id, a.currency, %s AS source_code, 0 AS step, NULL::bigint AS order_id, side.account_kind,
                    side.amount AS amount_minor, 'recovery' AS part, side.place
                FROM payouts_account a
                JOIN payouts_account d ON d.shop_id = a.shop_id AND d.currency = a.currency AND d.kind = 'debt'
                CROSS JOIN LATERAL (SELECT least(a.balance_minor, -d.balance_minor) AS back) AS owed
                CROSS JOIN LATERAL (VALUES ('debt', owed.back, 1), ('available', -owed.back, 2))
                    AS side (account_kind, amount, place)
                WHERE a.kind = 'available' AND owed.back > 0 AND a.shop_id = ANY(%s)
            """,
        )

    def _close(self, ids: list[int]) -> None:
        """Into ``closing``: each shop's balance, its entries since the last statement, and why it is not paid."""
        posting.temporary(
            "closing",
            "shop_id bigint, shop_code text, account_id bigint, currency text, balance bigint, after_position bigint,"
            " to_position bigint, opening bigint, opens_at timestamptz, movements bigint, bank_account_id bigint,"
            " left_out text",
        )
        with connection.cursor() as cursor:
            cursor.execute(CLOSING_SQL, [self.rules.least_minor, self.at, ids])

    def _count(self) -> int:
        """Add the chunk to what the run did; how many shops of it are paid."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT left_out, count(*), sum(balance)::bigint FROM closing GROUP BY left_out")
            found = {reason: (count, total) for reason, count, total in cursor.fetchall()}
        count, total = found.pop("", (0, 0))
        self.done.payout_count += count
        self.done.total_minor += total
        self.done.left_out.update({reason: many for reason, (many, _total) in found.items() if reason != "nothing"})
        return count

    def _shops_left_out(self, reason: str) -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT shop_code FROM closing WHERE left_out = %s ORDER BY shop_id", [reason])
            return [code for (code,) in cursor.fetchall()]

    def _make_batch(self) -> PayoutBatch:
        """The batch of this run, made with its first payout; staff are given until ``release_by``."""
        if self.done.batch is not None:
            return self.done.batch
        runs = PayoutBatch.objects.filter(market=self.market, pays_on=self.period_on).count()
        batch = PayoutBatch.objects.create(
            market=self.market,
            currency=self.market.currency,
            pays_on=self.period_on,
            run_no=runs + 1,
            drafted_at=self.at,
            release_by=hours_from(self.at, self.rules.release_hours),
        )
        self.done.batch = batch
        platform = platform_shop(self.market)
        deadlines.set_deadline(
            shop=platform,
            kind="payout_batch.release_by",
            subject_kind="payout_batch",
            subject_code=batch.code,
            due_at=batch.release_by,
            at=self.at,
        )
        events.record(
            "payout_batch.drafted",
            shop=platform,
            subject_kind="payout_batch",
            subject_code=batch.code,
            by=self.by,
            at=self.at,
            pays_on=f"{self.period_on}",
        )
        return batch

    def _insert_payouts(self) -> None:
        posting.temporary("drafted", "id bigint, shop_id bigint, code text, currency text, amount bigint")
        batch = self.done.batch
        assert batch is not None
        with connection.cursor() as cursor:
            cursor.execute(
                """
                WITH fresh AS (
                    INSERT INTO payouts_payout (shop_id, code, period_on, batch_id, bank_account_id, currency,
                        amount_minor, status, hold, hold_reason, drafted_at, attempts, lease_owner, bank_reference,
                        return_code, reason)
                    SELECT shop_id, shop_code || %s, %s, %s, bank_account_id, currency,
                        balance, 'ready', '', '', %s, 0, '', '', '', ''
                    FROM closing WHERE left_out = '' ORDER BY shop_id
                    RETURNING id, shop_id, code, currency, amount_minor
                )
                INSERT INTO drafted SELECT id, shop_id, code, currency, amount_minor FROM fresh
                """,
                [f"-P{self.period_on:%y%m%d}", self.period_on, batch.pk, self.at],
            )
            cursor.execute("SELECT count(*), sum(amount)::bigint FROM drafted")
            count, total = cursor.fetchone()
        posting.post_many(
            kind=TransactionKind.PAYOUT,
            source_kind="payout",
            at=self.at,
            by=self.by,
            params=(),
            lines_sql="""
                SELECT d.shop_id, d.currency, d.code AS source_code, 0 AS step, NULL::bigint AS order_id,
                    side.account_kind, side.amount AS amount_minor, 'payout' AS part, side.place
                FROM drafted d CROSS JOIN LATERAL (VALUES ('available', -d.amount, 1), ('in_flight', d.amount, 2))
                    AS side (account_kind, amount, place)
            """,
        )
        PayoutBatch.objects.filter(pk=batch.pk).update(
            payout_count=F("payout_count") + count, total_minor=F("total_minor") + total
        )

    def _insert_statements(self, paid: bool) -> None:
        posting.temporary("published", "shop_id bigint, code text, currency text, closing bigint, paid bigint")
        payouts = "drafted d USING (shop_id)" if paid else NO_PAYOUTS
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH fresh AS (
                    INSERT INTO payouts_statement (shop_id, code, account_id, payout_id, currency, opens_at, closes_on,
                        closed_at, after_position, to_position, opening_minor, movements_minor, paid_out_minor,
                        closing_minor)
                    SELECT shop_id, c.shop_code || %s, c.account_id, d.id, c.currency, c.opens_at, %s,
                        %s, c.after_position, c.to_position + (d.id IS NOT NULL)::int, c.opening, c.movements,
                        coalesce(d.amount, 0), c.opening + c.movements - coalesce(d.amount, 0)
                    FROM closing c LEFT JOIN {payouts}
                    WHERE c.left_out NOT IN ('books', 'nothing')
                        AND c.to_position + (d.id IS NOT NULL)::int > c.after_position
                    RETURNING shop_id, code, currency, closing_minor, paid_out_minor
                )
                INSERT INTO published SELECT shop_id, code, currency, closing_minor, paid_out_minor FROM fresh
                """,  # noqa: S608 - one of two constants
                [f"-S{self.period_on:%y%m%d}", self.period_on, self.at],
            )
            self.done.statement_count += cursor.rowcount

    def _tell(self, paid: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT shop_id, code, currency, closing, paid FROM published ORDER BY shop_id")
            published = cursor.fetchall()
            drafted = []
            if paid:
                cursor.execute("SELECT shop_id, code, currency, amount FROM drafted ORDER BY shop_id")
                drafted = cursor.fetchall()
        self._record_many(
            "payout.drafted",
            "payout",
            [(shop, code, {"amount_minor": amount, "currency": currency}) for shop, code, currency, amount in drafted],
        )
        self._record_many(
            "statement.published",
            "statement",
            [
                (shop, code, {"paid_out_minor": out, "closing_minor": closing, "currency": currency})
                for shop, code, currency, closing, out in published
            ],
        )

    def _record_many(self, kind: str, subject_kind: str, found: list[tuple[int, str, dict]]) -> None:
        if found:
            events.record_many(
                kind,
                by=self.by,
                at=self.at,
                shop_ids=[shop_id for shop_id, _code, _facts in found],
                subjects=[(subject_kind, code, facts) for _shop_id, code, facts in found],
            )

    def _take_up_held(self) -> None:
        """Payouts that were held for a changed account which may be used now, or put back by staff, join the batch."""
        rows = Payout.objects.filter(shop__market=self.market, batch=None, status__in=("held", "ready")).exclude(
            status="held", hold=Payout.Hold.STAFF
        )
        for payout in rows.select_related("shop").order_by("pk").select_for_update(of=("self",), no_key=True):
            account = BankAccount.objects.in_shop(payout.shop).current().filter(usable_from__lte=self.at).first()
            if account is None:
                continue
            batch = self._make_batch()
            changes = {"batch": batch, "bank_account": account, "hold": Payout.Hold.NONE, "hold_reason": ""}
            if payout.status == Payout.Status.HELD:
                move(payout, Payout.Status.READY, **changes)
            else:
                Payout.objects.filter(shop_id=payout.shop_id, pk=payout.pk, batch=None).update(**changes)
            PayoutBatch.objects.filter(pk=batch.pk).update(
                payout_count=F("payout_count") + 1, total_minor=F("total_minor") + payout.amount_minor
            )


def platform_shop(market: Market) -> Shop:
    """The shop that carries the market's staff and batch events."""
    return Shop.objects.get(market=market, is_platform=True)


NO_PAYOUTS = "(SELECT NULL::bigint AS shop_id, NULL::bigint AS id, NULL::bigint AS amount LIMIT 0) d USING (shop_id)"

CLOSING_SQL = """
    INSERT INTO closing
    SELECT a.shop_id, shop.code, a.id, a.currency, a.balance_minor,
        coalesce(last.to_position, 0), a.entry_count, coalesce(last.closing_minor, 0),
        coalesce(last.closed_at, shop.created_at), coalesce(sums.movements, 0), bank.id,
        CASE
            WHEN coalesce(last.closing_minor, 0) + coalesce(sums.movements, 0) <> a.balance_minor THEN 'books'
            WHEN a.entry_count = coalesce(last.to_position, 0) AND a.balance_minor < lim.least_minor THEN 'nothing'
            WHEN a.balance_minor < lim.least_minor THEN 'below_minimum'
            WHEN bank.id IS NULL THEN 'no_bank_account'
            WHEN bank.usable_from > lim.at THEN 'bank_changed'
            ELSE ''
        END
    FROM payouts_account a
    CROSS JOIN (SELECT %s::bigint AS least_minor, %s::timestamptz AS at) AS lim
    JOIN shops_shop shop ON shop.id = a.shop_id
    LEFT JOIN LATERAL (
        SELECT s.to_position, s.closing_minor, s.closed_at FROM payouts_statement s
        WHERE s.shop_id = a.shop_id AND s.account_id = a.id ORDER BY s.to_position DESC LIMIT 1
    ) AS last ON true
    LEFT JOIN LATERAL (
        SELECT sum(e.amount_minor)::bigint AS movements FROM payouts_entry e
        WHERE e.shop_id = a.shop_id AND e.account_id = a.id AND e.position > coalesce(last.to_position, 0)
    ) AS sums ON true
    LEFT JOIN shops_bankaccount bank ON bank.shop_id = a.shop_id AND bank.status = 'current'
    WHERE a.kind = 'available' AND a.shop_id = ANY(%s)
"""
