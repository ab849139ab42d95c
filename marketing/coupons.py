"""Running coupons: draft, schedule, go live, pause, end. The clock takes them live and ends them."""

import datetime as dt
import string
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from marketing.models import Coupon
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import LockKind, advisory_lock, lock_rows
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.models import Deadline
from shops.policy_book import policy_for
from shops.scope import scope

#: What may still change after a coupon has gone live (rulebook §6).
CHANGEABLE_WHEN_LIVE = frozenset({"name", "ends_at", "limit_count"})


#: What the code of the new-seller coupon begins with; the percentage follows.
WELCOME = "WELCOME"


class NotChangeable(DomainError):
    """After going live only name, end and quantity change: buyers have seen the rest."""


class NotYours(DomainError):
    """The marketplace pays for this coupon, so the shop may not stretch its terms."""


def create(*, shop, by, at: dt.datetime, **fields: Any) -> Coupon:
    """Save a draft. Raises ``Invalid`` naming the field when a value breaks a rule."""
    coupon = Coupon(shop=shop, currency=shop.currency, created_at=at, created_by=by, **fields)
    coupon.code = coupon.code.strip().upper()
    _refuse_invalid(coupon, at)
    with scope(shop, by=by):
        coupon.save(force_insert=True)
        _record("coupon.created", coupon, by, at)
    return coupon


def grant_to_new_seller(*, shop, budget_minor: int, ends_at: dt.datetime, at: dt.datetime) -> Coupon | None:
    """The coupon that the marketplace pays for a new shop (rulebook §2): live at once, ends with its budget or offer.

    None where the policy of the day gives no budget or the offer is over. The second call finds the first one's coupon.
    """
    with scope(shop, by=None):
        advisory_lock(LockKind.CODE_ISSUE, shop.pk)
        there = Coupon.objects.in_shop(shop).funded_by_platform().first()
        if there is not None or budget_minor <= 0 or ends_at <= at:
            return there
        offer = policy_for(shop, at).new_seller_offer
        coupon = create(
            shop=shop,
            by=None,
            at=at,
            code=_free_code(shop, f"{WELCOME}{offer.coupon_percent}"),
            name=_("New-seller offer, paid by the marketplace"),
            kind=Coupon.Kind.PERCENT,
            percent=offer.coupon_percent,
            per_buyer_limit_count=offer.coupon_per_buyer,
            budget_minor=budget_minor,
            funded_by=Coupon.FundedBy.PLATFORM,
            starts_at=at,
            ends_at=ends_at,
        )
        return start(coupon=coupon, by=None, at=at)


def _free_code(shop, wanted: str) -> str:
    """The wanted code, or the first with a letter behind it that the shop does not use."""
    taken = set(Coupon.objects.in_shop(shop).filter(code__startswith=wanted).values_list("code", flat=True))
    return next(code for code in (wanted, *(f"{wanted}{sign}" for sign in string.ascii_uppercase)) if code not in taken)


def change(*, coupon: Coupon, by, at: dt.datetime, **fields: Any) -> Coupon:
    """Change a coupon: all of a draft, only name, end and quantity of one that has been live."""
    with scope(coupon.shop, by=by):
        [coupon] = lock_rows(Coupon.objects.in_shop(coupon.shop).filter(pk=coupon.pk))
        changed = {name: value for name, value in fields.items() if getattr(coupon, name) != value}
        refused = set(changed) - CHANGEABLE_WHEN_LIVE
        if coupon.by_platform and set(changed) - {"name"}:
            raise NotYours(
                _("The marketplace pays for this coupon: you may name it, pause it or end it, its terms stay."),
                field=min(set(changed) - {"name"}),
            )
        if not coupon.changeable and refused:
            raise NotChangeable(
                _("A coupon that has been live keeps its terms. Only name, end and number of uses may change."),
                field=min(refused),
            )
        for name, value in changed.items():
            setattr(coupon, name, value)
        coupon.code = coupon.code.strip().upper()
        _refuse_invalid(coupon, at)
        coupon.save(update_fields=sorted({*changed, "code"}))
        if "ends_at" in changed and coupon.status in (Coupon.Status.LIVE, Coupon.Status.SCHEDULED):
            _reset_clocks(coupon, at)
        if changed:
            _record("coupon.changed", coupon, by, at, fields=sorted(changed))
    return coupon


