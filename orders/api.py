"""The partner API of orders: push an order, read orders, report a shipment. Refusals are the screens' sentences."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Header, Query, Router, Schema, Status
from pydantic import Field, ValidationError

from orders import fulfilment, intake, intake_many, listing
from orders.models import Hold, Order, OrderLine, Package, PackageLine
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from seller_center.kernel.paging import keyset_page
from shops.api_auth import ApiKeyAuth
from shops.idempotency import once

router = Router(tags=["orders"])
READ, WRITE = ApiKeyAuth("orders:read"), ApiKeyAuth("orders:write")
CHANNEL = "api"


class LineIn(Schema):
    """Units of a SKU, by the shop's own code."""

    sku: str = Field(max_length=50)
    quantity: int = Field(ge=1, le=10_000)


class ContactIn(Schema):
    """Who bought."""

    name: str = Field(max_length=120)
    email: str = Field("", max_length=254)
    phone: str = Field("", max_length=40)


class AddressIn(Schema):
    """Where it goes."""

    line1: str = Field(max_length=120)
    line2: str = Field("", max_length=120)
    city: str = Field(max_length=80)
    region: str = Field("", max_length=40)
    postal_code: str = Field("", max_length=20)
    country: str = Field(min_length=2, max_length=2)


class OrderIn(Schema):
    """An order as a channel pushes it. ``sold``: the channel has the buyer's money; then it is never refused for stock,
    price or limits, but stored under a hold. The same ``external_number`` is the same order."""

    external_number: str = Field(min_length=1, max_length=60)
    lines: list[LineIn] = Field(min_length=1, max_length=50)
    contact: ContactIn
    address: AddressIn
    sold: bool = True
    coupon_code: str = Field("", max_length=20)
    expected_total_minor: int | None = Field(None, ge=0)


class LineOut(Schema):
    """A line of an order, in minor units of the order's currency."""

    sku: str
    title: str
    quantity: int
    cancelled_quantity: int
    unit_price_minor: int
    paid_minor: int
    refunded_minor: int


class PackageOut(Schema):
    """A package with what is in it."""

    code: str
    status: str
    carrier: str
    tracking_number: str
    shipped_at: dt.datetime | None
    delivered_at: dt.datetime | None
    lines: list[LineIn]


class OrderOut(Schema):
    """An order as partners see it."""

    code: str
    channel: str
    external_number: str
    status: str
    currency: str
    placed_at: dt.datetime
    paid_at: dt.datetime | None
    ship_by: dt.datetime | None
    goods_minor: int
    seller_discount_minor: int
    platform_discount_minor: int
    shipping_minor: int
    tax_minor: int
    tax_included: bool
    total_minor: int
    on_hold: list[str]
    contact: ContactIn
    address: dict[str, str]
    lines: list[LineOut]
    packages: list[PackageOut]


class OrderRow(Schema):
    """An order in a list."""

    code: str
    external_number: str
    status: str
    placed_at: dt.datetime
    ship_by: dt.datetime | None
    total_minor: int
    currency: str


class OrdersOut(Schema):
    """A page of orders; ``next`` is the cursor of the following page, empty at the end."""

    orders: list[OrderRow]
    next: str


class ShipmentIn(Schema):
    """With whom and under which number a package left."""

    carrier: str = Field(max_length=20)
    tracking_number: str = Field(max_length=40)


#: The order that was pushed can be read by its code.
THEN_READ = {
    "links": {"read": {"operationId": "orders_api_read_order", "parameters": {"code": "$response.body#/code"}}}
}


@router.post(
    "/orders",
    auth=WRITE,
    response={201: OrderOut, 200: OrderOut},
    summary="Push an order",
    openapi_extra={"responses": {201: THEN_READ, 200: THEN_READ}},
)
def push_order(request: HttpRequest, body: OrderIn, idempotency_key: str = Header("", alias="Idempotency-Key")) -> Any:
    """Take in an order, once per ``Idempotency-Key`` and once per ``external_number``. 201 new, 200 it was there."""
    shop, at = request.shop, clock.now()  # type: ignore[attr-defined]

    def run() -> tuple[int, dict]:
        order = intake.place_order(
            shop=shop,
            channel=CHANNEL,
            external_number=body.external_number,
            lines=[intake.WantedLine(line.sku, line.quantity) for line in body.lines],
            contact=intake.Contact(body.contact.name, body.contact.email, body.contact.phone),
            address=intake.Address(**body.address.dict()),
            coupon_code=body.coupon_code,
            sold=body.sold,
            expected_total_minor=body.expected_total_minor,
            at=at,
            by=None,
        )
        return (201 if order.fresh else 200), _told(order)  # type: ignore[attr-defined]

    status, answer, _replayed = once(
        shop=shop, key=idempotency_key, route="POST /orders", body=request.body, at=at, run=run
    )
    return Status(status, answer)


