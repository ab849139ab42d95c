"""Encrypted columns: bound to table, column, row and shop; read as `Secret`; refuse everything but saving a row.

    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    number = EncryptedTextField()

The row's random `seal` is set before the first save and never changes. Bulk updates, lookups and forms are refused:
they would store or compare something that is not bound to its row.
"""

import secrets
from collections.abc import Callable
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction
from django.db.models.query_utils import DeferredAttribute

from . import crypto
from .crypto import Secret, Unreadable, blind_index
from .locking import lock_rows

__all__ = ["EncryptedTextField", "Secret", "Unreadable", "blind_index", "new_seal", "rotate_rows"]

SEAL = "seal"


def new_seal() -> str:
    """128 random bits in hex: the default of a row's seal."""
    return secrets.token_hex(16)


class Sealed(str):
    """A sealed value as the column holds it; only what is marked so may be written."""

    __slots__ = ()


class _EncryptedAttribute(DeferredAttribute):
    """Opens the value when it is read; keeps it sealed on the object otherwise."""

    field: "EncryptedTextField"

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        if instance is None:
            return self
        value = instance.__dict__.get(self.field.attname) or super().__get__(instance, cls)
        return self.field.open(instance, value) if isinstance(value, Sealed) else value

    def __set__(self, instance: Any, value: Any) -> None:
        plain = isinstance(value, str) and not isinstance(value, Sealed)
        instance.__dict__[self.field.attname] = Secret(value) if plain else value


class EncryptedTextField(models.Field):
    """A text stored under AES-256-GCM. Reading it gives a `Secret`, or raises `Unreadable`, never the stored text.

    The row needs a `seal` (`default=new_seal`). Its shop's data key is used; a model without a `shop` uses the
    platform's. The only lookup is `isnull`. Not part of any form: take the input in a form of your own.
    """

    descriptor_class = _EncryptedAttribute

    def get_internal_type(self) -> str:
        return "TextField"

    def seal(self, instance: models.Model, plain: str | Secret) -> Sealed:
        """The sealed form of a text for this column of this row."""
        return Sealed(crypto.seal_text(plain, shop_id=_shop_of(instance), place=self._place(instance)))

    def open(self, instance: models.Model, sealed: str) -> Secret:
        """The text of this column of this row; `Unreadable` if it was sealed anywhere else."""
        return crypto.open_text(sealed, shop_id=_shop_of(instance), place=self._place(instance))

    def sealed_value(self, instance: models.Model) -> str | None:
        """What the column holds, without opening it."""
        value = instance.__dict__.get(self.attname)
        return value if isinstance(value, Sealed) else None

    def _place(self, instance: models.Model) -> str:
        seal = getattr(instance, SEAL, "")
        if not seal:
            raise ValueError(f"{type(instance).__name__} has no seal: declare it with default=new_seal")
        return f"{self.model._meta.db_table}.{self.column}|{seal}"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Sealed | None:
        return None if value is None else Sealed(value)

    def to_python(self, value: Any) -> Any:
        return Secret(value) if isinstance(value, str) and not isinstance(value, Sealed) else value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        if self.attname not in model_instance.__dict__:
            return super().pre_save(model_instance, add)
        value = model_instance.__dict__[self.attname]
        if isinstance(value, Secret):
            value = model_instance.__dict__[self.attname] = self.seal(model_instance, value)
        return value

    def get_prep_value(self, value: Any) -> Any:
        if value is None or isinstance(value, Sealed) or hasattr(value, "resolve_expression"):
            return value
        raise TypeError(f"{self.name} is encrypted: set it on a row and save that row")

    def clean(self, value: Any, model_instance: models.Model | None) -> Any:
        stored = model_instance.__dict__.get(self.attname) if model_instance is not None else None
        if isinstance(stored, Sealed):
            return stored
        plain = value.reveal() if isinstance(value, Secret) else value
        self.validate(plain, model_instance)
        self.run_validators(plain)
        return value

    def get_lookup(self, lookup_name: str) -> Any:
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None

    def get_transform(self, lookup_name: str) -> None:
        return None

    def formfield(self, **kwargs: Any) -> None:
        return None

    def value_to_string(self, obj: models.Model) -> str:
        raise TypeError(f"{self.name} is encrypted and is not exported")

    def check(self, **kwargs: Any) -> list[checks.CheckMessage]:
        return [*super().check(**kwargs), *self._check_seal()]

    def _check_seal(self) -> list[checks.CheckMessage]:
        try:
            seal: Any = self.model._meta.get_field(SEAL)
        except FieldDoesNotExist:
            seal = None
        if seal is not None and seal.default is new_seal and seal.max_length >= 32:
            return []
        hint = "seal = models.CharField(max_length=32, default=new_seal, editable=False)"
        return [
            checks.Error(f"{self.name} is encrypted and its row has no seal", hint=hint, obj=self, id="fields.E901")
        ]


def encrypted_fields(model: type[models.Model]) -> list[EncryptedTextField]:
    """The encrypted columns of a model."""
    return [field for field in model._meta.concrete_fields if isinstance(field, EncryptedTextField)]


def rotate_rows(
    model: type[models.Model], *, chunk: int = 500, progress: Callable[[int], None] = lambda changed: None
) -> int:
    """Seal anew every row whose value is under an older key than its shop's current one; how many rows were.

    In chunks by primary key, each its own transaction with its rows locked, so that it may run beside traffic, be
    stopped anywhere and be run again. Raises `Unreadable` at the first value that does not open.
    """
    changed, last = 0, None
    while True:
        rows = model._base_manager.all() if last is None else model._base_manager.filter(pk__gt=last)
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:chunk])
        if not keys:
            return changed
        last = keys[-1]
        with transaction.atomic():
            locked = lock_rows(model._base_manager.filter(pk__in=keys))
            changed += sum(_rotate_row(row) for row in locked)
        progress(changed)


def _rotate_row(row: models.Model) -> bool:
    current = crypto.current_kid(_shop_of(row))
    fresh = {}
    for field in encrypted_fields(type(row)):
        sealed = field.sealed_value(row)
        if sealed is not None and crypto.kid_of(sealed) != current:
            fresh[field.name] = field.seal(row, field.open(row, sealed))
    if fresh:
        type(row)._base_manager.filter(pk=row.pk).update(**fresh)
    return bool(fresh)


def _shop_of(instance: models.Model) -> int | None:
    """The shop whose key seals a row; None for a table without shops."""
    if not any(field.name == "shop" for field in instance._meta.concrete_fields):
        return None
    shop_id = instance.shop_id  # type: ignore[attr-defined]
    if shop_id is None:
        raise ValueError(f"{type(instance).__name__} is sealed for a shop and has none yet")
    return shop_id
