"""Onboarding: a person applies to sell, step by step, submits, or takes the application back (rulebook §2)."""

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from seller_center.kernel.codes import new_code
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.fields import blind_index
from seller_center.kernel.locking import lock_row
from seller_center.kernel.transitions import move
from shops import deadlines, events
from shops.application_steps import papers_of, steps, too_young
from shops.identity import TAX_IDS_OF, address_faults, age_on, normal_tax_id
from shops.models import Application, Market, Membership, Shop, Submission, TradeClass, User
from shops.policy_book import policy_for
from shops.reference import preset_role
from shops.scope import scope

#: What may be chosen today: market → business types. A pair that is not here is not offered.
OFFERED: dict[str, tuple[str, ...]] = {"US": ("individual",)}


def offered() -> list[tuple[str, str]]:
    """What may be chosen today, in words: market and kind of shop."""
    return [pair for pair, open_to in _all_pairs() if open_to]


def not_offered() -> list[tuple[str, str]]:
    """Markets and kinds of shop for which the policy has rules, but which cannot be applied for yet."""
    return [pair for pair, open_to in _all_pairs() if not open_to]


def _all_pairs() -> list[tuple[tuple[str, str], bool]]:
    markets = Market.objects.order_by("name", "code").values_list("code", "name")
    return [
        ((name, str(words)), kind in OFFERED.get(code, ()))
        for code, name in markets
        for kind, words in Application.BusinessType.choices
    ]


class NotOffered(Invalid):
    """This kind of application cannot be made (yet)."""


class AlreadyApplying(DomainError):
    """The person has an unfinished application in this market; ``application`` is the one to go on with."""

    def __init__(self, message: str, *, application: Application):
        super().__init__(message)
        self.application = application


class NotEditable(DomainError):
    """The application is with the reviewers or decided: nothing in it changes now."""


class NotComplete(DomainError):
    """Something is still missing."""


class TooYoung(Invalid):
    """Nobody under age sells here."""


class WrongAddress(Invalid):
    """Such an address does not exist in that country."""


class WrongTaxId(Invalid):
    """No such tax id can exist."""


class AgreementChanged(DomainError):
    """The seller agreement was changed while the page was open."""


def start(*, market: str, business_type: str, by, at: dt.datetime) -> Application:
    """Begin an application: the shop exists from now on, in the state *applying*, and belongs to ``by``."""
    if business_type not in OFFERED.get(market, ()):
        raise NotOffered(_("This kind of shop cannot be opened here yet."), field="business_type")
    row = Market.objects.get(pk=market)
    with transaction.atomic():
        lock_row(User.objects.filter(pk=by.pk))  # two clicks make one application
        other = Application.objects.filter(applicant=by, shop__market=row).unfinished().order_by("pk").first()
        if other is not None:
            raise AlreadyApplying(_("You have begun an application already. Go on with that one."), application=other)
        shop = _make_shop(row, at)
        with scope(shop, by=by):
            Membership.objects.create(shop=shop, user=by, role=preset_role("owner"), joined_at=at)
            application = Application.objects.create(
                shop=shop, code=new_code(8), business_type=business_type, applicant=by, started_at=at, country=market
            )
            _record("application.started", application, by, at, market=market, business_type=business_type)
    return application


def _make_shop(market: Market, at: dt.datetime) -> Shop:
    code = new_code(4)
    while Shop.objects.filter(code=code).exists():
        code = new_code(4)
    return Shop.objects.create(
        code=code,
        slug=code.lower(),
        market=market,
        currency=market.currency,
        zone=market.zone,
        created_at=at,
    )


def today(shop: Shop, at: dt.datetime) -> dt.date:
    """The day that it is in the shop's zone."""
    return at.astimezone(ZoneInfo(shop.zone)).date()


# -- the steps --------------------------------------------------------------------------------------------------------