class PushIn(OrderIn):
    """An order of a batch, with the key that it would have had as ``Idempotency-Key``."""

    key: str = Field(min_length=1, max_length=100)


class BatchIn(Schema):
    """Up to a hundred orders. Each is one of ``PushIn``; one that is not is refused alone."""

    orders: list[dict[str, Any]] = Field(min_length=1, max_length=100)


class PushAnswer(Schema):
    """What became of one order of a batch: 201 new, 200 it was there, else why not."""

    key: str
    status: int
    order: OrderOut | None = None
    refused: dict[str, Any] | None = None


class BatchOut(Schema):
    """One answer for each order, in their order."""

    answers: list[PushAnswer]


@router.post("/orders/batch", auth=WRITE, response=BatchOut, summary="Push up to a hundred orders")
def push_orders(request: HttpRequest, body: BatchIn) -> Any:
    """Take in orders, each under a key of its own and with an answer of its own, as if it had come alone.

    Orders that are sold go in together; a repeat of the whole batch answers with the same words.
    """
    shop, at = request.shop, clock.now()  # type: ignore[attr-defined]
    answers: list[intake_many.Answer | None] = []
    pushed = []
    for raw in body.orders:
        try:
            one = PushIn.model_validate(raw)
        except ValidationError as error:
            answers.append(_malformed(error))
            continue
        answers.append(None)
        pushed.append(_pushed(shop, one))
    taken = iter(intake_many.push(shop=shop, pushed=pushed, at=at, tell=_tell, refusal=_refused))
    kept = (one or next(taken) for one in answers)
    told = [_answer(str(raw.get("key", "")), one) for raw, one in zip(body.orders, kept, strict=True)]
    return JsonResponse({"answers": told})


def _answer(key: str, one: intake_many.Answer) -> dict[str, Any]:
    """What became of one order, spelled as its own answer would have been."""
    if one.status < 300:
        return {"key": key, "status": one.status, "order": OrderOut.model_validate(one.body).model_dump(mode="json")}
    return {"key": key, "status": one.status, "refused": one.body}


def _pushed(shop, one: PushIn) -> intake_many.Pushed:
    form = intake.Form(
        shop=shop,
        number=intake.Number(CHANNEL, one.external_number.strip()[:60]),
        contact=intake.Contact(one.contact.name, one.contact.email, one.contact.phone),
        address=intake.Address(**one.address.dict()),
        coupon_code=one.coupon_code,
        visit_code="",
        source="",
        user=None,
        sold=one.sold,
        expected_total_minor=one.expected_total_minor,
    )
    lines = tuple(intake.WantedLine(line.sku, line.quantity) for line in one.lines)
    return intake_many.Pushed(one.key, one.model_dump(exclude={"key"}), form, lines)


def _malformed(error: ValidationError) -> intake_many.Answer:
    faults = [{"field": ".".join(map(str, one["loc"])), "message": one["msg"]} for one in error.errors()]
    words = str(_("The order does not have the right form."))
    return intake_many.Answer(422, {"code": "malformed", "message": words, "faults": faults})


def _refused(error: DomainError) -> intake_many.Answer:
    told = {"code": error.code or "refused", "message": str(error.message), "field": error.field}
    return intake_many.Answer(error.status, told)


