"""Stock: reserved, consumed, released, counted. The only module that writes stock, reservations and the journal.

Every write is one conditional UPDATE (DEC2) of rows locked in the order of their SKUs (DEC4), with a CHECK behind it
(DEC3). Demand is added up per SKU before it is asked for (DEC5). Several SKUs are one statement: all or nothing, so
that a refusal has changed nothing even where the caller's transaction goes on.

Rows are locked by a statement of their own (``_HOLD``) before one that decides by what they hold: a statement that waits
for a lock in its middle goes on with some rows as they are now and others as they were when it began.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.models import Reservation, Sku, StockItem, StockMovement, Warehouse
from seller_center.kernel.errors import DomainError, Invalid, Stale
from seller_center.kernel.failpoints import failpoint
from seller_center.kernel.text import number
from shops import events
from shops.scope import scope

Why = StockMovement.Why

#: More than this in one line is a slip of the finger, not an order.
MOST_UNITS = 1_000_000
#: Reservations that one statement lets expire.
EXPIRE_CHUNK = 500


class OutOfStock(DomainError):
    """Not enough of a SKU is available. ``sku_code`` and ``left`` say which and how many there are."""

    code = "out_of_stock"

    def __init__(self, sku_code: str, wanted: int, left: int) -> None:
        self.sku_code, self.wanted, self.left = sku_code, wanted, left
        words = {"sku": sku_code, "left": number(left)}
        if left > 0:
            sentence = ngettext("Only %(left)s of %(sku)s is left.", "Only %(left)s of %(sku)s are left.", left) % words
        else:
            sentence = _("%(sku)s is out of stock.") % words
        super().__init__(sentence)


class ReservationEnded(Stale):
    """Units that were set aside are no longer: they were sold, released, or the time for paying ran out."""

    code = "reservation_ended"


class BelowPromised(DomainError):
    """The stock was to be set below what belongs to orders already."""

    code = "below_promised"


@dataclass(frozen=True, slots=True)
class Level:
    """What setting a level did to one SKU. ``refused``: it would have fallen below ``promised``, and was left alone."""

    sku_id: int
    before: int
    after: int
    promised: int
    refused: bool


#: Goes before a statement that decides by what the rows hold, in the same round trip: see above.
_HOLD = """
SELECT item.id FROM catalog_stockitem AS item
JOIN catalog_warehouse AS place ON place.shop_id = %(shop)s AND place.id = item.warehouse_id AND place.is_default
WHERE item.shop_id = %(shop)s AND item.sku_id = ANY (%(skus)s)
ORDER BY item.sku_id FOR NO KEY UPDATE OF item;
"""

# -- reservations -----------------------------------------------------------------------------------------------------

_RESERVE = """
WITH wanted AS (
    SELECT * FROM unnest(%(skus)s::bigint[], %(quantities)s::integer[]) AS wanted (sku_id, quantity)
), held AS MATERIALIZED (
    SELECT item.id, item.sku_id, item.available, wanted.quantity
    FROM wanted
    JOIN catalog_stockitem AS item ON item.shop_id = %(shop)s AND item.sku_id = wanted.sku_id
    JOIN catalog_warehouse AS place ON place.shop_id = %(shop)s AND place.id = item.warehouse_id AND place.is_default
    ORDER BY item.sku_id
    FOR NO KEY UPDATE OF item
), taken AS (
    UPDATE catalog_stockitem AS item SET reserved = item.reserved + held.quantity
    FROM held
    WHERE item.shop_id = %(shop)s AND item.id = held.id
      AND NOT item.off_sale AND item.on_hand - item.reserved - item.locked >= held.quantity
      AND (SELECT count(*) = %(count)s AND bool_and(available >= quantity) FROM held)
    RETURNING item.id, item.sku_id, held.quantity
)
INSERT INTO catalog_reservation
    (shop_id, item_id, sku_id, quantity, subject_kind, subject_code, made_at, until, ended_as, ended_why)
