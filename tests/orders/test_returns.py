"""Returns: who may ask for what, silence approves, two people for large refunds, money and units to the cent."""

import pytest
from django.db import IntegrityError, connection, transaction

from orders import refunds, return_clocks, returns
from orders.models import Refund, ReturnRequest
from seller_center.kernel.errors import Invalid, Stale
from shops.models import Deadline, ShopEvent
from tests.factories import orders as make
from tests.factories.catalog import item_of, make_product
from tests.factories.shops import make_member

HOUR, DAY = make.HOUR, make.DAY


def ask(order, at, quantity=1, **more):
    given = {"kind": "return_and_refund", "reason": "defective", **more}
    return returns.request(order=order, units={make.line_of(order).pk: quantity}, at=at, **given)


@pytest.fixture
def order(shop, at):
    """Three units at $20.00, delivered five days after ``at``."""
    return make.make_delivered_order(shop, at=at, product=make_product(shop, price_minor=2000, on_hand=9), quantity=3)


@pytest.fixture
def then(at):
    return at + 6 * DAY


def test_it_starts_the_sellers_clock(order, then):
    found = ask(order, then, 2)
    assert (found.code, found.status, found.fault) == (f"{order.code}-R1", "requested", "seller")
    clock = Deadline.objects.get(kind="return.decide")
    assert (clock.due_at, clock.warn_hours, clock.area) == (then + 48 * HOUR, [24, 6, 1], "orders")


def test_it_refuses_what_cannot_be_returned(order, then, shop, at):
    with pytest.raises(returns.NotReturnable, match="3 units can be returned"):
        ask(order, then, 4)
    ask(order, then, 2)
    with pytest.raises(returns.NotReturnable, match="1 unit can be returned"):
        ask(order, then, 2)
    with pytest.raises(returns.NotReturnable, match="30 days"):
        ask(order, at + 36 * DAY)
    for wrong in ({"kind": "party"}, {"reason": "because"}):
        with pytest.raises(Invalid):
            ask(order, then, **wrong)
    with pytest.raises(Invalid, match="what you want"):
        ask(order, then, 0)
    waiting = make.make_open_order(shop, at=at)
    with pytest.raises(returns.NotReturnable):
        ask(waiting, then)


def test_it_approves_by_silence_and_counts_it(order, then):
    found = ask(order, then)
    make.sweep("return.decide", found, at=then + 48 * HOUR, verb=return_clocks.decided_by_silence)
    found.refresh_from_db()
    assert (found.status, found.by_silence, found.decided_by) == ("awaiting_return", True, None)
    assert Deadline.objects.get(kind="return.decide").ended_as == "lost_by_silence"
    assert ShopEvent.objects.get(kind="return.approved").facts["by_silence"] is True


def test_it_refunds_by_silence_after_the_parcel_came(order, then, packer):
    found = ask(order, then)
    returns.approve(return_request=found, by=packer, at=then)
    returns.receive(return_request=found, by=packer, at=then + DAY)
    clock = Deadline.objects.get(kind="return.inspect")
    make.sweep("return.inspect", found, at=clock.due_at, verb=return_clocks.inspected_by_silence)
    found.refresh_from_db()
    assert (found.status, found.restocked) == ("refunded", False)
    clock.refresh_from_db()
    assert clock.ended_as == "lost_by_silence"
    assert Refund.objects.get().quantity == 1


def test_it_lets_the_buyer_lapse_and_closes_what_ended(order, then, packer):
    found = ask(order, then)
    returns.approve(return_request=found, by=packer, at=then)
    make.sweep("return.ship_back", found, at=then + 14 * DAY, verb=return_clocks.not_sent_back)
    found.refresh_from_db()
    assert found.status == "expired"
    assert returns.returnable_units(order)[make.line_of(order).pk] == 3
    make.sweep("return.close", found, at=then + 21 * DAY, verb=return_clocks.close)
    found.refresh_from_db()
    assert found.status == "closed"
    assert not Deadline.objects.filter(subject_code=found.code, ended_at=None).exists()


