"""Taking in orders: once per number, complete in one transaction, refused with a sentence, held where it was sold."""

import pytest
from django.db import IntegrityError, connection, transaction

from catalog import stock
from catalog.models import Product, Reservation
from marketing.models import Coupon, Redemption
from marketing.redemption import CouponRefused
from orders import intake
from orders.models import Buyer, Hold, Order, OrderLine, Payment
from seller_center.kernel.errors import Invalid
from seller_center.kernel.lock_order import LockOrder
from shops.models import Deadline, Shop, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product, sku_of
from tests.factories.shops import make_shop

HOUR, DAY = make.HOUR, make.DAY


def make_coupon(shop, at, code="SAVE10", **fields):
    given = {"percent": 10, "kind": "percent", "status": "live", "starts_at": at - DAY, "currency": shop.currency}
    given |= {"name": code, "created_at": at - DAY, **fields}
    status = given.pop("status")
    coupon = Coupon.objects.create(shop=shop, code=code, **given)
    Coupon.objects.filter(pk=coupon.pk).update(status=status)
    return coupon


def refused(error, shop, **more):
    """The refusal, with everything undone as its own transaction would."""
    with pytest.raises(error) as caught, transaction.atomic():
        make.make_order(shop, **more)
    return caught.value


def test_it_writes_everything_that_belongs_to_an_order(shop, at):
    product = make_product(shop, price_minor=1000, on_hand=10)
    order = make.make_order(shop, product=product, quantity=2, at=at, visit_code="v1", source="video")
    line, payment = make.line_of(order), make.payment_of(order)
    assert order.code.startswith("ACME")
    assert len(order.code) == 12
    assert (order.status, order.shown_status, order.source) == ("unpaid", "unpaid", "video")
    assert (line.goods_minor, line.tax_rate_bp, line.jurisdiction) == (2000, 625, "US-TX")
    assert (payment.status, payment.amount_minor, payment.captured_minor) == ("awaiting", order.total_minor, 0)
    reservation = Reservation.objects.get()
    assert reservation.until == at + HOUR / 2
    assert reservation.subject_code == order.code
    assert line.reservation == reservation
    assert ShopEvent.objects.get(kind="order.placed").subject_code == order.code
    deadline = Deadline.objects.get()
    assert (deadline.kind, deadline.due_at) == ("order.payment", at + HOUR / 2)
    assert Buyer.objects.get().order_count == 1


def test_it_takes_twelve_statements_at_most(shop, at, django_assert_max_num_queries):
    product, other = make_product(shop, on_hand=100), make_product(shop, on_hand=100)
    lines = [(sku_of(product).code, 2), (sku_of(other).code, 1)]
    make.make_order(shop, lines=lines, at=at)  # policies and reference data are read once per process
    with django_assert_max_num_queries(12):
        make.make_order(shop, lines=lines, at=at)
    Shop.objects.filter(pk=shop.pk).update(tier="pro")
    shop.tier = "pro"
    with django_assert_max_num_queries(10):
        make.make_order(shop, lines=lines, at=at)


def test_it_locks_in_the_one_order(shop, at):
    product, other = make_product(shop, on_hand=10), make_product(shop, on_hand=10)
    make_coupon(shop, at)
    lines = [(sku_of(other).code, 1), (sku_of(product).code, 1)]
    with LockOrder() as seen:
        make.make_order(shop, lines=lines, at=at, coupon_code="SAVE10", sold=True)
    assert len(seen.transactions) == 1


def test_it_is_the_same_order_under_the_same_number(shop, at):
    product = make_product(shop, on_hand=10)
    first = make.make_order(shop, product=product, external_number="N1", at=at)
    again = make.make_order(shop, product=product, external_number="N1", at=at + HOUR)
    assert (first.fresh, again.fresh) == (True, False)
    assert first.pk == again.pk
    assert item_of(product).reserved == 1
    assert sum(Buyer.objects.values_list("order_count", flat=True)) == 1
    other = refused(intake.NumberTaken, shop, product=product, quantity=2, external_number="N1", at=at)
    assert first.code in str(other)
    other_channel = make.make_order(shop, product=product, external_number="N1", channel="api", at=at)
    assert other_channel.pk != first.pk


def test_it_adds_the_same_sku_up_before_it_asks_the_stock(shop, at):
    product = make_product(shop, on_hand=3)
    code = sku_of(product).code
    error = refused(stock.OutOfStock, shop, lines=[(code, 2), (code, 2)], at=at)
    assert error.left == 3
    order = make.make_order(shop, lines=[(code, 1), (code, 2)], at=at)
    assert OrderLine.objects.get(order=order).quantity == 3


def test_it_leaves_nothing_behind_when_it_refuses(shop, at):
    product = make_product(shop, on_hand=1)
    coupon = make_coupon(shop, at, limit_count=5)
    refused(stock.OutOfStock, shop, product=product, quantity=2, coupon_code="SAVE10", at=at)
    coupon.refresh_from_db()
    assert coupon.redeemed_count == 0
    for model in (Order, OrderLine, Payment, Buyer, Redemption, Reservation, Deadline):
        assert not model.objects.exists()


def test_it_redeems_a_coupon_and_lays_it_on_the_lines(shop, at):
    cheap, dear = make_product(shop, price_minor=333, on_hand=9), make_product(shop, price_minor=1000, on_hand=9)
    coupon = make_coupon(shop, at)
    lines = [(sku_of(cheap).code, 1), (sku_of(dear).code, 2)]
    order = make.make_order(shop, lines=lines, at=at, coupon_code="save10")
    assert order.seller_discount_minor == 233
    assert sum(OrderLine.objects.values_list("seller_discount_minor", flat=True)) == 233
    assert (order.coupon_code, order.redemption.coupon) == ("SAVE10", coupon)
    coupon.refresh_from_db()
    assert (coupon.redeemed_count, coupon.given_minor) == (1, 233)
    assert refused(CouponRefused, shop, coupon_code="NO-SUCH", at=at).field == "coupon_code"


