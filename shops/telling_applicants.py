"""What an applicant is told at each step: a notice in the app and a mail (rulebook §2, "Review")."""

from typing import Any

from django.utils.translation import gettext

from shops.models import Application, Document, ShopEvent
from shops.notifying import notify, send_mail
from shops.policy_book import policy_for, policy_version


def submitted(event: ShopEvent) -> None:
    """We have it, and this is how long it takes."""
    _tell(event, "application_submitted", gettext("We have received your application"), **_promise(event))


def delayed(event: ShopEvent) -> None:
    """It takes longer than promised; said at both moments (due, overdue)."""
    overdue = event.facts["stage"] == "overdue"
    title = (
        gettext("Your application is still being reviewed") if overdue else gettext("The review takes a little longer")
    )
    _tell(event, "application_delayed", title, overdue=overdue)


def approved(event: ShopEvent) -> None:
    """The shop is open; these are the first steps."""
    _tell(
        event,
        "application_approved",
        gettext("Your shop is open"),
        url=f"/s/{event.shop.code}/setup/",
        offer=policy_for(event.shop, event.at).new_seller_offer,
        offer_ends_at=event.shop.offer_ends_at,
    )


def changes_requested(event: ShopEvent) -> None:
    """What is to be done again, and why."""
    application = _application(event)
    steps = [{"step": step, "reason": reason} for step, reason in application.asked_changes]
    _tell(event, "application_changes_requested", gettext("Please change something in your application"), changes=steps)


def refused(event: ShopEvent) -> None:
    """The reason, and what remains possible."""
    _tell(event, "application_refused", gettext("Your application was refused"), reason=event.facts["text"])


def document_expired(event: ShopEvent) -> None:
    """A paper has run out."""
    document = Document.objects.in_shop(event.shop).of_code(event.subject_code).select_related("application").get()
    title = gettext("Expired: %(document)s") % {"document": document.get_kind_display()}
    _tell(event, "document_expired", title, application=document.application, document=document)


def _application(event: ShopEvent) -> Application:
    return Application.objects.in_shop(event.shop).of_code(event.subject_code).select_related("applicant").get()


def _promise(event: ShopEvent) -> dict[str, Any]:
    """How long the review takes, by the policy that the application was sent under."""
    row = _application(event)
    policy = policy_version(row.policy_version_id) if row.policy_version_id else policy_for(event.shop, event.at)
    return {"due_hours": policy.onboarding.review_due_hours, "overdue_hours": policy.onboarding.review_overdue_hours}


def _tell(
    event: ShopEvent,
    template: str,
    title: str,
    *,
    url: str = "",
    application: Application | None = None,
    **context: Any,
) -> None:
    application = application or _application(event)
    url = url or f"/s/{event.shop.code}/application/"
    person = application.applicant
    notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        url=url,
        at=event.at,
        users=[person],
        once_key=f"event:{event.pk}",
    )
    send_mail(
        template,
        to=person.email or "",
        context={"shop": event.shop, "application": application, "person": person, "path": url, **context},
        message_id=f"event-{event.pk}-{person.pk}",
    )
