"""What staff send: every button of every desk, and deeds on rows that must be there first."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.urls import reverse

from catalog.models import Category
from orders import refunds, returns
from orders.models import Label, Package, Refund, ReturnRequest
from payouts import releasing
from payouts.models import Payout, PayoutBatch
from seller_center.kernel import clock
from shops.models import Application
from support import desk as support_desk
from tests.factories import orders as trade
from tests.factories.catalog import make_product
from tests.factories.payouts import PAYDAY, PAYDAY_AT, make_available, make_batch
from tests.factories.shops import make_application, make_staff
from tests.factories.standing import make_evidence
from tests.proof.probing import PART
from tests.proof.senders.people import Cast, arrived
from tests.proof.senders.shots import Sending, Shot, Visitor, by_forms, filled, route_of
from tests.proof.twins import DAY, Twin


def as_staff(cast: Cast) -> list[Sending]:
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
    return filled(cast.staff.client, path, path, shop=cast.shop.code, reason="Two on the picture", **evidence)


def _new_policy(staff: Visitor) -> Shot:
    path = reverse("admin:shops_policyversion_schedule")
    return filled(staff.client, path, path, schedule="1", note="Another month")


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
    order = arrived(cast)
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
    return filled(cast.staff.client, path, path, shop=cast.shop.code, reason="A good year", **no_reserve)


def staff_path(twin: Twin, route: str) -> str:
    """The address of a page of staff, about the first row that there is."""
    if "(?P" in route:  # what Django writes as an expression: the page of an app, and whatever is no page
        return "/admin/shops/" if "app_label" in route else "/admin/nothing/"
    _admin, app, name, *_rest = [*route.split("/"), "", ""]
    known = {(one._meta.app_label, one._meta.model_name): one for one in admin.site._registry}
    model = known.get((app, name))
    row = model._base_manager.order_by("pk").first() if model is not None else None
    return "/" + PART.sub(str(row.pk) if row is not None else "1", route)
