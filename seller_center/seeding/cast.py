"""Shops and people of a generated market, and the functions that draw numbers by seed."""

import dataclasses
import datetime as dt

from django.db import connection

from catalog.models import Category, Warehouse
from marketing.models import Coupon
from payouts.models import Account, AccountKind
from seller_center.kernel.codes import ALPHABET
from seller_center.kernel.crypto import blind_index
from seller_center.seeding.loading import run
from seller_center.seeding.scale import Scale
from shops.models import BankAccount, Market, Membership, Role, Shop, User
from shops.policy import Policy
from shops.policy_book import policy_for

MEASURED_CODE = "MSRD"
OWNER_EMAIL = "owner@example.com"
STAFF_EMAILS = ("finance1@example.com", "finance2@example.com")
COUPON = "TENOFF"
DAYS_A_MONTH = 30


@dataclasses.dataclass(frozen=True)
class SeededMarket:
    """What the parts of the load know of each other."""

    scale: Scale
    seed: int
    now: dt.datetime
    begins: dt.datetime
    policy: Policy
    market: Market
    staff_ids: tuple[int, ...]

    @property
    def params(self) -> dict:
        """For the statements."""
        sla = self.policy.sla
        return {
            "now": self.now,
            "begins": self.begins,
            "orders": self.scale.orders,
            "shops": self.scale.shops,
            "products": self.scale.products,
            "measured_products": self.scale.measured_products,
            "measured_every": self.scale.measured_every,
            "currency": self.market.currency,
            "policy": self.policy.version_id,
            "cooling_off": dt.timedelta(minutes=sla.cooling_off_minutes),
            "ship_time": dt.timedelta(hours=sla.ship_hours),
            "auto_cancel": dt.timedelta(days=sla.auto_cancel_days),
            "unpaid_time": dt.timedelta(minutes=sla.unpaid_minutes),
            "complete_time": dt.timedelta(days=sla.complete_days),
            "settle_time": dt.timedelta(days=self.policy.payouts.available_after_days),
            "referral_bp": self.policy.fees.referral_bp,
            "flat": self.policy.shipping.flat_minor,
            "free_over": self.policy.shipping.free_over_minor,
        }


FUNCTIONS = """
CREATE FUNCTION pg_temp.pick(n bigint, salt int, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT mod(hashint8extended(n, salt + {seed}) & 9223372036854775807, below)
$$;
CREATE FUNCTION pg_temp.chance(n bigint, salt int) RETURNS float8 LANGUAGE sql IMMUTABLE AS $$
    SELECT mod(hashint8extended(n, salt + {seed}) & 9223372036854775807, 1000000) / 1e6::float8
$$;
-- n → eight signs, each n another: the multiplier and the number of codes have no common divisor.
CREATE FUNCTION pg_temp.code(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT {signs}
$$;
-- The check digit of the sandbox carrier's numbers (Luhn) for numbers of at most twelve digits.
CREATE FUNCTION pg_temp.tracking(n bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'SBX' || lpad(n::text, 12, '0') || mod(10 - mod({digits}, 10), 10)
$$;
"""


def load(scale: Scale, *, seed: int, now: dt.datetime) -> SeededMarket:
    """Shops with their first rows: team, warehouse, bank account, coupon, ledger accounts; and ``seed_shop``."""
    market = Market.objects.get(pk="US")
    begins = now - dt.timedelta(days=DAYS_A_MONTH * scale.months)
    _make_functions(seed)
    opened = begins - dt.timedelta(days=60)
    shops = Shop.objects.bulk_create(_shops(scale, market, opened))
    owner, *staff = [_person(email) for email in (OWNER_EMAIL, *STAFF_EMAILS)]
    role = Role.objects.get(shop=None, code="owner")
    Membership.objects.create(shop=shops[0], user=owner, role=role, joined_at=opened)
    Warehouse.objects.bulk_create([Warehouse(shop=s, code="main", name="Main", is_default=True) for s in shops])
    BankAccount.objects.bulk_create([_bank_account(shop, number, opened) for number, shop in enumerate(shops, 1)])
    Coupon.objects.bulk_create([_coupon(shop, begins) for shop in shops])
    Account.objects.bulk_create(
        [Account(shop=shop, kind=kind, currency=shop.currency) for shop in shops for kind in AccountKind.values]
    )
    run("CREATE TEMPORARY TABLE seed_shop (i int PRIMARY KEY, shop_id bigint, code text) ON COMMIT DROP")
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO seed_shop VALUES (%s, %s, %s)", [(i, shop.pk, shop.code) for i, shop in enumerate(shops, 1)]
        )
    run("ANALYZE seed_shop")
    policy = policy_for(market.code, now)
    return SeededMarket(scale, seed, now, begins, policy, market, tuple(person.pk for person in staff))


