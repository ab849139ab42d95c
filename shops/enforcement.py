"""Cases against shops: opened by staff with reason and evidence, put right or withdrawn, or enforced (rulebook §2).

While a case is pending nothing takes effect, and while an appeal is being decided neither. What is enforced counts
its points until they lapse; points lead up the ladder of ``shops.restrictions``.
"""

import dataclasses
import datetime as dt

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row
from seller_center.kernel.text import counted
from seller_center.kernel.transitions import move
from shops import deadlines, events, restrictions
from shops.models import Appeal, Deadline, Membership, Shop, ShopEvent, Violation
from shops.policy import Violations
from shops.policy_book import policy_for, policy_version
from shops.scope import scope

#: What the rules of the policy are called on the screen.
KINDS = {
    "late_dispatch": gettext_lazy("Late dispatch"),
    "seller_cancellations": gettext_lazy("Cancellations on the seller's side"),
    "prohibited_product": gettext_lazy("Prohibited product"),
    "counterfeit": gettext_lazy("Counterfeit goods"),
    "misleading_listing": gettext_lazy("Misleading listing"),
    "bad_communication": gettext_lazy("Bad communication"),
    "undisclosed_sponsorship": gettext_lazy("Undisclosed sponsorship"),
    "off_platform_diversion": gettext_lazy("Leading buyers off the marketplace"),
    "fraud": gettext_lazy("Fraud"),
}
#: What can show that a rule was broken.
EVIDENCE = {
    "order": gettext_lazy("Order"),
    "package": gettext_lazy("Package"),
    "product": gettext_lazy("Product"),
    "return": gettext_lazy("Return"),
    "conversation": gettext_lazy("Conversation with a buyer"),
    "ticket": gettext_lazy("Ticket"),
    "eligibility": gettext_lazy("Monthly evaluation"),
}
#: How soon the sweep looks again at a case that waits for an appeal or for a second person.
WAIT = dt.timedelta(hours=1)


class NotOpen(DomainError):
    """Cases are opened against shops that are open."""


class OwnShop(DomainError):
    """Nobody decides about a shop of their own."""


class NoReason(Invalid):
    """A case, and every decision about it, says why."""


class WrongPoints(Invalid):
    """More or fewer points than the policy has for this rule."""


class NoSuchEvidence(Invalid):
    """Nothing of this kind with this number is known in the shop."""


class NeedsSecondPerson(DomainError):
    """A case of this weight takes effect only when somebody else has confirmed it."""


class AppealOpen(DomainError):
    """The seller's appeal is decided first."""


@dataclasses.dataclass(frozen=True)
class Charge:
    """What a case is about: the rule, what happened, what shows it, and how much it weighs."""

    kind: str
    reason: str
    evidence_kind: str
    evidence_code: str
    points: int


# -- staff ------------------------------------------------------------------------------------------------------------


def open_case(*, shop: Shop, charge: Charge, by, at: dt.datetime) -> Violation:
    """Open a case. It is pending for the days of the policy: the seller may put it right or appeal before it bites."""
    policy = policy_for(shop, at)
    rules = policy.violations
    _check(shop, charge, rules, by)
    effective = at + dt.timedelta(days=rules.pending_days)
    kind = rules.kinds[charge.kind]
    with scope(shop, by=by):
        case = _insert(
            shop=shop,
            kind=charge.kind,
            rule=kind.rule,
            reason=charge.reason.strip(),
            evidence_kind=charge.evidence_kind,
            evidence_code=charge.evidence_code.strip(),
            effect=_effect(shop, charge.points, rules, at),
            points=charge.points,
            fraud_related=kind.fraud,
            needs_second_person=kind.fraud or charge.points >= rules.second_person_points,
            policy_version_id=policy.version_id,
            opened_by=by,
            opened_at=at,
            takes_effect_at=effective,
            appeal_by=at + dt.timedelta(days=rules.appeal_days),
            lapses_at=effective + dt.timedelta(days=rules.lapse_days),
        )
        clocks = {"violation.takes_effect": case.takes_effect_at, "violation.appeal_by": case.appeal_by}
        for name, due_at in clocks.items():
            set_clock(case, name, due_at, at)
        record("violation.opened", case, by, at, violation_kind=case.kind, points=case.points, reason=case.reason)
    return case