SELECT %(shop)s, id, sku_id, quantity, %(subject_kind)s, %(subject_code)s, %(at)s, %(until)s, '', ''
FROM taken ORDER BY sku_id
RETURNING id, item_id, sku_id, quantity
"""


def reserve(
    *,
    shop,
    wants: Mapping[int, int],
    subject_kind: str,
    subject_code: str,
    until: dt.datetime | None,
    at: dt.datetime,
) -> dict[int, Reservation]:
    """Set units aside for a subject (an order) until a moment; None: until they are sold or released.

    ``wants`` is SKU id → units, already added up per SKU. All or nothing: ``OutOfStock`` names the first SKU that is
    short and what is left of it. Returns the reservation of each SKU.
    """
    _check_wants(wants)
    skus = sorted(wants)
    with scope(shop, by=None), connection.cursor() as cursor:
        cursor.execute(
            _HOLD + _RESERVE,
            {
                "shop": shop.pk,
                "skus": skus,
                "quantities": [wants[sku] for sku in skus],
                "count": len(skus),
                "subject_kind": subject_kind,
                "subject_code": subject_code,
                "at": at,
                "until": until,
            },
        )
        made = {
            sku_id: Reservation(
                id=pk,
                shop=shop,
                item_id=item_id,
                sku_id=sku_id,
                quantity=quantity,
                subject_kind=subject_kind,
                subject_code=subject_code,
                made_at=at,
                until=until,
            )
            for pk, item_id, sku_id, quantity in cursor.fetchall()
        }
        if len(made) != len(wants):
            raise _shortage(shop, wants)
    for row in made.values():
        row._state.adding, row._state.db = False, connection.alias
    return made


_RESERVE_MANY = """
WITH wanted AS (
    SELECT * FROM unnest(%(subjects)s::text[], %(skus)s::bigint[], %(quantities)s::integer[])
        AS wanted (subject_code, sku_id, quantity)
), demand AS (
    SELECT sku_id, sum(quantity)::integer AS quantity FROM wanted GROUP BY sku_id
), held AS MATERIALIZED (
    SELECT item.id, item.sku_id, item.available, demand.quantity
    FROM demand
    JOIN catalog_stockitem AS item ON item.shop_id = %(shop)s AND item.sku_id = demand.sku_id
    JOIN catalog_warehouse AS place ON place.shop_id = %(shop)s AND place.id = item.warehouse_id AND place.is_default
    ORDER BY item.sku_id
    FOR NO KEY UPDATE OF item
), taken AS (
    UPDATE catalog_stockitem AS item SET reserved = item.reserved + held.quantity
    FROM held
    WHERE item.shop_id = %(shop)s AND item.id = held.id
      AND NOT item.off_sale AND item.on_hand - item.reserved - item.locked >= held.quantity
      AND (SELECT count(*) = (SELECT count(*) FROM demand) AND bool_and(available >= quantity) FROM held)
    RETURNING item.id, item.sku_id
)
INSERT INTO catalog_reservation
    (shop_id, item_id, sku_id, quantity, subject_kind, subject_code, made_at, until, ended_as, ended_why)
