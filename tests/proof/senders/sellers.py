"""What owners, applicants, newcomers and the invited send."""

import dataclasses
from collections.abc import Callable
from typing import Any

from catalog import publishing
from marketing import coupons
from orders import returns
from orders.models import Order, ReturnRequest
from seller_center.kernel import clock
from shops import jobs, team
from shops.models import Shop
from shops.reference import preset_role
from tests.factories import orders as trade
from tests.factories.catalog import give_picture, make_product
from tests.factories.marketing import make_coupon
from tests.proof.senders.people import Cast, arrived
from tests.proof.senders.shots import NUMBER, Sending, Shot, Visitor, by_forms, filled, paths_of, route_of
from tests.proof.twins import DAY, Twin


def shop_paths(twin: Twin) -> list[str]:
    """Every address of a shop, about this twin's own rows."""
    return paths_of(twin, "s/<str:shop>/")


def as_owner(cast: Cast) -> list[Sending]:
    """The forms of all pages, then what is typed differently, or needs something to be there first."""
    twin, shop, owner = cast.twin, cast.shop, cast.owner
    place = f"/s/{shop.code}/"

    def deed(path: str, make: Callable[[], dict | Shot] = dict) -> Sending:
        def shot() -> Shot:
            made = make()
            return made if isinstance(made, Shot) else Shot(place + path, made)

        return Sending(route_of(place + path), owner, shot)

    def typed(page: str, **values: Any) -> Callable[[], Shot]:
        """The form of this page that posts to the page itself, with other values."""
        return lambda: filled(owner.client, place + page, place + page, **values)

    product, package, order = twin.rows.product, twin.rows.package, twin.rows.order
    here = f"products/{product.code}/"
    return [
        *by_forms(owner, shop_paths(twin), place),
        deed("products/new/", typed("products/new/", **NO_OPTIONS)),
        deed(f"{here}options/", lambda: {"option1": "Size", "values1": "S, M"}),
        deed(f"{here}skus/", lambda: _prices(owner, product, place + here)),
        deed(f"{here}pictures/{twin.rows.picture.pk}/removal/", lambda: _second_picture(product, place + here)),
        *(_moved(owner, shop, place, state, deed_name) for state, deed_name in MOVES_OF_PRODUCTS.items()),
        deed("stock/counts/", lambda: _count(owner, place)),
        deed(f"marketing/coupons/{twin.rows.coupon.code}/change/", lambda: _draft_changed(owner, shop, place)),
        deed(f"marketing/coupons/{twin.rows.coupon.code}/start/", lambda: _paused_coupon(twin, place)),
        deed(f"packages/{package.code}/shipment/", lambda: {"carrier": "ups", "tracking_number": NUMBER}),
        deed(f"packages/{package.code}/number/", lambda: _renumbered(cast, place)),
        deed("orders/shipments/", lambda: {f"number-{package.code}": NUMBER, f"carrier-{package.code}": "ups"}),
        deed(f"orders/{order.code}/cancellation/", lambda: {**_units(order), "reason": "out_of_stock", "confirm": "1"}),
        deed(f"orders/{twin.rows.delivered.code}/refund/", lambda: _paid_back(cast, place)),
        deed("support/tickets/new/", typed("support/tickets/new/", about_code="")),
        deed("settings/", typed("settings/", name="Another name")),
        deed("settings/contact/", typed("settings/contact/", email="else@example.com")),
        deed(f"team/{twin.rows.place.pk}/role/", lambda: _other_role(owner, twin, place)),
        deed("lists/products/views/", lambda: {"name": "A view", "query": "status=live"}),
        deed("lists/products/deeds/pause/", lambda: {"pick": product.code, "confirmed": "1"}),
        deed(f"jobs/{twin.rows.job.code}/cancellation/", lambda: _waiting_job(twin, place)),
        *(_returned(cast, place, state, way, values) for state, way, values in WAYS_OF_RETURNS),
        deed("orders/labels/", lambda: {"pick": order.code}),
    ]


NO_OPTIONS = {f"{name}{number}": "" for name in ("option", "values") for number in (1, 2, 3)}
#: The state a product must be in → the deed that leads out of it.
MOVES_OF_PRODUCTS = {"draft": "publication", "archived": "restoration", "refused": "draft", "out": "back-in-stock"}
#: How far a return has come, the deed on it, and what is typed.
WAYS_OF_RETURNS: tuple[tuple[str, str, dict], ...] = (
    ("sent", "receipt", {}),
    ("received", "refund", {"restock": "on"}),
    ("dear", "release", {}),
    ("received", "rejection", {"reason": "not_ours", "justification": "These are other shoes."}),
)


def _units(order: Order) -> dict[str, int]:
    return {f"units-{trade.line_of(order).pk}": 1}


def _paid_back(cast: Cast, place: str) -> Shot:
    order = arrived(cast)
    return Shot(f"{place}orders/{order.code}/refund/", {**_units(order), "reason": "damaged", "confirm": "1"})


