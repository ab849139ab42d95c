"""A shop in the middle of its day, and the deeds that can meet there: what the explorer of interleavings plays with.

``make_scene()`` writes orders in every state, a coupon with one use left, the last units of a product, a return that
has come back, money that is due, a payout that is released. ``DEEDS`` are real verbs on these, by name.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction

from catalog import listing, publishing, stock
from catalog.models import Product, Sku
from marketing import coupons
from marketing.models import Coupon
from orders import (
    cancellation,
    fulfilment,
    holds,
    intake,
    lateness,
    opening,
    payments,
    refunds,
    returns,
    unpaid,
)
from orders.models import Order, ReturnRequest
from payouts import drafting, earning, releasing, settlement, transfers
from shops import team
from shops.models import Deadline, Market, Membership, Shop, User
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of
from tests.factories.marketing import make_coupon
from tests.factories.payouts import make_bank_account
from tests.factories.shops import make_member, make_shop, make_staff

HOUR, DAY = make.HOUR, make.DAY
#: A Saturday; the last payday was the Monday before, and the one before that has been drafted and released.
NOW = dt.datetime(2026, 10, 24, 16, 0, tzinfo=dt.UTC)
PAYDAY, PAYDAY_BEFORE = dt.date(2026, 10, 19), dt.date(2026, 10, 12)
PRICE, LEFT = 2_000, 3
#: A refund of the order ``due`` was made then, and has no posting yet.
SOON = NOW + dt.timedelta(minutes=1)
#: Everything that happened has its postings by then.
LATER = NOW + 2 * DAY


@dataclasses.dataclass(frozen=True)
class Scene:
    """What is there, by key: nothing is kept that a deed could see stale."""

    shop: int
    product: int
    orders: dict[str, int]
    returned: int
    people: tuple[int, int]
    tracking: str

    def order(self, name: str) -> Order:
        return Order.objects.select_related("shop__market", "buyer").get(pk=self.orders[name])

    def the_shop(self) -> Shop:
        return Shop.objects.select_related("market").get(pk=self.shop)

    def the_product(self) -> Product:
        return Product.objects.select_related("shop", "category").get(pk=self.product)

    def sku(self) -> Sku:
        return Sku.objects.select_related("shop", "product").get(product=self.product)

    def coupon(self) -> Coupon:
        return Coupon.objects.select_related("shop").get(shop=self.shop, code="LAST")

    def the_return(self) -> ReturnRequest:
        return ReturnRequest.objects.select_related("shop", "order__shop").get(pk=self.returned)

    def member(self, place: int) -> Membership | None:
        """None once somebody removed them: the page that would remove them says so."""
        return Membership.objects.filter(shop=self.shop, user=self.people[place]).select_related("shop", "role").first()


def make_scene() -> Scene:
    """Write it all, through the real verbs; the books are kept, but for one refund that still waits for its posting."""
    shop = make_shop("ACME", tier="pro")
    make_bank_account(shop)
    people = (make_member(shop, "owner"), make_member(shop, "owner"))
    product = make_product(shop, price_minor=PRICE, on_hand=100)
    make_coupon(shop, "LAST", at=NOW - 30 * DAY, limit_count=2)
    given: dict[str, Any] = {"shop": shop, "product": product}
    rich, old, due = (
        make.make_delivered_order(**given, quantity=3, at=NOW - ago * DAY, name=f"Buyer {ago}")
        for ago in (23, 20, 14)  # delivered five days later
    )
    _keep(rich, old, due)
    _pay_out(shop, rich)
    settlement.settle(at=NOW - 8 * DAY + HOUR, shop=shop)
    asked = _come_back(old)
    refunds.pay_back(order=due, units={make.line_of(due).pk: 1}, reason="damaged", fault="seller", by=None, at=SOON)
    sent = make.make_open_order(**given, quantity=1, at=NOW - 2 * DAY)
    package = make.ship(sent, at=NOW - DAY)
    opened = make.make_open_order(**given, quantity=3, at=NOW - 5 * HOUR)
    cooling = make.pay(make.make_order(**given, quantity=2, at=NOW - HOUR), at=NOW - HOUR)
    waiting = make.make_order(**given, quantity=2, at=NOW - HOUR, coupon_code="LAST")
    _keep(sent, opened, cooling)
    stock.set_levels(shop=shop, levels={sku_of(product).pk: item_of(product).promised + LEFT}, by=None, at=NOW)
    return Scene(
        shop.pk,
        product.pk,
        {
            "unpaid": waiting.pk,
            "cooling": cooling.pk,
            "open": opened.pk,
            "sent": sent.pk,
            "old": old.pk,
            "due": due.pk,
        },
        asked.pk,
        (people[0].pk, people[1].pk),
        package.tracking_number,
    )


def _keep(*orders: Order) -> None:
    for order in orders:
        earning.keep_books(order=make.fresh(order), at=LATER)


def _pay_out(shop: Shop, order: Order) -> None:
    """What this order brought is settled, drafted for the payday before and released: a payout waits for a worker."""
    at = order.delivered_at + 8 * DAY if order.delivered_at else NOW
    settlement.settle(at=min(at, NOW - 9 * DAY), shop=shop)
    batch = drafting.draft(market=shop.market, period_on=PAYDAY_BEFORE, at=NOW - 10 * DAY).batch
    assert batch is not None
    releasing.approve(batch=batch, by=make_staff("finance"), at=NOW - 10 * DAY)
    releasing.release(batch=batch, by=make_staff("finance"), at=NOW - 10 * DAY)


def _come_back(order: Order) -> ReturnRequest:
    """A unit of the order is back in the house, to be inspected."""
    asked = returns.request(
        order=order,
        kind="return_and_refund",
        reason=next(iter(returns.RETURNING)),
        units={make.line_of(order).pk: 1},
        at=NOW - 3 * DAY,
    )
    returns.approve(return_request=asked, by=None, at=NOW - 3 * DAY)
    returns.send_back(return_request=asked, carrier="sandbox", tracking_number="BACK-1", at=NOW - 2 * DAY)
    return returns.receive(return_request=asked, by=None, at=NOW - DAY)


# -- deeds ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class SceneDeed:
    """A verb on the scene. ``again``: a sweep, which comes again when it found somebody at its order."""

    name: str
    call: Callable[[Scene], Any]
    order: str = ""
    again: bool = False


DEEDS: dict[str, SceneDeed] = {}


def deed(order: str = "", *, again: bool = False):
    """Enter a function of the scene among the deeds, by its name."""

    def enter(call: Callable[[Scene], Any]) -> Callable[[Scene], Any]:
        name = call.__name__
        DEEDS[name] = SceneDeed(name, call, order, again)
        return call

    return enter


def _place(scene: Scene, number: str, quantity: int, coupon: str = "") -> None:
    intake.place_order(
        shop=scene.the_shop(),
        channel="storefront",
        external_number=number,
        lines=[intake.WantedLine(scene.sku().code, quantity)],
        contact=intake.Contact("Buyer", f"{number}@example.com"),
        address=make.ADDRESS,
        coupon_code=coupon,
        by=None,
        at=NOW,
    )


def _sweep(scene: Scene, kind: str, order: str, verb: Callable[..., None], at: dt.datetime = NOW) -> None:
    """One chunk of the sweep: the clocks that nobody holds, and their verb."""
    with transaction.atomic():
        code = Order.objects.filter(pk=scene.orders[order]).values_list("code", flat=True).get()
        rows = Deadline.objects.filter(kind=kind, subject_code=code, ended_at=None).select_related("shop")
        due = list(rows.select_for_update(of=("self",), skip_locked=True, no_key=True))
        if due:
            verb(due, at=at)


def _line(order: Order) -> int:
    return make.line_of(order).pk


@deed()
def buy_two(scene):
    _place(scene, "basket-two", 2)


@deed()
def buy_two_elsewhere(scene):
    _place(scene, "basket-three", 2)


@deed()
def buy_four(scene):
    """One more than there are, unless somebody gives some back."""
    _place(scene, "basket-four", LEFT + 1)


@deed()
def buy_with_the_last_coupon(scene):
    _place(scene, "basket-coupon", 1, "LAST")


@deed()
def buy_with_the_coupon_too(scene):
    _place(scene, "basket-coupon-too", 1, "LAST")


@deed("unpaid")
def pay(scene):
    payments.capture(order=scene.order("unpaid"), at=NOW)


@deed("unpaid", again=True)
def let_unpaid_expire(scene):
    _sweep(scene, "order.payment", "unpaid", unpaid.expire)


@deed("unpaid")
def cancel_unpaid(scene):
    cancellation.cancel_by_buyer(order=scene.order("unpaid"), reason="changed_mind", at=NOW)


@deed("cooling")
def cancel_in_the_free_hour(scene):
    cancellation.cancel_by_buyer(order=scene.order("cooling"), reason="changed_mind", at=NOW)


@deed("cooling", again=True)
def open_for_shipping(scene):
    _sweep(scene, "order.cooling_off", "cooling", opening.open_orders)


@deed("open")
def ship(scene):
    package = make.package_of(scene.order("open"))
    fulfilment.mark_shipped(package=package, carrier="sandbox", tracking_number=SHIPPED_WITH, by=None, at=NOW)


SHIPPED_WITH = make.tracking_number()


@deed("open")
def cancel_by_seller(scene):
    cancellation.cancel(order=scene.order("open"), reason="out_of_stock", by=None, at=NOW)


@deed("open")
def cancel_a_unit(scene):
    order = scene.order("open")
    cancellation.cancel(order=order, reason="out_of_stock", units={_line(order): 1}, by=None, at=NOW)


@deed("open")
def give_back_two_units(scene):
    order = scene.order("open")
    refunds.pay_back(order=order, units={_line(order): 2}, reason="damaged", fault="seller", by=None, at=NOW)


@deed("open", again=True)
def cancel_forgotten(scene):
    _sweep(scene, "order.auto_cancel", "open", lateness.cancel_forgotten, NOW + 10 * HOUR)


@deed("open")
def hold(scene):
    holds.place(order=scene.order("open"), kind="staff", reason="Something is odd.", by=None, at=NOW)


@deed("sent")
def deliver(scene):
    package = make.package_of(scene.order("sent"))
    make.scan(package, "delivered", at=NOW, id="the-scan")


@deed("sent", again=True)
def lose(scene):
    package = make.package_of(scene.order("sent"))
    with transaction.atomic():
        rows = Deadline.objects.filter(kind="package.silence", subject_code=package.code, ended_at=None)
        due = list(rows.select_related("shop").select_for_update(of=("self",), skip_locked=True, no_key=True))
        if due:
            lateness.mark_lost(due, at=NOW + 12 * DAY)


@deed()
def restock(scene):
    stock.restock(sku=scene.sku(), quantity=5, by=None, at=NOW)


@deed()
def write_off(scene):
    stock.write_off(sku=scene.sku(), quantity=2, by=None, at=NOW)


@deed()
def count_fewer(scene):
    """Counted: one less than the orders of the scene wait for, unless one of them is off."""
    promised = 7
    stock.count(sku=scene.sku(), quantity=promised - 1, by=None, at=NOW)


@deed()
def change_price(scene):
    product, sku = scene.the_product(), scene.sku()
    listing.change_skus(
        product=product, lines={sku.pk: listing.SkuLine(price_minor=PRICE + 500, on_hand=None)}, by=None, at=NOW
    )


@deed()
def take_off_sale(scene):
    publishing.pause(product=scene.the_product(), by=None, at=NOW)


@deed()
def pause_coupon(scene):
    coupons.pause(coupon=scene.coupon(), by=None, at=NOW)


@deed("old")
def ask_for_another_return(scene):
    order = scene.order("old")
    returns.request(
        order=order,
        kind="return_and_refund",
        reason=next(iter(returns.RETURNING)),
        units={_line(order): 2},
        at=NOW,
    )


@deed("old")
def refund_return(scene):
    returns.refund(return_request=scene.the_return(), by=None, at=NOW, restock=True)


@deed("old")
def reject_return(scene):
    returns.reject(
        return_request=scene.the_return(),
        reason=next(iter(returns.REFUSING)),
        justification="Another thing came back.",
        by=None,
        at=NOW,
    )


@deed("old")
def give_back_all_that_arrived(scene):
    order = scene.order("old")
    refunds.pay_back(order=order, units={_line(order): 3}, reason="damaged", fault="seller", by=None, at=NOW)


@deed("due")
def post_the_refund(scene):
    earning.keep_books(order=scene.order("due"), at=SOON)


@deed("due")
def settle(scene):
    settlement.settle(at=NOW, shop=scene.the_shop())


@deed()
def draft_payday(scene):
    drafting.draft(market=Market.objects.get(pk="US"), period_on=PAYDAY, at=NOW)


@deed()
def claim_payout(scene):
    transfers.claim(at=NOW, owner="worker")


def _remove(scene: Scene, whom: int, by: int) -> None:
    if there := scene.member(whom):
        team.remove(membership=there, by=User.objects.get(pk=scene.people[by]), at=NOW)


@deed()
def remove_the_other_owner(scene):
    _remove(scene, 1, by=0)


@deed()
def remove_the_first_owner(scene):
    _remove(scene, 0, by=1)


# -- how it stands in the end -----------------------------------------------------------------------------------------

_STANDS = """
SELECT 'order ' || external_number, concat_ws(' ', status, fulfilment_status, total_minor, coupon_code)
FROM orders_order
UNION ALL
SELECT 'line of ' || o.external_number, concat_ws(' ', l.quantity, l.cancelled_quantity, l.refunded_quantity,
    l.refunded_minor, coalesce(r.ended_as, '-'), r.quantity)
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id LEFT JOIN catalog_reservation r ON r.id = l.reservation_id
UNION ALL
SELECT 'payment of ' || o.external_number, concat_ws(' ', p.status, p.captured_minor, p.refunded_minor)
FROM orders_payment p JOIN orders_order o ON o.id = p.order_id
UNION ALL
SELECT 'packages of ' || o.external_number, string_agg(k.status, ' ' ORDER BY k.id)
FROM orders_package k JOIN orders_order o ON o.id = k.order_id GROUP BY 1
UNION ALL
SELECT 'returns of ' || o.external_number, string_agg(r.status, ' ' ORDER BY r.id)
FROM orders_returnrequest r JOIN orders_order o ON o.id = r.order_id GROUP BY 1
UNION ALL
SELECT 'holds of ' || o.external_number, string_agg(concat(h.kind, h.released_at IS NULL), ' ' ORDER BY h.id)
FROM orders_hold h JOIN orders_order o ON o.id = h.order_id GROUP BY 1
UNION ALL
SELECT 'clocks of ' || coalesce(o.external_number, d.subject_kind), string_agg(DISTINCT d.kind, ' ' ORDER BY d.kind)
FROM shops_deadline d LEFT JOIN orders_order o ON o.code = d.subject_code WHERE d.ended_at IS NULL GROUP BY 1
UNION ALL
SELECT 'stock', concat_ws(' ', on_hand, reserved, locked, off_sale) FROM catalog_stockitem
UNION ALL
SELECT 'journal', string_agg(concat(why, quantity), ' ' ORDER BY concat(why, quantity)) FROM catalog_stockmovement
UNION ALL
SELECT 'sku', concat_ws(' ', s.price_minor, p.status) FROM catalog_sku s JOIN catalog_product p ON p.id = s.product_id
UNION ALL
SELECT 'coupon', concat_ws(' ', status, redeemed_count, given_minor) FROM marketing_coupon
UNION ALL
SELECT 'account ' || kind, balance_minor::text FROM payouts_account
UNION ALL
SELECT 'earning of ' || o.external_number, concat_ws(' ', e.status, e.net_minor, e.taken_minor)
FROM payouts_earning e JOIN orders_order o ON o.id = e.order_id
UNION ALL
SELECT 'payout ' || code, concat_ws(' ', status, amount_minor, attempts) FROM payouts_payout
UNION ALL
SELECT 'batch', concat_ws(' ', pays_on, run_no, status, payout_count, total_minor) FROM payouts_payoutbatch
UNION ALL
SELECT 'member', string_agg(user_id::text, ' ' ORDER BY user_id) FROM shops_membership
ORDER BY 1, 2
"""


def stands(cursor) -> tuple[tuple[str, str], ...]:
    """How everything stands, without moments and random codes: equal for two ends that nobody could tell apart."""
    cursor.execute(_STANDS)
    return tuple(cursor.fetchall())


def come_to_rest(scene: Scene, *deeds: SceneDeed) -> None:
    """After the deeds: sweeps come again, and the books are kept, as reactions would."""
    for one in deeds:
        if one.again:
            one.call(scene)
    for order in {one.order for one in deeds if one.order}:
        earning.keep_books(order=scene.order(order), at=LATER)
