"""Telling people: notices in the app, and mails written from triples of templates."""

import contextlib
import datetime as dt
from collections.abc import Iterable
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models import QuerySet
from django.template import Context, Engine, TemplateDoesNotExist
from django.template.loader import render_to_string

from seller_center.kernel.prepared import prepared
from shops.models import AREAS, Membership, Notice


def members(shop, *, area: str | None = None, owners: bool = False) -> list[Any]:
    """The people of a shop who may see an area (or only its owners), oldest member first."""
    return [
        row.user
        for row in _places_in(shop=shop.pk)
        if row.user.is_active and (not owners or row.role.is_owner) and (area is None or row.may(area, "view"))
    ]


def members_by_area(shop) -> dict[str, list[Any]]:
    """The people of a shop who may see each area, oldest member first: one question for a whole list of rows."""
    places = [row for row in _places_in(shop=shop.pk) if row.user.is_active]
    return {area: [row.user for row in places if row.may(area, "view")] for area in AREAS}


@prepared
def _places_in(*, shop: int) -> QuerySet[Membership]:
    return Membership.objects.in_shop(shop).select_related("user", "role").order_by("pk")


def notify(
    *,
    shop,
    kind: str,
    title: str,
    at: dt.datetime,
    body: str = "",
    url: str = "",
    area: str | None = None,
    users: Iterable[Any] | None = None,
    once_key: str = "",
) -> list[Any]:
    """Put a notice before the members who may see ``area`` (or before ``users``). Returns who was told.

    ``once_key`` makes a repeat of the same notice to the same person harmless.
    """
    people = list(users) if users is not None else members(shop, area=area)
    Notice.objects.bulk_create(
        [
            Notice(shop=shop, to=person, kind=kind, title=title[:160], body=body, url=url, at=at, once_key=once_key)
            for person in people
        ],
        ignore_conflicts=bool(once_key),
    )
    return people


def mark_read(*, user, at: dt.datetime, shop=None, notice_id: int | None = None) -> int:
    """The person has seen a notice, or all of a shop's."""
    rows = Notice.objects.filter(to=user, read_at__isnull=True)
    if shop is not None:
        rows = rows.filter(shop=shop)
    if notice_id is not None:
        rows = rows.filter(pk=notice_id)
    return rows.update(read_at=at)


def send_mail(template: str, *, to: str, context: dict[str, Any], message_id: str = "") -> None:
    """Write a mail from ``mails/<template>.subject.txt``, ``.txt`` and, where it exists, ``.html``.

    ``message_id`` is stable per event and recipient: a mail that goes out twice is recognised as the same.
    """
    if not to:
        return
    context = {"site_url": settings.PUBLIC_URL, **context}
    subject = " ".join(_plain(f"mails/{template}.subject.txt", context).split())
    mail = EmailMultiAlternatives(
        subject,
        _plain(f"mails/{template}.txt", context),
        to=[to],
        headers={"Message-ID": f"<{message_id}@{_domain()}>"} if message_id else None,
    )
    with contextlib.suppress(TemplateDoesNotExist):  # a plain text mail is a whole mail
        mail.attach_alternative(render_to_string(f"mails/{template}.html", context), "text/html")
    mail.send()


def _plain(name: str, context: dict[str, Any]) -> str:
    """Text that nobody reads as HTML: a shop called Bell & Basket is called so in a subject too."""
    return Engine.get_default().get_template(name).render(Context(context, autoescape=False))


def _domain() -> str:
    """The part after the @ of our own address: message ids are unique under it."""
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