@router.get("/orders", auth=READ, response=OrdersOut, summary="List orders, newest first")
def list_orders(
    request: HttpRequest, cursor: str = "", limit: int = Query(50, ge=1, le=200), tab: str = "all", q: str = ""
) -> Any:
    """The orders of the shop by tab (``to_ship``, ``late``, ``shipped``, …) and words, a page at a time."""
    shop = request.shop  # type: ignore[attr-defined]
    question = listing.Question(tab=tab if tab in listing.TAB_NAMES else "all", words=q[:100], sort="newest")
    found = listing.rows(shop, question, clock.now()).values(*listing.COLUMNS, "external_number")
    page = keyset_page(found, order=listing.NEWEST, token=cursor, size=limit)
    rows = [{**row, "status": row["fulfilment_status"]} for row in page.rows]
    return {"orders": rows, "next": page.next_token}


@router.get("/orders/{code}", auth=READ, response=OrderOut, summary="Read an order")
def read_order(request: HttpRequest, code: str) -> Any:
    """One order with its lines and packages."""
    return _told(_order(request, code))


@router.post("/orders/{code}/packages/{package}/shipment", auth=WRITE, response=OrderOut, summary="Report a shipment")
def report_shipment(request: HttpRequest, code: str, package: str, body: ShipmentIn) -> Any:
    """Mark a package as shipped. The same number again is fine; another one is refused."""
    order = _order(request, code)
    found = get_object_or_404(Package.objects.in_shop(order.shop).of_code(package.upper()), order=order)
    found.shop = order.shop
    fulfilment.mark_shipped(
        package=found, carrier=body.carrier, tracking_number=body.tracking_number, by=None, at=clock.now()
    )
    return _told(_order(request, code))


def _order(request: HttpRequest, code: str) -> Order:
    shop = request.shop  # type: ignore[attr-defined]
    order = get_object_or_404(Order.objects.in_shop(shop).of_code(code.upper()))
    order.shop = shop
    return order


def _told(order: Order) -> dict[str, Any]:
    """The order as it stands, as plain values."""
    return _tell(order, list(OrderLine.objects.of_order(order)))


def _tell(order: Order, lines: Sequence[OrderLine]) -> dict[str, Any]:
    """The order as plain values, fit to be stored as the answer to a repeat.

    One that was placed among others and not held has neither holds nor packages: nothing is asked about them.
    """
    if getattr(order, "plain", False):
        return _values(order, lines, (), (), {})
    holds = list(order.holds.standing().order_by("id"))
    contents: dict[int, list[dict]] = {}
    for row in PackageLine.objects.in_shop(order.shop).filter(line__in=lines).select_related("line").order_by("id"):
        contents.setdefault(row.package_id, []).append({"sku": row.line.sku_code, "quantity": row.quantity})
    return _values(order, lines, holds, list(Package.objects.of_order(order)), contents)


def _values(
    order: Order,
    lines: Sequence[OrderLine],
    holds: Sequence[Hold],
    packages: Sequence[Package],
    contents: dict[int, list[dict]],
) -> dict[str, Any]:
    amounts = (
        "goods_minor",
        "seller_discount_minor",
        "platform_discount_minor",
        "shipping_minor",
        "tax_minor",
        "tax_included",
        "total_minor",
    )
    return {
        "code": order.code,
        "channel": order.channel,
        "external_number": order.external_number,
        "status": order.fulfilment_status,
        "currency": order.currency,
        "placed_at": _moment(order.placed_at),
        "paid_at": _moment(order.paid_at),
        "ship_by": _moment(order.ship_by),
        **{name: getattr(order, name) for name in amounts},
        "on_hold": [hold.reason for hold in holds],
        "contact": {"name": order.contact_name, "email": order.contact_email, "phone": order.contact_phone},
        "address": order.address,
        "lines": [
            {
                "sku": line.sku_code,
                "title": line.title,
                "quantity": line.quantity,
                "cancelled_quantity": line.cancelled_quantity,
                "unit_price_minor": line.unit_price_minor,
                "paid_minor": line.paid_minor,
                "refunded_minor": line.refunded_minor,
            }
            for line in lines
        ],
        "packages": [
            {
                "code": package.code,
                "status": package.status,
                "carrier": package.carrier,
                "tracking_number": package.tracking_number,
                "shipped_at": _moment(package.shipped_at),
                "delivered_at": _moment(package.delivered_at),
                "lines": contents.get(package.pk, []),
            }
            for package in packages
        ],
    }


def _moment(at: dt.datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
