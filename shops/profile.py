"""The shop's profile: name, description, logo, and the address at which the marketplace reaches it."""

import datetime as dt

from django.utils.translation import gettext as _

from seller_center.kernel.errors import Invalid
from seller_center.kernel.locking import lock_row
from shops import events
from shops.images import publish, reencode
from shops.models import Application, Shop
from shops.scope import scope

#: A logo is shown small; less than this is a blur on a good screen.
LEAST_LOGO_PIXELS = 200


def save_profile(*, shop: Shop, name: str, description: str, by, at: dt.datetime) -> Shop:
    """What buyers read about the shop."""
    name = " ".join(name.split())
    if not name:
        raise Invalid(_("A shop has a name."), field="name")
    return _save(shop, by, at, name=name, description=description.strip())


def set_logo(*, shop: Shop, content: bytes, by, at: dt.datetime) -> Shop:
    """Another logo, encoded anew in three sizes. Raises ``UnusablePicture``."""
    picture = reencode(content, least_pixels=LEAST_LOGO_PIXELS, field="logo")
    return _save(shop, by, at, logo=publish(picture))


def change_contact(*, shop: Shop, email: str, by, at: dt.datetime) -> Shop:
    """Another contact address; the old and the new one are told."""
    email = email.strip().lower()
    with scope(shop, by=by):
        fresh = lock_row(Shop.objects.filter(pk=shop.pk))
        old = fresh.contact_email
        if old == email:
            return fresh
        fresh.contact_email = email
        fresh.save(update_fields=["contact_email"])
        events.record(
            "shop.contact_changed",
            shop=fresh,
            subject_kind="shop",
            subject_code=fresh.code,
            by=by,
            at=at,
            old_email=old,
            new_email=email,
        )
    return fresh


def address_of(shop: Shop) -> Application | None:
    """Where the shop is, as its approved application says; none where nobody applied."""
    return Application.objects.in_shop(shop).filter(status=Application.Status.APPROVED).exclude(line1="").first()


def _save(shop: Shop, by, at: dt.datetime, **values: str) -> Shop:
    with scope(shop, by=by):
        fresh = lock_row(Shop.objects.filter(pk=shop.pk))
        changed = [name for name, value in values.items() if getattr(fresh, name) != value]
        if not changed:
            return fresh
        for name in changed:
            setattr(fresh, name, values[name])
        fresh.save(update_fields=changed)
        events.record(
            "shop.profile_changed",
            shop=fresh,
            subject_kind="shop",
            subject_code=fresh.code,
            by=by,
            at=at,
            fields=changed,
        )
    return fresh