def save_person(
    *, application: Application, given_name: str, family_name: str, born_on: dt.date, phone: Any, by, at: dt.datetime
) -> Application:
    """Who applies. Refuses somebody who is too young today."""
    policy = policy_for(application.shop, at)
    if age_on(born_on, today(application.shop, at)) < policy.onboarding.least_age_years:
        raise TooYoung(too_young(policy), field="born_on")
    return _save(
        application,
        "person",
        by,
        at,
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        born_on=born_on,
        phone=phone,
        phone_index=blind_index(getattr(phone, "as_e164", str(phone)), "phone"),
    )


_ADDRESS_SENTENCES = {
    ("postal_code", "invalid"): "This postal code does not belong to that state.",
    ("region", "invalid"): "Choose the state.",
    ("region", "required"): "Choose the state.",
}


def save_address(
    *,
    application: Application,
    line1: str,
    line2: str,
    city: str,
    region: str,
    postal_code: str,
    by,
    at: dt.datetime,
) -> Application:
    """Where the person lives; the country is the market's."""
    country = application.shop.market_id
    given = {"line1": line1, "city": city, "region": region, "postal_code": postal_code}
    for field, word in address_faults(country=country, **given).items():
        default = _("This is needed.") if word == "required" else _("Please check this.")
        raise WrongAddress(_(_ADDRESS_SENTENCES.get((field, word), "")) or default, field=field)
    cleaned = {name: " ".join(value.split()) for name, value in given.items()}
    return _save(application, "address", by, at, line2=" ".join(line2.split()), country=country, **cleaned)


def save_tax_id(*, application: Application, kind: str, number: str, by, at: dt.datetime) -> Application:
    """The tax id: checked, encrypted, with a blind index for duplicates and its last four digits for the screen."""
    if kind not in TAX_IDS_OF[application.business_type]:
        raise WrongTaxId(_("Choose the kind of number you have."), field="kind")
    normal = normal_tax_id(kind, number)
    if normal is None:
        raise WrongTaxId(_("Such a number does not exist. Please compare it with your card or letter."), field="number")
    return _save(
        application,
        "tax",
        by,
        at,
        tax_id_kind=kind,
        tax_id=normal,
        tax_id_index=blind_index(normal, "tax_id"),
        tax_id_last_four=normal[-4:],
    )


def save_selling(
    *, application: Application, shop_name: str, trade_classes: Sequence[str], track_record: str, by, at: dt.datetime
) -> Application:
    """The shop's name and what it will sell."""
    known = set(TradeClass.objects.filter(code__in=trade_classes).values_list("code", flat=True))
    if not known or known != set(trade_classes):
        raise Invalid(_("Choose at least one kind of goods."), field="trade_classes")
    name = " ".join(shop_name.split())
    if not name:
        raise Invalid(_("Name your shop."), field="shop_name")
    with scope(application.shop, by=by):
        application = _save(
            application, "selling", by, at, trade_classes=sorted(known), track_record=track_record.strip()
        )
        shop = application.shop
        shop.name, shop.slug = name, _slug(shop, name)
        shop.save(update_fields=["name", "slug"])
    return application


def _slug(shop: Shop, name: str) -> str:
    """The shop's public address: its name, and its code where another shop has that name."""
    wanted = slugify(name)[:130] or shop.code.lower()
    taken = Shop.objects.filter(slug=wanted).exclude(pk=shop.pk).exists()
    return f"{wanted}-{shop.code.lower()}" if taken else wanted


def editable(application: Application) -> Application:
    """The application, locked and fresh, if the applicant may change it now; else ``NotEditable``."""
    fresh = lock_row(Application.objects.in_shop(application.shop).filter(pk=application.pk))
    if not fresh.open_for_changes:
        raise NotEditable(
            _("This application is now “%(status)s”; nothing in it can be changed.")
            % {"status": fresh.get_status_display()}
        )
    fresh.shop = application.shop
    return fresh


def _save(application: Application, step: str, by, at: dt.datetime, **values: Any) -> Application:
    with scope(application.shop, by=by):
        fresh = editable(application)
        for name, value in values.items():
            setattr(fresh, name, value)
        fresh.save(update_fields=list(values))
        _record("application.saved", fresh, by, at, step=step)
    return fresh


