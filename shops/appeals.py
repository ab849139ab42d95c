"""Appeals: the seller answers a case in time, staff uphold or overturn it with a reason (rulebook §2, "Violations")."""

import datetime as dt

from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, restrictions
from shops.enforcement import (
    AppealOpen,
    NoReason,
    cases_of,
    end,
    lock_case,
    record,
    refuse_own,
    set_clock,
)
from shops.models import Appeal, Deadline, Violation
from shops.policy_book import policy_version
from shops.scope import scope


class TooLate(DomainError):
    """The time to appeal is over."""


class NoMoreAppeals(DomainError):
    """The case has been appealed as often as the policy allows."""


class NotYours(DomainError):
    """Somebody else has claimed it, or nobody has."""


def file(*, case: Violation, text: str, by, at: dt.datetime) -> Appeal:
    """Appeal against a case that is pending or enforced. While it is decided, a pending case does not take effect."""
    text = text.strip()
    if not text:
        raise NoReason(_("Say why the case is wrong."), field="text")
    with scope(case.shop, by=by):
        fresh = lock_case(case)
        number = refuse_appeal(fresh, at) + 1
        rules = policy_version(fresh.policy_version_id).violations
        row = Appeal.objects.create(
            shop=case.shop,
            violation=fresh,
            number=number,
            text=text,
            filed_by=by,
            filed_at=at,
            decide_by=at + dt.timedelta(days=rules.appeal_answer_days),
        )
        deadlines.meet(
            shop=case.shop, kind="violation.appeal_by", subject_kind="violation", subject_code=fresh.code, at=at
        )
        set_clock(fresh, "appeal.decide", row.decide_by, at)
        record("appeal.filed", fresh, by, at, number=number, text=text, decide_by=row.decide_by.isoformat())
    return row


def refuse_appeal(case: Violation, at: dt.datetime) -> int:
    """How often the case was appealed; refuses, with the sentence, where it cannot be appealed any more."""
    if case.status not in (Violation.Status.PENDING, Violation.Status.ENFORCED):
        raise TooLate(_("This case is over; there is nothing left to appeal against."))
    if Appeal.objects.in_shop(case.shop).filter(violation=case, status="pending").exists():
        raise AppealOpen(_("Your appeal is being decided. You can say no more until then."))
    made = Appeal.objects.in_shop(case.shop).filter(violation=case).count()
    if made >= policy_version(case.policy_version_id).violations.appeals_at_most:
        raise NoMoreAppeals(_("This case was appealed as often as the rules allow. The decision stands."))
    if case.appeal_by <= at:
        raise TooLate(_("The time to appeal ended on %(day)s.") % {"day": f"{case.appeal_by:%Y-%m-%d %H:%M} UTC"})
    return made


def claim(*, appeal: Appeal, by, at: dt.datetime) -> Appeal:
    """Take an appeal from the queue: from now on it is ``by`` who decides."""
    with scope(appeal.shop, by=by):
        refuse_own(appeal.shop, by)
        fresh = _pending(appeal)
        if fresh.claimed_by_id not in (None, by.pk):
            raise NotYours(_("%(person)s has claimed this appeal.") % {"person": fresh.claimed_by})
        if fresh.claimed_by_id is None:
            Appeal.objects.in_shop(appeal.shop).filter(pk=fresh.pk).update(claimed_by=by, claimed_at=at)
            fresh.claimed_by, fresh.claimed_at = by, at
            record("appeal.claimed", fresh.violation, by, at)
    return fresh


def release(*, appeal: Appeal, by, at: dt.datetime) -> Appeal:
    """Put a claimed appeal back into the queue; its clock runs on."""
    with scope(appeal.shop, by=by):
        fresh = _claimed(appeal, by)
        Appeal.objects.in_shop(appeal.shop).filter(pk=fresh.pk).update(claimed_by=None, claimed_at=None)
        fresh.claimed_by, fresh.claimed_at = None, None
        record("appeal.released", fresh.violation, by, at)
    return fresh


