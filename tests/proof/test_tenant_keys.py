"""F6: no row of one shop refers to a row of another, whatever the code does: PostgreSQL refuses it (INV15).

Every foreign key is read from the database itself. For each one a row is written that crosses the wall, with all other
constraints and triggers of the table out of the way, so that this key alone is asked; then the same without the key.
"""

import dataclasses
from collections.abc import Iterator

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from seller_center.embedded import SUPERUSER
from tests import database
from tests.proof.twins import make_twins

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

#: How many keys there were when this was last looked at (R7).
LEAST_KEYS = 69
LEAST_ATTACKS = 44
#: Tables that belong to a shop or to nobody: their rows without a shop are for all, so the key cannot carry the shop.
OF_ALL = {"shops_role": "the preset roles belong to the marketplace", "shops_user": "", "shops_datakey": ""}
OURS, THEIRS = 900_001, 900_002

KEYS = """
SELECT c.conname, f.relname, t.relname,
       ARRAY(SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY k(n, place)
             JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY place)::text[],
       ARRAY(SELECT a.attname FROM unnest(c.confkey) WITH ORDINALITY k(n, place)
             JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY place)::text[],
       c.convalidated
FROM pg_constraint c
JOIN pg_class f ON f.oid = c.conrelid JOIN pg_class t ON t.oid = c.confrelid
WHERE c.contype = 'f' AND c.connamespace = 'public'::regnamespace
  AND EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = c.conrelid AND attname = 'shop_id' AND NOT attisdropped)
  AND EXISTS (SELECT 1 FROM pg_attribute WHERE attrelid = c.confrelid AND attname = 'shop_id' AND NOT attisdropped)
ORDER BY f.relname, c.conname
"""


@dataclasses.dataclass(frozen=True)
class Key:
    """A foreign key between two tables that belong to shops."""

    name: str
    table: str
    target: str
    columns: list[str]
    target_columns: list[str]
    valid: bool

    @property
    def column(self) -> str:
        """The column that names the row; beside it the shop, and of a ledger's account the currency."""
        [name] = [mine for mine, other in zip(self.columns, self.target_columns, strict=True) if other == "id"]
        return name


def keys() -> list[Key]:
    with connection.cursor() as cursor:
        cursor.execute(KEYS)
        return [key for key in (Key(*row) for row in cursor.fetchall()) if key.target not in OF_ALL]


@pytest.fixture
def boss(transactional_db) -> Iterator:
    """The superuser's cursor in a transaction that is undone."""
    with database.as_user(SUPERUSER, connection.settings_dict["NAME"]) as other, other.cursor() as cursor:
        yield cursor


def test_it_carries_the_shop_in_every_key_between_shops():
    found = keys()
    loose = [
        key.name
        for key in found
        if ("shop_id", "shop_id") not in zip(key.columns, key.target_columns, strict=True) or not key.valid
    ]
    assert loose == []
    assert len(found) >= LEAST_KEYS


def crosses_the_wall(cursor, key: Key, *, guarded: bool = True, of_own_shop: bool = False) -> None:
    """Write a row of one shop that refers to a row of another (or, ``of_own_shop``, of the same), alone with its key."""
    _lay_bare(cursor, key.table, keep=key.name if guarded else "")
    if key.target != key.table:
        _lay_bare(cursor, key.target, keep="")
    meant = THEIRS
    if of_own_shop and key.target == key.table:
        meant = OURS  # a row that refers to itself
    else:
        _insert(cursor, key.target, {"id": THEIRS, "shop_id": OURS if of_own_shop else THEIRS})
    _insert(cursor, key.table, {"id": OURS, "shop_id": OURS, key.column: meant})
    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _lay_bare(cursor, table: str, *, keep: str) -> None:
    cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    cursor.execute(
        "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'f', 'x') AND conname <> %s",
        [table, keep],
    )
    for (name,) in cursor.fetchall():
        cursor.execute(f'ALTER TABLE "{table}" DROP CONSTRAINT "{name}"')


