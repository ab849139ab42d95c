"""The steps of an application: what each asks for, what is missing in it, and what that holds up."""

import dataclasses
import datetime as dt
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from shops.identity import age_on
from shops.models import Application, BankAccount, Document
from shops.policy import Policy

#: Step → (its name, what it holds up while it is missing).
STEPS: dict[str, tuple[Any, Any]] = {
    "person": (_("About you"), _("We cannot tell who is selling.")),
    "address": (_("Address"), _("Your proof of address has nothing to be compared with.")),
    "tax": (_("Tax number"), _("Earnings could not be reported, so the shop cannot open.")),
    "selling": (_("What you sell"), _("Your shop has no name yet.")),
    "documents": (_("Documents"), _("The review cannot begin.")),
    "bank": (_("Bank account"), _("There would be no account to pay you to.")),
}


@dataclasses.dataclass(frozen=True)
class Step:
    """One step as it stands: ``problem`` says what to do, ``asked`` is what the reviewer wants done again."""

    key: str
    title: Any
    done: bool
    problem: str
    blocks: Any
    asked: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Papers:
    """What belongs to an application beside its row, loaded once per page."""

    documents: dict[str, Document]
    bank_account: BankAccount | None


def papers_of(application: Application) -> Papers:
    """The documents in force by kind, and the bank account."""
    rows = Document.objects.in_shop(application.shop).in_force().filter(application=application).order_by("kind", "pk")
    account = BankAccount.objects.in_shop(application.shop).current().first()
    return Papers({row.kind: row for row in rows}, account)


def needed_documents(application: Application, policy: Policy) -> tuple[str, ...]:
    """The kinds of documents that this applicant has to send."""
    if application.business_type == Application.BusinessType.INDIVIDUAL:
        return policy.onboarding.documents_individual
    return policy.onboarding.documents_business


def steps(application: Application, papers: Papers, policy: Policy, day: dt.date) -> list[Step]:
    """All steps in their order, as they stand on a day of the market."""
    problems = {
        "person": _person(application, policy, day),
        "address": _address(application),
        "tax": "" if application.tax_id_last_four else gettext("Give your tax number."),
        "selling": _selling(application),
        "documents": _documents(application, papers, policy, day),
        "bank": "" if papers.bank_account else gettext("Give the account for your payouts."),
    }
    asked: dict[str, list[str]] = {}
    if application.status == Application.Status.CHANGES_REQUESTED:
        for step, reason in application.asked_changes:
            asked.setdefault(step, []).append(reason)
    return [
        Step(key, title, not problems[key], problems[key], blocks, tuple(asked.get(key, ())))
        for key, (title, blocks) in STEPS.items()
    ]


def _person(application: Application, policy: Policy, day: dt.date) -> str:
    if not (application.given_name and application.family_name and application.phone):
        return gettext("Give your name and phone number.")
    if application.born_on is None:
        return gettext("Give your date of birth.")
    if age_on(application.born_on, day) < policy.onboarding.least_age_years:
        return too_young(policy)
    return ""


def too_young(policy: Policy) -> str:
    """The sentence for somebody who may not sell yet."""
    return gettext("You must be at least %(years)d years old to sell here.") % {
        "years": policy.onboarding.least_age_years
    }


def _address(application: Application) -> str:
    return "" if application.line1 and application.city and application.country else gettext("Give your address.")


def _selling(application: Application) -> str:
    if not application.shop.name:
        return gettext("Name your shop.")
    return "" if application.trade_classes else gettext("Choose at least one kind of goods.")


def _documents(application: Application, papers: Papers, policy: Policy, day: dt.date) -> str:
    for kind in needed_documents(application, policy):
        document = papers.documents.get(kind)
        name = Document.Kind(kind).label
        if document is None:
            return gettext("Send: %(document)s.") % {"document": name}
        if document.status == Document.Status.REFUSED:
            return gettext("Send again: %(document)s. %(reason)s") % {"document": name, "reason": document.refused_for}
        if document.expires_on and document.expires_on <= day:
            return gettext("Send again: %(document)s. It has expired.") % {"document": name}
    return ""
