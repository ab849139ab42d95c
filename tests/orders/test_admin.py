"""Orders in the staff admin: who may act, the same verbs, money read only."""

import pytest
import time_machine
from django.contrib import admin
from django.db import connection
from django.urls import reverse

from orders import returns
from orders.models import Hold, Label, Order, Package, Refund
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import log_in_staff, make_staff

HOUR, DAY = make.HOUR, make.DAY
MODELS = [model for model in admin.site._registry if model._meta.app_label == "orders"]


@pytest.fixture(autouse=True)
def now(at):
    with time_machine.travel(at + 5 * HOUR, tick=False):
        yield at + 5 * HOUR


@pytest.fixture
def helper(db):
    return make_staff("support")


@pytest.fixture
def as_helper(client, helper):
    log_in_staff(client, helper)
    return client


def desk(order):
    return reverse("admin:orders_order_desk", args=[order.pk])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_it_lists_and_shows_everything_and_lets_nobody_edit_a_field(client, shop, at, model, now):
    log_in_staff(client, make_staff("admin"))
    make.make_delivered_order(shop, at=at)
    name = model._meta.model_name
    assert client.get(reverse(f"admin:orders_{name}_changelist"), {"q": "ACME"}).status_code == 200
    row = model._base_manager.first()
    if row is not None:
        assert client.get(reverse(f"admin:orders_{name}_change", args=[row.pk])).status_code == 200
        client.post(reverse(f"admin:orders_{name}_change", args=[row.pk]), {"total_minor": 1, "status": "x"})
        assert model._base_manager.filter(pk=row.pk).values().get() == {
            field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields
        }
    assert client.get(reverse(f"admin:orders_{name}_add")).status_code == 403


def test_it_holds_and_releases_with_a_reason(as_helper, helper, shop, at):
    order = make.make_open_order(shop, at=at)
    as_helper.post(desk(order), {"deed": "hold", "kind": "fraud", "reason": ""})
    assert not Hold.objects.exists()
    as_helper.post(desk(order), {"deed": "hold", "kind": "fraud", "reason": "The card was reported"})
    hold = Hold.objects.get()
    assert (hold.kind, hold.placed_by) == ("fraud", helper)
    page = as_helper.get(desk(order)).content.decode()
    assert "The card was reported" in page
    as_helper.post(desk(order), {"deed": "release", "hold": hold.pk, "reason": "Checked"})
    hold.refresh_from_db()
    assert (hold.released_by, hold.release_reason) == (helper, "Checked")


def test_it_ships_and_cancels_by_the_sellers_verbs(as_helper, shop, at):
    product = make_product(shop, on_hand=9)
    one, two = (make.make_open_order(shop, product=product, at=at) for _n in range(2))
    given = {"deed": "ship", "package": f"{one.code}-1", "carrier": "sandbox"}
    answer = as_helper.post(desk(one), {**given, "tracking_number": "BAD"}, follow=True)
    assert "is not a tracking number" in answer.content.decode()
    as_helper.post(desk(one), {**given, "tracking_number": make.tracking_number()})
    assert make.package_of(one).shipped
    as_helper.post(desk(two), {"deed": "cancel", "reason": "fraud"})
    two = make.fresh(two)
    assert (two.status, two.cancel_fault) == ("cancelled", "platform")


def test_it_holds_many_for_one_reason(as_helper, shop, at):
    product = make_product(shop, on_hand=9)
    orders = [make.make_open_order(shop, product=product, at=at) for _n in range(3)]
    action = {"action": "hold_selected", "_selected_action": [order.pk for order in orders]}
    answer = as_helper.post(reverse("admin:orders_order_changelist"), action)
    assert answer.status_code == 302
    as_helper.post(answer.url, {"reason": "Strike of the carrier"})
    assert Hold.objects.standing().count() == 3


def test_it_marks_packages_with_a_label_as_shipped(as_helper, shop, at):
    product = make_product(shop, on_hand=9)
    one, two = (make.make_open_order(shop, product=product, at=at) for _n in range(2))
    package = make.package_of(one)
    Label.objects.create(shop=shop, package=package, carrier="sandbox", service="ground", weight_grams=1, wanted_at=at)
    Label.objects.update(status="bought", tracking_number=make.tracking_number(), bought_at=at)
    action = {"action": "mark_shipped", "_selected_action": [row.pk for row in Package.objects.all()]}
    page = as_helper.post(reverse("admin:orders_package_changelist"), action, follow=True).content.decode()
    assert "has no label" in page
    assert make.package_of(one).shipped
    assert make.package_of(two).in_house


def test_it_is_the_second_person_of_a_large_refund(as_helper, shop, packer, at):
    order = make.make_delivered_order(shop, at=at - 9 * DAY, product=make_product(shop, price_minor=60_000))
    returns.grant(order=order, reason="damaged", units={make.line_of(order).pk: 1}, by=packer, at=at)
    assert not Refund.objects.exists()
    rows = {"action": "pay_released", "_selected_action": [order.returns.get().pk]}
    as_helper.post(reverse("admin:orders_returnrequest_changelist"), rows)
    assert Refund.objects.count() == 1


@pytest.mark.parametrize("group", ["reviewer", "policy", "moderator"])
def test_other_groups_see_no_orders(client, shop, at, group):
    log_in_staff(client, make_staff(group))
    order = make.make_open_order(shop, at=at)
    assert client.get(desk(order)).status_code == 403
    assert client.post(desk(order), {"deed": "cancel", "reason": "fraud"}).status_code == 403
    assert Order.objects.get().status == "open"


def test_finance_reads_and_does_not_act(client, shop, at):
    log_in_staff(client, make_staff("finance"))
    order = make.make_open_order(shop, at=at)
    assert client.get(desk(order)).status_code == 200
    assert client.post(desk(order), {"deed": "hold", "reason": "x"}).status_code == 403


def test_staff_find_an_order_by_what_it_is_known_by_and_are_forgiven_slips(as_helper, shop, other_shop, at):
    order = make.make_open_order(shop, at=at, name="Waldemar Fischer")
    make.make_open_order(other_shop, at=at, name="Buyer Two")
    number = make.ship(order, at=at + 2 * HOUR).tracking_number

    def told(words: str) -> str:
        page = as_helper.get(reverse("admin:orders_order_changelist"), {"q": words})
        return page.content.decode().partition("<main")[2]

    for words in (order.code.lower(), order.external_number, number.lower(), "fischer waldemar", "Valdemar", "Fishcer"):
        page = told(words)
        assert order.code in page, words
        assert "Buyer Two" not in page, words
        assert ("these are similar" in page) == (words in ("Valdemar", "Fishcer")), words
    assert order.code not in told("Nobody Known")


def test_the_search_of_staff_asks_the_trigram_index(shop):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    assert "order_search" in Order.objects.found_by("waldemar").order_by().explain()
    assert "order_search" in Order.objects.sounding_like_anywhere("waldemar").order_by().explain()
