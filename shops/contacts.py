"""How people are named at the door: an e-mail address or a phone number, in any spelling."""

import unicodedata

from allauth.account.internal.userkit import filter_users_by_email
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import ProtectedError, Q
from phonenumber_field.phonenumber import to_python

from shops.models import Membership, User


def spelled_alike(text: str) -> str:
    """One spelling for all that look the same: without spaces around, in lower case, in Unicode's compatible form."""
    return unicodedata.normalize("NFKC", text).strip().casefold()


def email_address(text: str) -> str:
    """The address in lower case; nothing if this is none."""
    address = text.strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        return ""
    return address


def phone_number(text: str) -> str:
    """The number in E.164 form (a national one is read as the default region's); nothing if this is none."""
    number = to_python(text.strip())
    return number.as_e164 if number and number.is_valid() else ""


def find(text: str) -> User | None:
    """Whose account a log-in with this address or number would be."""
    spelled = spelled_alike(text)
    if address := email_address(spelled):
        found = filter_users_by_email(address, prefer_verified=True, for_login=True)
        return found[0] if found else None
    number = phone_number(spelled)
    return User.objects.filter(phone=number).first() if number else None


def owners(email: str = "", phone: str = "") -> list[User]:
    """Who has this address or number already, looked at as closely as people look (Unicode look-alikes are equal)."""
    found = filter_users_by_email(email) if email else []
    return found + list(User.objects.filter(phone=phone) if phone else [])


def is_confirmed(user: User) -> bool:
    """Did anybody ever confirm an address or number of this account, or log in to it?"""
    from allauth.account.models import EmailAddress

    if user.last_login is not None or user.phone_verified:
        return True
    return EmailAddress.objects.filter(user=user, verified=True).exists()


def forget_unconfirmed(email: str = "", phone: str = "") -> None:
    """Make room for a new sign-up: an account with this address that nobody ever confirmed belongs to nobody.

    Without this a stranger could sign up with somebody's address and wait for the owner to confirm the account, whose
    password the stranger knows.
    """
    named = Q(pk=None)
    if email:
        named |= Q(email=email)
    if phone:
        named |= Q(phone=phone)
    for user in User.objects.filter(named, is_staff=False):
        if not is_confirmed(user) and not Membership.objects.filter(user=user).exists():
            try:
                with transaction.atomic():
                    user.delete()
            except ProtectedError:
                continue
