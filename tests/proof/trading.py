"""A shop that trades: every deed on its orders and money as one call of the real verb, for the machines of C2 and C3.

A deed says what it is about by number or code and fetches its rows itself, so that processes may share the shop. It
returns whether it was done; a refusal (``DomainError``) is False, everything else breaks through.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from catalog import stock
from catalog.models import Sku
from orders import (
    cancellation,
    completing,
    fulfilment,
    intake,
    opening,
    payments,
    refunds,
    returns,
    unpaid,
)
from orders.models import Order, OrderLine, ReturnRequest
from payouts import drafting, earning, releasing, settlement, terms, transfers
from payouts.bank import Transfer
from payouts.models import Payout, PayoutBatch
from seller_center.kernel.errors import DomainError
from shops import policy_book
from shops.models import Market, Shop, User
from tests.factories import orders as make
from tests.factories.catalog import make_product
from tests.factories.marketing import make_coupon
from tests.factories.payouts import make_bank_account
from tests.factories.shops import make_shop, make_staff
from tests.orders.providers import FakeProvider
from tests.payouts import banks

START = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)
PRICES = {"FIRST": 1_999, "SECOND": 350}
STOCK = {"FIRST": 9, "SECOND": 7}
MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
OWN_PERCENT, OWN_LIMIT, OWN_PER_BUYER = 10, 4, 2
GIFT_MINOR, GIFT_BUDGET = 500, 1_700


def open_shop() -> Shop:
    """A shop without an offer or a daily limit, two products, a coupon of its own and one that the marketplace pays."""
    shop = make_shop("ACME", tier="pro", offer_ends_at=None)
    make_bank_account(shop)
    for code, price in PRICES.items():
        make_product(shop, code=code, price_minor=price, on_hand=STOCK[code])
    make_coupon(shop, "OWN", at=START, percent=OWN_PERCENT, limit_count=OWN_LIMIT, per_buyer_limit_count=OWN_PER_BUYER)
    make_coupon(
        shop, "GIFT", at=START, kind="fixed", amount_minor=GIFT_MINOR, budget_minor=GIFT_BUDGET, funded_by="platform"
    )
    for _person in range(2):
        make_staff("finance")
    return shop


class Trade:
    """The deeds of a shop at a moment that its owner moves on."""

    def __init__(self, shop_id: int, *, now: dt.datetime = START) -> None:
        self.shop_id, self.now = shop_id, now

    def attempt(self, verb: Callable[..., Any], **given: Any) -> bool:
        try:
            verb(**given)
        except DomainError:
            return False
        return True

    def shop(self) -> Shop:
        return Shop.objects.select_related("market").get(pk=self.shop_id)

    def order(self, number: str) -> Order:
        return Order.objects.select_related("shop__market", "buyer").get(shop=self.shop_id, external_number=number)

    def units(self, order: Order, wanted: Mapping[int, int]) -> dict[int, int]:
        """Line id → units, from the line's place in the order."""
        lines = list(OrderLine.objects.of_order(order).order_by("id").values_list("pk", flat=True))
        return {lines[place]: units for place, units in wanted.items() if place < len(lines)}

    # -- buying -------------------------------------------------------------------------------------------------------

    def buy(self, number: str, buyer: str, wanted: list[tuple[str, int]], coupon: str) -> bool:
        return self.attempt(
            intake.place_order,
            shop=self.shop(),
            channel="storefront",
            external_number=number,
            lines=[intake.WantedLine(*one) for one in wanted],
            contact=intake.Contact(buyer, f"{buyer}@example.com"),
            address=make.ADDRESS,
            coupon_code=coupon,
            by=None,
            at=self.now,
        )

    def pay(self, number: str) -> bool:
        return self.attempt(payments.capture, order=self.order(number), at=self.now)

    def decline(self, number: str) -> bool:
        provider, refuses = payments.provider, FakeProvider("declined")
        payments.provider = lambda: refuses
        try:
            return self.attempt(payments.start_payment, order=self.order(number), card_token="tok", at=self.now)
        finally:
            payments.provider = provider

    def lapse(self) -> None:
        """The time for which units are set aside is over, for all who have not paid."""
        self.now += dt.timedelta(hours=1)
        stock.expire_due(self.now)

    def expire(self, number: str) -> None:
        make.sweep("order.payment", self.order(number), at=self.now, verb=unpaid.expire)

    def cancel_by_buyer(self, number: str) -> bool:
        return self.attempt(cancellation.cancel_by_buyer, order=self.order(number), reason="changed_mind", at=self.now)

    def cancel(self, number: str, wanted: Mapping[int, int] | None) -> bool:
        order = self.order(number)
        units = None if wanted is None else self.units(order, wanted)
        return self.attempt(cancellation.cancel, order=order, reason="out_of_stock", units=units, by=None, at=self.now)

    # -- shipping -----------------------------------------------------------------------------------------------------

    def open(self, number: str) -> None:
        make.sweep("order.cooling_off", self.order(number), at=self.now, verb=opening.open_orders)

    def ship(self, number: str) -> bool:
        package = make.package_of(self.order(number))
        return package is not None and self.attempt(
            fulfilment.mark_shipped,
            package=package,
            carrier="sandbox",
            tracking_number=package.tracking_number or make.tracking_number(),
            by=None,
            at=self.now,
        )

    def deliver(self, number: str) -> bool:
        package = make.package_of(self.order(number))
        if package is None or not package.shipped:
            return False
        make.scan(package, "delivered", at=self.now, id=f"{package.code}-delivered")
        return True

    def complete(self, number: str) -> None:
        make.sweep("order.complete", self.order(number), at=self.now, verb=completing.complete)

    # -- money back ---------------------------------------------------------------------------------------------------

    def refund(self, number: str, place: int, units: int, *, shipping: bool, goods_minor: int | None = None) -> bool:
        order = self.order(number)
        return self.attempt(
            refunds.pay_back,
            order=order,
            units=self.units(order, {place: units}),
            reason="damaged",
            fault="seller",
            with_shipping=shipping,
            goods_minor=goods_minor,
            by=None,
            at=self.now,
        )

    def ask_return(self, number: str, wanted: Mapping[int, int], *, reason: str) -> bool:
        order = self.order(number)

        def ask() -> None:
            made = returns.request(
                order=order, kind="return_and_refund", reason=reason, units=self.units(order, wanted), at=self.now
            )
            returns.approve(return_request=made, by=None, at=self.now)

        return self.attempt(ask)

    def open_return(self, number: str) -> ReturnRequest | None:
        rows = ReturnRequest.objects.open_cases().filter(order=self.order(number))
        return rows.select_related("shop", "order__shop").first()

    def end_return(self, number: str, how: str) -> bool:
        found = self.open_return(number)
        if found is None:
            return False

        def end() -> None:
            if how == "withdraw":
                returns.withdraw(return_request=found, at=self.now)
                return
            returns.receive(return_request=found, by=None, at=self.now)
            again = ReturnRequest.objects.select_related("shop", "order__shop").get(pk=found.pk)
            if how == "reject":
                why = "Something else was in the parcel."
                returns.reject(return_request=again, reason="not_ours", justification=why, by=None, at=self.now)
            else:
                returns.refund(return_request=again, by=None, at=self.now, restock=how == "restock")

        return self.attempt(end)

    # -- stock and rules ----------------------------------------------------------------------------------------------

    def sku(self, code: str) -> Sku:
        return Sku.objects.select_related("shop", "product__shop").get(shop=self.shop_id, code=code)

    def restock(self, code: str, units: int) -> bool:
        return self.attempt(stock.receive, sku=self.sku(code), quantity=units, by=None, at=self.now)

    def write_off(self, code: str, units: int) -> bool:
        return self.attempt(stock.write_off, sku=self.sku(code), quantity=units, by=None, at=self.now)

    def change_commission(self, rate_bp: int) -> None:
        policy_book.schedule(
            market="US",
            document={"fees": {"referral_bp": rate_bp}},
            effective_from=self.now,
            note="Another rate",
            by=None,
            at=self.now,
        )

    def decide_terms(self, *, level: int) -> bool:
        return self.attempt(
            terms.decide,
            shop=self.shop(),
            introductory=False,
            reserve_level=level,
            reserve_until=self.now + 20 * DAY if level else None,
            reason="To see what comes.",
            by=None,
            at=self.now,
        )

    # -- payouts ------------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        settlement.settle(at=self.now, shop=self.shop())

    def draft(self) -> bool:
        market = Market.objects.get(pk="US")
        day = drafting.payday_of(market, self.now)
        return self.attempt(drafting.draft, market=market, period_on=day, at=self.now)

    def release(self) -> int:
        """Two people release what is drafted; how many batches."""
        first, second = User.objects.filter(groups__name="finance").order_by("id")[:2]
        done = 0
        for batch in PayoutBatch.objects.filter(status__in=("drafted", "approved_once")).select_related("market"):
            if batch.status == "drafted":
                self.attempt(releasing.approve, batch=batch, by=first, at=self.now)
            done += self.attempt(releasing.release, batch=batch, by=second, at=self.now)
        return done

    def send(self, manner: str) -> None:
        """A worker takes released payouts to the bank, which takes or refuses them."""
        banks.world.manner["all"] = manner
        transfers.send_released(at=self.now)

    def bank_says(self, state: str) -> bool:
        """The bank reports on the oldest payout that it could say so of."""
        wanted = ("sending", "unknown") if state == "settled" else ("paid",)
        payout = Payout.objects.filter(status__in=wanted, accepted_at__isnull=False).order_by("id").first()
        if payout is None:
            return False
        code = "R02" if state == "returned" else ""
        said = Transfer(payout.key, "ref", state, payout.amount_minor, payout.currency, code, code, None)
        return transfers.hear(payout=payout, transfer=said, at=self.now)

    # -- at rest ------------------------------------------------------------------------------------------------------

    def keep_books_of(self, number: str) -> None:
        """What the reactions would do: post everything that happened to an order and has no posting."""
        order = self.order(number)
        while earning.keep_books(order=order, at=self.now):
            pass

    def numbers(self) -> list[str]:
        """Every order there is, oldest first."""
        rows = Order.objects.filter(shop=self.shop_id).order_by("id")
        return list(rows.values_list("external_number", flat=True))