def _check(shop: Shop, charge: Charge, rules: Violations, by) -> None:
    if shop.status != Shop.Status.ACTIVE or shop.is_platform:
        raise NotOpen(_("A case can be opened against a shop that is open."))
    refuse_own(shop, by)
    if charge.kind not in rules.kinds:
        raise Invalid(_("Choose the rule that was broken."), field="kind")
    if not charge.reason.strip():
        raise NoReason(_("Say what happened; the seller reads it."), field="reason")
    least, most = rules.kinds[charge.kind].points
    if not least <= charge.points <= most:
        raise WrongPoints(
            _("The policy has %(least)d to %(most)d points for this rule.") % {"least": least, "most": most},
            field="points",
        )
    code = charge.evidence_code.strip()
    known = charge.evidence_kind in EVIDENCE and code and "\x00" not in code
    if not known or not ShopEvent.objects.about(shop, charge.evidence_kind, code).exists():
        raise NoSuchEvidence(
            _("This shop has nothing of this kind with this number. Give the code as it stands on its page."),
            field="evidence_code",
        )


def refuse_own(shop: Shop, by) -> None:
    if Membership.objects.in_shop(shop).filter(user=by).exists():
        raise OwnShop(_("This is a shop of your own; somebody else has to decide."))


def _effect(shop: Shop, points: int, rules: Violations, at: dt.datetime) -> str:
    """What it would mean if it were enforced now, on top of what counts already."""
    total = restrictions.points_of(shop, at) + points
    reached = restrictions.words_for(restrictions.rung(total, rules), rules)
    return _("%(total)s in all for %(days)s. %(ladder)s") % {
        "total": counted(total, "points"),
        "days": counted(rules.lapse_days, "days"),
        "ladder": reached or _("No restriction follows from them."),
    }


def _insert(**values) -> Violation:
    """A row with a code that is free in its shop."""
    for _attempt in range(5):
        try:
            with transaction.atomic():
                return Violation.objects.create(code=new_code(), **values)
        except IntegrityError as error:
            if "violation_code_once" not in str(error):
                raise
    raise RuntimeError("no free code was drawn")


def confirm(*, case: Violation, by, at: dt.datetime) -> Violation:
    """The second person has looked at it: the case may take effect in its time. Fraud and closing need it (rulebook)."""
    with scope(case.shop, by=by):
        refuse_own(case.shop, by)
        fresh = lock_case(case)
        if fresh.opened_by_id == by.pk:
            raise NeedsSecondPerson(_("You have opened this case. Somebody else has to confirm it."))
        if not fresh.needs_second_person or fresh.status != Violation.Status.PENDING:
            raise NotOpen(_("This case does not wait for a second person."))
        if fresh.confirmed_by_id is None:
            Violation.objects.in_shop(case.shop).filter(pk=case.pk).update(confirmed_by=by, confirmed_at=at)
            fresh.confirmed_by, fresh.confirmed_at = by, at
            record("violation.confirmed", fresh, by, at)
    return fresh


def withdraw(*, case: Violation, reason: str, by, at: dt.datetime) -> Violation:
    """Take a case back before it took effect."""
    return _end(case, Violation.Status.WITHDRAWN, "violation.withdrawn", reason, by, at)


def accept_correction(*, case: Violation, reason: str, by, at: dt.datetime) -> Violation:
    """It was put right in time: the case ends without points."""
    return _end(case, Violation.Status.CORRECTED, "violation.corrected", reason, by, at)


def _end(case: Violation, to: str, kind: str, reason: str, by, at: dt.datetime) -> Violation:
    reason = reason.strip()
    if not reason:
        raise NoReason(_("Say why the case ends; the seller reads it."), field="reason")
    with scope(case.shop, by=by):
        refuse_own(case.shop, by)
        fresh = lock_case(case)
        refuse_while_appealed(fresh)
        end(fresh, to, kind, reason, by, at)
    return fresh


def end(case: Violation, to: str, kind: str, reason: str, by, at: dt.datetime) -> None:
    """The one place where a case ends by a decision: state, reason, clocks and event together."""
    move(case, to, ended_by=by, ended_at=at, ended_reason=reason)
    deadlines.void(shop=case.shop, subject_kind="violation", subject_code=case.code, at=at)
    record(kind, case, by, at, reason=reason)


# -- the seller -------------------------------------------------------------------------------------------------------


def report_correction(*, case: Violation, text: str, by, at: dt.datetime) -> Violation:
    """The seller says what was put right; staff look at it before the case takes effect."""
    text = text.strip()
    if not text:
        raise NoReason(_("Say what you have put right."), field="text")
    with scope(case.shop, by=by):
        fresh = lock_case(case)
        if fresh.status != Violation.Status.PENDING:
            raise NotOpen(_("Only a case that is pending can be put right."))
        Violation.objects.in_shop(case.shop).filter(pk=case.pk).update(corrected_text=text, corrected_at=at)
        fresh.corrected_text, fresh.corrected_at = text, at
        record("violation.correction_reported", fresh, by, at, text=text)
    return fresh


