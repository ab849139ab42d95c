"""Batches over all shops beside the leanest SQL for the same outcome, in turns; each run is undone.

Measured is processor time of this process and of the database. Deferred guards are made to look before the undoing.
"""

import datetime as dt
import functools
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from analytics import evaluation
from benchmarks.figures import ROUNDS, Figure, absent, median, ratio_of
from benchmarks.ground import Ground
from benchmarks.limits import DEADLINES, ELIGIBILITY, LOW_STOCK, PAYOUTS, SCORES, SETTLEMENT
from benchmarks.machine import Meter
from catalog import alerts
from payouts import drafting, settlement
from payouts.models import Earning
from seller_center import inbox
from seller_center.kernel.calendar import day_period, month_period
from seller_center.kernel.clock import real_now
from seller_center.seeding.cast import MEASURED_CODE
from shops import deadlines
from shops.models import Deadline, Market, PolicyVersion, Shop

#: Deadlines that are due in the sweep's figure.
DUE = {"tiny": 1_000, "small": 10_000, "full": 100_000}
#: Earnings that one round settles, the longest waiting ones.
SETTLED = 8_000
LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)


def measure(ground: Ground) -> Iterator[Figure]:
    """Each batch with its limit."""
    at, market = real_now(), Market.objects.get(pk="US")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    month = evaluation.last_ended_month(market.zone, at)
    period = month_period(month.year, month.month, market.zone)
    policy = PolicyVersion.objects.filter(market=market).latest("effective_from").pk
    compare = functools.partial(_compare, ground)
    yield from compare(
        "review_eligibility",
        lambda: evaluation.review_month(market=market, month=month, at=at),
        lambda: _sql(ELIGIBILITY, at=at, until=period.end, month=month, policy=policy, word=f"{month:%Y-%m}"),
        most=4,
        aim=2,
    )
    day = at.astimezone(ZoneInfo(market.zone)).date() - dt.timedelta(days=1)
    until = day_period(day, market.zone).end
    yield from compare(
        "score of the day, all shops",
        lambda: evaluation.score_day(market=market, day=day, at=at),
        lambda: _sql(SCORES, at=at, until=until, day=day, policy=policy),
        most=4,
        aim=2,
    )
    yield from compare(
        "alert_low_stock", lambda: alerts.alert_all(at=at), lambda: _sql(LOW_STOCK, at=at), most=4, aim=2
    )
    waiting = Earning.objects.unsettled().values_list("available_from", flat=True)
    due = waiting[min(SETTLED, waiting.count() - 1)]
    yield from compare("settlement", lambda: settlement.settle(at=due), lambda: _sql(SETTLEMENT, at=due), most=3)
    settlement.settle(at=due)  # this one stays: it is what is paid out
    yield from _payouts(compare, market, at)
    yield from _sweep(compare, DUE[ground.scale])


def _payouts(compare: Callable, market: Market, at: dt.datetime) -> Iterator[Figure]:
    """On the newest payday."""
    day = drafting.payday_of(market, at)
    yield from compare(
        "run_payouts",
        lambda: drafting.draft(market=market, period_on=day, at=at),
        lambda: _sql(PAYOUTS, at=at, day=day, code=f"{day:%y%m%d}"),
        most=3,
        aim=1.5,
    )


def end_due(rows: list[Deadline], *, at: dt.datetime) -> None:
    """A verb that has nothing to find out: what is left is the sweep itself."""
    deadlines.end_all(rows, outcome=Deadline.Ended.MET, at=at)


def _sweep(compare: Callable, due: int) -> Iterator[Figure]:
    """Not undone: a sweep commits every chunk, and in one transaction it would wade through its own dead rows."""
    shop = Shop.objects.get(code=MEASURED_CODE)
    inbox.WHEN_DUE["bench.due"] = "benchmarks.batches.end_due"
    yield from compare(
        f"sweep, {due:,} due",
        lambda: inbox.sweep(LONG_AGO),
        lambda: _sql(DEADLINES, at=LONG_AGO),
        most=4,
        measured=functools.partial(_after_setting, shop, due),
    )


_SET = """
INSERT INTO shops_deadline (shop_id, kind, subject_kind, subject_code, label, area, due_at, next_check_at, warn_hours,
    set_at, ended_as)
SELECT %(shop)s, 'bench.due', 'bench', n::text, '', 'orders', %(at)s, %(at)s, '{}', %(at)s, ''
FROM generate_series(1, %(due)s) AS n
"""


def _after_setting(shop: Shop, due: int, ground: Ground, work: Callable[[], object]) -> Meter:
    """With fresh deadlines that are due; those of the round before are taken away."""
    ground.as_owner("DELETE FROM shops_deadline WHERE kind = 'bench.due'")
    ground.as_owner(_SET, shop=shop.pk, at=LONG_AGO, due=due)
    ground.as_owner("VACUUM ANALYZE shops_deadline")
    with Meter(ground.server_pids, own=True) as meter:
        work()
    return meter


def _sql(statements: str, **params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statements, params)


def _compare(
    ground: Ground,
    name: str,
    ours: Callable[[], object],
    limit: Callable[[], object],
    *,
    most: float,
    aim: float | None = None,
    measured: Callable[[Ground, Callable[[], object]], Meter] | None = None,
) -> Iterator[Figure]:
    """Both in turns, from the same state. ``measured`` runs one of them; without it, it is undone."""
    spent: dict[str, list[float]] = {"ours": [], "limit": []}
    walls: list[float] = []
    for round_no in range(ROUNDS + 1):
        for which, work in (("ours", ours), ("limit", limit)):
            try:
                meter = (measured or _undone)(ground, work)
            except Exception as error:
                yield absent(name, f"{which}: {type(error).__name__} {str(error).splitlines()[0][:90]}")
                return
            if round_no:  # the first one warms up
                spent[which].append(meter.cpu)
                if which == "ours":
                    walls.append(meter.wall)
    value = f"{median(spent['ours']):.2f} s CPU ({median(walls):.2f} s)"
    reference = f"SQL limit {median(spent['limit']):.2f} s CPU"
    yield Figure(name, value, reference, ratio_of(spent["ours"], spent["limit"]), most=most, aim=aim)


def _undone(ground: Ground, work: Callable[[], object]) -> Meter:
    with transaction.atomic():
        with Meter(ground.server_pids, own=True) as meter:
            work()
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        transaction.set_rollback(True)
    connection.run_on_commit.clear()
    return meter
