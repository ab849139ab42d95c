"""A request for every address that may change something, by somebody who may: what N1 sends.

Most of it are the forms of the pages that each person sees. What no form reaches is written down here: the partner API,
callbacks, the steps of one's own account, deeds of staff on several rows, and what needs something to be there first.
"""

import base64
import contextlib
import dataclasses
import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import resolve, reverse

from catalog import publishing
from catalog.models import Category
from marketing import coupons
from orders import buyer_links, payments, reasons, refunds, returns
from orders.carriers import CARRIERS, SandboxCarrier
from orders.carriers import Label as Bought
from orders.models import Label, Order, Package, Payment, Refund, ReturnRequest
from orders.payment_provider import PaymentState, SandboxPaymentProvider
from payouts import reconciliation, releasing
from payouts.bank import SandboxBank, Transfer
from payouts.models import Payout, PayoutBatch
from sandbox.callbacks import sign, signing_key
from seller_center.kernel import clock
from shops import jobs, second_factor, team
from shops.models import Application, Shop, User
from shops.reference import preset_role
from support import desk as support_desk
from tests.factories import orders as trade
from tests.factories import papers
from tests.factories.accounts import code_of, mailed_code, make_authenticator, texted_code, verified_client
from tests.factories.catalog import give_picture, make_product, sku_of
from tests.factories.marketing import make_coupon
from tests.factories.payouts import PAYDAY, PAYDAY_AT, make_available, make_batch
from tests.factories.shops import PASSWORD, make_application, make_member, make_staff, make_user
from tests.factories.standing import make_evidence
from tests.proof.filled_forms import Form, Forms
from tests.proof.probing import PART, Address, patterns, undone, unsafe_methods
from tests.proof.twins import DAY, Twin

ANOTHER = "a new and longer phrase"


@dataclasses.dataclass(frozen=True)
class Visitor:
    """Somebody who asks. ``person``: None for a buyer without an account, and for a program."""

    name: str
    client: Client
    person: User | None
    shop: Shop
    #: Whether this one works in one shop only: nothing is told of another by what they do.
    at_home: bool = True


@dataclasses.dataclass(frozen=True)
class Shot:
    """One request, whole."""

    path: str
    values: dict[str, Any] = dataclasses.field(default_factory=dict)
    files: tuple[str, ...] = ()
    method: str = "POST"
    body: str = ""
    headers: dict[str, str] = dataclasses.field(default_factory=dict)

    def fire(self, client: Client):
        """Send it; the client still holds its session afterwards, whatever the answer says (it is undone)."""
        if self.body:
            return client.generic(
                self.method, self.path, self.body, content_type="application/json", headers=self.headers
            )
        papers_sent = {name: SimpleUploadedFile("paper.jpg", papers.passport(), "image/jpeg") for name in self.files}
        return client.post(self.path, self.values | papers_sent)


@dataclasses.dataclass(frozen=True)
class Sending:
    """A request for this route by this visitor. ``make`` may do what must be there first; all of it is undone."""

    route: str
    visitor: Visitor
    make: Callable[[], Shot]
    #: Whether nothing had to be there first.
    plain: bool = False


def route_of(path: str) -> str:
    return resolve(path.partition("?")[0]).route


def unsafe_routes() -> dict[str, Address]:
    """Every route that may be asked to change something; of two with the same words the first one answers."""
    found: dict[str, Address] = {}
    for route, entry in patterns():
        if unsafe_methods(entry.callback):
            found.setdefault(route, Address(route, entry))
    return found


# -- the forms of pages -----------------------------------------------------------------------------------------------


def _values(form: Form, button: tuple[str, str] | None = None) -> dict[str, Any]:
    values: dict[str, Any] = {name: one[0] if len(one) == 1 else one for name, one in form.values.items()}
    return values | ({button[0]: button[1]} if button else {})


def forms_on(client: Client, paths: list[str], begins: str) -> Iterator[Form]:
    """Every form on these pages that posts to an address that begins like this."""
    for path in paths:
        with undone():
            answer = client.get(path)
        if answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/html"):
            yield from (one for one in Forms(path, answer.content.decode()).found if one.path.startswith(begins))


