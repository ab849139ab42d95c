"""The demo marketplace: a polished shop with three months of trade, twenty-five further shops, staff and buyers.

Loaded in two parts. ``load`` makes the shop with its goods and its history, quickly (``history``: rows in memory that are
the verbs'); ``load_rest`` follows by a worker, through the verbs: returns, questions, tickets, further pictures, shops
in every stage and standing. The same seed and moment give the same marketplace.
"""

import contextlib
import dataclasses
import datetime as dt
import random
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection, transaction
from django.test.utils import override_settings

from analytics import evaluation
from catalog import alerts
from catalog import reference as categories
from payouts import settlement
from seller_center import inbox, reactions
from seller_center.demo import afterwards, bank, history, neighbours, people, plans, shelf
from seller_center.demo.goods import goods
from seller_center.kernel import codes
from shops import jobs, reference
from shops.batches import AlreadyRunning
from shops.models import Job, Market, Notice, Shop, User

SEED = 1
SHOP_CODE = "BRTS"
DAY, HOUR = dt.timedelta(days=1), dt.timedelta(hours=1)
#: The kind of job that loads the rest.
REST = "demo.further_shops"


@dataclasses.dataclass(frozen=True)
class Size:
    """How much of everything. Tests take less."""

    orders: int = 2_000
    goods: int = 61
    visits: int = 9_000
    returned: int = 44
    asked: int = 90
    neighbours: bool = True
    paydays: bool = True


WHOLE = Size()
SMALL = Size(orders=150, goods=5, visits=60, returned=5, asked=5, neighbours=False)


