"""People and shops for tests: plain functions, one row and what belongs to it."""

import datetime as dt
import functools
import itertools
from typing import Any
from unittest import mock

from shops.models import Membership, Role, Shop, User
from shops.policy_book import policy_for

AT = dt.datetime(2026, 10, 14, 16, 0, tzinfo=dt.UTC)
PASSWORD = "correct horse battery"

_numbers = itertools.count(1)


def make_user(email: str = "", *, name: str = "", password: str | None = PASSWORD, **fields: Any) -> User:
    """A person who can log in with ``PASSWORD``; the e-mail address counts as verified."""
    number = next(_numbers)
    user = User.objects.create_user(
        email or f"person{number}@example.com", password, name=name or f"Person {number}", date_joined=AT, **fields
    )
    _verify(user)
    return user


def _verify(user: User) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def make_staff(*groups: str, email: str = "", name: str = "") -> User:
    """A member of staff in these groups. The admin still wants a verified second factor: see ``verified_client``."""
    from django.contrib.auth.models import Group

    user = make_user(email, name=name or (groups[0].title() if groups else "Staff"), is_staff=True)
    user.groups.set(Group.objects.filter(name__in=groups))
    return user


def make_shop(code: str = "ACME", *, market: str = "US", at: dt.datetime = AT, **fields: Any) -> Shop:
    """An active shop in the middle of its new-seller offer."""
    from shops.models import Market

    row = Market.objects.get(pk=market)
    offer = policy_for(market, at).new_seller_offer
    given = {
        "name": f"{code.title()} Shop",
        "slug": f"{code.lower()}-shop",
        "currency": row.currency,
        "zone": row.zone,
        "status": Shop.Status.ACTIVE,
        "created_at": at - dt.timedelta(days=3),
        "approved_at": at - dt.timedelta(days=1),
        "offer_ends_at": at - dt.timedelta(days=1) + dt.timedelta(days=offer.days),
        "contact_email": f"shop-{code.lower()}@example.com",
        **fields,
    }
    return Shop.objects.create(code=code, market=row, **given)


def make_member(shop: Shop, role: str = "owner", *, user: User | None = None, at: dt.datetime = AT) -> User:
    """A member of the shop in one of the preset roles; returns the person."""
    user = user or make_user(name=f"{role.title()} of {shop.code}")
    Membership.objects.create(shop=shop, user=user, role=Role.objects.get(shop=None, code=role), joined_at=at)
    return user


def membership(shop: Shop, user: User) -> Membership:
    """The person's place in the shop."""
    return Membership.objects.select_related("shop", "user", "role").get(shop=shop, user=user)


# -- applications -----------------------------------------------------------------------------------------------------

PERSON = {"given_name": "Owner", "family_name": "One", "born_on": dt.date(1990, 5, 17), "phone": "+12125550123"}
ADDRESS = {"line1": "1 Main St", "line2": "", "city": "Los Angeles", "region": "CA", "postal_code": "90012"}
TAX_ID = {"kind": "ssn", "number": "536-90-4399"}
BANK = {
    "holder": "Owner One",
    "bank_name": "First Test Bank",
    "account_type": "checking",
    "routing_number": "111000025",
    "number": "000123456789",
}
AGREEMENT = "2026-01"


def make_application(*, by: User | None = None, at: dt.datetime = AT, until: str = "complete", **given: Any):
    """An application made through the real verbs, up to a point: started, complete or submitted.

    ``given``: other values for ``person``, ``address``, ``tax``, ``bank``, each a dict over the usual ones.
    """
    with mock.patch("shops.documents.pages_of_paper", _pages_once):
        return _make_application(by, at, until, given)


@functools.cache
def _pages_once(content: bytes, **rules: Any):
    """The same paper is decoded by the limited process once per run; what comes of it never differs."""
    from shops.images import pages_of_paper

    return pages_of_paper(content, **rules)


def _make_application(by: User | None, at: dt.datetime, until: str, given: dict[str, Any]):
    from shops import bank_accounts, documents, onboarding
    from tests.factories import papers

    by = by or make_user()
    common = {"by": by, "at": at}
    application = onboarding.start(market="US", business_type="individual", **common)
    if until == "started":
        return application
    common["application"] = application
    onboarding.save_person(**{**PERSON, **given.get("person", {})}, **common)
    onboarding.save_address(**{**ADDRESS, **given.get("address", {})}, **common)
    onboarding.save_tax_id(**{**TAX_ID, **given.get("tax", {})}, **common)
    onboarding.save_selling(
        shop_name=given.get("shop_name", "Corner Bicycles"), trade_classes=["sports"], track_record="", **common
    )
    documents.upload(
        kind="identity",
        paper="passport",
        files=[("passport.jpg", papers.passport())],
        expires_on=dt.date(2030, 1, 1),
        **common,
    )
    documents.upload(
        kind="proof_of_address",
        paper="utility_bill",
        files=[("bill.pdf", papers.bill())],
        issued_on=at.date() - dt.timedelta(days=20),
        **common,
    )
    bank_accounts.set_first(**{**BANK, **given.get("bank", {})}, **common)
    application.refresh_from_db()
    if until == "submitted":
        application = onboarding.submit(agreement_version=AGREEMENT, address="203.0.113.7", **common)
    return application


def log_in_staff(client, user: User) -> None:
    """Log a member of staff in on a test client, authenticator shown."""
    from django_otp import DEVICE_ID_SESSION_KEY
    from django_otp.plugins.otp_totp.models import TOTPDevice

    device, _made = TOTPDevice.objects.get_or_create(user=user, name="Test", confirmed=True)
    client.force_login(user)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
