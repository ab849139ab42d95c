"""Letting somebody back into an account whose second factor or mailbox is gone, after staff checked who they are."""

import datetime as dt
import logging

from allauth.account.models import EmailAddress
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops import account_trail, contacts, events, known_devices, second_factor, sessions
from shops.models import Shop, User
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
    name: str, *, remove_second_factor: bool, new_email: str = "", reason: str, dry_run: bool = False
) -> list[str]:
    """Do what was asked for; every session ends, and the address until now is told. Returns what was done, in words."""
    user = contacts.find(name)
    if user is None:
        raise NoSuchAccount(_("There is no account named %(name)s.") % {"name": name})
    if not reason.strip():
        raise Invalid(_("Say how it was checked who they are."), field="reason")
    if not (remove_second_factor or new_email):
        raise Invalid(_("Say what to do: --remove-second-factor, --new-email, or both."))
    address = contacts.email_address(new_email) if new_email else ""
    if new_email and (not address or contacts.owners(email=address)):
        raise Invalid(_("%(email)s is no free e-mail address.") % {"email": new_email}, field="new_email")
    told, old = [], user.email
    if remove_second_factor:
        told.append(_("The second factor of %(name)s was taken away.") % {"name": name})
    if address:
        told.append(_("The address of %(name)s is now %(email)s.") % {"name": name, "email": address})
    if not dry_run:
        _apply(user, remove_second_factor, address)
        log.warning("access restored for user %s: %s Reason: %s", user.pk, " ".join(told), reason)
        if old:
            send_mail(_("Your account was changed by support"), "\n\n".join(told), None, [old], fail_silently=True)
    return told


def _apply(user: User, remove_second_factor: bool, address: str) -> None:
    with transaction.atomic():
        if remove_second_factor:
            second_factor.remove_all(user)
        if address:
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=address, primary=True, verified=True)
            User.objects.filter(pk=user.pk).update(email=address)
        known_devices.forget_all(user)
        sessions.end_all(user)


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
    shops = list(Shop.objects.of_member(person)[:MOST_SHOPS])
    platform = account_trail.home_of(shops)
    facts = {"user_id": person.pk, "name": str(person)}
    with scope(platform, by=by):
        second_factor.remove_all(person)
        known_devices.forget_all(person)
        common = {"subject_kind": "user", "subject_code": str(person.pk), "by": by, "at": at, **facts}
        events.record("access.restored", shop=platform, reason=reason.strip(), **common)
        for shop in shops:
            events.record("member.factor_removed", shop=shop, **common)