def _prices(owner: Visitor, product, page: str) -> Shot:
    shot = filled(owner.client, page, f"{page}skus/")
    prices = {name: "12.34" for name in shot.values if name.endswith("price")}
    numbers = {name: "" for name in shot.values if name.endswith(("weight", "compare_at", "cost", "barcode"))}
    return dataclasses.replace(shot, values=shot.values | numbers | prices)


def _second_picture(product, page: str) -> Shot:
    """The last picture of a live product stays; one of two may go."""
    return Shot(f"{page}pictures/{give_picture(product).pk}/removal/")


def _moved(owner: Visitor, shop: Shop, place: str, state: str, deed_name: str) -> Sending:
    def make() -> Shot:
        status = "live" if state == "out" else state
        product = make_product(
            shop, name=f"In state {state}", status=status, description="Words", at=clock.real_now() - DAY
        )
        give_picture(product)
        if state == "out":
            publishing.mark_out_of_stock(product=product, by=owner.person, at=clock.real_now())
        return Shot(f"{place}products/{product.code}/{deed_name}/")

    return Sending(f"s/<str:shop>/products/<str:code>/{deed_name}/", owner, make)


def _count(owner: Visitor, place: str) -> Shot:
    shot = filled(owner.client, f"{place}stock/", f"{place}stock/counts/")
    return dataclasses.replace(shot, values=shot.values | {"on_hand": "77"})


def _draft_changed(owner: Visitor, shop: Shop, place: str) -> Shot:
    make_coupon(shop, "DRAFT", at=clock.real_now(), live=False)
    page = f"{place}marketing/coupons/DRAFT/change/"
    return filled(owner.client, page, page, name="Other words", per_buyer_limit_count="")


def _paused_coupon(twin: Twin, place: str) -> Shot:
    coupons.pause(coupon=twin.rows.coupon, by=twin.people["owner"], at=clock.real_now())
    return Shot(f"{place}marketing/coupons/{twin.rows.coupon.code}/start/")


def _renumbered(cast: Cast, place: str) -> Shot:
    order = trade.make_open_order(cast.shop, at=clock.real_now() - DAY, product=cast.twin.rows.product)
    shipped = trade.ship(order, at=clock.real_now())
    return Shot(f"{place}packages/{shipped.code}/number/", {"carrier": "ups", "tracking_number": NUMBER})


def _other_role(owner: Visitor, twin: Twin, place: str) -> Shot:
    page = f"{place}team/{twin.rows.place.pk}/role/"
    return filled(owner.client, page, page, role=str(preset_role("catalog").pk))


def _waiting_job(twin: Twin, place: str) -> Shot:
    job = jobs.start_job(kind="lists.export", shop=twin.shop, by=twin.people["owner"], at=clock.real_now())
    return Shot(f"{place}jobs/{job.code}/cancellation/")


def _returned(cast: Cast, place: str, state: str, way: str, values: dict) -> Sending:
    def make() -> Shot:
        found = make_return(cast, state)
        return Shot(f"{place}returns/{found.code}/{way}/", values)

    return Sending(f"s/<str:shop>/returns/<str:code>/{way}/", cast.owner, make)


def make_return(cast: Cast, state: str) -> ReturnRequest:
    """A return that has come as far as ``asked``, ``approved``, ``sent``, ``received``; or ``dear``, and asked for."""
    at, by = clock.real_now(), cast.twin.people["manager"]
    price = 60_000 if state == "dear" else 2_000
    product = make_product(cast.shop, name="Comes back", price_minor=price, at=at - 9 * DAY)
    order = trade.make_delivered_order(cast.shop, at=at - 9 * DAY, product=product)
    units = {trade.line_of(order).pk: 1}
    found = returns.request(
        order=order, kind="return_and_refund", reason="defective", units=units, note="Broken", at=at - 2 * DAY
    )
    if state in ("approved", "sent", "received"):
        found = returns.approve(return_request=found, by=by, at=at - DAY)
    if state in ("sent", "received"):
        found = returns.send_back(return_request=found, carrier="ups", tracking_number=NUMBER, at=at - DAY)
    if state == "received":
        found = returns.receive(return_request=found, by=by, at=at)
    return found


def as_applicant(cast: Cast) -> list[Sending]:
    place = f"/s/{cast.twin.applying.code}/application/"
    pages = [*paths_of(cast.twin, "s/<str:shop>/application/"), f"{place}address/"]
    token = team.token_of(cast.twin.rows.invitation)
    return [
        *by_forms(cast.applicant, pages, place),
        Sending(
            "s/<str:shop>/application/bank/",
            cast.applicant,
            lambda: filled(cast.applicant.client, f"{place}bank/", f"{place}bank/", number="000123456780"),
        ),
        *by_forms(cast.newcomer, ["/apply/"], "/apply/"),
        *by_forms(cast.invited, [f"/invitations/{token}/"], "/invitations/"),
    ]
