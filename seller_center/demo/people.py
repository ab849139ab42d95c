"""The people of the demo, the applications in every stage and the shops in every tier. Everybody is a role."""

import datetime as dt
import functools
import hashlib
from collections.abc import Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group

from seller_center.demo import pictures, plans
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


def named(number: int) -> str:
    """The name of the applicant or seller with this number: always the same one, and no two alike."""
    return f"{plans.GIVEN[number * 7 % len(plans.GIVEN)]} {plans.FAMILY[number * 5 % len(plans.FAMILY)]}"


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


#: Shops on their way in: e-mail number, name, how far they have come, hours since.
ON_THE_WAY = (
    (1, "Northfield Ceramics", "person", 30),
    (2, "Paper Lantern Books", "selling", 20),
    (3, "Harbour Street Coffee Tools", "submit", 40),
    (4, "Slow Looms", "claimed", 26),
    (5, "Second Season Outdoor", "changes", 60),
    (6, "Tin Whistle Toys", "submit", 70),
    (7, "Marble Run Workshop", "submit", 6),
    (8, "Quiet Kettle", "selling", 400),
    (9, "Nine Acre Candles", "withdrawn", 300),
    (10, "Blue Door Prints", "refused", 260),
    (11, "Third Attempt Trading", "claimed", 55),
)
#: Shops that are open: number, code, name, tier, days since they were approved, how they stand, what they say of
#: themselves.
OPEN = (
    (21, "KLNS", "Kiln and Slip", "beginner", 0, "fresh", "Mugs from a shared kiln, and what goes beside them."),
    (22, "WFTP", "Weft and Plum", "beginner", 4, "fresh", "Woven, plaited and lit: small things for quiet rooms."),
    (23, "HNGR", "Hinge Room", "beginner", 19, "", "What stands on the table and hangs above it."),
    (24, "CRKW", "Corkwood Goods", "standard", 45, "", "Bags, bottles and baskets that age well."),
    (25, "PTRN", "Pattern Fair", "standard", 62, "warned", "Patterns from Portland, on things you carry."),
    (26, "MNTY", "Mintyard", "standard", 75, "", "Gifts in boxes, packed by two people and a radio."),
    (27, "FRGT", "Forge and Tine", "premium", 130, "", "Steel, wool and clay for people who work with their hands."),
    (28, "TWNP", "Twin Pines Camping", "premium", 150, "enforced", "Light gear for a night outside, tested in rain."),
    (29, "CHRD", "Chord and Key", "premium", 170, "appealing", "Prints and lamps for rooms with a piano."),
    (30, "GRND", "Grand Piano Cakes", "pro", 240, "", "Everything around the cake but the cake."),
    (31, "WNDW", "Window Garden", "pro", 260, "", "Baskets, prints and bottles for a sunny sill."),
    (32, "RXFD", "Roxford Rope", "pro", 300, "reserved", "Cord, canvas and steel for long days out."),
    (
        33,
        "DRKM",
        "Dark Moon Posters",
        "standard",
        95,
        "restricted",
        "Bottles, bags and socks, between two exhibitions.",
    ),
    (34, "YRNC", "Yarn Corner", "standard", 120, "closed", "Socks and soft things from small farms."),
)


def on_the_way(reviewer: User, now: dt.datetime) -> Iterator[str]:
    """Applications in every stage; yields the name of each when it is there."""
    for number, name, stage, hours in ON_THE_WAY:
        if _there(f"applicant{number}@example.com"):
            continue
        at = now - dt.timedelta(hours=hours)
        upto = stage if stage in ("person", "selling") else "submit"
        email = f"applicant{number}@example.com"
        application = apply(email, named(number), name, at, number=10 + number, upto=upto)
        _judge(application, stage, reviewer, at + dt.timedelta(hours=min(hours / 3, 20)))
        yield name


def _judge(application: Application, stage: str, reviewer: User, at: dt.datetime) -> None:
    """What became of an application that was sent in."""
    by: dict[str, Any] = {"by": reviewer, "at": at}
    if stage == "withdrawn":
        owner = User.objects.get(pk=application.applicant_id)
        onboarding.withdraw(application=application, by=owner, at=at)
    elif stage in ("claimed", "changes", "refused"):
        application = review_queue.claim(application=application, **by)
    if stage == "refused":
        text = "The papers show another name than the application."
        review_queue.refuse(application=application, code="other", text=text, **by)
    elif stage == "changes":
        rows = Document.objects.in_shop(application.shop).filter(application=application, kind="proof_of_address")
        reason = "This bill is too old."
        change = review_queue.Change(step="documents", reason=reason, document_code=rows.get().code)
        text = "The bill is older than 90 days. Please send one of the last three months."
        review_queue.ask_for_changes(application=application, changes=[change], text=text, **by)


def open_shops(staff: dict[str, User], now: dt.datetime) -> Iterator[tuple[Shop, str]]:
    """Shops that are open, in every tier; yields each with how it is to stand."""
    for number, code, name, tier, days, standing, words in OPEN:
        email = f"seller{number}@example.com"
        if _there(email):
            continue
        at = now - dt.timedelta(days=days, hours=9)
        shop = open_shop(email, named(number), name, code, staff["reviewer"], at, number=20 + number)
        Shop.objects.filter(pk=shop.pk).update(tier=tier, description=words)
        yield Shop.objects.get(pk=shop.pk), standing


def _there(email: str) -> bool:
    return User.objects.filter(email=email).exists()
