"""Reviews: buyers rate what they received, the shop replies once, staff hide what breaks the rules."""

import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_rows
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import events
from shops.policy_book import policy_for
from shops.scope import scope
from support.models import Review

MOST_CHARACTERS = 2_000
STARS = range(1, 6)


class NotReviewable(DomainError):
    """Only a received product can be reviewed, once, within the policy's window."""


def write(*, line, stars: int, body: str, delivered_at: dt.datetime | None, at: dt.datetime, by=None) -> Review:
    """The buyer of an ordered line rates it. ``delivered_at``: when the parcel with it arrived (None: not yet)."""
    if delivered_at is None:
        raise NotReviewable(_("You can write a review once the parcel has arrived."))
    shop = line.shop
    window = dt.timedelta(days=policy_for(shop, at).reviews.window_days)
    if at - delivered_at > window:
        raise NotReviewable(
            _("A review can be written within %(days)s of delivery.") % {"days": counted(window.days, "days")}
        )
    if stars not in STARS:
        raise Invalid(_("Give one to five stars."), field="stars")
    if len(body) > MOST_CHARACTERS:
        raise Invalid(_("A review may have up to %(most)d characters.") % {"most": MOST_CHARACTERS}, field="body")
    with scope(shop, by=by):
        review = _insert(line, stars, body.strip(), at)
        _record("review.written", review, by, at)
    return review


def _insert(line, stars: int, body: str, at: dt.datetime) -> Review:
    try:
        with transaction.atomic():
            return Review.objects.create(
                shop=line.shop,
                code=new_code(8),
                order=line.order,
                line=line,
                product_id=line.sku.product_id,
                buyer_id=line.order.buyer_id,
                author=shown_name(line.order.contact_name),
                stars=stars,
                first_stars=stars,
                body=body,
                at=at,
            )
    except IntegrityError as error:
        if "review_once_per_line" in str(error):
            raise NotReviewable(_("You have already reviewed this product of the order.")) from error
        raise


def shown_name(name: str) -> str:
    """The first name and an initial: enough for trust, too little to find somebody."""
    first, *rest = name.split() or [""]
    return f"{first} {rest[-1][0]}." if rest else first or _("A buyer")


def reply(*, review: Review, body: str, by, at: dt.datetime) -> Review:
    """The shop answers a review, once."""
    if not body.strip():
        raise Invalid(_("Write a reply first."), field="reply")
    with scope(review.shop, by=by):
        [review] = lock_rows(Review.objects.in_shop(review.shop).filter(pk=review.pk))
        if review.reply:
            raise DomainError(_("This review already has your reply."))
        review.reply, review.replied_by, review.replied_at = body.strip()[:MOST_CHARACTERS], by, at
        review.save(update_fields=["reply", "replied_by", "replied_at"])
        _record("review.replied", review, by, at)
    return review


def hide(*, review: Review, reason: str, by, at: dt.datetime) -> Review:
    """Staff take a review off the page; the reason is kept and shown to the shop."""
    if not reason.strip():
        raise Invalid(_("Give the reason: nothing is hidden without one."), field="reason")
    with scope(review.shop, by=by):
        move(review, Review.Status.HIDDEN, hidden_reason=reason.strip()[:200])
        _record("review.hidden", review, by, at)
    return review


def show(*, review: Review, by, at: dt.datetime) -> Review:
    """Staff put a hidden review back."""
    with scope(review.shop, by=by):
        move(review, Review.Status.PUBLISHED, hidden_reason="")
        _record("review.shown", review, by, at)
    return review


def _record(kind: str, review: Review, by, at: dt.datetime) -> None:
    events.record(
        kind, shop=review.shop, subject_kind="review", subject_code=review.code, by=by, at=at, stars=review.stars
    )