def by_forms(visitor: Visitor, paths: list[str], begins: str, *, each_button: bool = False) -> list[Sending]:
    """One sending for each address that the pages post to, or for each button of each form."""
    found: dict[tuple, Sending] = {}
    for form in forms_on(visitor.client, paths, begins):
        for button in (form.buttons or [None]) if each_button else [None]:
            # a form that says where it goes is another one with another query (rows that were chosen)
            target = form.action or form.page
            shot = Shot(target if "?" in target else form.path, _values(form, button), tuple(form.files))
            key = (route_of(form.path), button)
            found.setdefault(key, Sending(key[0], visitor, lambda shot=shot: shot, plain=True))
    return list(found.values())


# -- the people -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Cast:
    """Everybody, around one of the twins."""

    twin: Twin
    owner: Visitor
    applicant: Visitor
    newcomer: Visitor
    invited: Visitor
    member: Visitor
    stranger: Visitor
    buyer: Visitor
    staff: Visitor
    program: Visitor

    @property
    def shop(self) -> Shop:
        return self.twin.shop


def make_cast(twin: Twin) -> Cast:
    """Log them in; what staff find on their desks is put there."""

    def visitor(name: str, person: User | None, shop: Shop = twin.shop, *, at_home: bool = True) -> Visitor:
        client = verified_client(person) if person is not None else Client()
        client.raise_request_exception = False
        return Visitor(name, client, person, shop, at_home)

    member = make_member(twin.shop, "analyst", user=make_user("colleague@example.com", name="A colleague"))
    return Cast(
        twin,
        owner=visitor("owner", twin.people["owner"]),
        applicant=visitor("applicant", twin.applicant, twin.applying),
        newcomer=visitor("newcomer", make_user("newcomer@example.com"), at_home=False),
        invited=visitor("invited", make_user(twin.rows.invitation.email)),
        member=visitor("member", member),
        stranger=visitor("stranger", None),
        buyer=visitor("buyer", None),
        staff=visitor("staff", make_staff("admin", name="Staff of every desk"), at_home=False),
        program=visitor("program", None),
    )


def sendings(cast: Cast) -> list[Sending]:
    """All of them, and for each address that none of them reaches an empty request by whoever would come there."""
    found = [
        *_as_owner(cast),
        *_as_applicant(cast),
        *_as_buyer(cast),
        *_as_staff(cast),
        *_as_member(cast),
        *_at_the_door(cast),
        *_as_program(cast),
    ]
    reached = {one.route for one in found}
    return found + [_empty(cast, one) for route, one in unsafe_routes().items() if route not in reached]


def _empty(cast: Cast, address: Address) -> Sending:
    route = address.route
    if route.startswith("admin/"):
        path = _staff_path(cast.twin, route)
        return Sending(route, cast.staff, lambda: Shot(path))
    visitors = {
        "s/<str:shop>/application/": cast.applicant,
        "s/": cast.owner,
        "shop/": cast.buyer,
        "api/": cast.program,
    }
    visitor = next((one for begins, one in visitors.items() if route.startswith(begins)), cast.member)
    path = address.path(address.of(cast.twin)) if not address.unknown() else "/" + PART.sub("1", route)
    return Sending(route, visitor, lambda: Shot(path))


# -- sellers ----------------------------------------------------------------------------------------------------------


def _paths(twin: Twin, begins: str) -> list[str]:
    found = [Address(route, entry) for route, entry in patterns() if route.startswith(begins)]
    return [one.path(one.of(twin)) for one in found if not one.unknown()]


def shop_paths(twin: Twin) -> list[str]:
    """Every address of a shop, about this twin's own rows."""
    return _paths(twin, "s/<str:shop>/")


def _as_owner(cast: Cast) -> list[Sending]:
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
        return lambda: _filled(owner.client, place + page, place + page, **values)

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
#: A number that UPS could have given.
NUMBER = "1Z999AA10123456784"
#: The state a product must be in → the deed that leads out of it.
MOVES_OF_PRODUCTS = {"draft": "publication", "archived": "restoration", "refused": "draft", "out": "back-in-stock"}
#: How far a return has come, the deed on it, and what is typed.
WAYS_OF_RETURNS: tuple[tuple[str, str, dict], ...] = (
    ("sent", "receipt", {}),
    ("received", "refund", {"restock": "on"}),
    ("dear", "release", {}),
    ("received", "rejection", {"reason": "not_ours", "justification": "These are other shoes."}),
)