# -- the clock --------------------------------------------------------------------------------------------------------


def take_effect(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The time to put it right or to appeal is over: enforce, unless an appeal or a second person is waited for."""
    cases = cases_of(rows)
    for row in rows:
        case = cases.get((row.shop_id, row.subject_code))
        if case is None or case.status != Violation.Status.PENDING:
            deadlines.end_all([row], outcome=Deadline.Ended.VOID, at=at)
            continue
        try:
            with transaction.atomic():
                enforce(case=case, at=at)
        except AppealOpen:
            deadlines.look_again([row], at=at + WAIT)
        except NeedsSecondPerson:
            Violation.objects.in_shop(case.shop).filter(pk=case.pk, status="pending").update(needs_second_person=True)
            deadlines.look_again([row], at=at + WAIT)


def enforce(*, case: Violation, at: dt.datetime) -> Violation:
    """Let a pending case take effect: its points count from now on, and what they lead to begins."""
    with scope(case.shop, by=None):
        fresh = lock_case(case)
        shop = fresh.shop
        refuse_while_appealed(fresh)
        rules = policy_version(fresh.policy_version_id).violations
        before = restrictions.points_of(shop, at)
        _refuse_alone(fresh, before, rules)
        move(
            fresh,
            Violation.Status.ENFORCED,
            enforced_at=at,
            lapses_at=at + dt.timedelta(days=rules.lapse_days),
        )
        deadlines.meet(
            shop=shop, kind="violation.takes_effect", subject_kind="violation", subject_code=fresh.code, at=at
        )
        set_clock(fresh, "violation.lapse", fresh.lapses_at, at)
        record("violation.enforced", fresh, None, at, points=fresh.points, reason=fresh.reason)
        restrictions.impose(case=fresh, before=before, rules=rules, by=None, at=at)
    return fresh


def _refuse_alone(case: Violation, before: int, rules: Violations) -> None:
    """Closing a shop needs two people, also where many small cases add up to it."""
    if case.confirmed_by_id is not None:
        return
    if case.needs_second_person:
        raise NeedsSecondPerson(_("This case takes effect only when a second person has confirmed it."))
    if before + case.points >= rules.second_person_points:
        raise NeedsSecondPerson(
            _("With this case the shop has %(points)s; that needs a second person.")
            % {"points": counted(before + case.points, "points")}
        )


def lapse(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The points of these cases end."""
    cases = cases_of(rows)
    for row in rows:
        case = cases.get((row.shop_id, row.subject_code))
        if case is not None and case.status == Violation.Status.ENFORCED:
            with scope(case.shop, by=None):
                move(case, Violation.Status.LAPSED, ended_at=at)
                record("violation.lapsed", case, None, at, points=case.points)
    deadlines.end_all(rows, outcome=Deadline.Ended.MET, at=at)


# -- shared with appeals ----------------------------------------------------------------------------------------------


def cases_of(rows: list[Deadline]) -> dict[tuple[int, str], Violation]:
    """The cases behind these clocks, by shop and code, in one query."""
    found = Violation.objects.filter(
        shop__in={row.shop_id for row in rows}, code__in={row.subject_code for row in rows}
    ).select_related("shop")
    return {(case.shop_id, case.code): case for case in found}


def refuse_while_appealed(case: Violation) -> None:
    """Nothing happens to a case whose appeal is being decided."""
    if Appeal.objects.in_shop(case.shop).filter(violation=case, status="pending").exists():
        raise AppealOpen(_("The seller has appealed. Decide the appeal first."))


def set_clock(case: Violation, kind: str, due_at: dt.datetime, at: dt.datetime) -> None:
    """Start a clock of this case."""
    deadlines.set_deadline(
        shop=case.shop,
        kind=kind,
        subject_kind="violation",
        subject_code=case.code,
        due_at=due_at,
        at=at,
        policy_version_id=case.policy_version_id,
        label=str(KINDS.get(case.kind, case.kind)),
    )


def record(kind: str, case: Violation, by, at: dt.datetime, **facts) -> None:
    """What happened to a case."""
    events.record(kind, shop=case.shop, subject_kind="violation", subject_code=case.code, by=by, at=at, **facts)


def lock_case(case: Violation) -> Violation:
    """The case as it stands now, locked; its shop first, since points of several cases are added up."""
    shop = lock_row(Shop.objects.filter(pk=case.shop_id))
    fresh = lock_row(Violation.objects.in_shop(shop).filter(pk=case.pk))
    fresh.shop = shop
    return fresh