SELECT %(shop)s, taken.id, sku_id, wanted.quantity, %(subject_kind)s, wanted.subject_code, %(at)s, NULL, '', ''
FROM wanted JOIN taken USING (sku_id) ORDER BY sku_id, wanted.subject_code
RETURNING id, item_id, sku_id, quantity, subject_code
"""


def reserve_many(
    *, shop, wants: Mapping[str, Mapping[int, int]], subject_kind: str, at: dt.datetime
) -> dict[str, dict[int, Reservation]]:
    """Set units aside for many subjects that are paid for, in one statement: subject code → SKU id → units.

    All or nothing, for all of them together: ``OutOfStock`` names the first SKU that is short, and nothing is taken.
    """
    asked = [(code, sku, quantity) for code, skus in wants.items() for sku, quantity in skus.items()]
    total: dict[int, int] = {}
    for _code, sku, quantity in asked:
        total[sku] = total.get(sku, 0) + quantity
    _check_wants(total)
    columns = {
        "subjects": [code for code, _sku, _quantity in asked],
        "skus": [sku for _code, sku, _quantity in asked],
        "quantities": [quantity for _code, _sku, quantity in asked],
    }
    made: dict[str, dict[int, Reservation]] = {code: {} for code in wants}
    with scope(shop, by=None), connection.cursor() as cursor:
        cursor.execute(_HOLD + _RESERVE_MANY, {**columns, "shop": shop.pk, "subject_kind": subject_kind, "at": at})
        rows = cursor.fetchall()
        if len(rows) != len(asked):
            raise _shortage(shop, total)
    for pk, item_id, sku_id, quantity, code in rows:
        row = Reservation(
            id=pk,
            shop=shop,
            item_id=item_id,
            sku_id=sku_id,
            quantity=quantity,
            subject_kind=subject_kind,
            subject_code=code,
            made_at=at,
            until=None,
        )
        row._state.adding, row._state.db = False, connection.alias
        made[code][sku_id] = row
    return made


def _check_wants(wants: Mapping[int, int]) -> None:
    if not wants:
        raise Invalid(_("Nothing is wanted."), code="nothing_wanted")
    if any(not 0 < quantity <= MOST_UNITS for quantity in wants.values()):
        raise Invalid(_("A quantity is at least 1 and at most %(most)s.") % {"most": MOST_UNITS}, field="quantity")


def _shortage(shop, wants: Mapping[int, int]) -> OutOfStock:
    """Which SKU was short, in SKU order, looked up under the locks that the attempt still holds."""
    left = dict(
        StockItem.objects.filter(shop=shop, sku_id__in=wants, warehouse__is_default=True).values_list(
            "sku_id", "available"
        )
    )
    short = min(sku_id for sku_id, quantity in wants.items() if left.get(sku_id, 0) < quantity)
    code = Sku.objects.in_shop(shop).filter(pk=short).values_list("code", flat=True).first() or f"#{short}"
    return OutOfStock(code, wants[short], left.get(short, 0))


def keep(*, shop, reservations: Iterable[Reservation], at: dt.datetime) -> None:
    """The units are paid for: they no longer expire. ``ReservationEnded`` if one has ended meanwhile."""
    keys = [row.pk for row in reservations]
    with scope(shop, by=None):
        _hold_running(shop, keys)
        Reservation.objects.filter(shop=shop, pk__in=keys).update(until=None)


def split(*, shop, reservation: Reservation, quantity: int) -> Reservation:
    """Take units out of a running reservation into one of their own, so that a part can be sold or released alone.

    Returns the new one; the given one keeps the rest. Nothing changes in the stock.
    """
    with scope(shop, by=None):
        [row] = _hold_running(shop, [reservation.pk])
        if not 0 < quantity < row.quantity:
            raise Invalid(_("Take at least one unit and leave at least one."), field="quantity")
        Reservation.objects.filter(shop=shop, pk=row.pk).update(quantity=row.quantity - quantity)
        reservation.quantity = row.quantity - quantity
        return Reservation.objects.create(
            shop=shop,
            item_id=row.item_id,
            sku_id=row.sku_id,
            quantity=quantity,
            subject_kind=row.subject_kind,
            subject_code=row.subject_code,
            made_at=row.made_at,
            until=row.until,
        )


def _hold_running(shop, keys: list[int]) -> list[Reservation]:
    """Lock reservations in key order; refuse if one of them has ended."""
    rows = list(Reservation.objects.filter(shop=shop, pk__in=keys).order_by("pk").select_for_update(no_key=True))
    ended = [row for row in rows if row.ended]
    if len(rows) != len(set(keys)) or ended:
        how = ended[0].get_ended_as_display().lower() if ended else _("gone")
        raise ReservationEnded(_("The units set aside for this are no longer: they were %(how)s.") % {"how": how})
    return rows


_CONSUME = """
WITH demand AS (
    SELECT item_id, sum(quantity)::integer AS quantity
    FROM catalog_reservation WHERE shop_id = %(shop)s AND id = ANY (%(keys)s) GROUP BY item_id
), held AS MATERIALIZED (
    SELECT item.id, demand.quantity FROM catalog_stockitem AS item
    JOIN demand ON demand.item_id = item.id
    WHERE item.shop_id = %(shop)s ORDER BY item.sku_id FOR NO KEY UPDATE OF item
), gone AS (
    UPDATE catalog_stockitem AS item
    SET on_hand = item.on_hand - held.quantity, reserved = item.reserved - held.quantity
    FROM held
    WHERE item.shop_id = %(shop)s AND item.id = held.id
      AND item.reserved >= held.quantity AND item.on_hand >= held.quantity
    RETURNING item.id, item.on_hand, item.warehouse_id
), ended AS (
    UPDATE catalog_reservation AS claim SET ended_at = %(at)s, ended_as = 'sold'
    FROM gone
    WHERE claim.shop_id = %(shop)s AND claim.id = ANY (%(keys)s) AND claim.item_id = gone.id AND claim.ended_at IS NULL
    RETURNING claim.id, claim.item_id, claim.sku_id, claim.quantity, claim.subject_code
)
INSERT INTO catalog_stockmovement
    (shop_id, item_id, sku_id, quantity, on_hand_after, why, came_from, went_to, reference, note, by_id, at)