def _filled(client: Client, page: str, target: str, **values: Any) -> Shot:
    """The form of a page that posts there, with some values of ours."""
    form = next(one for one in forms_on(client, [page], target) if one.path == target)
    return Shot(target, _values(form) | values, tuple(form.files))


def _units(order: Order) -> dict[str, int]:
    return {f"units-{trade.line_of(order).pk}": 1}


def _arrived(cast: Cast) -> Order:
    """Another order that was delivered a while ago."""
    return trade.make_delivered_order(cast.shop, at=clock.real_now() - 9 * DAY, product=cast.twin.rows.product)


def _paid_back(cast: Cast, place: str) -> Shot:
    order = _arrived(cast)
    return Shot(f"{place}orders/{order.code}/refund/", {**_units(order), "reason": "damaged", "confirm": "1"})


def _prices(owner: Visitor, product, page: str) -> Shot:
    shot = _filled(owner.client, page, f"{page}skus/")
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
    shot = _filled(owner.client, f"{place}stock/", f"{place}stock/counts/")
    return dataclasses.replace(shot, values=shot.values | {"on_hand": "77"})


def _draft_changed(owner: Visitor, shop: Shop, place: str) -> Shot:
    make_coupon(shop, "DRAFT", at=clock.real_now(), live=False)
    page = f"{place}marketing/coupons/DRAFT/change/"
    return _filled(owner.client, page, page, name="Other words", per_buyer_limit_count="")


def _paused_coupon(twin: Twin, place: str) -> Shot:
    coupons.pause(coupon=twin.rows.coupon, by=twin.people["owner"], at=clock.real_now())
    return Shot(f"{place}marketing/coupons/{twin.rows.coupon.code}/start/")


def _renumbered(cast: Cast, place: str) -> Shot:
    order = trade.make_open_order(cast.shop, at=clock.real_now() - DAY, product=cast.twin.rows.product)
    shipped = trade.ship(order, at=clock.real_now())
    return Shot(f"{place}packages/{shipped.code}/number/", {"carrier": "ups", "tracking_number": NUMBER})


def _other_role(owner: Visitor, twin: Twin, place: str) -> Shot:
    page = f"{place}team/{twin.rows.place.pk}/role/"
    return _filled(owner.client, page, page, role=str(preset_role("catalog").pk))


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


def _as_applicant(cast: Cast) -> list[Sending]:
    place = f"/s/{cast.twin.applying.code}/application/"
    pages = [*_paths(cast.twin, "s/<str:shop>/application/"), f"{place}address/"]
    token = team.token_of(cast.twin.rows.invitation)
    return [
        *by_forms(cast.applicant, pages, place),
        Sending(
            "s/<str:shop>/application/bank/",
            cast.applicant,
            lambda: _filled(cast.applicant.client, f"{place}bank/", f"{place}bank/", number="000123456780"),
        ),
        *by_forms(cast.newcomer, ["/apply/"], "/apply/"),
        *by_forms(cast.invited, [f"/invitations/{token}/"], "/invitations/"),
    ]


# -- buyers -----------------------------------------------------------------------------------------------------------


def _as_buyer(cast: Cast) -> list[Sending]:
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
        row = _arrived(cast)
        asked = {**_units(row), "kind": "return_and_refund", "reason": "defective", "note": "Broken"}
        return Shot(f"{shop}{order(row)}return/", asked)

    def new_review() -> Shot:
        row = _arrived(cast)
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


WHERE = {
    "name": "A Buyer",
    "email": "buyer@example.com",
    "line1": "1 Main St",
    "city": "Los Angeles",
    "region": "CA",
    "postal_code": "90012",
}


