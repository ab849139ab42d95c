"""What a shop may not do because of its points: the ladder of the policy, and asking before a new listing."""

import datetime as dt

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError
from seller_center.kernel.prepared import prepared
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import events
from shops.models import Restriction, Shop, Violation
from shops.policy import Violations


class NewListingsStopped(DomainError):
    """The shop may put nothing new on sale for a while, because of its violation points."""


def points_of(shop, at: dt.datetime) -> int:
    """The points that count at a moment."""
    return next(iter(_points(shop=shop.pk, at=at)), 0)


@prepared
def _points(*, shop: int, at: dt.datetime) -> QuerySet:
    """Their sum; no row where nothing counts."""
    rows = Violation.objects.in_shop(shop).counting(at).order_by().values("shop")
    return rows.annotate(sum=Sum("points")).values_list("sum", flat=True)


def rung(points: int, rules: Violations) -> int:
    """How many rungs of the ladder these points have reached; 0: none. Pure."""
    return sum(points >= least for least in rules.ladder_points)


def words_for(number: int, rules: Violations) -> str:
    """What a rung means for the shop, for people to read; nothing below the first."""
    if number == 0:
        return ""
    days = rules.ladder_days[number - 1]
    if not days:
        return _("The shop is closed for good.")
    return _("No new listings for %(days)s. What is live stays on sale.") % {"days": counted(days, "days")}


def impose(*, case: Violation, before: int, rules: Violations, by, at: dt.datetime) -> Restriction | None:
    """What follows when a case has just been enforced on top of ``before`` points: the rung that it reached, if any."""
    total = before + case.points
    reached = rung(total, rules)
    if reached == rung(before, rules):
        return None
    days = rules.ladder_days[reached - 1]
    row = Restriction.objects.create(
        shop=case.shop,
        violation=case,
        kind=Restriction.Kind.NO_NEW_LISTINGS if days else Restriction.Kind.SHOP_CLOSED,
        reason=_("%(points)s with case %(code)s. %(effect)s")
        % {"points": counted(total, "violation points"), "code": case.code, "effect": words_for(reached, rules)},
        starts_at=at,
        ends_at=at + dt.timedelta(days=days) if days else None,
    )
    _record("restriction.imposed", row, by, at, reason=row.reason, ends_at=str(row.ends_at or ""))
    if not days and case.shop.status == Shop.Status.ACTIVE:
        move(case.shop, Shop.Status.CLOSED, closed_at=at)
        _record("shop.closed", row, by, at, reason=row.reason)
    return row


def lift(*, case: Violation, by, at: dt.datetime) -> int:
    """Take away what followed from a case whose appeal was won; a shop that it closed is open again."""
    rows = list(Restriction.objects.in_shop(case.shop).filter(violation=case, lifted_at__isnull=True))
    for row in rows:
        Restriction.objects.in_shop(case.shop).filter(pk=row.pk).update(lifted_at=at)
        _record("restriction.lifted", row, by, at, case_code=case.code)
        if row.kind == Restriction.Kind.SHOP_CLOSED and not _closed_otherwise(case.shop, at):
            move(case.shop, Shop.Status.ACTIVE, allowed_from=(Shop.Status.CLOSED,), closed_at=None)
            _record("shop.reopened", row, by, at, case_code=case.code)
    return len(rows)


def _closed_otherwise(shop, at: dt.datetime) -> bool:
    return Restriction.objects.in_shop(shop).standing(at).filter(kind=Restriction.Kind.SHOP_CLOSED).exists()


def new_listings_stopped(shop, at: dt.datetime) -> Restriction | None:
    """The restriction that keeps the shop from listing anything new at this moment, if one does."""
    return Restriction.objects.in_shop(shop).standing(at).filter(kind=Restriction.Kind.NO_NEW_LISTINGS).first()


def check_new_listing(shop, at: dt.datetime) -> None:
    """Refuse, with the sentence for the seller, while new listings are stopped."""
    row = new_listings_stopped(shop, at)
    if row is not None and row.ends_at is not None:
        raise NewListingsStopped(
            _("New listings are stopped until %(day)s. %(reason)s")
            % {"day": f"{row.ends_at:%Y-%m-%d %H:%M} UTC", "reason": row.reason}
        )


def _record(kind: str, row: Restriction, by, at: dt.datetime, **facts) -> None:
    events.record(kind, shop=row.shop, subject_kind="shop", subject_code=row.shop.code, by=by, at=at, **facts)