SELECT %(shop)s, ended.item_id, ended.sku_id, -ended.quantity,
    gone.on_hand + sum(ended.quantity) OVER (PARTITION BY ended.item_id ORDER BY ended.id DESC) - ended.quantity,
    'sold', place.code, 'buyer', ended.subject_code, '', %(by)s, %(at)s
FROM ended
JOIN gone ON gone.id = ended.item_id
JOIN catalog_warehouse AS place ON place.shop_id = %(shop)s AND place.id = gone.warehouse_id
ORDER BY ended.id
"""


def consume(*, shop, reservations: Iterable[Reservation], by, at: dt.datetime) -> None:
    """The units left the house: on hand and reserved fall together, one journal line per reservation.

    ``ReservationEnded`` if one has ended before; nothing is changed then.
    """
    keys = [row.pk for row in reservations]
    if not keys:
        return
    with scope(shop, by=by), connection.cursor() as cursor:
        _hold_running(shop, keys)
        cursor.execute(_CONSUME, {"shop": shop.pk, "keys": keys, "at": at, "by": _key(by)})
        if cursor.rowcount != len(set(keys)):
            raise AssertionError(f"stock does not hold what is reserved in it: reservations {keys}")
        failpoint("stock.consumed")


_END = """
WITH ended AS (
    UPDATE catalog_reservation SET ended_at = %(at)s, ended_as = %(outcome)s, ended_why = %(why)s
    WHERE shop_id = %(shop)s AND id = ANY (%(keys)s) AND ended_at IS NULL
    RETURNING item_id, quantity
), demand AS (
    SELECT item_id, sum(quantity)::integer AS quantity FROM ended GROUP BY item_id
), held AS MATERIALIZED (
    SELECT item.id, demand.quantity FROM catalog_stockitem AS item
    JOIN demand ON demand.item_id = item.id
    WHERE item.shop_id = %(shop)s ORDER BY item.sku_id FOR NO KEY UPDATE OF item
), freed AS (
    UPDATE catalog_stockitem AS item SET reserved = item.reserved - held.quantity
    FROM held WHERE item.shop_id = %(shop)s AND item.id = held.id AND item.reserved >= held.quantity
    RETURNING item.id
)
SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM demand), (SELECT count(*) FROM freed)
"""


def release(*, shop, reservations: Iterable[Reservation], by, at: dt.datetime, why: str = "") -> int:
    """Give the units back to the offer (an order was cancelled). Returns how many reservations this ended.

    One that has ended already stays as it ended: expiry and cancelling may meet, and the units come back once.
    """
    keys = [row.pk for row in reservations]
    with scope(shop, by=by):
        rows = Reservation.objects.filter(shop=shop, pk__in=keys).order_by("pk").select_for_update(no_key=True)
        running = [row.pk for row in rows if not row.ended]
        return _end(shop.pk, running, Reservation.Ended.RELEASED, at, why)


def expire_due(at: dt.datetime) -> int:
    """Let reservations lapse whose time for paying is over, shop by shop. Returns how many. May run twice at once."""
    shops = Reservation.objects.running().filter(until__lte=at).order_by("shop_id").values_list("shop_id", flat=True)
    total = 0
    for shop_id in shops.distinct():
        while expired := _expire_chunk(shop_id, at):
            total += expired
    return total


def _expire_chunk(shop_id: int, at: dt.datetime) -> int:
    with scope(_ShopKey(shop_id), by=None):
        rows = Reservation.objects.running().filter(shop_id=shop_id, until__lte=at).order_by("pk")
        keys = [row.pk for row in rows.select_for_update(skip_locked=True, no_key=True)[:EXPIRE_CHUNK]]
        return _end(shop_id, keys, Reservation.Ended.EXPIRED, at)


@dataclass(frozen=True)
class _ShopKey:
    """A shop of which only the key is needed."""

    pk: int


def _end(shop_id: int, keys: list[int], outcome: str, at: dt.datetime, why: str = "") -> int:
    """End reservations that are locked and running, and give their units back."""
    if not keys:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_END, {"shop": shop_id, "keys": keys, "outcome": str(outcome), "why": why[:60], "at": at})
        ended, items, freed = cursor.fetchone()
    if ended != len(set(keys)) or items != freed:
        raise AssertionError(f"stock does not hold what is reserved in it: reservations {keys}")
    return ended


# -- levels -----------------------------------------------------------------------------------------------------------


def default_warehouse(shop) -> Warehouse:
    """The warehouse from which the shop's orders are served; made at the first call."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_warehouse (shop_id, code, name, is_default) VALUES (%s, 'main', %s, true)"
            " ON CONFLICT DO NOTHING",
            [shop.pk, _("Main warehouse")],
        )
    return Warehouse.objects.in_shop(shop).get(is_default=True)


