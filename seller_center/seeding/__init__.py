"""A large market by generated rows: for measuring, not for showing. The demo goes through the verbs; this does not.

Everything is set-based SQL by the owner of the tables, with triggers off while loading, in one transaction: it is there
as a whole or not at all. What the verbs and triggers would have guaranteed is made by construction and proved at the
end (``seeding.checks``); foreign keys and indexes are dropped first and built anew, so that PostgreSQL validates them.
"""

import datetime as dt
import time
from collections.abc import Callable
from typing import Any

from django.db import connection, transaction

from seller_center.kernel.errors import DomainError
from seller_center.seeding import cast, checks, goods, money, sales, traces
from seller_center.seeding.loading import analyze, bulk_load
from seller_center.seeding.scale import Scale
from shops.models import Shop, User

__all__ = ["Scale", "seed_market"]


class NotEmpty(DomainError):
    """The database has people or shops already; generated rows would stand among real ones."""


def seed_market(
    scale: Scale, *, seed: int = 1, now: dt.datetime, say: Callable[[str], Any] = lambda line: None
) -> dict[str, int]:
    """Load a market that ends at ``now``; the same scale, seed and moment give the same rows. Returns rows by table.

    Needs the owner's connection and reference data. Raises ``NotEmpty`` unless the database holds nothing else,
    ``checks.Inconsistent`` where the rows do not keep the invariants (then nothing was loaded).
    """
    if User.objects.exists() or Shop.objects.filter(is_platform=False).exists():
        raise NotEmpty("The database is not empty: seed_market wants one with nothing but reference data.")
    began = time.monotonic()

    def step(words: str) -> None:
        say(f"{time.monotonic() - began:6.1f} s  {words}")

    with transaction.atomic():
        with bulk_load(step) as loaded:
            market = cast.load(scale, seed=seed, now=now)
            step("shops, people, accounts")
            for part in (goods.load, sales.load, goods.load_stock, money.load, traces.load):
                part(market)
                step(part.__module__.rpartition(".")[2] + ("" if part.__name__ == "load" else ", stock"))
        counts = loaded.counts()
        checks.run()
        step("checks")
    analyze(connection)
    step("done")
    return counts
