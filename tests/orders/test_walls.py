"""What must never be false of orders is refused by PostgreSQL itself, as the application's role (R5), with controls."""

import pytest
from django.apps import apps
from django.db import IntegrityError, InternalError, ProgrammingError, connection, models, transaction

from orders import holds, returns
from orders.models import Hold, Label, Order, Package, ReturnRequest, TrackingEvent
from shops.models import ShopOwned
from tests.catalog.test_stock_races import without_constraint
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.shops import make_shop

HOUR, DAY = make.HOUR, make.DAY
REFUSED = (IntegrityError, ProgrammingError, InternalError)


def attack(sql, *params) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.rowcount


def everything(shop, at):
    """A shop with a row of every noun of floor 4."""
    product = make_product(shop, on_hand=20)
    order = make.make_delivered_order(shop, product=product, quantity=2, at=at)
    asked = returns.request(
        order=order, kind="refund_only", reason="damaged", units={make.line_of(order).pk: 1}, at=at + 6 * DAY
    )
    returns.approve(return_request=asked, by=None, at=at + 6 * DAY)
    other = make.make_open_order(shop, product=product, at=at)
    holds.place(order=other, kind=Hold.Kind.STAFF, reason="Checked", by=None, at=at)
    Label.objects.create(
        shop=shop, package=make.package_of(other), carrier="sandbox", service="ground", weight_grams=1, wanted_at=at
    )
    return order


OWNED = [model for model in apps.get_app_config("orders").get_models() if issubclass(model, ShopOwned)]
REFERENCES = [
    (model, field)
    for model in OWNED
    for field in model._meta.fields
    if isinstance(field, models.ForeignKey) and issubclass(field.related_model, ShopOwned)
]


def test_it_found_the_references():
    assert len(REFERENCES) >= 18


@pytest.mark.django_db
def test_no_row_refers_to_a_row_of_another_shop(shop, other_shop, at):
    """INV15, for every reference between shop-owned tables of this floor."""
    for one in (shop, other_shop):
        everything(one, at)
    tried = 0
    for model, field in REFERENCES:
        mine = model._base_manager.filter(shop=shop, **{f"{field.name}__isnull": False}).first()
        foreign = field.related_model._base_manager.filter(shop=other_shop).first()
        if mine is None or foreign is None:
            continue
        tried += 1
        with pytest.raises(REFUSED):
            attack(f"UPDATE {model._meta.db_table} SET {field.column} = %s WHERE id = %s", foreign.pk, mine.pk)
    assert tried >= 17


