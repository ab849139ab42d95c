"""What owners and members are told about sensitive changes: bank account, contact, team, API keys, clocks."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext

from shops.models import Invitation, ShopEvent, User
from shops.notifying import members, notify, send_mail
from shops.team import token_of


def bank_account_changed(event: ShopEvent) -> None:
    """Owners and the contact address hear of it before a cent moves (DEC17)."""
    usable_from = dt.datetime.fromisoformat(event.facts["usable_from"])
    title = gettext("The bank account of %(shop)s was changed") % {"shop": event.shop}
    _tell_owners(event, "bank_account_changed", title, "settings/bank-account/", usable_from=usable_from)


def contact_changed(event: ShopEvent) -> None:
    """The old address and the new one."""
    title = gettext("The contact address of %(shop)s was changed") % {"shop": event.shop}
    _tell_owners(
        event, "contact_changed", title, "settings/", also=(event.facts["old_email"], event.facts["new_email"])
    )


def api_key_created(event: ShopEvent) -> None:
    """A new key can act for the shop: the owners hear of it."""
    title = gettext("A new API key for %(shop)s") % {"shop": event.shop}
    _tell_owners(event, "api_key_created", title, "api-keys/")


def member_invited(event: ShopEvent) -> None:
    """The one mail that carries the token."""
    invitation = Invitation.objects.in_shop(event.shop).select_related("role", "invited_by").get(pk=event.subject_code)
    if invitation.status != Invitation.Status.OPEN:
        return
    send_mail(
        "invitation",
        to=invitation.email,
        context={"shop": event.shop, "invitation": invitation, "path": f"/invitations/{token_of(invitation)}/"},
        message_id=f"event-{event.pk}",
    )


def member_joined(event: ShopEvent) -> None:
    """The owners hear who has joined."""
    title = gettext("%(name)s joined the team as %(role)s") % event.facts
    _notice_owners(event, title, "team/")


def role_changed(event: ShopEvent) -> None:
    """The member hears of the new role."""
    title = gettext("You are now %(role)s in %(shop)s") % {"role": event.facts["role"], "shop": event.shop}
    people = [User.objects.get(pk=event.facts["user_id"])]
    notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        at=event.at,
        users=people,
        url=f"/s/{event.shop.code}/",
        once_key=f"event:{event.pk}",
    )


def member_removed(event: ShopEvent) -> None:
    """The person gets a mail (the app is closed to them), the owners a notice."""
    person = User.objects.get(pk=event.facts["user_id"])
    send_mail(
        "member_removed",
        to=person.email or "",
        context={"shop": event.shop, "person": person},
        message_id=f"event-{event.pk}",
    )
    _notice_owners(event, gettext("%(name)s was removed from the team") % event.facts, "team/")


def deadline_delegated(event: ShopEvent) -> None:
    """The person who is responsible from now on."""
    if not event.facts["user_id"]:
        return
    notify(
        shop=event.shop,
        kind=event.kind,
        title=gettext("You are responsible for: %(label)s") % event.facts,
        url=f"/s/{event.shop.code}/inbox/",
        at=event.at,
        users=[User.objects.get(pk=event.facts["user_id"])],
        once_key=f"event:{event.pk}",
    )


def _notice_owners(event: ShopEvent, title: str, place: str) -> list[Any]:
    return notify(
        shop=event.shop,
        kind=event.kind,
        title=title,
        url=f"/s/{event.shop.code}/{place}",
        at=event.at,
        users=members(event.shop, owners=True),
        once_key=f"event:{event.pk}",
    )


def _tell_owners(
    event: ShopEvent, template: str, title: str, place: str, *, also: tuple[str, ...] = (), **context: Any
) -> None:
    people = _notice_owners(event, title, place)
    addresses = dict.fromkeys(filter(None, [*(p.email for p in people), event.shop.contact_email, *also]))
    for number, address in enumerate(addresses):
        send_mail(
            template,
            to=address,
            context={
                "shop": event.shop,
                "event": event,
                "facts": event.facts,
                "path": f"/s/{event.shop.code}/{place}",
                **context,
            },
            message_id=f"event-{event.pk}-{number}",
        )
