"""What buyers send, who have no account."""

from collections.abc import Callable
from typing import Any

from orders import buyer_links, reasons
from orders.models import Order
from tests.factories import orders as trade
from tests.factories.catalog import sku_of
from tests.proof.filled_forms import Forms
from tests.proof.senders.people import Cast, arrived
from tests.proof.senders.sellers import _units, make_return
from tests.proof.senders.shots import NUMBER, WHERE, Sending, Shot, Visitor, route_of, values_of


def as_buyer(cast: Cast) -> list[Sending]:
    """Without an account: the basket first, then the order by its secret link."""
    twin, buyer = cast.twin, cast.buyer
    shop = f"/shop/{cast.shop.slug}/"
    sku = sku_of(twin.rows.product)

    def step(path: str, make: Callable[[], dict | Shot]) -> Sending:
        def shot() -> Shot:
            made = make()
            return made if isinstance(made, Shot) else Shot(shop + path, made)

        return Sending(route_of(shop + path), buyer, shot)

    def put_in() -> None:
        buyer.client.post(f"{shop}basket/lines/", {"sku": sku.code, "quantity": 1})

    def after_putting_in(**values: Any) -> Callable[[], dict]:
        def make() -> dict:
            put_in()
            return values

        return make

    def order(row: Order) -> str:
        return f"orders/{buyer_links.token_of(row)}/"

    def returned(state: str, way: str, **values: Any) -> Callable[[], Shot]:
        def make() -> Shot:
            found = make_return(cast, state)
            path = f"{shop}orders/{buyer_links.token_of(found.order)}/return/{way}/"
            return Shot(path, {"return": found.code, **values})

        return make

    def new_delivery() -> Shot:
        row = arrived(cast)
        asked = {**_units(row), "kind": "return_and_refund", "reason": "defective", "note": "Broken"}
        return Shot(f"{shop}{order(row)}return/", asked)

    def new_review() -> Shot:
        row = arrived(cast)
        return Shot(f"{shop}{order(row)}review/", {"line": trade.line_of(row).pk, "stars": "4", "body": "Good"})

    delivered = twin.rows.delivered
    return [
        step("basket/lines/", lambda: {"sku": sku.code, "quantity": 1}),
        step("basket/quantity/", after_putting_in(sku=sku.code, quantity=2)),
        step("basket/coupon/", after_putting_in(code=twin.rows.coupon.code)),
        step("checkout/", lambda: _checked_out(buyer, f"{shop}checkout/", put_in)),
        step(order(twin.rows.unpaid) + "payment/", lambda: {"card": "tok_ok"}),
        step(
            order(twin.rows.unpaid) + "cancellation/",
            lambda: {"reason": reasons.choices(reasons.CANCELLING, "buyer")[0][0]},
        ),
        step(order(delivered) + "message/", lambda: {"body": "Where is it?"}),
        step(order(delivered) + "return/", new_delivery),
        step(order(delivered) + "review/", new_review),
        step(
            order(delivered) + "return/parcel/", returned("approved", "parcel", carrier="ups", tracking_number=NUMBER)
        ),
        step(order(delivered) + "return/withdrawal/", returned("asked", "withdrawal")),
    ]


def _checked_out(buyer: Visitor, path: str, put_in: Callable[[], None]) -> Shot:
    """The exact total is shown first; the same form then places the order."""
    put_in()
    page = buyer.client.post(path, WHERE).content.decode()
    form = next(one for one in Forms(path, page).found if one.path == path)
    return Shot(path, values_of(form) | {"place": "1"})