def open_items(*, shop, sku_ids: Iterable[int]) -> None:
    """Give SKUs their place in the default warehouse, empty; those that have one keep it."""
    warehouse = default_warehouse(shop)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO catalog_stockitem (shop_id, sku_id, warehouse_id, on_hand, reserved, locked, off_sale)"
            " SELECT %s, sku_id, %s, 0, 0, 0, false FROM unnest(%s::bigint[]) AS sku_id ORDER BY sku_id"
            " ON CONFLICT (shop_id, sku_id, warehouse_id) DO NOTHING",
            [shop.pk, warehouse.pk, list(sku_ids)],
        )


_OPEN_WITH = """
WITH opened AS (
    INSERT INTO catalog_stockitem (shop_id, sku_id, warehouse_id, on_hand, reserved, locked, off_sale)
    SELECT %(shop)s, sku_id, %(warehouse)s, level, 0, 0, false
    FROM unnest(%(skus)s::bigint[], %(levels)s::integer[]) AS wanted (sku_id, level) ORDER BY sku_id
    RETURNING id, sku_id, on_hand
)
INSERT INTO catalog_stockmovement
    (shop_id, item_id, sku_id, quantity, on_hand_after, why, came_from, went_to, reference, note, by_id, at)
SELECT %(shop)s, id, sku_id, on_hand, on_hand, %(why)s, '', %(place)s, %(reference)s, '', %(by)s, %(at)s
FROM opened WHERE on_hand > 0 ORDER BY sku_id
"""


def open_with(*, shop, levels: Mapping[int, int], by, at: dt.datetime, why: str, reference: str) -> None:
    """Give SKUs that have just been made their place in the default warehouse and what lies there (id → units), with
    its line in the journal. ``IntegrityError`` for one that has its place already.
    """
    for level in levels.values():
        _check_level(level)
    if not levels:
        return
    warehouse = default_warehouse(shop)
    values: dict[str, Any] = {"warehouse": warehouse.pk, "place": warehouse.code, "why": str(why), "by": _key(by)}
    values |= {"skus": list(levels), "levels": list(levels.values()), "reference": reference[:60]}
    with scope(shop, by=by), connection.cursor() as cursor:
        cursor.execute(_OPEN_WITH, values | {"shop": shop.pk, "at": at})


