"""Records that staff read: no adding, no changing, no deleting, and no counting of whole tables."""

import datetime as dt
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import AdminForm
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import CharField, ForeignKey, GeneratedField, IntegerField, JSONField
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.formats import localize
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.timezone import template_localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from seller_center.kernel.money import format_money
from seller_center.kernel.text import number, percent
from shops.admin.titles import title_of

#: Where there is nothing to read. A record shows what a column says, where a list would put the site's own sign.
NOTHING = "—"
#: A list says "10,000 or more" at the most; nobody turns that many pages.
MOST_COUNTED = 10_000


class CappedPaginator(Paginator):
    """Counts up to a limit, so that a list of a million rows opens as fast as one of a hundred."""

    @cached_property
    def count(self) -> int:
        rows: Any = self.object_list
        return rows.order_by().values("pk")[:MOST_COUNTED].count()


def figure(name: str, read: Callable[[Any], str]) -> Callable[[Any], str]:
    """A column of figures, aligned right, in place of the field ``name``; ``read`` says the figure of a row."""

    @admin.display(ordering=name)
    def said(row: Any) -> str:
        return NOTHING if getattr(row, name) is None else read(row)

    said.__name__ = name  # the field's title and explanation are found by it
    said.right = True  # type: ignore[attr-defined]
    return said


#: Whole numbers that are names and not counts: they are not grouped, and stand where other names stand.
NUMBERED = {"id", "number", "reserve_level"}
#: Numbers with a unit, by the end of their name.
UNITS: dict[str, Callable[[int], str]] = {"_bp": percent, "_bytes": filesizeformat}


@cache
def figure_column(model: type, name: str) -> Callable[[Any], str] | None:
    """The column of a field that holds a figure: money with its sign, percent, sizes, counts grouped. None for others."""
    field = model._meta.get_field(name)  # type: ignore[attr-defined]
    kept = field.output_field if isinstance(field, GeneratedField) else field
    if not isinstance(kept, IntegerField) or kept.choices or name in NUMBERED or kept.primary_key:
        return None
    if name.endswith("_minor"):
        return figure(
            name, lambda row: format_money(getattr(row, name), getattr(row, "currency", "") or row.shop.currency)
        )
    say = next((say for tail, say in UNITS.items() if name.endswith(tail)), number)
    return figure(name, lambda row: say(getattr(row, name)))


def in_words(code: str) -> str:
    """A code that has no words of its own, as people read it (``export_orders`` → ``Export orders``)."""
    return code.replace("_", " ").replace(".", " ").capitalize()


#: Columns that hold one of our own words where a field names no choices for it, and how such a word is said.
CODED: dict[str, Callable[[str], str]] = dict.fromkeys(
    ("audience", "fee_class", "kind", "rule", "shape", "status", "subject_kind", "terms", "tier", "tier_before"),
    in_words,
)


#: Fields that the program keeps for itself: nobody asks for a number in the table, a key of a search or a lease.
UNSAID = {
    *("id", "search_name", "search_text", "lease_until", "lease_owner", "once_key", "buyer_key", "person_code"),
    *("created_xid", "next_attempt_at"),
}


#: Where a floor has a table of words for a column: (model label, field) → code → words.
WORDS: dict[tuple[str, str], Callable[[str], Any]] = {}


@cache
def words_column(model: type, name: str) -> Callable[[Any], str]:
    """A column of our own words as people say them, in place of the field ``name`` with its codes."""

    @admin.display(ordering=name)
    def words(row: Any) -> str:
        return said(model, name, getattr(row, name)) or NOTHING

    words.__name__ = name
    return words


def said(model: type, name: str, code: str) -> str:
    """One of our words as its table has it, else as it is written."""
    words = WORDS.get((model._meta.label, name)) or CODED[name]  # type: ignore[attr-defined]
    return str(words(code)) if code else ""


def _field(model: type, name: Any) -> Any:
    """The field of a table with this name; None for a column of the admin's own."""
    return next((one for one in model._meta.fields if one.name == name), None)  # type: ignore[attr-defined]


def is_coded(model: type, name: Any) -> bool:
    """Is it a column of our own words, without choices that would say them?"""
    if not isinstance(name, str) or not (name in CODED or (model._meta.label, name) in WORDS):  # type: ignore[attr-defined]
        return False
    field = _field(model, name)
    return isinstance(field, CharField) and not field.choices


