"""What members are told about their standing: cases, appeals, restrictions, tiers; and about what staff did."""

from django.utils.translation import gettext

from shops.enforcement import KINDS
from shops.models import Restriction, Shop, ShopEvent, User, Violation
from shops.notifying import members, notify, send_mail


def about_case(event: ShopEvent) -> None:
    """A notice to everybody who sees the Health page, and a mail to the owners with all that they need to answer."""
    case = Violation.objects.in_shop(event.shop).of_code(event.subject_code).get()
    path = f"/s/{event.shop.code}/violations/{case.code}/"
    people = notify(
        shop=event.shop,
        kind=event.kind,
        title=_title(event, case),
        body=event.sentence,
        url=path,
        at=event.at,
        area="health",
        once_key=f"event:{event.pk}",
    )
    owners = {person.pk for person in members(event.shop, owners=True)}
    for person in people:
        if person.pk in owners:
            send_mail(
                "violation",
                to=person.email or "",
                context={
                    "shop": event.shop,
                    "case": case,
                    "title": _title(event, case),
                    "sentence": event.sentence,
                    "path": path,
                    "open": case.status in ("pending", "enforced"),
                },
                message_id=f"event-{event.pk}-{person.pk}",
            )


def _title(event: ShopEvent, case: Violation) -> str:
    name = {"kind": KINDS.get(case.kind, case.kind), "code": case.code}
    return {
        "violation.opened": gettext("A case was opened: %(kind)s"),
        "violation.corrected": gettext("Case %(code)s ends without points"),
        "violation.withdrawn": gettext("Case %(code)s was withdrawn"),
        "violation.enforced": gettext("Case %(code)s has taken effect"),
        "violation.lapsed": gettext("The points of case %(code)s have lapsed"),
        "appeal.filed": gettext("Your appeal against case %(code)s has arrived"),
        "appeal.delayed": gettext("Your appeal against case %(code)s takes longer"),
        "appeal.upheld": gettext("Your appeal against case %(code)s was refused"),
        "appeal.overturned": gettext("Your appeal against case %(code)s was won"),
    }[event.kind] % name


def about_restriction(event: ShopEvent) -> None:
    """A notice to everybody who sees the Health page."""
    imposed = event.kind == "restriction.imposed"
    row = Restriction.objects.in_shop(event.shop).order_by("-id").first()
    closed = row is not None and row.kind == Restriction.Kind.SHOP_CLOSED
    if imposed:
        title = gettext("Your shop is closed") if closed else gettext("New listings are stopped for a while")
    else:
        title = gettext("Your shop is open again") if closed else gettext("You may list new products again")
    _notice(event, title, "health/", area="health")


def tier_raised(event: ShopEvent) -> None:
    """A notice to everybody who sees the Health page."""
    tier = dict(Shop.Tier.choices).get(event.facts["tier"], event.facts["tier"])
    _notice(event, gettext("Your shop moved up to tier %(tier)s") % {"tier": tier}, "health/", area="health")


def viewed_by_staff(event: ShopEvent) -> None:
    """A notice to the owners; the row itself stands in the timeline of the settings."""
    _notice(event, gettext("Staff looked at your shop, read only"), "settings/", users=members(event.shop, owners=True))


def factor_removed(event: ShopEvent) -> None:
    """A notice to the owners."""
    title = gettext("The second factor of %(name)s was taken away") % event.facts
    _notice(event, title, "team/", users=members(event.shop, owners=True))


def readdressed(event: ShopEvent) -> None:
    """A notice to the owners."""
    title = gettext("The account of %(name)s has another e-mail address") % event.facts
    _notice(event, title, "team/", users=members(event.shop, owners=True))


def access_restored(event: ShopEvent) -> None:
    """A mail to the person themselves, at the address of the account."""
    person = User.objects.get(pk=event.facts["user_id"])
    send_mail("access_restored", to=person.email or "", context={"person": person}, message_id=f"event-{event.pk}")


def _notice(event: ShopEvent, title: str, place: str, **to) -> None:
    notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        body=event.sentence,
        url=f"/s/{event.shop.code}/{place}",
        at=event.at,
        once_key=f"event:{event.pk}",
        **to,
    )