_SET_LEVELS = """
WITH wanted AS (
    SELECT * FROM unnest(%(skus)s::bigint[], %(levels)s::integer[]) AS wanted (sku_id, level)
), held AS MATERIALIZED (
    SELECT item.id, item.sku_id, item.on_hand AS before, item.reserved + item.locked AS promised, wanted.level,
        place.code AS place
    FROM wanted
    JOIN catalog_stockitem AS item ON item.shop_id = %(shop)s AND item.sku_id = wanted.sku_id
    JOIN catalog_warehouse AS place ON place.shop_id = %(shop)s AND place.id = item.warehouse_id AND place.is_default
    ORDER BY item.sku_id
    FOR NO KEY UPDATE OF item
), changed AS (
    UPDATE catalog_stockitem AS item SET on_hand = held.level
    FROM held
    WHERE item.shop_id = %(shop)s AND item.id = held.id
      AND held.level >= item.reserved + item.locked AND item.on_hand <> held.level
    RETURNING item.id, held.sku_id, held.before, item.on_hand, held.place
), journal AS (
    INSERT INTO catalog_stockmovement
        (shop_id, item_id, sku_id, quantity, on_hand_after, why, came_from, went_to, reference, note, by_id, at)
    SELECT %(shop)s, id, sku_id, on_hand - before, on_hand, %(why)s,
        CASE WHEN on_hand > before THEN '' ELSE place END, CASE WHEN on_hand > before THEN place ELSE '' END,
        %(reference)s, %(note)s, %(by)s, %(at)s
    FROM changed ORDER BY sku_id
)
SELECT sku_id, before, CASE WHEN level < promised THEN before ELSE level END, promised, level < promised
FROM held ORDER BY sku_id
"""


def set_levels(
    *,
    shop,
    levels: Mapping[int, int],
    by,
    at: dt.datetime,
    why: str = Why.COUNTED,
    reference: str = "",
    note: str = "",
) -> dict[int, Level]:
    """Set how many of each SKU (id → units) lie in the default warehouse, with the difference in the journal.

    A SKU whose level would fall below what is promised is left alone and says so in its ``Level``; one without stock
    in this shop is not in the answer.
    """
    for level in levels.values():
        _check_level(level)
    if not levels:
        return {}
    skus = sorted(levels)
    with scope(shop, by=by), connection.cursor() as cursor:
        cursor.execute(
            _HOLD + _SET_LEVELS,
            {
                "shop": shop.pk,
                "skus": skus,
                "levels": [levels[sku] for sku in skus],
                "why": str(why),
                "reference": reference[:60],
                "note": note[:200],
                "by": _key(by),
                "at": at,
            },
        )
        return {row[0]: Level(*row) for row in cursor.fetchall()}


def _check_level(level: int) -> None:
    if not 0 <= level <= MOST_UNITS:
        raise Invalid(_("Stock is a whole number from 0 to %(most)s.") % {"most": number(MOST_UNITS)}, field="on_hand")


def count(*, sku: Sku, quantity: int, by, at: dt.datetime, why: str = "", reference: str = "") -> Level:
    """Somebody counted: ``quantity`` lie there. ``BelowPromised`` if more belong to orders already."""
    with scope(sku.shop, by=by):
        found = set_levels(shop=sku.shop, levels={sku.pk: quantity}, by=by, at=at, reference=reference, note=why)
        level = found[sku.pk]
        if level.refused:
            raise below_promised(sku.code, level.promised)
        if level.after != level.before:
            record_change(sku, level.before, level.after, Why.COUNTED, by, at)
        return level


def receive(*, sku: Sku, quantity: int, by, at: dt.datetime, why: str = "", reference: str = "") -> Level:
    """New units came in from a supplier."""
    return _add(sku, quantity, Why.RECEIVED, by=by, at=at, came_from="supplier", reference=reference, note=why)


def restock(*, sku: Sku, quantity: int, by, at: dt.datetime, why: str = "", reference: str = "") -> Level:
    """Units came back (a return, a cancellation after dispatch) and can be sold again."""
    return _add(sku, quantity, Why.RETURNED, by=by, at=at, came_from="buyer", reference=reference, note=why)


def write_off(*, sku: Sku, quantity: int, by, at: dt.datetime, why: str = "", reference: str = "") -> Level:
    """Units are lost or broken. ``BelowPromised`` if what is left would not do for the orders."""
    return _add(sku, -quantity, Why.WRITTEN_OFF, by=by, at=at, went_to="scrap", reference=reference, note=why)


