"""What people change about how they log in, told in every shop that they belong to.

A shop is as safe as the accounts of its members, so whoever may read what happened there reads this as well: that it
was done and by whom, never a secret, an address or a number.
"""

import datetime as dt
from typing import Any

from shops import events
from shops.models import Shop, User

#: Whose policy and whose record count for what belongs to no shop: pages of one's own account, staff, the category tree.
HOME_MARKET = "US"


def home_of(shops: list[Shop]) -> Shop:
    """The marketplace's own shop that keeps the record of somebody who belongs to these shops."""
    market = shops[0].market_id if shops else HOME_MARKET
    return Shop.objects.get(market_id=market, is_platform=True)


def name_of(person: User) -> str:
    """What somebody is called in a row that stays: never by an address or a number."""
    return person.get_short_name() or f"#{person.pk}"


def record(kind: str, *, person: User, at: dt.datetime, **facts: Any) -> None:
    """Write that ``person`` did this to their own account, in the transaction of the deed.

    One row in each of their shops. Somebody without a shop (staff, or whoever has just signed up) has it in the
    marketplace's own.
    """
    shops = list(Shop.objects.of_member(person))
    told = {"user_id": person.pk, "name": name_of(person), **facts}
    events.record_many(
        kind,
        by=person,
        at=at,
        shop_ids=[shop.pk for shop in shops or [home_of(shops)]],
        subjects=[("user", str(person.pk), told) for _place in shops or (None,)],
    )


def record_access(*, person: User, fields: list[str], by: User, at: dt.datetime) -> None:
    """Write that staff changed whether ``person`` may log in or what they may do as staff; for staff to read."""
    shops = list(Shop.objects.of_member(person)[:1])
    facts = {"user_id": person.pk, "name": str(person), "fields": fields}
    events.record(
        "access.changed",
        shop=home_of(shops),
        subject_kind="user",
        subject_code=str(person.pk),
        by=by,
        at=at,
        **facts,
    )