def start(*, coupon: Coupon, by, at: dt.datetime) -> Coupon:
    """Put a draft or a paused coupon to work: live now, or scheduled when its start lies ahead."""
    with scope(coupon.shop, by=by):
        over = coupon.ends_at is not None and coupon.ends_at <= at
        if over and coupon.status != Coupon.Status.ENDED:  # one that has ended takes no later end: the move says so
            raise Invalid(_("The end of this coupon has passed. Set a later end first."), field="ends_at")
        ahead = coupon.starts_at > at
        move(coupon, Coupon.Status.SCHEDULED if ahead else Coupon.Status.LIVE)
        _reset_clocks(coupon, at)
        _record("coupon.scheduled" if ahead else "coupon.went_live", coupon, by, at)
    return coupon


def pause(*, coupon: Coupon, by, at: dt.datetime) -> Coupon:
    """Nobody may redeem it until it is started again; orders already placed keep their discount."""
    with scope(coupon.shop, by=by):
        move(coupon, Coupon.Status.PAUSED)
        deadlines.void(shop=coupon.shop, subject_kind="coupon", subject_code=coupon.code, at=at)
        _record("coupon.paused", coupon, by, at)
    return coupon


def end(*, coupon: Coupon, by, at: dt.datetime) -> Coupon:
    """End it for good, now: whoever looks at it later sees when. One that never began has no end either."""
    with scope(coupon.shop, by=by):
        ran = coupon.starts_at < at and coupon.status != Coupon.Status.DRAFT
        move(coupon, Coupon.Status.ENDED, ends_at=at if ran else coupon.ends_at)
        deadlines.void(shop=coupon.shop, subject_kind="coupon", subject_code=coupon.code, at=at)
        _record("coupon.ended", coupon, by, at)
    return coupon


def start_due(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The sweep: scheduled coupons whose start has come go live."""
    for row in rows:
        coupon = Coupon.objects.filter(shop_id=row.shop_id, code=row.subject_code).select_related("shop").get()
        if coupon.status == Coupon.Status.SCHEDULED:
            move(coupon, Coupon.Status.LIVE)
            _record("coupon.went_live", coupon, None, at)
    deadlines.end_all(rows, outcome=Deadline.Ended.MET, at=at)


def end_due(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The sweep: coupons whose end has come are ended."""
    for row in rows:
        coupon = Coupon.objects.filter(shop_id=row.shop_id, code=row.subject_code).select_related("shop").get()
        if coupon.status in (Coupon.Status.LIVE, Coupon.Status.SCHEDULED):
            move(coupon, Coupon.Status.ENDED)
            _record("coupon.ended", coupon, None, at)
    deadlines.end_all(rows, outcome=Deadline.Ended.MET, at=at)


def _reset_clocks(coupon: Coupon, at: dt.datetime) -> None:
    deadlines.void(shop=coupon.shop, subject_kind="coupon", subject_code=coupon.code, at=at)
    clocks = [("coupon.start", coupon.starts_at), ("coupon.end", coupon.ends_at)]
    for kind, moment in clocks:
        if moment is not None and moment > at:
            deadlines.set_deadline(
                shop=coupon.shop,
                kind=kind,
                subject_kind="coupon",
                subject_code=coupon.code,
                due_at=moment,
                at=at,
                label=coupon.code,
            )


def _refuse_invalid(coupon: Coupon, at: dt.datetime) -> None:
    rules = policy_for(coupon.shop, at).coupons
    if coupon.percent is not None and coupon.percent > rules.most_percent:
        raise Invalid(_("At most %(most)d%% off may be given.") % {"most": rules.most_percent}, field="percent")
    if not coupon.code.isalnum() or len(coupon.code) > rules.code_at_most:
        raise Invalid(
            _("The code may have up to %(most)d letters and digits, nothing else.") % {"most": rules.code_at_most},
            field="code",
        )
    try:
        coupon.full_clean(exclude=["created_by"])
    except ValidationError as error:
        field, messages = next(iter(error.message_dict.items()))
        raise Invalid(messages[0], field="" if field == "__all__" else field) from error


def _record(kind: str, coupon: Coupon, by, at: dt.datetime, **facts: Any) -> None:
    events.record(
        kind, shop=coupon.shop, subject_kind="coupon", subject_code=coupon.code, by=by, at=at, name=coupon.name, **facts
    )