_ADD = """
WITH changed AS (
    UPDATE catalog_stockitem AS item SET on_hand = item.on_hand + %(quantity)s
    FROM catalog_warehouse AS place
    WHERE item.shop_id = %(shop)s AND item.sku_id = %(sku)s
      AND place.shop_id = %(shop)s AND place.id = item.warehouse_id AND place.is_default
      AND item.on_hand + %(quantity)s >= item.reserved + item.locked
    RETURNING item.id, item.on_hand, item.reserved + item.locked AS promised, place.code AS place
), journal AS (
    INSERT INTO catalog_stockmovement
        (shop_id, item_id, sku_id, quantity, on_hand_after, why, came_from, went_to, reference, note, by_id, at)
    SELECT %(shop)s, id, %(sku)s, %(quantity)s, on_hand, %(why)s,
        coalesce(nullif(%(came_from)s, ''), place), coalesce(nullif(%(went_to)s, ''), place),
        %(reference)s, %(note)s, %(by)s, %(at)s
    FROM changed
)
SELECT on_hand, promised FROM changed
"""


def _add(
    sku: Sku,
    quantity: int,
    why: str,
    *,
    by,
    at: dt.datetime,
    came_from: str = "",
    went_to: str = "",
    reference: str,
    note: str,
) -> Level:
    if not 0 < abs(quantity) <= MOST_UNITS:
        raise Invalid(_("A quantity is at least 1 and at most %(most)s.") % {"most": MOST_UNITS}, field="quantity")
    with scope(sku.shop, by=by), connection.cursor() as cursor:
        values: dict[str, Any] = {"came_from": came_from, "went_to": went_to}
        values |= {"reference": reference[:60], "note": note[:200]}
        keys: dict[str, Any] = {
            "shop": sku.shop_id,
            "sku": sku.pk,
            "quantity": quantity,
            "why": str(why),
            "by": _key(by),
            "at": at,
        }
        cursor.execute(_ADD, {**values, **keys})
        found = cursor.fetchone()
        if found is None:
            raise below_promised(sku.code, _promised(sku))
        after, promised = found
        record_change(sku, after - quantity, after, why, by, at)
        return Level(sku.pk, after - quantity, after, promised, refused=False)


def _promised(sku: Sku) -> int:
    return sum(item.promised for item in StockItem.objects.of_sku(sku))


def below_promised(code: str, promised: int) -> BelowPromised:
    sentence = ngettext(
        "%(count)s unit of %(sku)s belongs to an order already; the stock cannot go below that.",
        "%(count)s units of %(sku)s belong to orders already; the stock cannot go below that.",
        promised,
    )
    return BelowPromised(sentence % {"count": number(promised), "sku": code}, field="on_hand")


_MARK = """
WITH held AS MATERIALIZED (
    SELECT id FROM catalog_stockitem WHERE shop_id = %(shop)s AND sku_id = ANY (%(skus)s) AND off_sale <> %(mark)s
    ORDER BY sku_id FOR NO KEY UPDATE
)
UPDATE catalog_stockitem AS item SET off_sale = %(mark)s
FROM held WHERE item.shop_id = %(shop)s AND item.id = held.id AND item.off_sale <> %(mark)s
"""


def mark_off_sale(*, shop, sku_ids: Iterable[int], off_sale: bool, by) -> int:
    """Say "out of stock" of SKUs, whatever lies there, or take it back. Returns how many changed."""
    with scope(shop, by=by), connection.cursor() as cursor:
        cursor.execute(_MARK, {"shop": shop.pk, "skus": sorted(sku_ids), "mark": off_sale})
        return cursor.rowcount


def record_change(sku: Sku, before: int, after: int, why: str, by, at: dt.datetime) -> None:
    events.record(
        "stock.changed",
        shop=sku.shop,
        subject_kind="product",
        subject_code=sku.product.code,
        by=by,
        at=at,
        sku_code=sku.code,
        before=before,
        after=after,
        why=str(why),
    )


def _key(by: Any) -> int | None:
    return getattr(by, "pk", None)