def uphold(*, appeal: Appeal, reason: str, by, at: dt.datetime) -> Appeal:
    """The case stands. The seller may appeal once more within the days of the policy, if one is left."""
    with scope(appeal.shop, by=by):
        fresh, case = _decide(appeal, Appeal.Status.UPHELD, reason, by, at)
        rules = policy_version(case.policy_version_id).violations
        if fresh.number < rules.appeals_at_most:
            case.appeal_by = at + dt.timedelta(days=rules.second_appeal_days)
            Violation.objects.in_shop(case.shop).filter(pk=case.pk).update(appeal_by=case.appeal_by)
            set_clock(case, "violation.appeal_by", case.appeal_by, at)
        record("appeal.upheld", case, by, at, number=fresh.number, reason=fresh.reason)
    return fresh


def overturn(*, appeal: Appeal, reason: str, by, at: dt.datetime) -> Appeal:
    """The seller is right: the points are gone, and what followed from them."""
    with scope(appeal.shop, by=by):
        fresh, case = _decide(appeal, Appeal.Status.OVERTURNED, reason, by, at)
        record("appeal.overturned", case, by, at, number=fresh.number, points=case.points, reason=fresh.reason)
        if case.status == Violation.Status.PENDING:
            end(case, Violation.Status.WITHDRAWN, "violation.withdrawn", fresh.reason, by, at)
        else:
            end(case, Violation.Status.OVERTURNED, "violation.overturned", fresh.reason, by, at)
            restrictions.lift(case=case, by=by, at=at)
    return fresh


def _decide(appeal: Appeal, to: str, reason: str, by, at: dt.datetime) -> tuple[Appeal, Violation]:
    reason = reason.strip()
    if not reason:
        raise NoReason(_("Say why; the seller reads it."), field="reason")
    fresh = _claimed(appeal, by)
    case = fresh.violation
    move(fresh, to, decided_by=by, decided_at=at, reason=reason)
    deadlines.meet(shop=appeal.shop, kind="appeal.decide", subject_kind="violation", subject_code=case.code, at=at)
    return fresh, case


# -- the clock --------------------------------------------------------------------------------------------------------


def time_is_over(rows: list[Deadline], *, at: dt.datetime) -> None:
    """Nobody appealed in time. That is a choice, not a loss: the clock ends without an outcome."""
    deadlines.end_all(rows, outcome=Deadline.Ended.VOID, at=at)


def answer_is_late(rows: list[Deadline], *, at: dt.datetime) -> None:
    """Staff have not decided in time: said once, and the clock ends as missed. The appeal stays in the queue."""
    cases = cases_of(rows)
    for row in rows:
        case = cases.get((row.shop_id, row.subject_code))
        if case is not None and Appeal.objects.in_shop(case.shop).filter(violation=case, status="pending").exists():
            record("appeal.delayed", case, None, at)
    deadlines.end_all(rows, outcome=Deadline.Ended.MISSED, at=at)


# -- rows -------------------------------------------------------------------------------------------------------------


def _pending(appeal: Appeal) -> Appeal:
    """The appeal, its case locked first (the order of locks is case, then appeal), while nobody has decided it."""
    case = lock_case(Violation.objects.in_shop(appeal.shop).get(pk=appeal.violation_id))
    fresh = lock_row(Appeal.objects.in_shop(appeal.shop).filter(pk=appeal.pk))
    fresh.shop, fresh.violation = case.shop, case
    if fresh.status != Appeal.Status.PENDING:
        raise NotYours(_("This appeal is decided: %(status)s.") % {"status": fresh.get_status_display()})
    return fresh


def _claimed(appeal: Appeal, by) -> Appeal:
    fresh = _pending(appeal)
    if fresh.claimed_by_id == by.pk:
        return fresh
    if fresh.claimed_by_id is None:
        raise NotYours(_("Claim this appeal first."))
    raise NotYours(_("%(person)s has claimed this appeal.") % {"person": fresh.claimed_by})