def _insert(cursor, table: str, values: dict[str, object]) -> None:
    """A row with these values and something harmless in every other column that wants a value."""
    cursor.execute(
        "SELECT attname, format_type(atttypid, NULL) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attnotnull AND attgenerated = ''",
        [table],
    )
    row = {name: "{}" if kind.endswith("[]") else SOMETHING[kind] for name, kind in cursor.fetchall()}
    row |= {name: str(value) for name, value in values.items()}
    names, places = ", ".join(f'"{name}"' for name in row), ", ".join(["%s"] * len(row))
    cursor.execute(f'INSERT INTO "{table}" ({names}) OVERRIDING SYSTEM VALUE VALUES ({places})', list(row.values()))


SOMETHING = {
    "bigint": "0",
    "integer": "0",
    "smallint": "0",
    "boolean": "false",
    "character varying": "",
    "character": "",
    "text": "",
    "jsonb": "{}",
    "date": "2026-01-01",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
    "bytea": "",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "xid8": "1",
    "double precision": "0",
    "numeric": "0",
    "inet": "127.0.0.1",
}


def test_it_refuses_every_link_across_the_wall(boss):
    for key in keys():
        boss.execute("BEGIN")
        with pytest.raises(IntegrityError, match=f'"{key.name}"'):
            crosses_the_wall(boss, key)
        boss.execute("ROLLBACK")


def test_it_takes_every_link_within_a_shop(boss):
    """The other side (R4): what was refused above was refused for the shop and for nothing else."""
    assert taken(boss, of_own_shop=True) >= LEAST_KEYS


def test_it_would_cross_the_wall_without_the_guard(boss):
    """Control: with the key dropped the very same row is taken, for every key."""
    assert taken(boss, guarded=False) >= LEAST_KEYS


def taken(boss, **how: bool) -> int:
    """How many keys let the row in; one that does not raises."""
    number = 0
    for number, key in enumerate(keys(), 1):  # noqa: B007
        boss.execute("BEGIN")
        crosses_the_wall(boss, key, **how)
        boss.execute("ROLLBACK")
    return number


def test_it_refuses_the_application_to_relink_rows_by_sql(transactional_db):
    """As the application's own role, on the rows of a living shop: every UPDATE that points next door is refused."""
    with transaction.atomic():
        own, other = make_twins()
    attacks, taken = 0, []
    for key in keys():
        with connection.cursor() as cursor:
            cursor.execute(f'SELECT min(id) FROM "{key.table}" WHERE shop_id = %s', [own.shop.pk])
            mine = cursor.fetchone()[0]
            cursor.execute(f'SELECT min(id) FROM "{key.target}" WHERE shop_id = %s', [other.shop.pk])
            theirs = cursor.fetchone()[0]
            if mine is None or theirs is None:
                continue
            attacks += 1
            try:
                with transaction.atomic():
                    cursor.execute(f'UPDATE "{key.table}" SET "{key.column}" = %s WHERE id = %s', [theirs, mine])
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    taken.append(key.name)
            except DatabaseError:
                pass
    assert taken == []
    assert attacks >= LEAST_ATTACKS


def test_it_refuses_the_application_to_move_a_row_next_door(transactional_db):
    """Nor may a row that others refer to, or that refers to others, change its shop."""
    with transaction.atomic():
        own, other = make_twins()
    referring = sorted({key.table for key in keys()})
    attacks, taken = 0, []
    for table in referring:
        with connection.cursor() as cursor:
            columns = [key.column for key in keys() if key.table == table]
            linked = " OR ".join(f'"{column}" IS NOT NULL' for column in columns)
            cursor.execute(f'SELECT min(id) FROM "{table}" WHERE shop_id = %s AND ({linked})', [own.shop.pk])
            mine = cursor.fetchone()[0]
            if mine is None:
                continue
            attacks += 1
            try:
                with transaction.atomic():
                    cursor.execute(f'UPDATE "{table}" SET shop_id = %s WHERE id = %s', [other.shop.pk, mine])
                    cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
                    taken.append(table)
            except DatabaseError:
                pass
    assert taken == []
    assert attacks >= LEAST_ATTACKS // 2
