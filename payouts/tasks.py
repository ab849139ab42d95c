"""Tasks of floor 5: books kept after each event, people told, and what the clock starts. Each may run twice."""

from celery import shared_task

from orders.models import Order
from payouts import drafting, earning, reconciliation, settlement, telling, transfers
from seller_center.kernel import clock
from shops.batches import AlreadyRunning
from shops.models import Market, ShopEvent
from shops.reacting import reaction


@reaction
def keep_books(event: ShopEvent) -> None:
    """Something happened to an order's money: post what has no posting yet."""
    earning.keep_books(order=_order_of(event), at=max(event.at, clock.now()))


def _order_of(event: ShopEvent) -> Order:
    code = event.subject_code if event.subject_kind == "order" else event.facts["order_code"]
    return Order.objects.in_shop(event.shop).of_code(code).select_related("shop__market").get()


@reaction
def tell_payout_paid(event: ShopEvent) -> None:
    """Notice and mail: money arrived."""
    telling.payout_paid(event)


@reaction
def tell_payout_failed(event: ShopEvent) -> None:
    """Notice and mail: the payout could not be made."""
    telling.payout_failed(event)


@reaction
def tell_payout_returned(event: ShopEvent) -> None:
    """Notice and mail: the bank returned it."""
    telling.payout_returned(event)


@reaction
def tell_payout_held(event: ShopEvent) -> None:
    """Notice: it is held, with the reason."""
    telling.payout_held(event)


@reaction
def tell_statement_published(event: ShopEvent) -> None:
    """Notice: the statement is ready."""
    telling.statement_published(event)


@reaction
def tell_terms_decided(event: ShopEvent) -> None:
    """Notice: other settlement terms."""
    telling.terms_decided(event)


@shared_task(name="payouts.tasks.settle")
def settle() -> None:
    """Hourly: what is due becomes available."""
    try:
        settlement.settle(at=clock.now())
    except AlreadyRunning:
        return


@shared_task(name="payouts.tasks.run_payouts")
def run_payouts() -> None:
    """Hourly: draft the payouts of a payday that was not run yet, however late we are."""
    at = clock.now()
    for market in Market.objects.order_by("code"):
        period_on = drafting.payday_of(market, at)
        if drafting.is_done(market, period_on):
            continue
        try:
            drafting.draft(market=market, period_on=period_on, at=at)
        except AlreadyRunning:
            continue


@shared_task(name="payouts.tasks.send_payouts")
def send_payouts() -> None:
    """Every minute: hand released payouts to the bank, for as long as a task may run."""
    transfers.send_released(at=clock.now(), seconds=40)


@shared_task(name="payouts.tasks.reconcile_bank")
def reconcile_bank() -> None:
    """Every few minutes: hear the bank, ask about what is unknown, close what agrees."""
    reconciliation.reconcile(at=clock.now())