def _checked_out(buyer: Visitor, path: str, put_in: Callable[[], None]) -> Shot:
    """The exact total is shown first; the same form then places the order."""
    put_in()
    page = buyer.client.post(path, WHERE).content.decode()
    form = next(one for one in Forms(path, page).found if one.path == path)
    return Shot(path, _values(form) | {"place": "1"})


# -- staff ------------------------------------------------------------------------------------------------------------


def _as_staff(cast: Cast) -> list[Sending]:
    """Every button of every desk, then what needs something to be there first."""
    twin, staff, shop = cast.twin, cast.staff, cast.shop

    def deed(name: str, make: Callable[[], Any], /, *, desk: str = "changelist", **values: Any) -> Sending:
        """On the page of a row (``desk``), or as an action on a row of the list."""

        def shot() -> Shot:
            row = make()
            if desk == "changelist":
                path = reverse(f"admin:{name}_changelist")
                return Shot(path, {"_selected_action": [row.pk], **values})
            return Shot(reverse(f"admin:{name}_{desk}", args=[row.pk]), values)

        arguments = {} if desk == "changelist" else {"args": [1]}
        return Sending(route_of(reverse(f"admin:{name}_{desk}", **arguments)), staff, shot)

    product, order = twin.rows.product, twin.rows.order
    chosen = [
        f"{reverse('admin:catalog_product_freezing')}?products={product.pk}",
        f"{reverse('admin:orders_order_holding')}?orders={order.pk}",
    ]
    pages = [
        reverse("admin:shops_user_change", args=[cast.member.person.pk]),
        reverse("admin:shops_shop_standing", args=[shop.pk]),
        reverse("admin:shops_violation_desk_page", args=[twin.rows.case.pk]),
        reverse("admin:support_ticket_desk_page", args=[twin.rows.ticket.pk]),
        reverse("admin:catalog_product_verdict", args=[product.pk]),
        reverse("admin:orders_order_desk", args=[order.pk]),
    ]
    return [
        *by_forms(staff, [*pages, *chosen], "/admin/", each_button=True),
        deed("shops_application", _submitted, desk="desk_page", deed="claim"),
        deed("shops_user", lambda: cast.member.person, desk="change", is_active=""),
        deed("shops_user", lambda: cast.member.person, desk="access", reason="Seen in person"),
        deed("shops_shop", lambda: shop, desk="look", reason="A question of the seller"),
        Sending("admin/shops/violation/desk/new/", staff, lambda: _new_case(cast)),
        Sending("admin/shops/policyversion/schedule/", staff, lambda: _new_policy(staff)),
        deed(
            "catalog_category",
            lambda: Category.objects.choosable()[0],
            desk="change",
            name="Other",
            fee_class="standard",
        ),
        deed("orders_package", lambda: _labelled(cast), action="mark_shipped"),
        deed("orders_returnrequest", lambda: _released(cast), action="pay_released"),
        Sending(
            "admin/orders/returnrequest/desk/",
            staff,
            lambda: Shot(reverse("admin:orders_returnrequest_desk"), {"return": _released(cast).pk}),
        ),
        deed("orders_refund", lambda: _failed_refund(cast), action="send_again"),
        deed("support_review", lambda: twin.rows.review, action="hide_for_abuse"),
        deed("support_ticket", lambda: twin.rows.ticket, desk="desk_page", deed="claim"),
        deed("support_ticket", lambda: _claimed(cast), desk="desk_page", deed="release"),
        deed("payouts_payoutbatch", lambda: _drafted(cast).batch, desk="page", deed="approve"),
        deed("payouts_payoutbatch", lambda: PayoutBatch.objects.get(pk=twin.rows.payout.batch_id), desk="file"),
        deed("payouts_payout", lambda: _held(cast), desk="put_back"),
        Sending("admin/payouts/settlementterms/decision/", staff, lambda: _terms(cast)),
    ]


def _submitted() -> Application:
    return make_application(at=clock.real_now() - DAY, until="submitted", shop_name="Waits for staff")


def _new_case(cast: Cast) -> Shot:
    path = reverse("admin:shops_violation_new")
    code = make_evidence(cast.shop, at=clock.real_now())
    evidence = {"evidence_kind": "order", "evidence_code": code, "points": "4", "kind": "misleading_listing"}
    return _filled(cast.staff.client, path, path, shop=cast.shop.code, reason="Two on the picture", **evidence)


