"""Tenant keys: a reference inside a shop is the composite foreign key `(shop_id, x_id) → (shop_id, id)`.

So that a row of one shop cannot refer to a row of another, whatever the code does, and so that tables can be
distributed by `shop_id`. A shop-owned model declares

    class Meta:
        constraints = [tenant_unique("orders_orderline_shop_id"), TenantFK("order")]

and its foreign key with `db_constraint=False`, since the composite one stands for it.
"""

import hashlib
from typing import Any

from django.core import checks
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import DEFAULT_DB_ALIAS, models
from django.db.backends.ddl_references import Columns, Statement, Table
from django.db.models import BaseConstraint, Deferrable, UniqueConstraint
from django.utils.translation import gettext_lazy as _

#: PostgreSQL's limit for names.
NAME_LENGTH = 63


def tenant_unique(name: str) -> UniqueConstraint:
    """UNIQUE (shop_id, id): what composite foreign keys of other tables refer to."""
    return UniqueConstraint(fields=("shop", "id"), name=name)


def tenant_key(table: str = "%(app_label)s_%(class)s") -> UniqueConstraint:
    """The same, named `<table>_shop_id`; without a table, after the model that inherits it."""
    return tenant_unique(f"{table}_shop_id")


class TenantFK(BaseConstraint):
    """A composite foreign key from `(shop_id, <field>_id)` to `(shop_id, id)` of the field's model.

    Checked at once unless `deferrable` says otherwise. An empty reference (NULL) is not checked. The name is derived
    from the model and the field, and shortened with a hash where PostgreSQL's 63 letters do not hold it.

    The DDL is appended to the end of the migration, so that the target's UNIQUE may be created by the same migration,
    before or after.
    """

    default_violation_error_message = _("This refers to something that does not belong to this shop.")
    violation_error_code = "foreign_shop"

    def __init__(
        self,
        field: str,
        *,
        name: str = "",
        deferrable: Deferrable | None = None,
        violation_error_code: str | None = None,
        violation_error_message: Any = None,
    ) -> None:
        if deferrable is not None and not isinstance(deferrable, Deferrable):
            raise TypeError("deferrable is a Deferrable or None")
        self.field = field
        self.deferrable = deferrable
        super().__init__(
            name=name or f"%(app_label)s_%(class)s_{field}_same_shop",
            violation_error_code=violation_error_code,
            violation_error_message=violation_error_message,
        )

    @property
    def name(self) -> str:
        return self._name

    @name.setter
    def name(self, name: str) -> None:
        self._name = name if "%(" in name else _short(name)

    def constraint_sql(self, model: type[models.Model], schema_editor: Any) -> None:
        schema_editor.deferred_sql.append(self._statement(model, schema_editor))

    def create_sql(self, model: type[models.Model], schema_editor: Any) -> None:
        schema_editor.deferred_sql.append(self._statement(model, schema_editor))

    def remove_sql(self, model: type[models.Model], schema_editor: Any) -> Statement:
        return schema_editor._delete_constraint_sql(schema_editor.sql_delete_constraint, model, self.name)

    def _statement(self, model: type[models.Model], schema_editor: Any) -> Statement:
        reference: Any = model._meta.get_field(self.field)
        target = reference.remote_field.model
        quote = schema_editor.quote_name
        return Statement(
            "ALTER TABLE %(table)s ADD CONSTRAINT %(name)s FOREIGN KEY (%(columns)s) "
            "REFERENCES %(to_table)s (%(to_columns)s)%(deferrable)s",
            table=Table(model._meta.db_table, quote),
            name=quote(self.name),
            columns=Columns(model._meta.db_table, [_shop(model).column, reference.column], quote),
            to_table=Table(target._meta.db_table, quote),
            to_columns=Columns(target._meta.db_table, [_shop(target).column, reference.target_field.column], quote),
            deferrable=schema_editor._deferrable_constraint_sql(self.deferrable),
        )

    def validate(
        self, model: type[models.Model], instance: models.Model, exclude: Any = None, using: str = DEFAULT_DB_ALIAS
    ) -> None:
        """Say it in a form before the database does. A reference that was loaded is compared without a query."""
        if exclude and (self.field in exclude or "shop" in exclude):
            return
        reference = model._meta.get_field(self.field)
        wanted, shop_id = getattr(instance, reference.attname), instance.shop_id  # type: ignore[attr-defined]
        if wanted is None or shop_id is None:
            return
        if reference.is_cached(instance):
            belongs = reference.get_cached_value(instance).shop_id == shop_id
        else:
            rows = reference.remote_field.model._base_manager.using(using)
            belongs = rows.filter(**{reference.target_field.attname: wanted, "shop_id": shop_id}).exists()
        if not belongs:
            message = self.get_violation_error_message()
            raise ValidationError({self.field: ValidationError(message, code=self.violation_error_code)})

    def check(self, model: type[models.Model], connection: Any) -> list[checks.CheckMessage]:
        """Say in words what is missing for the composite key to hold."""
        try:
            reference = model._meta.get_field(self.field)
        except FieldDoesNotExist:
            return [self._error(model, "E001", f"TenantFK names a field that does not exist: {self.field}")]
        if not isinstance(reference, models.ForeignKey):
            return [self._error(model, "E002", f"TenantFK({self.field!r}) wants a ForeignKey")]
        target: type[models.Model] = reference.remote_field.model
        errors: list[checks.CheckMessage] = []
        if reference.db_constraint:  # type: ignore[attr-defined]
            hint = "the composite key stands for it: declare the field with db_constraint=False"
            errors.append(self._error(model, "E003", f"{self.field} has a foreign key of its own", hint))
        for owner in (model, target):
            if not _has_shop(owner):
                errors.append(self._error(model, "E004", f"{owner._meta.label} has no shop"))
        keys = [set(c.fields) for c in target._meta.constraints if isinstance(c, UniqueConstraint) and not c.condition]
        if {"shop", reference.target_field.name} not in keys:
            errors.append(
                self._error(model, "E005", f"{target._meta.label} has no UNIQUE (shop, id)", "add tenant_key()")
            )
        return errors

    @staticmethod
    def _error(model: type[models.Model], number: str, message: str, hint: str = "") -> checks.Error:
        return checks.Error(message, hint=hint or None, obj=model, id=f"tenancy.{number}")

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        kwargs["field"] = self.field
        if self.deferrable:
            kwargs["deferrable"] = self.deferrable
        if self.violation_error_code == type(self).violation_error_code:
            kwargs.pop("violation_error_code", None)
        return path, args, kwargs

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, TenantFK):
            return NotImplemented
        return self.deconstruct() == other.deconstruct()

    def __hash__(self) -> int:
        return hash((self.name, self.field))

    def __repr__(self) -> str:
        return f"<TenantFK: field={self.field!r} name={self.name!r}>"


def _has_shop(model: type[models.Model]) -> bool:
    return any(field.name == "shop" for field in model._meta.concrete_fields)


def _shop(model: type[models.Model]) -> Any:
    return model._meta.get_field("shop")


def _short(name: str) -> str:
    if len(name.encode()) <= NAME_LENGTH:
        return name
    return f"{name[: NAME_LENGTH - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"
