"""Getting paid: once, whatever the provider answers, and back again when it comes too late."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from catalog.models import Reservation
from orders import payments, refunds, unpaid
from orders.models import Payment, Refund
from seller_center.kernel.errors import DomainError
from shops.models import Deadline, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product
from tests.factories.shops import make_staff
from tests.orders.providers import FakeProvider

HOUR, MINUTE = make.HOUR, dt.timedelta(minutes=1)


@pytest.fixture
def provider(monkeypatch):
    """Sets the provider of a test: ``provider("lost")``."""

    def use(*script):
        fake = FakeProvider(*script)
        monkeypatch.setattr(payments, "provider", lambda: fake)
        monkeypatch.setattr(refunds, "provider", lambda: fake)
        return fake

    return use


def start(order, at):
    return payments.start_payment(order=order, card_token="tok_ok", at=at)


def expire(order, at):
    make.sweep("order.payment", order, at=at, verb=unpaid.expire)
    return make.fresh(order)


def test_it_authorizes_captures_and_confirms(shop, at, provider):
    fake = provider()
    order = make.make_order(shop, at=at)
    payment = start(order, at + MINUTE)
    order = make.fresh(order)
    assert (payment.status, payment.captured_minor) == ("captured", order.total_minor)
    assert (order.status, order.paid_at) == ("cooling_off", at + MINUTE)
    assert order.cooling_off_until == order.paid_at + HOUR
    assert fake.calls == ["authorize", "capture"]
    kinds = set(Deadline.objects.filter(ended_at=None).values_list("kind", flat=True))
    assert kinds == {"order.cooling_off", "order.ship_by", "order.auto_cancel"}
    assert Deadline.objects.get(kind="order.ship_by").warn_hours == [24, 6, 1]
    assert Deadline.objects.get(kind="order.payment").ended_as == "met"


def test_it_confirms_once_however_often_it_is_told(shop, at):
    order = make.make_order(shop, at=at)
    for _time in range(3):
        payments.capture(order=order, at=at + MINUTE)
    assert ShopEvent.objects.filter(kind="order.paid").count() == 1
    with pytest.raises(payments.NotPayable, match="paid already"):
        start(order, at + MINUTE)


def test_it_lets_a_declined_buyer_try_another_card(shop, at, provider):
    provider("declined")
    order = make.make_order(shop, at=at)
    with pytest.raises(payments.PaymentDeclined, match="declined"):
        start(order, at)
    assert make.payment_of(order).status == "declined"
    assert start(order, at + MINUTE).status == "captured"
    assert make.payment_of(order).attempt == 2
    assert ShopEvent.objects.filter(kind="payment.declined").count() == 1


@pytest.mark.parametrize("script", [("lost",), ("ok", "lost")])
def test_it_never_charges_twice_after_an_answer_was_lost(shop, at, provider, script):
    fake = provider(*script)
    order = make.make_order(shop, at=at)
    assert start(order, at).status == "unknown"
    with pytest.raises(payments.PaymentUnclear, match="not be charged twice"):
        start(order, at + MINUTE)
    assert payments.clarify_all(at + MINUTE) == 1
    assert make.fresh(order).status == "cooling_off"
    assert len(fake.payments) == 1


def test_it_lets_try_again_when_the_provider_never_heard_of_it(shop, at, provider):
    fake = provider("down")
    order = make.make_order(shop, at=at)
    assert start(order, at).status == "unknown"
    payments.clarify_all(at + MINUTE)
    assert make.payment_of(order).status == "awaiting"
    assert start(order, at + 2 * MINUTE).status == "captured"
    assert list(fake.payments) == [f"payment:{order.code}:2"]


def test_it_lets_try_again_at_once_when_nothing_was_sent(shop, at, provider):
    provider("unsent")
    order = make.make_order(shop, at=at)
    assert start(order, at).status == "awaiting"
    assert start(order, at).status == "captured"


def test_it_takes_a_pending_payment_when_it_is_told(shop, at, provider):
    fake = provider("pending")
    order = make.make_order(shop, at=at)
    payment = start(order, at)
    assert payment.status == "pending"
    fake._set(payment.key, "authorized", order.total_minor, "USD")
    payments.look_at(key=payment.key, at=at + 2 * MINUTE)
    assert make.fresh(order).status == "cooling_off"
    assert payments.look_at(key="payment:ACMEXXXXXXXX:1", at=at) is None
    assert payments.look_at(key="refund:x", at=at) is None


def test_it_expires_what_nobody_paid_and_gives_everything_back(shop, at):
    product = make_product(shop, on_hand=5)
    order = make.make_order(shop, product=product, quantity=2, at=at)
    order = expire(order, at + 30 * MINUTE)
    assert (order.status, order.cancel_reason, order.shown_status) == ("cancelled", "unpaid", "cancelled")
    assert item_of(product).reserved == 0
    assert make.payment_of(order).status == "abandoned"
    assert order.buyer.order_count == 0
    assert not Deadline.objects.filter(ended_at=None).exists()
    assert not Refund.objects.exists()
    with pytest.raises(payments.NotPayable, match="cancelled"):
        start(order, at + HOUR)


def test_it_voids_a_payment_that_was_authorized_too_late(shop, at, provider):
    fake = provider("pending")
    order = make.make_order(shop, at=at)
    payment = start(order, at)
    expire(order, at + 30 * MINUTE)
    fake._set(payment.key, "authorized", order.total_minor, "USD")
    payments.clarify_all(at + 40 * MINUTE)
    assert fake.payments[payment.key].status == "voided"
    assert make.payment_of(order).status == "abandoned"
    assert make.fresh(order).status == "cancelled"


def test_it_refunds_a_payment_that_was_captured_too_late(shop, at, provider):
    fake = provider("ok", "lost")
    order = make.make_order(shop, quantity=2, at=at)
    assert start(order, at).status == "unknown"
    expire(order, at + 30 * MINUTE)
    payments.clarify_all(at + 31 * MINUTE)
    payment = make.payment_of(order)
    assert (payment.status, payment.refunded_minor) == ("captured", order.total_minor)
    assert refunds.send_all(at + 32 * MINUTE) == 1
    [refund] = fake.refunds.values()
    assert refund.amount_minor == order.total_minor
    assert ShopEvent.objects.filter(kind="payment.came_late").exists()
    assert not ShopEvent.objects.filter(kind="order.paid").exists()


def test_it_takes_units_anew_whose_time_ran_out_and_gives_back_when_they_are_gone(shop, at):
    product = make_product(shop, on_hand=1)
    lucky = make.make_order(shop, product=product, at=at)
    from catalog import stock

    stock.expire_due(at + HOUR)
    assert make.pay(lucky, at=at + HOUR).status == "cooling_off"
    assert item_of(product).reserved == 1
    late_product = make_product(shop, on_hand=1)
    unlucky = make.make_order(shop, product=late_product, at=at)
    stock.expire_due(at + HOUR)
    make.make_order(shop, product=late_product, at=at + HOUR)
    unlucky = make.pay(unlucky, at=at + HOUR)
    assert (unlucky.status, unlucky.cancel_reason) == ("cancelled", "sold_out")
    assert make.payment_of(unlucky).refunded_minor == unlucky.total_minor
    assert Reservation.objects.running().count() == 2


def test_it_sends_a_refund_once_whatever_the_provider_answers(shop, at, provider):
    fake = provider("lost", "ok", "refuse")
    order = make.make_delivered_order(shop, at=at, quantity=2)
    line = make.line_of(order)
    refunds.pay_back(order=order, units={line.pk: 1}, reason="damaged", fault="seller", by=None, at=at)
    assert refunds.send_all(at) == 0
    assert Refund.objects.get().status == "unknown"
    assert refunds.send_all(at) == 1
    assert Refund.objects.get().status == "sent"
    assert refunds.send_all(at) == 0
    assert len(fake.refunds) == 1
    refunds.pay_back(order=order, units={line.pk: 1}, reason="damaged", fault="seller", by=None, at=at)
    refunds.send_all(at)
    failed = Refund.objects.order_by("id").last()
    assert failed.status == "failed"
    assert "The provider says no." in ShopEvent.objects.get(kind="refund.failed").sentence
    helper = make_staff("support")
    refunds.send_again(refund=failed, by=helper, at=at)
    again = ShopEvent.objects.get(kind="refund.sent_again")
    assert (again.shop, again.by, again.subject_code) == (shop, helper, failed.code)
    with pytest.raises(DomainError):
        refunds.send_again(refund=failed, by=helper, at=at)
    assert ShopEvent.objects.filter(kind="refund.sent_again").count() == 1
    assert refunds.send_all(at) == 1


def test_it_lets_postgresql_keep_refunds_below_what_was_captured(shop, at):
    order = make.make_open_order(shop, at=at)
    attacks = [
        "UPDATE orders_payment SET refunded_minor = captured_minor + 1 WHERE order_id = %s",
        "UPDATE orders_payment SET refunded_minor = -1 WHERE order_id = %s",
        "UPDATE orders_payment SET captured_minor = amount_minor + 1 WHERE order_id = %s",
        "UPDATE orders_payment SET status = 'awaiting' WHERE order_id = %s",
        "UPDATE orders_orderline SET refunded_quantity = quantity + 1 WHERE order_id = %s",
        "UPDATE orders_orderline SET cancelled_quantity = quantity + 1 WHERE order_id = %s",
        "UPDATE orders_orderline SET refunded_goods_minor = goods_minor + 1,"
        " refunded_minor = refunded_minor + goods_minor + 1 WHERE order_id = %s",
        "UPDATE orders_orderline SET refunded_minor = 1 WHERE order_id = %s",
    ]
    for sql in attacks:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [order.pk])
    assert Payment.objects.get().refunded_minor == 0