def test_it_knows_a_first_order_by_the_person_not_by_the_name(shop, at):
    product = make_product(shop, on_hand=9)
    make_coupon(shop, at, code="FIRST", audience="new_buyers")
    one = {"product": product, "email": "Same@Example.com", "at": at}
    make.make_order(shop, coupon_code="FIRST", **one)
    error = refused(CouponRefused, shop, coupon_code="FIRST", name="Other Name", **{**one, "email": "same@example.com"})
    assert "first orders only" in str(error)


def test_it_refuses_the_order_after_the_last_of_the_day_and_holds_one_that_was_sold(shop, at, monkeypatch):
    import dataclasses

    policy = intake.policy_for(shop, at)
    tier = dataclasses.replace(policy.probation.beginner, orders_per_day=2)
    probation = dataclasses.replace(policy.probation, beginner=tier)
    monkeypatch.setattr(intake, "policy_for", lambda shop, at: dataclasses.replace(policy, probation=probation))
    product = make_product(shop, on_hand=10)
    for _number in range(2):
        make.make_order(shop, product=product, at=at)
    error = refused(intake.DailyLimitReached, shop, product=product, at=at)
    assert "may take 2 orders a day" in str(error)
    sold = make.make_order(shop, product=product, at=at, sold=True)
    assert Hold.objects.get(order=sold).kind == "cap"
    tomorrow = make.make_order(shop, product=product, at=at + DAY)
    assert tomorrow.status == "unpaid"


def test_it_says_that_the_price_has_changed(shop, at):
    product = make_product(shop, price_minor=5000, on_hand=5)
    error = refused(intake.PriceChanged, shop, product=product, expected_total_minor=1, at=at)
    assert error.total_minor == 5313
    assert "$53.13" in str(error)


def test_it_prices_by_itself_whatever_was_sent(shop, at):
    """The door takes SKU and quantity; there is no way to send a price (A7)."""
    assert set(intake.WantedLine.__slots__) == {"sku_code", "quantity"}


@pytest.mark.parametrize("quantity", [0, -1, 10_001, 1.5, "2", True])
def test_it_refuses_quantities_that_are_none(shop, at, quantity):
    assert refused(Invalid, shop, lines=[(sku_of(make_product(shop)).code, quantity)], at=at).field == "quantity"


def test_it_refuses_what_cannot_be_an_order(shop, at):
    product = make_product(shop)
    assert refused(Invalid, shop, lines=[], at=at).field == "lines"
    assert refused(Invalid, shop, product=product, name=" ", at=at).field == "name"
    address = make.ADDRESSES["GB"]
    assert refused(Invalid, shop, product=product, address=address, at=at).field == "country"
    assert "no SKU" in str(refused(intake.NotForSale, shop, lines=[("NOPE", 1)], at=at))
    Product.objects.filter(pk=product.pk).update(status="paused")
    assert "not offered" in str(refused(intake.NotForSale, shop, product=product, at=at))
    Shop.objects.filter(pk=shop.pk).update(status="closed")
    shop.status = "closed"
    refused(intake.ShopNotSelling, shop, product=product, at=at)


def test_it_sells_nothing_of_another_shop(shop, other_shop, at):
    foreign = make_product(other_shop)
    refused(intake.NotForSale, shop, lines=[(sku_of(foreign).code, 1)], at=at)


def test_it_takes_out_the_tax_that_british_prices_include(db, at):
    shop = make_shop("BRIT", market="GB")
    product = make_product(shop, price_minor=6000, on_hand=5)
    order = make.make_order(shop, product=product, at=at)
    assert (order.tax_included, order.total_minor, order.tax_minor) == (True, 6000, 1000)


def test_it_counts_a_free_order_as_paid(shop, at):
    product = make_product(shop, price_minor=6000, on_hand=5)
    make_coupon(shop, at, percent=100)
    address = intake.Address("1 Main Street", "Portland", "97035", "US", region="OR")
    order = make.make_order(shop, product=product, coupon_code="SAVE10", address=address, at=at)
    assert (order.total_minor, order.status) == (599, "unpaid")
    twice = make.make_order(shop, product=product, quantity=1, at=at, sold=True)
    assert make.fresh(twice).status == "cooling_off"


def test_it_quotes_without_taking_anything(shop, at):
    product = make_product(shop, price_minor=1000, on_hand=1)
    coupon = make_coupon(shop, at)
    basket = intake.quote(
        shop=shop,
        lines=[intake.WantedLine(sku_of(product).code, 5)],
        address=make.ADDRESS,
        coupon_code="SAVE10",
        at=at,
    )
    assert basket.priced.seller_discount_minor == 500
    assert not Order.objects.exists()
    coupon.refresh_from_db()
    assert coupon.redeemed_count == 0


def test_it_lets_postgresql_refuse_wrong_totals(shop, at):
    order = make.make_order(shop, at=at)
    attacks = [
        ("UPDATE orders_order SET total_minor = total_minor - 1 WHERE id = %s", order.pk),
        ("UPDATE orders_order SET tax_minor = tax_minor + 1 WHERE id = %s", order.pk),
        ("UPDATE orders_order SET seller_discount_minor = goods_minor + 1 WHERE id = %s", order.pk),
        ("UPDATE orders_orderline SET goods_minor = goods_minor + 1 WHERE order_id = %s", order.pk),
        ("UPDATE orders_orderline SET quantity = 0 WHERE order_id = %s", order.pk),
    ]
    for sql, key in attacks:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [key])
