"""Reactions and clockwork of floor 7."""

from celery import shared_task

from analytics import evaluation, figures, probation
from seller_center.kernel import clock
from shops.models import ShopEvent
from shops.reacting import reaction


@reaction
def count_paid(event: ShopEvent) -> None:
    """Figures: an order was paid."""
    figures.count_paid(event)


@reaction
def count_cancelled(event: ShopEvent) -> None:
    """Figures: a paid order was cancelled."""
    figures.count_cancelled(event)


@reaction
def count_refund(event: ShopEvent) -> None:
    """Figures: goods were refunded."""
    figures.count_refund(event)


@shared_task(name="analytics.tasks.review_eligibility")
def review_eligibility() -> None:
    """Evaluate the month that ended, in every market, if it has not been yet."""
    evaluation.review_ended_months(at=clock.now())


@shared_task(name="analytics.tasks.score_shops")
def score_shops() -> None:
    """Score all shops for the day that ended."""
    evaluation.score_ended_days(at=clock.now())


@shared_task(name="analytics.tasks.move_tiers")
def move_tiers() -> None:
    """Move shops up that have earned their next tier by the day that ended."""
    probation.move_ended_days(at=clock.now())