def test_it_wants_a_reason_and_a_justification_to_refuse(order, then, packer):
    found = ask(order, then)
    with pytest.raises(Invalid, match="reason"):
        returns.refuse(return_request=found, reason="nope", justification="It is as it is.", by=packer, at=then)
    with pytest.raises(Invalid, match="sentence"):
        returns.refuse(return_request=found, reason="used", justification="no", by=packer, at=then)
    returns.refuse(return_request=found, reason="used", justification="It was worn for weeks.", by=packer, at=then)
    found.refresh_from_db()
    assert (found.status, found.decided_by) == ("refused", packer)
    again = ask(order, then + DAY, 3)
    assert again.code.endswith("-R2")


def test_it_says_how_it_stands_when_somebody_was_faster(order, then, packer):
    found = ask(order, then)
    returns.withdraw(return_request=found, at=then)
    with pytest.raises(Stale, match="now “Withdrawn”"):
        returns.approve(return_request=found, by=packer, at=then)
    with pytest.raises(Stale):
        returns.refund(return_request=found, by=packer, at=then)


def test_it_pays_at_once_where_nothing_is_sent_back(order, then, packer):
    found = ask(order, then, 3, kind="refund_only")
    returns.approve(return_request=found, by=packer, at=then)
    found.refresh_from_db()
    assert found.status == "refunded"
    assert make.payment_of(order).refunded_minor == order.total_minor


def test_it_keeps_the_shipping_where_the_buyer_changed_their_mind(shop, at, then, packer):
    product = make_product(shop, price_minor=1000, on_hand=9)
    order = make.make_delivered_order(shop, at=at, product=product)
    assert order.shipping_minor == 599
    found = ask(order, then, kind="refund_only", reason="no_longer_wanted")
    preview = returns.preview(found)
    assert [one.share.total_minor for one in preview] == [1063]
    returns.approve(return_request=found, by=packer, at=then)
    refund = Refund.objects.get()
    assert (refund.shipping_minor, refund.total_minor, refund.fault) == (0, 1063, "buyer")


def test_it_needs_two_people_above_the_limit(shop, at, then, packer, owner):
    product = make_product(shop, price_minor=60_000, on_hand=9)
    order = make.make_delivered_order(shop, at=at, product=product)
    found = ask(order, then)
    returns.approve(return_request=found, by=packer, at=then)
    returns.receive(return_request=found, by=packer, at=then)
    with pytest.raises(returns.SecondPersonNeeded, match="two people"), transaction.atomic():
        returns.refund(return_request=found, by=packer, at=then)
    returns.release_refund(return_request=found, by=packer, at=then)
    with pytest.raises(returns.SecondPersonNeeded, match="somebody else"), transaction.atomic():
        returns.refund(return_request=found, by=packer, at=then)
    with pytest.raises(returns.SecondPersonNeeded, match="released already"), transaction.atomic():
        returns.release_refund(return_request=found, by=owner, at=then)
    assert not Refund.objects.exists()
    returns.refund(return_request=found, by=owner, at=then)
    assert Refund.objects.get().by == owner


def test_it_gives_money_back_without_being_asked(shop, order, then, packer, at):
    line = make.line_of(order)
    made = returns.grant(order=order, reason="damaged", units={line.pk: 1}, by=packer, at=then)
    assert made.status == "refunded"
    dear = make.make_delivered_order(shop, at=at, product=make_product(shop, price_minor=60_000, on_hand=9))
    waiting = returns.grant(order=dear, reason="damaged", units={make.line_of(dear).pk: 1}, by=packer, at=then)
    assert (waiting.status, waiting.refund_released_by) == ("requested", packer)
    other = make_member(shop, "manager")
    assert returns.approve(return_request=waiting, by=other, at=then).status == "refunded"


def test_it_refunds_a_parcel_that_was_lost(shop, at, packer):
    order = make.make_open_order(shop, at=at)
    make.scan(make.ship(order), "lost", at=at + DAY)
    made = returns.grant(order=order, reason="damaged", units={make.line_of(order).pk: 1}, by=packer, at=at + 2 * DAY)
    assert made.status == "refunded"


def test_it_puts_units_back_into_stock_only_if_told_so(order, then, packer):
    product = make.line_of(order).sku.product
    for restock, on_hand in ((False, 6), (True, 7)):
        found = ask(order, then)
        returns.approve(return_request=found, by=packer, at=then)
        returns.receive(return_request=found, by=packer, at=then)
        returns.refund(return_request=found, by=packer, at=then, restock=restock)
        assert item_of(product).on_hand == on_hand


