"""The people of the demo, and the applications in every stage. Everybody is a role, nobody is somebody."""

import datetime as dt
import functools
import hashlib
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from seller_center.demo import pictures
from shops import bank_accounts, documents, onboarding, review_queue, second_factor
from shops.models import Application, Document, Membership, Shop, User
from shops.policy_book import policy_for
from shops.reference import preset_role

PASSWORD = "marketplace-demo"  # noqa: S105 (printed on the screen of the demo)

#: Staff: e-mail, name, groups.
STAFF = (
    ("admin@example.com", "Admin", ("admin",)),
    ("reviewer@example.com", "Reviewer", ("reviewer",)),
    ("support@example.com", "Support Agent", ("support",)),
    ("finance1@example.com", "Finance One", ("finance",)),
    ("finance2@example.com", "Finance Two", ("finance",)),
)


@functools.cache
def _password_hash() -> str:
    """Hashed once: Argon2 is slow on purpose, and all people of the demo have the same password anyway."""
    return make_password(PASSWORD)


def make_user(email: str, name: str, at: dt.datetime, **fields) -> User:
    """A person with the demo's password and a verified address."""
    user = User(email=email, name=name, date_joined=at, password=_password_hash(), **fields)
    user.save(force_insert=True)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def make_staff(at: dt.datetime) -> dict[str, User]:
    """The staff, each with an authenticator whose code ``manage.py demo_code`` prints."""
    made = {}
    for email, name, groups in STAFF:
        user = make_user(email, name, at, is_staff=True, is_superuser="admin" in groups)
        user.groups.set(Group.objects.filter(name__in=groups))
        second_factor.seed_authenticator(user, hashlib.sha1(email.encode()).hexdigest())  # noqa: S324 (a demo's key)
        made[email.partition("@")[0]] = user
    return made


def apply(email: str, name: str, shop_name: str, at: dt.datetime, *, number: int, upto: str = "submit") -> Application:
    """Somebody applies, step by step as in the browser; ``upto`` is the last step done."""
    user = User.objects.filter(email=email).first() or make_user(email, name, at)
    given, _space, family = name.partition(" ")
    who: dict[str, Any] = {"by": user, "at": at}
    application = onboarding.start(market="US", business_type="individual", **who)
    born, phone = dt.date(1988, 4, 1 + number % 28), f"+1212555{1200 + number:04d}"
    onboarding.save_person(
        application=application, given_name=given, family_name=family or "Demo", born_on=born, phone=phone, **who
    )
    if upto == "person":
        return application
    onboarding.save_address(
        application=application,
        line1=f"{100 + number} Example Street",
        line2="",
        city="Albany",
        region="NY",
        postal_code="12207",
        **who,
    )
    onboarding.save_tax_id(application=application, kind="ssn", number=f"536-22-{4100 + number:04d}", **who)
    onboarding.save_selling(
        application=application, shop_name=shop_name, trade_classes=["sports", "home"], track_record="", **who
    )
    if upto == "selling":
        return application
    _papers(application, f"{given} {family}".strip(), number, at, user)
    bank_accounts.set_first(
        application=application,
        holder=f"{given} {family or 'Demo'}",
        bank_name="Example Bank",
        account_type="checking",
        routing_number="021000021",
        number=f"{100200300 + number}",
        **who,
    )
    version = policy_for("US", at).onboarding.agreement_version
    return onboarding.submit(application=application, agreement_version=version, address="127.0.0.1", **who)


def _papers(application: Application, name: str, number: int, at: dt.datetime, user: User) -> None:
    lines = [f"Name: {name}", f"Number: DEMO-{4000 + number}", f"{100 + number} Example Street, Albany NY 12207"]
    for kind, paper, title, extra in (
        (Document.Kind.IDENTITY, "passport", "Passport", {"expires_on": at.date() + dt.timedelta(days=900)}),
        (
            Document.Kind.PROOF_OF_ADDRESS,
            "utility_bill",
            "Electricity bill",
            {"issued_on": at.date() - dt.timedelta(days=20)},
        ),
    ):
        content = pictures.paper(title, lines)
        documents.upload(
            application=application, kind=kind, paper=paper, files=[(f"{kind}.jpg", content)], by=user, at=at, **extra
        )


def open_shop(
    email: str, name: str, shop_name: str, code: str, reviewer: User, at: dt.datetime, *, number: int
) -> Shop:
    """An application that was approved within the day."""
    application = apply(email, name, shop_name, at, number=number)
    review_queue.claim(application=application, by=reviewer, at=at + dt.timedelta(hours=5))
    review_queue.approve(application=application, by=reviewer, at=at + dt.timedelta(hours=6))
    Shop.objects.filter(pk=application.shop_id).update(code=code)
    return Shop.objects.get(pk=application.shop_id)


def join(shop: Shop, email: str, name: str, role: str, at: dt.datetime) -> User:
    """A further member of a shop."""
    user = make_user(email, name, at)
    Membership.objects.create(shop=shop, user=user, role=preset_role(role), joined_at=at)
    return user


def waiting(reviewer: User, now: dt.datetime) -> None:
    """Five shops in stages of onboarding: begun, nearly done, in the queue, being reviewed, given back."""
    hours = lambda number: now - dt.timedelta(hours=number)  # noqa: E731
    apply("applicant1@example.com", "Applicant One", "Northwind Ceramics", hours(30), number=11, upto="person")
    apply("applicant2@example.com", "Applicant Two", "Paper Lantern Books", hours(20), number=12, upto="selling")
    apply("applicant3@example.com", "Applicant Three", "Harbour Street Coffee Tools", hours(40), number=13)
    in_review = apply("applicant4@example.com", "Applicant Four", "Slow Looms", hours(26), number=14)
    review_queue.claim(application=in_review, by=reviewer, at=hours(2))
    given_back = apply("applicant5@example.com", "Applicant Five", "Second Season Outdoor", hours(60), number=15)
    given_back = review_queue.claim(application=given_back, by=reviewer, at=hours(50))
    paper = Document.objects.in_shop(given_back.shop).filter(application=given_back, kind="proof_of_address").first()
    review_queue.ask_for_changes(
        application=given_back,
        changes=[review_queue.Change(step="documents", reason="This bill is too old.", document_code=paper.code)],
        text="The bill is older than 90 days. Please send one of the last three months.",
        by=reviewer,
        at=hours(49),
    )