def as_read(model: type, names: Any, request: HttpRequest | None = None) -> list[Any]:
    """The names of fields for staff to read: figures become columns of figures, codes of words, documents of lines,
    other records of their titles. With a request, for the page of a record, these lead to the records that its person
    may see. Groups stay groups."""
    return [
        as_read(model, name, request) if isinstance(name, (list, tuple)) else _column(model, name, request)
        for name in names
    ]


def _column(model: type, name: Any, request: HttpRequest | None) -> Any:
    if is_coded(model, name):
        return words_column(model, name)
    field = _field(model, name)
    if isinstance(field, JSONField):
        return lines_column(name)
    if isinstance(field, ForeignKey):
        there = admin.site._registry.get(field.related_model)
        if not isinstance(there, PlainWords) or (request is None and not there.has_own_titles()):
            return name
        return record_column(field, request is not None and there.has_view_permission(request))
    return (figure_column(model, name) if field is not None else None) or name


@cache
def record_column(field: Any, linked: bool) -> Callable[[Any], Any]:
    """A column of other records by their titles."""
    there: Any = admin.site._registry[field.related_model]

    @admin.display(ordering=field.name)
    def titled(row: Any) -> Any:
        other = getattr(row, field.name)
        if other is None:
            return NOTHING
        title = capfirst(there.record_title(other))
        address = f"admin:{other._meta.app_label}_{other._meta.model_name}_change"
        return format_html('<a href="{}">{}</a>', reverse(address, args=[other.pk]), title) if linked else title

    titled.__name__ = field.name
    return titled


#: A moment as it is kept in a document.
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+\d\d:\d\d|Z)")


@cache
def lines_column(name: str) -> Callable[[Any], Any]:
    """A column of a document as people read one, in place of the field ``name`` with its braces."""

    def lines(row: Any) -> Any:
        return in_lines(getattr(row, name)) or NOTHING

    lines.__name__ = name
    return lines


def in_lines(document: Any) -> SafeString | str:
    """What is kept as a document: a line for each of its names, or for each of its entries."""
    if isinstance(document, dict):
        rows = [(format_html('<span class="record-name">{}</span> ', _name(key)), key) for key in document]
        told = [(name, _amount(document, key) or _told(document[key])) for name, key in rows]
    elif isinstance(document, list) and any(isinstance(one, (list, dict)) for one in document):
        told = [("", _told(one)) for one in document]
    else:
        return _told(document)
    return format_html('<ul class="record-lines">{}</ul>', format_html_join("", "<li>{}{}</li>", told)) if told else ""


def _name(key: str) -> str:
    return in_words(key.removesuffix("_minor"))


def _amount(document: dict, key: str) -> str:
    """Minor units beside their currency, as money."""
    kept, currency = document[key], document.get("currency")
    return format_money(kept, currency) if key.endswith("_minor") and type(kept) is int and currency else ""


def _told(kept: Any) -> str:
    """One thing of a document in words; what lies deeper stands on the same line."""
    if isinstance(kept, dict):
        return "; ".join(f"{_name(key)}: {_amount(kept, key) or _told(one)}" for key, one in kept.items()) or NOTHING
    if isinstance(kept, list):
        return (" · " if any(map(_is_sentence, kept)) else ", ").join(map(_told, kept)) or NOTHING
    if isinstance(kept, bool):
        return str(_("yes") if kept else _("no"))
    if isinstance(kept, int):
        return number(kept)
    if isinstance(kept, str) and MOMENT.fullmatch(kept):
        return localize(template_localtime(dt.datetime.fromisoformat(kept)))
    return NOTHING if kept is None or kept == "" else str(kept)


def _is_sentence(kept: Any) -> bool:
    return isinstance(kept, str) and " " in kept


class StaffList(ChangeList):
    """A list whose filters are called as its columns are, and whose count is said as people read it."""

    @property
    def result_count_text(self) -> str:
        """2,229; nobody counted beyond the limit, and so it says no more than that."""
        words = number(self.result_count)
        return _("%(count)s or more") % {"count": words} if self.result_count >= MOST_COUNTED else words

    def get_filters(self, request: HttpRequest) -> Any:
        found = super().get_filters(request)
        for one in found[0]:
            one.title = self.model_admin.title_of(one.field_path) or one.title
        return found


