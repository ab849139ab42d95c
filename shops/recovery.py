"""Letting somebody back into an account whose second factor or mailbox is gone, after staff checked who they are."""

import contextlib
import datetime as dt
import logging
import smtplib
from collections.abc import Callable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops import account_trail, contacts, events, known_devices, second_factor, sessions
from shops.models import Shop, User
from shops.notifying import send_mail
from shops.scope import scope

log = logging.getLogger(__name__)

#: More shops than this of one person are not told one by one.
MOST_SHOPS = 50


class NoSuchAccount(DomainError):
    """Nobody has this address or number."""


class NotByStaff(DomainError):
    """This account is not restored by a button."""


class NothingLost(DomainError):
    """There is no second factor to take away."""


def restore_access(
    name: str, *, remove_second_factor: bool, new_email: str = "", reason: str, at: dt.datetime, dry_run: bool = False
) -> list[str]:
    """What the server's operator does to any account, staff's too. Returns what was done, in words.

    Every session ends. It stands in the marketplace's record with its reason and in the record of the person's shops;
    the owners are told, and whoever reads the address until now.
    """
    user = contacts.find(name)
    if user is None:
        raise NoSuchAccount(_("There is no account named %(name)s.") % {"name": name})
    if not reason.strip():
        raise Invalid(_("Say how it was checked who they are."), field="reason")
    if not (remove_second_factor or new_email):
        raise Invalid(_("Say what to do: --remove-second-factor, --new-email, or both."))
    address = contacts.email_address(new_email) if new_email else ""
    if new_email and not address:
        raise Invalid(_("%(email)s is no e-mail address.") % {"email": new_email}, field="new_email")
    if address and contacts.owners(email=address):
        raise Invalid(_("%(email)s belongs to an account already.") % {"email": new_email}, field="new_email")
    if remove_second_factor and not second_factor.has_one(user):
        raise NothingLost(_("This account has no second factor."))
    told, old = [], user.email
    if remove_second_factor:
        told.append(_("The second factor of %(name)s was taken away.") % {"name": name})
    if address:
        told.append(_("The address of %(name)s is now %(email)s.") % {"name": name, "email": address})
    if dry_run:
        return told
    _apply(user, remove_second_factor, address, reason=reason.strip(), at=at)
    if address and old and not _tell_at(old, user):
        told.append(_("No mail could be sent to %(email)s: tell its reader another way.") % {"email": old})
    return told


def _apply(user: User, remove_second_factor: bool, address: str, *, reason: str, at: dt.datetime) -> None:
    with _record_of(user, by=None) as write:
        if remove_second_factor:
            second_factor.remove_all(user)
            write("access.restored", "member.factor_removed", reason=reason, at=at)
        if address:
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
            User.objects.filter(pk=user.pk).update(email=address)
            write("access.readdressed", "member.readdressed", reason=reason, at=at)
        known_devices.forget_all(user)
        sessions.end_all(user)


def _tell_at(address: str, person: User) -> bool:
    """Write to the address that the account had: nobody else would notice an account that was taken over."""
    try:
        send_mail("address_replaced", to=address, context={"person": person})
    except (OSError, smtplib.SMTPException):
        log.exception("the address until now of user %s was not told", person.pk)
        return False
    return True


def remove_lost_factor(*, person: User, reason: str, by, at: dt.datetime) -> None:
    """The staff button: a seller lost the second factor and proved who they are. Every session ends.

    The address stays, so that nobody takes an account over this way; the person, and the owners of their shops, are
    told. Accounts of staff, and changes of the address, are for ``restore_access`` on the server.
    """
    if not reason.strip():
        raise Invalid(_("Say how it was checked who they are."), field="reason")
    if person.is_staff or person.is_superuser:
        raise NotByStaff(_("The second factor of staff is taken away on the server only."))
    if person.pk == by.pk:
        raise NotByStaff(_("Somebody else has to do this for you."))
    if not second_factor.has_one(person):
        raise NothingLost(_("This account has no second factor."))
    with _record_of(person, by=by) as write:
        second_factor.remove_all(person)
        known_devices.forget_all(person)
        write("access.restored", "member.factor_removed", reason=reason.strip(), at=at)


@contextlib.contextmanager
def _record_of(person: User, *, by: User | None) -> Iterator[Callable[..., None]]:
    """A transaction whose deeds on ``person`` are written down: for staff with the reason, and in each of their shops."""
    shops = list(Shop.objects.of_member(person)[:MOST_SHOPS])
    platform = account_trail.home_of(shops)

    def write(for_staff: str, for_shops: str, *, reason: str, at: dt.datetime) -> None:
        common: dict[str, Any] = {
            "subject_kind": "user",
            "subject_code": str(person.pk),
            "by": by,
            "at": at,
            "user_id": person.pk,
            "name": account_trail.name_of(person),
        }
        events.record(for_staff, shop=platform, reason=reason, **common)
        for shop in shops:
            events.record(for_shops, shop=shop, **common)

    with scope(platform, by=by):
        yield write
