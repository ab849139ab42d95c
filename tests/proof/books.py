"""The auditor's questions about money, stock and coupons, asked many times over: as one prepared statement."""

import datetime as dt
from collections.abc import Iterable

from catalog import proof as catalog_proof
from marketing import proof as marketing_proof
from orders import proof as orders_proof
from orders.models import Order, Package, Payment, ReturnRequest
from payouts import proof as payouts_proof
from payouts.models import Earning, Payout
from seller_center import proof
from shops import proof as shops_proof
from shops.proof import Check

#: Every question of the floors, and whether these moved only as declared.
CHECKS: tuple[Check, ...] = (
    *shops_proof.CHECKS,
    *catalog_proof.CHECKS,
    *marketing_proof.CHECKS,
    *orders_proof.CHECKS,
    *payouts_proof.CHECKS,
    *(
        check
        for check in proof.state_checks()
        if check.name.split(".")[0]
        in {m._meta.db_table for m in (Order, Package, Payment, ReturnRequest, Earning, Payout)}
    ),
)


class Auditor:
    """Asks all of it through one cursor, in one statement that is planned once."""

    def __init__(self, cursor, checks: Iterable[Check] = CHECKS) -> None:
        self._cursor = cursor
        parts = [
            f"SELECT '{check.invariant} {check.name}', subject::text, detail::text FROM ({check.sql})"
            " AS asked (shop_id, subject, detail)"
            for check in checks
        ]
        text = " UNION ALL ".join(parts).replace("%(settled)s", "$1").replace("%%", "%")
        self._cursor.execute("DEALLOCATE ALL")
        self._cursor.execute(f"PREPARE audit (timestamptz) AS {text.replace('%', '%%')}", [])
        self._cursor.execute("SET plan_cache_mode = force_generic_plan")

    def ask(self, at: dt.datetime) -> list[str]:
        """What is wrong, in words; nothing where all is well. ``at``: what happened before must have its postings."""
        self._cursor.execute("EXECUTE audit (%s)", [at])
        return [f"{name}: {subject}: {detail}" for name, subject, detail in self._cursor.fetchall()]