def leaves() -> list[int]:
    """Categories with the usual referral fee, in a fixed order."""
    return list(Category.objects.choosable().filter(fee_class="standard").values_list("pk", flat=True))


def _make_functions(seed: int) -> None:
    size = len(ALPHABET)
    number = f"mod(n * 11400714819 + 987654321 + {seed * 1_000}, {size**8})"
    signs = (f"substr('{ALPHABET}', 1 + mod({number} / {size**power}, {size})::int, 1)" for power in range(8))
    # Luhn: every second digit from the right counts twice, less nine where that has two digits.
    places = (f"mod(n / {10**power}, 10)" for power in range(12))
    digits = (
        f"({digit} * 2 - CASE WHEN {digit} > 4 THEN 9 ELSE 0 END)" if power % 2 == 0 else digit
        for power, digit in enumerate(places)
    )
    text = FUNCTIONS.format(seed=seed * 1_000, signs=" || ".join(signs), digits=" + ".join(digits))
    with connection.cursor() as cursor:
        for name in ("pick(bigint, int, bigint)", "chance(bigint, int)", "code(bigint)", "tracking(bigint)"):
            cursor.execute(f"DROP FUNCTION IF EXISTS pg_temp.{name}")
        cursor.execute(text)


def _shops(scale: Scale, market: Market, opened: dt.datetime) -> list[Shop]:
    return [
        Shop(
            code=MEASURED_CODE if number == 1 else _shop_code(number),
            name="Measured Shop" if number == 1 else f"Shop {number}",
            slug="measured-shop" if number == 1 else f"shop-{number}",
            market=market,
            currency=market.currency,
            zone=market.zone,
            status=Shop.Status.ACTIVE,
            tier=Shop.Tier.PRO,
            contact_email=f"shop{number}@example.com",
            created_at=opened - dt.timedelta(days=7),
            approved_at=opened,
            offer_ends_at=opened + dt.timedelta(days=30),
        )
        for number in range(1, scale.shops + 1)
    ]


def _shop_code(number: int) -> str:
    """Four signs, each number another (7919 and the number of codes have no common divisor)."""
    size = len(ALPHABET)
    rest, signs = number * 7919 % size**4, []
    for _place in range(4):
        rest, sign = divmod(rest, size)
        signs.append(ALPHABET[sign])
    return "".join(signs)


def _person(email: str) -> User:
    """Somebody who cannot log in by password: the rows are for measuring."""
    user = User(email=email, name=email.partition("@")[0].title(), is_staff=email in STAFF_EMAILS)
    user.set_unusable_password()
    user.save()
    return user


def _bank_account(shop: Shop, number: int, opened: dt.datetime) -> BankAccount:
    digits = f"{number:012d}"
    return BankAccount(
        shop=shop,
        holder=shop.name,
        bank_name="Test Bank",
        routing_number="111000025",
        number=digits,
        number_index=blind_index(f"111000025:{digits}", "bank_account"),
        last_four=digits[-4:],
        added_at=opened,
        usable_from=opened,
    )


def _coupon(shop: Shop, begins: dt.datetime) -> Coupon:
    return Coupon(
        shop=shop,
        code=COUPON,
        name="Ten percent",
        status=Coupon.Status.LIVE,
        percent=10,
        currency=shop.currency,
        starts_at=begins,
        created_at=begins,
    )