def _new_policy(staff: Visitor) -> Shot:
    path = reverse("admin:shops_policyversion_schedule")
    return _filled(staff.client, path, path, schedule="1", note="Another month")


def _labelled(cast: Cast) -> Package:
    Label.objects.filter(package=cast.twin.rows.package).update(
        status="bought", tracking_number=trade.tracking_number(), bought_at=clock.real_now()
    )
    return cast.twin.rows.package


def _released(cast: Cast) -> ReturnRequest:
    at = clock.real_now()
    product = make_product(cast.shop, name="Dear", price_minor=60_000, at=at - 9 * DAY)
    order = trade.make_delivered_order(cast.shop, at=at - 9 * DAY, product=product)
    units = {trade.line_of(order).pk: 1}
    return returns.grant(order=order, reason="damaged", units=units, by=cast.twin.people["manager"], at=at)


def _failed_refund(cast: Cast) -> Refund:
    order = _arrived(cast)
    units = {trade.line_of(order).pk: 1}
    [refund] = refunds.pay_back(
        order=order, units=units, reason="damaged", fault="seller", by=None, at=clock.real_now()
    )
    Refund.objects.filter(pk=refund.pk).update(status="failed")
    return refund


def _claimed(cast: Cast):
    return support_desk.claim(ticket=cast.twin.rows.ticket, by=cast.staff.person, at=clock.real_now())


def _drafted(cast: Cast) -> Payout:
    """The next payday's payout, not released by anybody."""
    make_available(cast.shop)
    week = dt.timedelta(days=7)
    make_batch(cast.shop, at=PAYDAY_AT + week, on=PAYDAY + week, released=False)
    return Payout.objects.in_shop(cast.shop).select_related("batch", "shop").order_by("pk").last()


def _held(cast: Cast) -> Payout:
    return releasing.hold(payout=_drafted(cast), reason="A check", by=make_staff("finance"), at=clock.real_now())


def _terms(cast: Cast) -> Shot:
    path = reverse("admin:payouts_settlementterms_decision")
    no_reserve = {"reserve_level": "0", "reserve_until_0": "", "reserve_until_1": ""}
    return _filled(cast.staff.client, path, path, shop=cast.shop.code, reason="A good year", **no_reserve)


def _staff_path(twin: Twin, route: str) -> str:
    """The address of a page of staff, about the first row that there is."""
    if "(?P" in route:  # what Django writes as an expression: the page of an app, and whatever is no page
        return "/admin/shops/" if "app_label" in route else "/admin/nothing/"
    _admin, app, name, *_rest = [*route.split("/"), "", ""]
    known = {(one._meta.app_label, one._meta.model_name): one for one in admin.site._registry}
    model = known.get((app, name))
    row = model._base_manager.order_by("pk").first() if model is not None else None
    return "/" + PART.sub(str(row.pk) if row is not None else "1", route)


# -- one's own account ------------------------------------------------------------------------------------------------


def _as_member(cast: Cast) -> list[Sending]:
    """A member of the team changes how they log in."""
    client, person = cast.member.client, cast.member.person

    def deed(path: str, make: Callable[[], dict]) -> Sending:
        return Sending(route_of(f"/account/{path}"), cast.member, lambda: Shot(f"/account/{path}", make()))

    def number() -> dict:
        client.post("/account/phone/change/", {"phone": "212 555 0124"})
        return {"code": texted_code("+12125550124")}

    def address() -> dict:
        client.post("/account/email/", {"email": "other@example.com", "action_add": ""})
        return {"code": mailed_code("other@example.com")}

    def new_authenticator() -> dict:
        return {"code": code_of(second_factor.begin_authenticator(person))}

    def code_by_mail() -> dict:
        client.post("/account/security/email-code/", {"action": "mail"})
        return {"code": mailed_code(person.email)}

    def with_mail() -> dict:
        client.post("/account/security/email-code/", code_by_mail())
        return {}

    def no_password() -> dict:
        person.set_unusable_password()
        person.save()
        again = verified_client(person)
        client.cookies = again.cookies
        return {"password1": ANOTHER}

    def at_tiktok() -> dict:
        return {"account": SocialAccount.objects.create(user=person, provider="tiktok", uid="person-1").pk}

    return [
        deed("password/change/", lambda: {"oldpassword": PASSWORD, "password1": ANOTHER}),
        deed("password/set/", no_password),
        deed("email/", lambda: {"email": "else@example.com", "action_add": ""}),
        deed("confirm-email/", address),
        deed("phone/change/", lambda: {"phone": "212 555 0123"}),
        deed("phone/verify/", number),
        deed("security/authenticator/", new_authenticator),
        deed("security/email-code/", code_by_mail),
        deed("security/recovery-codes/", dict),
        deed("security/authenticator/removal/", dict),
        deed("security/email-code/removal/", with_mail),
        deed("security/check/", lambda: {"code": code_of(make_authenticator(person))}),
        deed("3rdparty/", at_tiktok),
        deed("sessions/end/", dict),
        deed("logout/", dict),
        deed("log-in-again/", dict),
    ]