ATTACKS = {
    "an order skips its payment": "UPDATE orders_order SET status = 'open' WHERE status = 'unpaid'",
    "a completed order opens again": "UPDATE orders_order SET status = 'open' WHERE status = 'completed'",
    "an order is born open": "INSERT INTO orders_order SELECT (o).* FROM (SELECT o FROM orders_order o) x"
    " WHERE (o).status = 'open'",
    "an order loses its moment of payment": "UPDATE orders_order SET paid_at = NULL WHERE status = 'open'",
    "an order is cancelled without a moment": "UPDATE orders_order SET status = 'cancelled' WHERE status = 'open'",
    "a total is not its sum": "UPDATE orders_order SET total_minor = total_minor + 1",
    "a discount is above the goods": "UPDATE orders_order SET seller_discount_minor = goods_minor + 1",
    "a line is of nothing": "UPDATE orders_orderline SET quantity = 0",
    "a line refunds more units": "UPDATE orders_orderline SET refunded_quantity = quantity + 1",
    "a line refunds more money": "UPDATE orders_orderline SET refunded_goods_minor = goods_minor + 1,"
    " refunded_minor = goods_minor + 1",
    "a payment refunds more": "UPDATE orders_payment SET refunded_minor = captured_minor + 1",
    "a payment captures more": "UPDATE orders_payment SET captured_minor = amount_minor + 1",
    "a captured payment waits again": "UPDATE orders_payment SET status = 'awaiting' WHERE status = 'captured'",
    "a refund is of nothing": "UPDATE orders_refund SET total_minor = 0, goods_minor = 0, shipping_minor = 0, tax_minor = 0",
    "a refund is not its sum": "UPDATE orders_refund SET total_minor = total_minor + 1",
    "a package is delivered from the house": "UPDATE orders_package SET status = 'delivered', delivered_at = now()"
    " WHERE status = 'awaiting_shipment'",
    "a package ships without a number": "UPDATE orders_package SET tracking_number = '' WHERE status = 'delivered'",
    "a delivered package goes back": "UPDATE orders_package SET status = 'in_transit', delivered_at = NULL"
    " WHERE status = 'delivered'",
    "a package holds nothing": "UPDATE orders_packageline SET quantity = 0",
    "a scan is changed": "UPDATE orders_trackingevent SET status = 'delivered'",
    "a scan is deleted": "DELETE FROM orders_trackingevent",
    "a return is refunded twice": "UPDATE orders_returnrequest SET status = 'received' WHERE status = 'refunded'",
    "a return is refused in silence": "UPDATE orders_returnrequest SET status = 'refused'",
    "a hold has no reason": "UPDATE orders_hold SET reason = ''",
    "a second order has the same number": "UPDATE orders_order SET external_number = 'same'",
    "a label is bought without a number": "UPDATE orders_label SET status = 'bought', bought_at = now()",
    "an order is paid twice": "INSERT INTO orders_payment (shop_id, order_id, provider, attempt, status, currency,"
    " amount_minor, captured_minor, refunded_minor, provider_ref, decline_sentence)"
    " SELECT shop_id, order_id, 'x', 0, 'awaiting', currency, 1, 0, 0, '', '' FROM orders_payment LIMIT 1",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", ATTACKS)
def test_it_refuses(name, shop, at):
    everything(shop, at)
    make.make_order(shop, at=at)
    done = make.make_open_order(shop, at=at)
    Order.objects.filter(pk=done.pk).update(status="completed", completed_at=at)
    with pytest.raises(REFUSED):
        attack(ATTACKS[name])


@pytest.mark.django_db(transaction=True)
def test_control_without_the_check_the_wrong_total_stands(at, owner_cursor):
    shop = make_shop("ACME")
    make.make_order(shop, at=at)
    with without_constraint(owner_cursor, "orders_order", "order_total_is_sum_of_parts"):
        assert attack("UPDATE orders_order SET total_minor = total_minor + 1") == 1
        attack("UPDATE orders_order SET total_minor = total_minor - 1")


@pytest.mark.django_db(transaction=True)
def test_control_without_the_tenant_key_a_foreign_row_is_referred_to(at, owner_cursor):
    shop, other = make_shop("ACME"), make_shop("ZEBR")
    mine, foreign = make.make_open_order(shop, at=at), make.make_open_order(other, at=at)
    with without_constraint(owner_cursor, "orders_package", "orders_package_order_same_shop"):
        assert attack("UPDATE orders_package SET order_id = %s WHERE order_id = %s", foreign.pk, mine.pk) == 1
        attack("UPDATE orders_package SET order_id = %s WHERE shop_id = %s", mine.pk, shop.pk)


@pytest.mark.django_db
def test_it_keeps_the_history_of_what_was_changed_by_hand(shop, at):
    """Whoever writes past the verbs leaves the old row behind (DEC24)."""
    order = make.make_open_order(shop, at=at)
    attack("UPDATE orders_order SET contact_name = 'Somebody Else' WHERE id = %s", order.pk)
    before = Order.pgh_event_model.objects.filter(pgh_obj_id=order.pk).order_by("-pgh_id").first()
    assert before.contact_name == "Buyer One"
    assert {model.__name__ for model in (Package, ReturnRequest)} <= {
        model.__name__ for model in OWNED if hasattr(model, "pgh_event_model")
    }
    assert TrackingEvent.append_only
