"""Records that staff read: no adding, no changing, no deleting, and no counting of whole tables."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property

#: A list says "10 000 or more" at the most; nobody turns that many pages.
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts up to a limit, so that a list of a million rows opens as fast as one of a hundred."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


class ReadOnlyAdmin(admin.ModelAdmin):
    """A list and a page to read. What may be done stands on a desk, as a verb."""

    show_full_result_count = False
    paginator = CappedPaginator
    list_per_page = 50
    actions = None

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj=None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj=None) -> bool:
        return False
