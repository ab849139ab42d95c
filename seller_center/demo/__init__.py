"""The demo marketplace: a shop with a month of trade, applicants, staff and buyers; all of it by the real verbs."""

import contextlib
import datetime as dt
import random
from collections.abc import Callable, Iterator

from django.db import connection

from analytics import evaluation
from payouts import drafting, settlement
from seller_center import inbox, reactions
from seller_center.demo import people, shelf, trade
from seller_center.kernel import codes
from shops import reference
from shops.models import Market, Notice, Shop, User

SEED = 1
SHOP_CODE = "BRTS"


def load(now: dt.datetime, *, seed: int = SEED, say: Callable[[str], None] = lambda sentence: None) -> Shop:
    """Load the demo into an empty database. The same ``seed`` and ``now`` give the same marketplace."""
    began = now - dt.timedelta(days=41)
    chance = random.Random(seed)  # noqa: S311 (a story, not a secret)
    with codes.use_source(chance), _quick_commits():
        reference.load(began)
        _load_categories(began)
        staff = people.make_staff(began)
        shop = people.open_shop(
            "seller@example.com", "Seller Demo", "Bright Street Bicycles", SHOP_CODE, staff["reviewer"], began, number=1
        )
        Shop.objects.filter(pk=shop.pk).update(
            tier=Shop.Tier.STANDARD,
            description="Bicycles and what makes riding them a pleasure, from a small workshop.",
        )
        shop.refresh_from_db()
        owner = User.objects.get(email="seller@example.com")
        packer = people.join(shop, "packer@example.com", "Packer", "packing", began + dt.timedelta(days=1))
        people.join(shop, "analyst@example.com", "Analyst", "analyst", began + dt.timedelta(days=2))
        say("The shop is open. Filling its shelves …")
        skus = shelf.fill(shop, owner, began + dt.timedelta(days=2))
        shelf.hand_out_coupons(shop, owner, now)
        say("Living through a month of trade …")
        story = trade.Story(shop, owner, packer, staff["support"], skus, now, chance)
        trade.trade(story)
        trade.ask_support(story)
        _close_the_books(now)
        inbox.sweep(now)
        reactions.deliver_all(now, rounds=500)
        Notice.objects.filter(at__lt=now - dt.timedelta(days=2)).update(read_at=now)
    return shop


def load_applicants(now: dt.datetime, *, seed: int = SEED) -> bool:
    """Five shops in stages of onboarding: the rest of the demo, loaded while the shop can be looked at already.

    False where they are there already.
    """
    if User.objects.filter(email="applicant1@example.com").exists():
        return False
    with codes.use_source(random.Random(seed + 1)), _quick_commits():  # noqa: S311 (a story, not a secret)
        people.waiting(User.objects.get(email="reviewer@example.com"), now)
        inbox.sweep(now)
        reactions.deliver_all(now, rounds=500)
    return True


@contextlib.contextmanager
def _quick_commits() -> Iterator[None]:
    """A crash while loading loses the demo, which is loaded again; so no commit waits for the disk."""
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    yield
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit = on")


def _load_categories(at: dt.datetime) -> None:
    from catalog import reference as categories

    categories.load(at)


def _close_the_books(now: dt.datetime) -> None:
    """What the clock would have done meanwhile: settle, draft the payday's batch, score and evaluate."""
    settlement.settle(at=now)
    for market in Market.objects.order_by("code"):
        drafting.draft(market=market, period_on=drafting.payday_of(market, now), at=now)
    evaluation.score_ended_days(at=now)
    evaluation.review_ended_months(at=now)


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
