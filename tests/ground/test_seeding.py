"""The generated market: whole, consistent, the same by seed, and never among real rows."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, transaction

from orders import number_shapes
from orders.models import Order, Package
from payouts import ledger
from payouts.models import AccountKind
from seller_center import seeding
from seller_center.embedded import OWNER
from seller_center.seeding import checks
from seller_center.seeding.cast import MEASURED_CODE
from seller_center.seeding.scale import SCALES, Scale
from shops.models import Shop
from tests import database
from tests.factories.shops import AT, make_user

pytestmark = pytest.mark.slow

SIZE = dataclasses.replace(SCALES["tiny"], shops=5, products=40, measured_products=10, orders=200)


@pytest.fixture
def as_owner(transactional_db) -> Iterator[None]:
    """Work as the role that owns the tables, as the command does."""
    name = connection.settings_dict["NAME"]
    database._use(OWNER, name)
    yield
    database._use(settings.APPLICATION_ROLE, name)


def _guards() -> set[tuple]:
    """Every index, constraint and trigger, as they are written."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' UNION ALL"
            " SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype <> 'n' UNION ALL"
            " SELECT tgname, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal"
        )
        # Casts of lists stand elsewhere when PostgreSQL has read its own words again.
        return {
            (name, re.sub(r"::(character varying|text)(\[\])?|[()]", "", words)) for name, words in cursor.fetchall()
        }


def test_it_puts_back_every_guard_that_it_took_down(as_owner):
    before = _guards()
    seeding.seed_market(SIZE, seed=7, now=AT)
    assert _guards() ^ before == set()


@pytest.fixture
def seeded(as_owner) -> dict[str, int]:
    return seeding.seed_market(SIZE, seed=7, now=AT)


def test_it_keeps_the_invariants_and_every_trigger(seeded):
    checks.run()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'D'")
        assert cursor.fetchone() == (0,)
        cursor.execute("SELECT count(*) FROM pg_constraint WHERE NOT convalidated")
        assert cursor.fetchone() == (0,)


def test_it_has_orders_in_every_state_and_a_measured_shop(seeded):
    assert set(Order.objects.values_list("fulfilment_status", flat=True)) >= {
        "awaiting_shipment",
        "shipped",
        "delivered",
        "completed",
        "cancelled",
    }
    measured = Shop.objects.get(code=MEASURED_CODE)
    assert Order.objects.in_shop(measured).count() == SIZE.orders // SIZE.measured_every
    assert ledger.balances(measured)[AccountKind.COMMISSION] > 0
    assert seeded["orders_order"] == SIZE.orders


def test_it_numbers_parcels_as_the_carrier_does(seeded):
    numbers = Package.objects.exclude(tracking_number="").values_list("tracking_number", flat=True)
    assert all(number_shapes.is_plausible("sandbox", number) for number in numbers)


def test_it_lets_the_next_row_have_a_key_of_its_own(seeded):
    assert make_user().pk
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('orders_order', 'id')) > max(id) FROM orders_order")
        assert cursor.fetchone() == (True,)


def test_it_gives_the_same_rows_for_the_same_seed(seeded, as_owner):
    first = _print()
    database.empty_tables()
    database._use(OWNER, connection.settings_dict["NAME"])
    seeding.seed_market(SIZE, seed=7, now=AT)
    assert _print() == first
    database.empty_tables()
    database._use(OWNER, connection.settings_dict["NAME"])
    seeding.seed_market(SIZE, seed=8, now=AT)
    assert _print() != first


def _print() -> list[tuple]:
    return list(Order.objects.order_by("pk").values_list("code", "total_minor", "status", "placed_at", "search_text"))


def test_it_refuses_a_database_with_people(as_owner):
    make_user()
    with pytest.raises(seeding.NotEmpty):
        seeding.seed_market(SIZE, seed=1, now=AT)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE catalog_stockitem SET on_hand = on_hand + 1 WHERE id = 3",
        "UPDATE marketing_coupon SET given_minor = given_minor + 1",
        "UPDATE orders_order SET unit_count = unit_count + 1 WHERE id = 5",
        "UPDATE payouts_account SET balance_minor = balance_minor + 1 WHERE kind = 'commission'",
        "UPDATE payouts_entry SET amount_minor = amount_minor + 1 WHERE position = 2",
        "DELETE FROM payouts_earning WHERE status = 'pending_settlement'",
    ],
)
def test_its_checks_see_a_damage(seeded, damage):
    name = connection.settings_dict["NAME"]
    database._use("postgres", name)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(damage)
        with pytest.raises(checks.Inconsistent):
            checks.run()
        transaction.set_rollback(True)


def test_it_refuses_sizes_that_cannot_be():
    with pytest.raises(ValueError, match="product"):
        Scale(shops=10, products=5, orders=1, measured_products=1)
    with pytest.raises(ValueError, match="orders"):
        Scale(shops=2, products=5, orders=0, measured_products=1)
    assert dt.timedelta(weeks=SCALES["small"].unpaid_weeks) == dt.timedelta(0)