def _at_the_door(cast: Cast) -> list[Sending]:
    """Nobody is logged in yet."""
    stranger, person = cast.stranger, cast.member.person

    def deed(path: str, make: Callable[[], dict]) -> Sending:
        return Sending(route_of(f"/account/{path}"), stranger, lambda: Shot(f"/account/{path}", make()))

    def forgotten() -> dict:
        stranger.client.post("/account/password/reset/", {"email": person.email})
        return {"code": mailed_code(person.email)}

    def proven() -> dict:
        stranger.client.post("/account/password/reset/confirm/", forgotten())
        return {"password1": ANOTHER}

    def half_way() -> dict:
        stranger.client.post("/account/login/", {"login": person.email, "password": PASSWORD})
        return {"code": code_of(make_authenticator(person))}

    def by_code() -> dict:
        stranger.client.post("/account/login/code/", {"contact": person.email})
        return {"code": mailed_code(person.email)}

    return [
        deed("login/", lambda: {"login": person.email, "password": PASSWORD}),
        deed("second-factor/", half_way),
        deed("login/code/", lambda: {"contact": cast.newcomer.person.email}),
        deed("login/code/confirm/", by_code),
        deed("signup/", lambda: {"contact": "first@example.com", "password1": ANOTHER}),
        deed("password/reset/", lambda: {"email": cast.newcomer.person.email}),
        deed("password/reset/confirm/", forgotten),
        Sending(
            "account/password/reset/complete/",
            dataclasses.replace(cast.stranger, person=person),
            lambda: Shot("/account/password/reset/complete/", proven()),
        ),
    ]


# -- programs ---------------------------------------------------------------------------------------------------------


def _as_program(cast: Cast) -> list[Sending]:
    """A key of the partner API; carrier, payment provider and bank with a valid signature."""
    twin, key = cast.twin, {"Authorization": f"Bearer {cast.twin.key}"}
    code = sku_of(twin.rows.product).code
    order = {
        "external_number": "X-1",
        "lines": [{"sku": code, "quantity": 1}],
        "contact": {"name": "A Buyer", "email": "buyer@example.com"},
        "address": {name: WHERE[name] for name in ("line1", "city", "region", "postal_code")} | {"country": "US"},
    }

    def call(path: str, method: str, **body: Any) -> Sending:
        once_only = {"Idempotency-Key": f"key-{path}"}
        shot = Shot(f"/api/v1/{path}", method=method, body=json.dumps(body), headers=key | once_only)
        return Sending(route_of(f"/api/v1/{path}"), cast.program, lambda: shot, plain=True)

    parcel = f"orders/{twin.rows.order.code}/packages/{twin.rows.package.code}/shipment"
    return [
        call("stock", "PUT", sku=code, on_hand=77),
        call("orders", "POST", **order),
        call("orders/batch", "POST", orders=[order | {"key": "one"}]),
        call(parcel, "POST", carrier="ups", tracking_number=NUMBER),
        Sending("callbacks/carrier/", cast.program, lambda: _scanned(cast)),
        Sending("callbacks/payment/", cast.program, lambda: _captured(cast)),
        Sending("callbacks/bank/", cast.program, lambda: _settled(cast)),
    ]