# -- sending it -------------------------------------------------------------------------------------------------------


def submit(
    *, application: Application, agreement_version: str, address: str | None, by, at: dt.datetime
) -> Application:
    """Send the application to the reviewers, with the seller agreement accepted.

    ``agreement_version`` is what the person has read, ``address`` the network address it was accepted from. Two clocks
    run from now on: decided by, and overdue (policy, rulebook §2). Refuses while something is missing.
    """
    policy = policy_for(application.shop, at)
    rules = policy.onboarding
    if agreement_version != rules.agreement_version:
        raise AgreementChanged(_("The seller agreement has changed. Please read it again before you submit."))
    with scope(application.shop, by=by):
        fresh = editable(application)
        _refuse_incomplete(fresh, policy, at)
        due_at = at + dt.timedelta(hours=rules.review_due_hours)
        number = fresh.submission_count + 1
        move(
            fresh,
            Application.Status.SUBMITTED,
            submission_count=number,
            submitted_at=at,
            review_due_at=due_at,
            review_overdue_at=at + dt.timedelta(hours=rules.review_overdue_hours),
            policy_version_id=policy.version_id,
            agreement_version=agreement_version,
            agreed_at=at,
            agreed_address=address or None,
            asked_changes=[],
            decision_code="",
            decision_text="",
            claimed_by=None,
            claimed_at=None,
        )
        Submission.objects.create(
            shop=fresh.shop,
            application=fresh,
            number=number,
            facts=facts_of(fresh),
            agreement_version=agreement_version,
            agreed_address=address or None,
            submitted_by=by,
            submitted_at=at,
        )
        deadlines.set_deadline(
            shop=fresh.shop,
            kind="application.review",
            subject_kind="application",
            subject_code=fresh.code,
            due_at=due_at,
            at=at,
            policy_version_id=policy.version_id,
            label=str(fresh),
        )
        _record("application.submitted", fresh, by, at, number=number, due_at=due_at.isoformat())
    return fresh


def _refuse_incomplete(application: Application, policy, at: dt.datetime) -> None:
    missing = [
        f"{step.title}: {step.problem}"
        for step in steps(application, papers_of(application), policy, today(application.shop, at))
        if not step.done
    ]
    if missing:
        raise NotComplete(_("Something is still missing. %(what)s") % {"what": " ".join(missing)})


def facts_of(application: Application) -> dict[str, Any]:
    """What the applicant says, as plain data: the reviewer compares two of these. Secrets by their last digits."""
    papers = papers_of(application)
    account = papers.bank_account
    return {
        "name": application.person,
        "born_on": str(application.born_on or ""),
        "phone": str(application.phone or ""),
        "address": ", ".join(application.address_lines),
        "tax_id": f"{application.tax_id_kind.upper()} ••••{application.tax_id_last_four}",
        "shop_name": application.shop.name,
        "sells": ", ".join(application.trade_classes),
        "track_record": application.track_record,
        "bank_account": f"{account.holder}, {account.bank_name}, {account.routing_number}, ••••{account.last_four}"
        if account
        else "",
        "documents": {kind: f"{row.get_paper_display()} {row.code}" for kind, row in sorted(papers.documents.items())},
    }


def withdraw(*, application: Application, by, at: dt.datetime) -> Application:
    """Take the application back; the shop that was to be is closed. Not while somebody is reviewing it."""
    with scope(application.shop, by=by):
        move(application, Application.Status.WITHDRAWN, decided_at=at)
        move(application.shop, Shop.Status.CLOSED, closed_at=at)
        deadlines.void(shop=application.shop, subject_kind="application", subject_code=application.code, at=at)
        _record("application.withdrawn", application, by, at)
    return application


def _record(kind: str, application: Application, by, at: dt.datetime, **facts: Any) -> None:
    events.record(
        kind,
        shop=application.shop,
        subject_kind="application",
        subject_code=application.code,
        by=by,
        at=at,
        **facts,
    )