def sized(orders: int) -> Size:
    """The whole demo with so many orders, and visits in proportion."""
    return dataclasses.replace(WHOLE, orders=orders, visits=orders * WHOLE.visits // WHOLE.orders)


def load(
    now: dt.datetime, *, seed: int = SEED, size: Size = WHOLE, say: Callable[[str], None] = lambda sentence: None
) -> Shop:
    """The shop with its goods and three months of history, into an empty database."""
    began = now - plans.SPAN - 12 * DAY
    chance = random.Random(seed)  # noqa: S311 (a story, not a secret)
    with shelf.painter() as paint, codes.use_source(chance), quietly():
        reference.load(began)
        categories.load(began)
        staff = people.make_staff(began)
        shop = people.open_shop(
            "seller@example.com", "Seller Demo", "Bright Street Bicycles", SHOP_CODE, staff["reviewer"], began, number=1
        )
        words = "Bicycles and what makes riding them a pleasure, from a small workshop."
        Shop.objects.filter(pk=shop.pk).update(tier=Shop.Tier.PREMIUM, description=words)
        shop.refresh_from_db()
        owner = User.objects.get(email="seller@example.com")
        cast = {
            "owner": owner,
            "packer": people.join(shop, "packer@example.com", "Packer", "packing", began + DAY),
            **staff,
        }
        people.join(shop, "analyst@example.com", "Analyst", "analyst", began + 2 * DAY)
        say("The shop is open. Filling its shelves …")
        shelf.fill(shop, owner, began + 3 * DAY, list(goods())[: size.goods], paint)
        shelf.hand_out_coupons(shop, owner, began + 5 * DAY, now)
        shelf.unfinished(shop, owner, now)
        _catch_up(began + 11 * DAY)
        say("Writing three months of trade …")
        live(shop, cast, now, seed, size)
        _catch_up(now)
        settlement.settle(at=now)
        evaluation.score_ended_days(at=now - DAY)  # yesterday's comes when its returns and answers are there, too
        evaluation.review_ended_months(at=now)
        _catch_up(now)
        Notice.objects.filter(at__lt=now - 2 * DAY).update(read_at=now)
        if not connection.in_atomic_block:
            _analyze()
    return shop


def live(shop: Shop, cast: dict[str, Any], now: dt.datetime, seed: int, size: Size) -> history.History:
    """The history of a shop whose shelves are full."""
    bank.PromptBank.forget()
    skus = shelf.skus_of(shop)
    wishes = shelf.favourites(skus, list(goods()))
    orders = plans.make(now, seed, orders=size.orders, shelf=len(skus), favourites=wishes)
    past = history.History(shop, skus, cast, now, seed)
    past.live(orders, visits=size.visits, paydays=size.paydays)
    return past


def ask_for_rest(now: dt.datetime, seed: int = SEED, size: Size = WHOLE) -> Job:
    """Have a worker load the rest; the owner of the shop is told when it is there."""
    shop = Shop.objects.get(code=SHOP_CODE)
    owner = User.objects.get(email="seller@example.com")
    payload = {"now": now.isoformat(), "seed": seed, "size": dataclasses.asdict(size)}
    return jobs.start_job(shop=shop, kind=REST, by=owner, at=now, payload=payload)


def load_rest_job(job: Job, *, at: dt.datetime) -> None:
    """The worker's door to ``load_rest``."""
    now, seed = dt.datetime.fromisoformat(job.payload["now"]), job.payload["seed"]
    done = 0
    for sentence in load_rest(now, seed=seed, size=Size(**job.payload["size"])):
        done += 1
        jobs.progress(job, done, line=sentence)
    jobs.finish(job, at=at, result={"steps": done}, url=f"/s/{SHOP_CODE}/")


def load_rest(now: dt.datetime, *, seed: int = SEED, size: Size = WHOLE) -> Iterator[str]:
    """What follows while the shop can be looked at already; yields a sentence after each step. Repeatable.

    Done anew after an interruption, it leaves out what is there.
    """
    shop = Shop.objects.get(code=SHOP_CODE)
    owner = User.objects.get(email="seller@example.com")
    staff = {email.partition("@")[0]: User.objects.get(email=email) for email, *_rest in people.STAFF}
    chance = random.Random(seed + 1)  # noqa: S311 (a story, not a secret)
    with shelf.painter() as paint, codes.use_source(chance), quietly():
        if not _told(shop):
            packer = User.objects.get(email="packer@example.com")
            story = afterwards.Story(shop, owner, packer, staff["support"], now, chance)
            afterwards.plan(story, returned=size.returned, asked=size.asked)
            for left in story.live():
                yield f"Returns, questions and tickets: {left} to come."
            with contextlib.suppress(AlreadyRunning):  # the clock's own turn
                alerts.alert_all(at=now)
            reactions.deliver_all(now)
        for number, _count in enumerate(shelf.hang_more(shop, owner, list(goods())[: size.goods], paint), 1):
            if number % 10 == 0:
                yield f"Further pictures of {number} products."
        if size.neighbours:
            for name in people.on_the_way(staff["reviewer"], now):
                yield f"{name} is on its way in."
            yield from neighbours.load(staff, now, seed, paint)
        _score_days(now)
        with transaction.atomic():
            inbox.sweep(now)
            reactions.deliver_all(now, rounds=500)
        Notice.objects.filter(at__lt=now - 2 * DAY, read_at=None).update(read_at=now)
        yield "Scores and evaluations."


def _told(shop: Shop) -> bool:
    """Have the returns, questions and tickets been lived through?"""
    from support.models import Ticket

    return Ticket.objects.in_shop(shop).exists()


def _score_days(now: dt.datetime) -> None:
    """The scores of the last two weeks, and the evaluations of the months before: what the clock would have done."""
    for market in Market.objects.order_by("code"):
        today = now.astimezone(plans.ZONE).date()
        for back in range(14, 0, -1):
            with contextlib.suppress(AlreadyRunning):  # the clock's own turn
                evaluation.score_day(market=market, day=today - back * DAY, at=now)
    for months in (2, 1, 0):
        with contextlib.suppress(AlreadyRunning):
            evaluation.review_ended_months(at=now - months * 30 * DAY)


def _catch_up(at: dt.datetime) -> None:
    inbox.sweep(at)
    reactions.deliver_all(at, rounds=500)


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """No mail about the past, and no commit that waits for the disk: after a crash the demo is loaded again."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with override_settings(MAILERS={"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}}):
        yield
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")


def _analyze() -> None:
    """Statistics for the planner, as autovacuum would make them by and by."""
    from seller_center.demo.rows import writer

    with writer() as (cursor, _unchecked):
        cursor.execute("ANALYZE")


def logins() -> list[str]:
    """What `make run` prints: who can log in, if the demo is loaded."""
    if not Shop.objects.filter(code=SHOP_CODE).exists():
        return []
    return [
        f"Seller:  seller@example.com / {people.PASSWORD}   (also packer@, analyst@)",
        f"Staff:   reviewer@example.com, support@, finance1@, finance2@, admin@ / {people.PASSWORD} at /admin/",
        "         the second factor's code: python3 manage.py demo_code reviewer@example.com",
        "Buyers:  no log-in, open /shop/",
    ]