def test_it_never_gives_back_more_than_was_paid_in_any_steps(order, then):
    line, paid = make.line_of(order), order.total_minor
    for quantity in (1, 1, 1):
        refunds.pay_back(order=order, units={line.pk: quantity}, reason="damaged", fault="seller", by=None, at=then)
        assert make.payment_of(order).refunded_minor <= paid
    assert make.payment_of(order).refunded_minor == paid
    with pytest.raises(refunds.RefundAbovePaid):
        refunds.pay_back(order=order, units={line.pk: 1}, reason="damaged", fault="seller", by=None, at=then)


def test_it_gives_back_a_part_of_the_price(order, then):
    line = make.line_of(order)
    given = {"order": order, "units": {line.pk: 1}, "reason": "damaged", "fault": "seller", "by": None, "at": then}
    with pytest.raises(refunds.RefundAbovePaid):
        refunds.pay_back(goods_minor=2001, **given)
    [refund] = refunds.pay_back(goods_minor=500, **given)
    assert (refund.goods_minor, refund.tax_minor) == (500, 31)


def test_it_lets_postgresql_refuse_what_no_return_may_be(order, then):
    found = ask(order, then)
    attacks = [
        "UPDATE orders_returnrequest SET status = 'refunded' WHERE id = %s",
        "UPDATE orders_returnrequest SET status = 'refused' WHERE id = %s",
        "UPDATE orders_returnrequest SET status = 'lost' WHERE id = %s",
        "UPDATE orders_returnline SET quantity = 0 WHERE return_request_id = %s",
    ]
    for sql in attacks:
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [found.pk])
    assert ReturnRequest.objects.get().status == "requested"


def paid_back_meanwhile(order, then, packer):
    """Two units are to come back; the seller gives the money of all three back, for another reason, before they do."""
    found = ask(order, then, 2)
    returns.approve(return_request=found, by=packer, at=then)
    given = {"reason": "damaged", "fault": "seller", "by": packer, "at": then + HOUR}
    refunds.pay_back(order=make.fresh(order), units={make.line_of(order).pk: 3}, **given)
    return found


def test_what_another_refund_gave_back_meanwhile_does_not_go_back_twice(order, then, packer):
    found = paid_back_meanwhile(order, then, packer)
    assert (returns.preview(found), returns.worth_minor(found)) == ([], 0)
    on_hand = item_of(make.line_of(order).sku.product).on_hand
    returns.receive(return_request=found, by=packer, at=then + DAY)
    returns.refund(return_request=found, by=packer, at=then + 2 * DAY, restock=True)
    found.refresh_from_db()
    assert (found.status, found.restocked) == ("refunded", True)
    assert Refund.objects.get().quantity == 3
    assert item_of(make.line_of(order).sku.product).on_hand == on_hand + 2
    assert ShopEvent.objects.get(kind="return.refunded_before").facts["quantity"] == 2


def test_the_rest_goes_back_where_another_refund_gave_back_a_part(order, then, packer):
    found = ask(order, then, 2)
    returns.approve(return_request=found, by=packer, at=then)
    given = {"reason": "damaged", "fault": "seller", "by": packer, "at": then + HOUR}
    refunds.pay_back(order=make.fresh(order), units={make.line_of(order).pk: 2}, **given)
    returns.receive(return_request=found, by=packer, at=then + DAY)
    returns.refund(return_request=found, by=packer, at=then + 2 * DAY)
    assert list(Refund.objects.order_by("id").values_list("quantity", flat=True)) == [2, 1]
    assert ShopEvent.objects.get(kind="return.refunded_before").facts["quantity"] == 1


def test_silence_ends_a_return_whose_money_went_back_meanwhile(order, then, packer):
    found = paid_back_meanwhile(order, then, packer)
    returns.receive(return_request=found, by=packer, at=then + DAY)
    clock = Deadline.objects.get(kind="return.inspect")
    make.sweep("return.inspect", found, at=clock.due_at, verb=return_clocks.inspected_by_silence)
    found.refresh_from_db()
    assert found.status == "refunded"
    assert Refund.objects.get().quantity == 3