class PlainWords(admin.ModelAdmin):
    """Columns, filters and fields have titles that are words; whole tables are not counted."""

    titles: dict[str, Any] = {}
    """Field → what it is called in this table, where ``shops.admin.titles`` would not say it."""
    left_out: tuple[str, ...] = ()
    """Fields that say nothing to people, or say again what another field says; ``UNSAID`` are left out everywhere."""
    page_url_name = ""
    """Where what the record stands for is looked at and dealt with, if it has a page of its own."""
    page_words: Any = gettext_lazy("Open the desk")
    page_column = ""
    """The column of the list that leads there."""
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER  # "show counts" would count the whole table once for each filter
    paginator = CappedPaginator

    def title_of(self, name: Any) -> str:
        """The title of a field or of a column that stands for one; nothing for a column of the admin's own."""
        name = getattr(name, "__name__", name)
        fields = (*self.model._meta.fields, *self.model._meta.many_to_many)
        field = next((one for one in fields if one.name == name), None)
        return title_of(field, self.titles) if field is not None else ""

    def record_title(self, row: Any) -> str:
        """What a record is called at the top of its page, where the model's own words are not for reading."""
        return str(row)

    def has_own_titles(self) -> bool:
        """Do records have titles other than the model's own words?"""
        return type(self).record_title is not PlainWords.record_title

    def page_of(self, row: Any) -> str:
        """Where the deeds are that belong to a record; nothing where there are none."""
        return reverse(self.page_url_name, args=[row.pk]) if self.page_url_name else ""

    def may_open_page(self, request: HttpRequest) -> bool:
        """Who may open that page."""
        return self.has_change_permission(request)

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A record is named in words and leads to the page with its deeds."""
        row = kwargs.get("obj")
        if row is not None:
            context |= {"subtitle": capfirst(self.record_title(row))}
            page = self.page_of(row) if self.may_open_page(request) else ""
            typed = bool(context["adminform"].form.fields) and self.has_change_permission(request, row)
            context |= {"page_url": page, "page_words": self.page_words, "has_history": typed}
        return super().render_change_form(request, context, *args, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        unsaid = {*UNSAID, *self.left_out}
        return [name for name in super().get_fields(request, obj) if name not in unsaid]

    def get_list_display(self, request: HttpRequest) -> Any:
        names = super().get_list_display(request)
        if self.page_column and not self.may_open_page(request):
            names = [name for name in names if name != self.page_column]
        return as_read(self.model, names)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return StaffList

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """What nobody changed is not written: the row may have moved on since it was read for this page."""
        if form.changed_data:
            super().save_model(request, obj, form, change)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        titles = {field.name: title_of(field, self.titles) for field in self.model._meta.fields}
        return super().get_form(request, obj, change=change, labels=titles, **kwargs)


class ReadOnlyAdmin(PlainWords):
    """A list and a page to read. What may be done stands on a desk, as a verb."""

    list_per_page = 50
    actions = None

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """A page on which nothing can be typed has nothing to save, and its amounts are told as money."""
        adminform = context["adminform"]
        if not adminform.form.fields or not self.has_change_permission(request, kwargs.get("obj")):
            fieldsets = [
                (name, {**how, "fields": as_read(self.model, how["fields"], request)})
                for name, how in adminform.fieldsets
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


class ForgivingSearch:
    """A search of staff through an index of trigrams in every shop: what holds the words, else what is like them."""

    def found(self, rows: Any, words: str) -> Any:
        """The rows that hold the words."""
        raise NotImplementedError

    def alike(self, rows: Any, words: str) -> Any:
        """The rows that hold something like them."""
        raise NotImplementedError

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """As Django's; says so where nothing holds the words as they were typed."""
        words = " ".join(search_term.replace("\x00", "").split())[:100]
        if not words:
            return queryset, False
        found = self.found(queryset, words)
        if found.order_by().exists():
            return found, False
        near = self.alike(queryset, words)
        if request.method == "GET" and near.order_by().exists():
            sentence = _("Nothing holds “%(words)s” exactly; these are similar.")
            messages.info(request, sentence % {"words": words})
        return near, False
