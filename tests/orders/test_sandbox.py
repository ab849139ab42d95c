"""Orders against the real sandbox process: cards that fail, lose their answers or come late; labels and scans."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.core import mail
from django.test import Client

from orders import labels, payments, refunds, tracking
from orders.models import Order, Payment, TrackingEvent
from seller_center import inbox, reactions
from seller_center.kernel import clock
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product
from tests.sandbox.fixtures import connected_sandbox, receiver, sandbox_server

__all__ = ["connected_sandbox", "receiver", "sandbox_server"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("connected_sandbox")]

HOUR, DAY, MINUTE = make.HOUR, make.DAY, dt.timedelta(minutes=1)


@pytest.fixture
def now():
    return clock.real_now()


def order_of(shop, now, **more) -> Order:
    return make.make_order(shop, at=now, product=make_product(shop, price_minor=1234, on_hand=5), **more)


def start(order, card, at) -> Payment:
    try:
        return payments.start_payment(order=order, card_token=card, at=at)
    except payments.PaymentDeclined:
        return make.payment_of(order)


@pytest.mark.parametrize(
    ("card", "at_once", "in_the_end"),
    [
        ("tok_ok", "captured", "captured"),
        ("tok_declined", "declined", "declined"),
        ("tok_insufficient", "declined", "declined"),
        ("tok_error_done", "unknown", "captured"),
        ("tok_duplicate", "captured", "captured"),
        ("tok_reorder", "captured", "captured"),
        ("tok_no_callback", "captured", "captured"),
    ],
)
def test_it_ends_right_with_every_card(shop, now, card, at_once, in_the_end):
    order = order_of(shop, now)
    assert start(order, card, now).status == at_once
    for minute in (1, 2):
        payments.clarify_all(now + minute * MINUTE)
    payment = make.payment_of(order)
    assert payment.status == in_the_end
    assert payment.captured_minor == (order.total_minor if in_the_end == "captured" else 0)
    assert make.fresh(order).status == ("cooling_off" if in_the_end == "captured" else "unpaid")


def test_it_takes_a_slow_card_by_asking_and_voids_a_very_late_one(shop, now, connected_sandbox):
    slow, late = order_of(shop, now), order_of(shop, now)
    assert start(slow, "tok_slow", now).status == "pending"
    assert start(late, "tok_very_late", now).status == "pending"
    connected_sandbox.pass_time(seconds=90)
    payments.clarify_all(now + 2 * MINUTE)
    assert make.fresh(slow).status == "cooling_off"
    inbox.sweep(now + 31 * MINUTE)
    connected_sandbox.pass_time(seconds=3600)
    payments.clarify_all(now + 61 * MINUTE)
    assert make.fresh(late).status == "cancelled"
    assert make.payment_of(late).status == "abandoned"


def test_it_is_told_by_a_signed_callback_and_by_no_other(shop, now, connected_sandbox, receiver):
    order = order_of(shop, now)
    start(order, "tok_slow", now)
    connected_sandbox.call_back(receiver.url)
    connected_sandbox.pass_time(seconds=90)
    told = next(one for one in iter(lambda: receiver.take(1)[0], None) if order.code in one.body.decode())
    headers = {name: told.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
    client = Client()
    forged = client.post("/callbacks/payment/", told.body + b" ", content_type="application/json", headers=headers)
    assert forged.status_code == 422
    assert make.fresh(order).status == "unpaid"
    with time_machine.travel(now + 2 * MINUTE):
        for _repeat in range(2):
            answer = client.post("/callbacks/payment/", told.body, content_type="application/json", headers=headers)
            assert answer.status_code == 200, answer.content
    assert make.fresh(order).status == "cooling_off"
    assert client.get("/callbacks/payment/").status_code == 405
    connected_sandbox.call_back("")


def test_it_refunds_at_the_provider_once(shop, now):
    order = order_of(shop, now)
    start(order, "tok_ok", now)
    from orders import cancellation

    cancellation.cancel_by_buyer(order=order, reason="changed_mind", at=now + MINUTE)
    assert refunds.send_all(now + MINUTE) == 1
    assert refunds.send_all(now + MINUTE) == 0
    payment = make.payment_of(order)
    state = payments.provider().status(payment.key)
    assert state.refunded_minor == order.total_minor == payment.refunded_minor


def test_it_buys_a_label_and_follows_the_parcel_to_the_door(shop, packer, now, connected_sandbox):
    product = make_product(shop, price_minor=1234, on_hand=5)
    order = make.make_open_order(shop, at=now, product=product)
    label = labels.buy(package=make.package_of(order), carrier="sandbox", service="ground", by=packer, at=now + HOUR)
    assert label.tracking_number.startswith("SBX")
    assert label.amount_minor > 0
    connected_sandbox.pass_time(days=12)
    tracking.poll(now + 12 * DAY)
    package, order = make.package_of(order), make.fresh(order)
    assert package.status == "delivered"
    assert package.shipped_at == package.collected_at
    assert TrackingEvent.objects.filter(package=package).count() >= 3
    assert item_of(product).on_hand == 4
    assert order.shown_status == "delivered"
    again = TrackingEvent.objects.count()
    tracking.poll(now + 12 * DAY)
    assert TrackingEvent.objects.count() == again


def test_it_writes_to_the_buyer_at_each_step(shop, now):
    order = order_of(shop, now, email="buyer@example.com")
    start(order, "tok_ok", now)
    reactions.deliver_all(now)
    order = make.open_up(order)
    make.deliver(make.ship(order), at=now + 4 * DAY)
    reactions.deliver_all(now + 5 * DAY)
    subjects = [message.subject for message in mail.outbox if message.to == ["buyer@example.com"]]
    assert subjects == [
        f"Your order {order.code} at {shop.name}",
        f"Your order {order.code} is on its way",
        f"Your order {order.code} has arrived",
    ]
    assert f"/shop/{shop.slug}/orders/" in mail.outbox[0].body
    free_until = order.cooling_off_until.astimezone(ZoneInfo(shop.zone))
    assert f"freely until {free_until:%b} {free_until.day}, {free_until.year}, " in mail.outbox[0].body
    assert f"M {free_until.tzname()}. Follow it" in mail.outbox[0].body
