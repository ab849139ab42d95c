"""The wall between shops in the database: no row refers to a row of another shop, whatever the code does (F6)."""

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, transaction

from seller_center.embedded import OWNER
from seller_center.kernel.tenancy import TenantFK
from shops import files, reacting
from shops.models import ShopOwned, StoredFile
from tests import database
from tests.factories.shops import make_application, make_user

WALLS = [
    (model, constraint.field, constraint.name)
    for model in apps.get_app_config("shops").get_models()
    if issubclass(model, ShopOwned)
    for constraint in model._meta.constraints
    if isinstance(constraint, TenantFK)
]


@pytest.fixture
def two_shops(transactional_db, at):
    """Two applications with everything that belongs to them."""
    both = []
    for number in range(2):
        person = make_user()
        application = make_application(by=person, at=at, until="submitted", shop_name=f"Shop {number}")
        for file in StoredFile.objects.filter(shop=application.shop)[:1]:
            files.open_file(file=file, by=person, at=at)
        both.append(application.shop)
    from seller_center import reactions

    reactions.deliver_all(at)
    assert reacting.pending_counts(at) == {}
    return both


def test_the_walls_of_this_floor_are_known():
    assert {(model.__name__, field) for model, field, _name in WALLS} >= {
        ("Document", "application"),
        ("DocumentPage", "document"),
        ("DocumentPage", "file"),
        ("EventHandled", "event"),
        ("FileAccess", "file"),
        ("Submission", "application"),
    }


@pytest.mark.parametrize(("model", "field", "name"), WALLS, ids=lambda one: getattr(one, "__name__", str(one)))
def test_raw_sql_cannot_reach_over_the_wall_and_could_without_it(two_shops, model, field, name):
    mine, other = two_shops
    row, target = model.objects.filter(shop=mine).first(), model.objects.filter(shop=other).first()
    if row is None:
        pytest.skip("this floor's tests make no such row")  # eligibility and violations: proved where they are made
    column = model._meta.get_field(field).column
    statement = f"UPDATE {model._meta.db_table} SET {column} = %s WHERE id = %s"
    values = [getattr(target, column), row.pk]
    if not getattr(model, "append_only", False):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
    with database.as_user(OWNER, connection.settings_dict["NAME"]) as boss, boss.cursor() as cursor:
        boss.set_autocommit(False)
        with pytest.raises(IntegrityError, match=name):
            cursor.execute(statement, values)
        boss.rollback()
        cursor.execute(f'ALTER TABLE {model._meta.db_table} DROP CONSTRAINT "{name}"')
        cursor.execute(statement, values)  # the control: without the constraint it succeeds
        assert cursor.rowcount == 1
        boss.rollback()
