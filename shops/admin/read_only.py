"""Records that staff read: no adding, no changing, no deleting, and no counting of whole tables."""

from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import flatten_fieldsets
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

from seller_center.kernel.money import format_money

#: A list says "10 000 or more" at the most; nobody turns that many pages.
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts up to a limit, so that a list of a million rows opens as fast as one of a hundred."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


@cache
def money_column(model: type, name: str) -> Callable[[Any], str | None]:
    """A column of amounts as people read them, in place of the field ``name`` with its minor units."""
    field = model._meta.get_field(name)  # type: ignore[attr-defined]

    @admin.display(description=str(field.verbose_name).removesuffix(" minor"), ordering=name, empty_value="—")
    def amount(row: Any) -> str | None:
        minor = getattr(row, name)
        return None if minor is None else format_money(minor, getattr(row, "currency", "") or row.shop.currency)

    return amount


def as_read(model: type, names: Any) -> list[Any]:
    """The names of fields for staff to read: those of amounts become columns of money. Groups stay groups."""
    own = {field.name for field in model._meta.fields}  # type: ignore[attr-defined]
    return [
        as_read(model, name)
        if isinstance(name, (list, tuple))
        else money_column(model, name)
        if isinstance(name, str) and name.endswith("_minor") and name in own
        else name
        for name in names
    ]


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and a page to read. What may be done stands on a desk, as a verb."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    actions = None

    def get_list_display(self, request: HttpRequest) -> Any:
        return as_read(self.model, super().get_list_display(request))

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A page on which nothing can be typed has nothing to save, and its amounts are told as money."""
        adminform = context["adminform"]
        if not adminform.form.fields:
            fieldsets = [
                (name, {**how, "fields": as_read(self.model, how["fields"])}) for name, how in adminform.fieldsets
            ]
            context["adminform"] = AdminForm(adminform.form, fieldsets, {}, flatten_fieldsets(fieldsets), self)
            context |= {"show_save": False, "show_save_and_continue": False}
        return super().render_change_form(request, context, *args, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
