"""The keyring: data keys per shop, wrapped by the master keys of the settings, made when first needed (DEC20).

Every use asks the database which key it is: a key made in a transaction that was undone, or destroyed by another
process a moment ago, is then never used. Only the unwrapping is remembered.
"""

import functools
import secrets

from django.db import connection, transaction

from seller_center.kernel import crypto
from seller_center.kernel.clock import real_now
from seller_center.kernel.fields import encrypted_fields, rotate_rows
from shops.models import DataKey


class ShopKeyring:
    """What ``kernel.crypto`` asks for keys."""

    def key_for(self, shop_id: int | None, kid: str | None) -> tuple[str, bytes]:
        """The key in use of a shop (None: the platform's), made if there is none yet, or the one named ``kid``.

        Raises ``LookupError`` for a key that does not exist or was destroyed.
        """
        rows = DataKey.objects.filter(shop_id=shop_id)
        named = rows.filter(retired_at__isnull=True) if kid is None else rows.filter(kid=kid)
        row = named.first() or (_make(shop_id) if kid is None else None)
        if row is None or not row.wrapped:
            raise LookupError("This key does not exist or was destroyed.")
        return row.kid, _unwrap(row.wrapped, row.label)


@functools.lru_cache(maxsize=512)
def _unwrap(wrapped: str, label: str) -> bytes:
    return crypto.unwrap_key(wrapped, label)


def _make(shop_id: int | None) -> DataKey:
    """A new key in use. Of two makers at the same time the second takes the key of the first."""
    row = DataKey(shop_id=shop_id, kid=f"d{secrets.token_hex(8)}", created_at=real_now())
    row.wrapped = crypto.wrap_key(crypto.new_data_key(), row.label)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO shops_datakey (shop_id, kid, wrapped, created_at) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [shop_id, row.kid, row.wrapped, row.created_at],
        )
    return DataKey.objects.get(shop_id=shop_id, retired_at__isnull=True)


def to_rewrap() -> int:
    """How many data keys are wrapped under an older master key."""
    rows = DataKey.objects.exclude(wrapped="").values_list("wrapped", flat=True)
    return sum(not crypto.wrapped_by_current_master(wrapped) for wrapped in rows)


def rewrap() -> int:
    """Wrap every data key under the current master key; how many were. Then an old master key may be taken away."""
    changed = 0
    for row in DataKey.objects.exclude(wrapped="").order_by("pk"):
        if crypto.wrapped_by_current_master(row.wrapped):
            continue
        fresh = crypto.wrap_key(crypto.unwrap_key(row.wrapped, row.label), row.label)
        changed += DataKey.objects.filter(pk=row.pk, wrapped=row.wrapped).update(wrapped=fresh)
    return changed


def renew(shop_id: int | None) -> DataKey:
    """Give a shop a new data key; the old one only opens from now on, until ``rotate_rows`` has moved every row."""
    with transaction.atomic():
        DataKey.objects.filter(shop_id=shop_id, retired_at__isnull=True, destroyed_at__isnull=True).update(
            retired_at=real_now()
        )
        return _make(shop_id)


def destroy(shop_id: int) -> int:
    """Crypto-erase: everything sealed for this shop is unreadable for good, in every copy and backup of the rows.

    The caller has made sure that no legal hold stands (rulebook §2). Returns how many keys were destroyed.
    """
    return DataKey.objects.filter(shop_id=shop_id, destroyed_at__isnull=True).update(
        wrapped="", destroyed_at=real_now()
    )


def sealed_models() -> list:
    """Every model with an encrypted column."""
    from django.apps import apps

    return [model for model in apps.get_models() if encrypted_fields(model)]


def rotate_all_rows() -> dict[str, int]:
    """Seal anew, under the key in use, every row that an older key sealed; table → how many rows."""
    return {model._meta.db_table: rotate_rows(model) for model in sealed_models()}
