"""Orders that were shipped before the search knew their parcels' numbers are told them.

In batches by the packages' keys, each a transaction of its own, so that nobody waits for more than one batch and what
is done stays done when it is cut short. Begun again it changes only what is still missing.
"""

from django.db import migrations
from django.db.transaction import atomic

#: Packages of one transaction: some hundredths of a second.
BATCH = 1_000

_LAST = "SELECT max(id) FROM (SELECT id FROM orders_package WHERE id > %s ORDER BY id LIMIT %s) AS batch"

_MISSING = """
FROM orders_package p JOIN orders_order o ON o.id = p.order_id AND o.shop_id = p.shop_id
WHERE p.id > %s AND p.id <= %s AND p.tracking_number <> '' AND strpos(o.search_text, upper(p.tracking_number)) = 0
"""

#: By key, as everybody locks orders.
_HOLD = f"SELECT o.id {_MISSING} ORDER BY o.id FOR NO KEY UPDATE OF o"

#: Asked anew with the orders in hand: whoever had them meanwhile may have told them.
_TELL = f"""
UPDATE orders_order SET search_text = search_text || missing.numbers
FROM (
    SELECT o.id, string_agg(DISTINCT ' ' || upper(p.tracking_number), '') AS numbers {_MISSING} GROUP BY o.id
) AS missing
WHERE orders_order.id = missing.id
"""


def tell_numbers(apps, schema_editor):
    """Walk along the packages and add what their orders' search texts lack."""
    connection, last = schema_editor.connection, 0
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_LAST, [last, BATCH])
            (until,) = cursor.fetchone()
            if until is None:
                return
            with atomic(using=connection.alias):
                cursor.execute(_HOLD, [last, until])
                if cursor.fetchone():
                    cursor.execute(_TELL, [last, until])
            last = until


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("orders", "0003_lines_by_sku_code")]
    # Backwards nothing is taken away: the numbers do no harm, and those that were told by shipping look the same.
    operations = [migrations.RunPython(tell_numbers, migrations.RunPython.noop, elidable=True)]
