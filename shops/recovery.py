"""Letting somebody back into an account whose second factor or mailbox is gone, after staff checked who they are."""

import logging

from allauth.account.models import EmailAddress
from django.core.mail import send_mail
from django.db import transaction
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError, Invalid
from shops import contacts, known_devices, second_factor, sessions
from shops.models import User

log = logging.getLogger(__name__)


class NoSuchAccount(DomainError):
    """Nobody has this address or number."""


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
