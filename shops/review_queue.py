"""The reviewers' side of onboarding: claim an application, decide it with a reason, and keep the promised time."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from django.db.models import Q
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, documents, events
from shops.application_steps import STEPS, papers_of, steps
from shops.models import Application, BankAccount, Deadline, Document, Membership, Shop, Submission
from shops.onboarding import today
from shops.policy_book import policy_for
from shops.review_reasons import REFUSALS
from shops.scope import scope


class OwnApplication(DomainError):
    """Nobody decides about a shop of their own."""


class NotYours(DomainError):
    """Another reviewer has claimed it, or nobody has."""


class NoReason(Invalid):
    """A refusal or a request for changes says why."""


class NoLongerComplete(DomainError):
    """Something has run out since the application was sent."""


def claim(*, application: Application, by, at: dt.datetime) -> Application:
    """Take an application from the queue: from now on it is ``by`` who decides."""
    with scope(application.shop, by=by):
        if Membership.objects.in_shop(application.shop).filter(user=by).exists():
            raise OwnApplication(_("This is a shop of your own; somebody else has to review it."))
        fresh = lock_row(Application.objects.in_shop(application.shop).filter(pk=application.pk))
        if fresh.status == Application.Status.IN_REVIEW and fresh.claimed_by_id == by.pk:
            return fresh
        if fresh.status == Application.Status.IN_REVIEW:
            raise NotYours(_("%(person)s has claimed this application.") % {"person": fresh.claimed_by})
        move(fresh, Application.Status.IN_REVIEW, claimed_by=by, claimed_at=at)
        _record("application.claimed", fresh, by, at)
    return fresh


def release(*, application: Application, by, at: dt.datetime) -> Application:
    """Put a claimed application back into the queue; its clock runs on."""
    with scope(application.shop, by=by):
        fresh = _claimed(application, by)
        move(fresh, Application.Status.SUBMITTED, claimed_by=None, claimed_at=None)
        _record("application.released", fresh, by, at)
    return fresh


def approve(*, application: Application, by, at: dt.datetime) -> Application:
    """Accept the application and open the shop: lowest tier, new-seller offer running (policy, rulebook §2)."""
    policy = policy_for(application.shop, at)
    with scope(application.shop, by=by):
        fresh = _claimed(application, by)
        _refuse_run_out(fresh, policy, at)
        move(fresh, Application.Status.APPROVED, decided_by=by, decided_at=at, decision_code="", decision_text="")
        documents.accept_all(fresh, policy, by=by, at=at)
        offer_ends_at = at + dt.timedelta(days=policy.new_seller_offer.days)
        shop = Shop.objects.get(pk=fresh.shop_id)
        move(
            shop,
            Shop.Status.ACTIVE,
            approved_at=at,
            tier=policy.probation.order[0],
            offer_ends_at=offer_ends_at,
            agreement_version=fresh.agreement_version,
            contact_email=shop.contact_email or fresh.applicant.email or "",
        )
        fresh.shop = shop
        deadlines.meet(shop=shop, kind="application.review", subject_kind="application", subject_code=fresh.code, at=at)
        _record("application.approved", fresh, by, at, offer_ends_at=offer_ends_at.isoformat())
        events.record(
            "shop.opened",
            shop=shop,
            subject_kind="shop",
            subject_code=shop.code,
            by=by,
            at=at,
            tier=shop.tier,
            offer_ends_at=offer_ends_at.isoformat(),
            coupon_budget_minor=policy.new_seller_offer.coupon_budget_minor,
        )
    return fresh


@dataclasses.dataclass(frozen=True)
class Change:
    """What the applicant is to do again: a step, for documents which one, and why."""

    step: str
    reason: str
    document_code: str = ""


def ask_for_changes(
    *, application: Application, changes: Sequence[Change], text: str, by, at: dt.datetime
) -> Application:
    """Give the application back with what is to be done again; everything else stays as it was sent."""
    text = text.strip()
    if not changes or any(change.step not in STEPS or not change.reason.strip() for change in changes):
        raise NoReason(_("Say for at least one step what the applicant is to change, and why."), field="changes")
    with scope(application.shop, by=by):
        fresh = _claimed(application, by)
        for change in changes:
            if change.document_code:
                _refuse_document(fresh, change)
        move(
            fresh,
            Application.Status.CHANGES_REQUESTED,
            decided_by=by,
            decided_at=at,
            decision_code="changes",
            decision_text=text or changes[0].reason,
            asked_changes=[[change.step, change.reason.strip()] for change in changes],
            claimed_by=None,
            claimed_at=None,
        )
        _end_clock(fresh, at)
        _record(
            "application.changes_requested",
            fresh,
            by,
            at,
            text=text,
            steps=[change.step for change in changes],
        )
    return fresh


def _refuse_document(application: Application, change: Change) -> None:
    document = Document.objects.in_shop(application.shop).filter(application=application).of_code(change.document_code)
    move(document.get(), Document.Status.REFUSED, refused_for=change.reason.strip())


def refuse(*, application: Application, code: str, text: str, by, at: dt.datetime) -> Application:
    """Turn the application down for good, with a reason; the shop that was to be is closed."""
    if code not in REFUSALS:
        raise NoReason(_("Choose a reason."), field="code")
    text = text.strip()
    if not text:
        raise NoReason(_("Tell the applicant why."), field="text")
    with scope(application.shop, by=by):
        fresh = _claimed(application, by)
        move(
            fresh,
            Application.Status.REFUSED,
            decided_by=by,
            decided_at=at,
            decision_code=code,
            decision_text=text,
        )
        move(Shop.objects.get(pk=fresh.shop_id), Shop.Status.CLOSED, closed_at=at)
        _end_clock(fresh, at)
        _record("application.refused", fresh, by, at, code_of_reason=code, text=text)
    return fresh


def _claimed(application: Application, by) -> Application:
    """The application, locked and fresh, if it is with this reviewer."""
    fresh = lock_row(Application.objects.in_shop(application.shop).filter(pk=application.pk))
    fresh.shop = application.shop
    if fresh.status == Application.Status.IN_REVIEW and fresh.claimed_by_id == by.pk:
        return fresh
    if fresh.status == Application.Status.SUBMITTED:
        raise NotYours(_("Claim this application first."))
    if fresh.status == Application.Status.IN_REVIEW:
        raise NotYours(_("%(person)s has claimed this application.") % {"person": fresh.claimed_by})
    raise NotYours(_("This application is now “%(status)s”.") % {"status": fresh.get_status_display()})


def _refuse_run_out(application: Application, policy, at: dt.datetime) -> None:
    for step in steps(application, papers_of(application), policy, today(application.shop, at)):
        if not step.done:
            raise NoLongerComplete(
                _("This cannot be approved: %(problem)s Ask the applicant for it.") % {"problem": step.problem}
            )


def _end_clock(application: Application, at: dt.datetime) -> None:
    deadlines.meet(
        shop=application.shop,
        kind="application.review",
        subject_kind="application",
        subject_code=application.code,
        at=at,
    )


# -- the clock --------------------------------------------------------------------------------------------------------


def tell_of_delay(rows: list[Deadline], *, at: dt.datetime) -> None:
    """The review was due, or is overdue: the applicant is told at both moments, and the clock ends with the second."""
    by_code = {
        (row.shop_id, row.code): row
        for row in Application.objects.in_queue()
        .filter(shop__in=[deadline.shop_id for deadline in rows])
        .select_related("shop")
    }
    gone, late = [], []
    for deadline in rows:
        application = by_code.get((deadline.shop_id, deadline.subject_code))
        if application is None:
            gone.append(deadline)
            continue
        stage = "overdue" if deadline.escalated_at else "due"
        _record("application.delayed", application, None, at, stage=stage, submitted_at=str(application.submitted_at))
        if stage == "overdue":
            late.append(deadline)
            continue
        Deadline.objects.filter(shop_id=deadline.shop_id, pk=deadline.pk).update(escalated_at=at)
        deadlines.look_again([deadline], at=application.review_overdue_at)
    deadlines.end_all(gone, outcome=Deadline.Ended.VOID, at=at)
    deadlines.end_all(late, outcome=Deadline.Ended.MISSED, at=at)


# -- what changed -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Difference:
    """One fact that reads otherwise than in the submission before."""

    name: str
    before: str
    after: str


def differences(application: Application) -> list[Difference]:
    """What changed since the last submission; nothing for a first one."""
    rows = Submission.objects.filter(shop=application.shop, application=application).order_by("-number")[:2]
    facts = [row.facts for row in rows]
    if len(facts) < 2:
        return []
    now, before = facts
    return [
        Difference(name, _words(before.get(name)), _words(now.get(name)))
        for name in now
        if before.get(name) != now.get(name)
    ]


def _words(fact) -> str:
    return ", ".join(f"{key}: {value}" for key, value in fact.items()) if isinstance(fact, dict) else str(fact or "")


# -- hints ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Hint:
    """Another application that shares a tax id, bank account, phone number or file with this one."""

    application: Application
    whats: list[str]


def hints(application: Application) -> list[Hint]:
    """Other applications and shops that share something with this one; found without opening a single secret."""
    found: dict[int, Hint] = {}
    others = Application.objects.exclude(pk=application.pk).select_related("shop").order_by("-started_at", "-id")
    same = {
        _("tax number"): Q(tax_id_index=application.tax_id_index) if application.tax_id_index else None,
        _("phone number"): Q(phone_index=application.phone_index) if application.phone_index else None,
        _("bank account"): _same_bank_account(application),
        _("document"): _same_document(application),
    }
    for what, condition in same.items():
        if condition is not None:
            for other in others.filter(condition)[:10]:
                found.setdefault(other.pk, Hint(other, [])).whats.append(str(what))
    return list(found.values())


def _same_bank_account(application: Application) -> Q | None:
    accounts = BankAccount.objects.in_shop(application.shop).values_list("number_index", flat=True)
    shops = BankAccount.objects.filter(number_index__in=list(accounts)).exclude(shop=application.shop)
    return Q(shop__in=list(shops.values_list("shop", flat=True)))


def _same_document(application: Application) -> Q | None:
    hashes = Document.objects.in_shop(application.shop).values_list("original_sha256", flat=True)
    twins = Document.objects.filter(original_sha256__in=list(hashes)).exclude(shop=application.shop)
    return Q(shop__in=list(twins.values_list("shop", flat=True)))


def _record(kind: str, application: Application, by, at: dt.datetime, **facts) -> None:
    events.record(
        kind, shop=application.shop, subject_kind="application", subject_code=application.code, by=by, at=at, **facts
    )
