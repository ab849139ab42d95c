"""The database as it stood at a moment, put back as often as a test wants: quicker than making it anew.

``Kept()`` copies every filled table aside; ``put_back()`` makes the tables equal to the copies. Sequences run on, so that
a key is never given twice. Needs ``transactional_db``: only what is committed can be kept.
"""

from types import TracebackType

from django.db import connection

from seller_center.embedded import SUPERUSER
from tests.database import KEPT, open_as

_COPY = """
DO $$
DECLARE
    name text;
    filled boolean;
BEGIN
    DROP SCHEMA IF EXISTS kept CASCADE;
    CREATE SCHEMA kept;
    CREATE TABLE kept.list (name text PRIMARY KEY, columns text NOT NULL, filled boolean NOT NULL);
    FOR name IN
        SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> ALL (%s)
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%%I)', name) INTO filled;
        IF filled THEN
            EXECUTE format('CREATE UNLOGGED TABLE kept.%%I AS TABLE public.%%I', 'c_' || name, name);
        END IF;
        INSERT INTO kept.list
        SELECT name, string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum), filled
        FROM pg_attribute a
        WHERE a.attrelid = format('public.%%I', name)::regclass AND a.attnum > 0
            AND NOT a.attisdropped AND a.attgenerated = '';
    END LOOP;
END $$
"""

_PUT_BACK = """
DO $$
DECLARE
    kept record;
    same boolean;
BEGIN
    SET LOCAL session_replication_role = replica;
    SET LOCAL synchronous_commit = off;
    FOR kept IN SELECT * FROM kept.list LOOP
        IF NOT kept.filled THEN
            IF pg_relation_size(format('public.%I', kept.name)::regclass) > 0 THEN
                EXECUTE format('DELETE FROM public.%I', kept.name);
            END IF;
            CONTINUE;
        END IF;
        EXECUTE format('DELETE FROM public.%I', kept.name);
        EXECUTE format('INSERT INTO public.%1$I (%2$s) OVERRIDING SYSTEM VALUE SELECT %2$s FROM kept.%3$I',
            kept.name, kept.columns, 'c_' || kept.name);
    END LOOP;
END $$
"""

#: What no deed of a shop changes; left out of the copy, since most of a small database is this.
UNCHANGING = (
    *KEPT,
    "catalog_category",
    "shops_market",
    "shops_role",
    "auth_group",
    "auth_group_permissions",
    "shops_user_groups",
)


#: After so many times the rows that were taken away are cleared up: no server of the tests does that by itself.
CLEAR_AFTER = 250


class Kept:
    """A copy of the database; at the end of a ``with`` block it takes itself away.

    It works over a connection of its own: to put rows back without triggers, a session changes its replication role, and
    forgets all its plans by that. The auditor's plan costs twenty times what asking costs.
    """

    def __init__(self, *, clear_after: int = CLEAR_AFTER) -> None:
        self._clear_after = clear_after
        self._boss = open_as(SUPERUSER, connection.settings_dict["NAME"])
        self._cursor = self._boss.cursor()
        self._cursor.execute(_COPY, [list(UNCHANGING)])
        self._times = 0

    def put_back(self) -> None:
        """Make the database as it was. No transaction may be open elsewhere."""
        self._cursor.execute(_PUT_BACK)
        self._times += 1
        if self._times % self._clear_after == 0:
            self._cursor.execute("VACUUM")

    def __enter__(self) -> "Kept":
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._cursor.execute("DROP SCHEMA kept CASCADE")
        self._boss.close()