# -- what stands on the other side of the callbacks -------------------------------------------------------------------

SECRET = "whsec_" + base64.b64encode(b"a secret of these tests").decode()


class PaysAtOnce(SandboxPaymentProvider):
    """A payment provider that has taken whatever is asked about."""

    def authorize(self, *, key: str, amount_minor: int, currency: str, card_token: str, description: str = ""):
        return self._taken(key)

    def capture(self, *, key: str, payment_key: str, amount_minor: int):
        return self._taken(payment_key)

    def status(self, payment_key: str):
        return self._taken(payment_key)

    def _taken(self, key: str) -> PaymentState:
        row = payments.payment_of_key(key)
        amount = row.amount_minor
        return PaymentState(key, f"ref-{key}", "captured", amount, amount, 0, row.order.currency, "", "")


class Settles(SandboxBank):
    """A bank at which everything has arrived."""

    def status(self, key: str) -> Transfer:
        row = reconciliation.payout_of(key)
        return Transfer(key, f"ref-{key}", "settled", row.amount_minor, row.currency, "", "", None)


class SellsLabels(SandboxCarrier):
    """A carrier that sells every label."""

    def buy_label(self, *, key: str, parcel: Any, service: str) -> Bought:
        return Bought(key, "lab_1", trade.tracking_number(), service, "bought", 650, "USD")


@contextlib.contextmanager
def connected() -> Iterator[None]:
    """Payment provider, bank and carrier are these."""
    here = "tests.proof.senders"
    tiktok = {"tiktok": {"OAUTH_PKCE_ENABLED": True, "APPS": [{"client_id": "key", "secret": "secret"}]}}
    with (
        override_settings(SOCIALACCOUNT_PROVIDERS=tiktok, ACCOUNT_RATE_LIMITS=False),  # limits: tests/accounts
        override_settings(PAYMENT_PROVIDER=f"{here}.PaysAtOnce", BANK=f"{here}.Settles", SANDBOX_SECRET=SECRET),
        mock.patch(
            "orders.labels.carriers.carrier", lambda code: SellsLabels() if code == "sandbox" else CARRIERS[code]
        ),
    ):
        yield


def _signed(path: str, service: str, type: str, data: dict) -> Shot:
    at, now = int(time.time()), clock.real_now().isoformat()
    told = {"id": "evt_1", "number": 1, "timestamp": now, "service": service, "type": type, "data": data}
    body = json.dumps(told)
    headers = {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at),
        "webhook-signature": sign(signing_key(SECRET), "evt_1", at, body.encode()),
    }
    return Shot(path, body=body, headers=headers)


def _scanned(cast: Cast) -> Shot:
    package = cast.twin.rows.shipped
    scan = {"tracking_number": package.tracking_number, "reference": package.code, "status": "accepted"}
    more = {"sentence": "Collected", "place": "Austin", "happened_at": clock.real_now().isoformat()}
    Package.objects.filter(pk=package.pk).update(carrier="sandbox")
    return _signed("/callbacks/carrier/", "carrier", "scan", scan | more)


def _captured(cast: Cast) -> Shot:
    payment = trade.payment_of(cast.twin.rows.unpaid)
    Payment.objects.filter(pk=payment.pk).update(status="sending")
    amount = payment.amount_minor
    amounts = {"amount_minor": amount, "captured_minor": amount, "refunded_minor": 0, "currency": "USD"}
    told = {"key": payment.key, "id": "P1", "status": "captured", "decline_code": "", "sentence": "", **amounts}
    return _signed("/callbacks/payment/", "payment", "payment.captured", told)


def _settled(cast: Cast) -> Shot:
    payout = cast.twin.rows.payout
    Payout.objects.filter(pk=payout.pk).update(status="sending", first_sent_at=clock.real_now())
    amount = {"amount_minor": payout.amount_minor, "currency": payout.currency}
    told = {"key": payout.key, "id": "T1", "state": "settled", "reason": "", "return_code": "", "settles_on": None}
    return _signed("/callbacks/bank/", "bank", "transfer.settled", told | amount)
