"""The door of every list: what its address asks, worked out and shown in one component (``components/list.html``)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import render

from seller_center.kernel import clock
from seller_center.kernel.addresses import address
from seller_center.kernel.paging import KeysetPage
from seller_center.kernel.prepared import prepared
from shops import lists, saved_views
from shops.access import ShopRequest
from shops.lists import List, Question
from shops.models import AREAS, SavedView


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as its page shows it."""

    which: List
    question: Question
    form: forms.Form | None
    page: KeysetPage
    similar: bool
    columns: list[dict[str, Any]]
    rows: list[dict[str, Any]]
    tabs: list[dict[str, Any]]
    sorts: list[dict[str, Any]]
    choices: list[dict[str, Any]]
    views: list[dict[str, Any]]
    deeds: list[dict[str, Any]]
    empty: dict[str, Any]
    keep: dict[str, str]
    here: str
    clear: str
    query: str
    urls: dict[str, str]

    @property
    def may_save(self) -> bool:
        """Is there something to keep?"""
        return bool(self.query) and not any(view["here"] for view in self.views)


def areas_of(membership, may: str = "view") -> frozenset[str]:
    """What this member may see, or change."""
    return frozenset(area for area in AREAS if membership.may(area, may))


def asked(request: ShopRequest, which: List, query: Mapping[str, str]) -> tuple[Question, forms.Form | None]:
    """What a member asks of a list by an address."""
    return lists.ask(
        which,
        query,
        shop=request.shop,
        at=clock.now(),
        user=request.user,
        areas=areas_of(request.membership),
        edits=areas_of(request.membership, "edit"),
        chosen=request.membership.list_columns.get(which.name, ()),
    )


def show(
    request: ShopRequest, which: List, template: str = "list_page.html", context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """The page of a list; ``context`` is what its template shows around it."""
    given = {"shop": request.shop, "list": shown(request, which), **(context or {})}
    return render(request, template, given)


def asked_from(request: ShopRequest) -> QueryDict:
    """The query of the page on which somebody did a deed: what comes back is the list as they had it."""
    return QueryDict(urlsplit(request.headers.get("HX-Current-URL", "")).query)


def row_answer(
    request: ShopRequest, which: List, row: Any, beside: Callable[[Question], Any] | None = None
) -> dict[str, Any]:
    """What ``components/list_row.html`` shows: one row with the columns that the member sees, after a deed in it."""
    query = asked_from(request)
    question, _form = asked(request, which, query)
    known = beside(question) if beside else which.beside(question, [row])
    parts = _Parts(request, which, question, which.place(request.shop), dict(query.items()))
    return {
        "shop": request.shop,
        "columns": parts.columns(),
        "row": parts.row(row, tuple(column.cell(row, known) for column in question.columns)),
    }


def shown(request: ShopRequest, which: List, query: Mapping[str, str] | None = None) -> Shown:
    """Everything that the component shows, as plain values."""
    query = request.GET if query is None else query
    question, form = asked(request, which, query)
    page, similar = lists.page(which, question, token=query.get(lists.PAGE, ""))
    here = which.place(request.shop)
    kept = lists.canonical(which, urlencode(list(query.items())))
    parts = _Parts(request, which, question, here, dict(query.items()))
    return Shown(
        which=which,
        question=question,
        form=form,
        page=page,
        similar=similar,
        columns=parts.columns(),
        rows=parts.rows(page.rows),
        tabs=parts.tabs(),
        sorts=parts.sorts(),
        choices=parts.choices(),
        views=parts.views(kept),
        deeds=parts.deeds(),
        empty={} if page.rows else which.empty(question),
        keep=parts.kept_besides_filters(),
        here=here,
        clear=parts.address(**dict.fromkeys(parts.filters, "")),
        query=kept,
        urls=parts.urls(),
    )


class _Parts:
    """The parts of a list's page, from one question."""

    def __init__(self, request: ShopRequest, which: List, question: Question, here: str, query: dict[str, str]):
        self.request, self.which, self.question, self.here = request, which, question, here
        self.filters = tuple(which.form_class.base_fields) if which.form_class else ()
        names = (which.tab_name, *self.filters, lists.SORT, lists.COLUMNS)
        self.pick = bool(which.deeds_for(request.membership))
        self.given = {name: query[name] for name in names if query.get(name)}

    def address(self, **changes: str) -> str:
        """The list's address with some parts changed (empty: left out), always on the first page."""
        parts = {name: value for name, value in {**self.given, **changes}.items() if value}
        return f"{self.here}?{urlencode(parts)}" if parts else self.here

    def kept_besides_filters(self) -> dict[str, str]:
        return {name: value for name, value in self.given.items() if name not in self.filters}

    def columns(self) -> list[dict[str, Any]]:
        offered, sort = self.which.sorts_of(self.question.tab, self.question.words), self.question.sort
        found = []
        for column in self.question.columns:
            made = {"label": column.label, "as": column.kind, "right": column.right, "picture": column.picture}
            if column.sort and column.sort in offered and f"-{column.sort}" in offered:
                up = sort == column.sort
                made["sorted"] = "ascending" if up else "descending" if sort == f"-{column.sort}" else ""
                usual = next(one for one in offered if one.lstrip("-") == column.sort)
                other = f"-{column.sort}" if up else column.sort
                made["sort_url"] = self.address(sort=other if made["sorted"] else usual)
            found.append(made)
        return found

    def rows(self, rows: Sequence[Any]) -> list[dict[str, Any]]:
        made = lists.cells(self.which, self.question, rows)
        return [self.row(row, values) for row, values in zip(rows, made, strict=True)]

    def row(self, row: Any, values: tuple[Any, ...]) -> dict[str, Any]:
        which = self.which
        return {
            "code": which.code(row) if self.pick else "",
            "id": which.ident(row),
            "url": which.url(self.request.shop, row),
            "cells": values,
        }

    def tabs(self) -> list[dict[str, Any]]:
        if not self.which.tabs:
            return []
        # They are of all rows: beside a filter they would say something else than the rows below.
        counts = {} if self.question.filtered else self.which.counts_for(self.question)
        first = next(iter(self.which.tabs))
        return [
            {
                "label": label,
                "url": self.address(**{self.which.tab_name: "" if tab == first else tab, "sort": ""}),
                "here": tab == self.question.tab,
                "count": _shown_count(counts.get(tab, 0)),
            }
            for tab, label in self.which.tabs.items()
        ]

    def sorts(self) -> list[dict[str, Any]]:
        """The ways to sort, where there is more than one."""
        offered = self.which.sorts_of(self.question.tab, self.question.words)
        if len(offered) < 2:
            return []
        usual = next(iter(offered))
        return [
            {
                "label": one.label,
                "url": self.address(sort="" if key == usual else key),
                "here": key == self.question.sort,
            }
            for key, one in offered.items()
        ]

    def choices(self) -> list[dict[str, Any]]:
        shown = set(self.question.keys)
        return [
            {"key": column.key, "label": column.label, "shown": column.key in shown, "fixed": column.kind == "main"}
            for column in self.which.columns
        ]

    def views(self, kept: str) -> list[dict[str, Any]]:
        asked = {"shop": self.request.shop.pk, "user": self.request.user.pk, "name": self.which.name}
        return [
            {
                "name": view.name,
                "url": f"{self.here}?{view.query}",
                "here": view.query == kept,
                "shared": view.shared,
                "removal": self._door("list_view_removal", number=view.pk)
                if saved_views.may_remove(view, self.request.membership)
                else "",
            }
            for view in _views_of(**asked)
        ]

    def deeds(self) -> list[dict[str, Any]]:
        code = self.request.shop.code
        return [
            {
                "label": deed.label,
                "icon": deed.icon,
                "tone": deed.tone,
                "url": self._door("list_deed", key=deed.key) if deed.verb else address(deed.url_name, shop=code),
            }
            for deed in self.which.deeds_for(self.request.membership)
        ]

    def urls(self) -> dict[str, str]:
        query = urlencode(self.given)
        return {
            "export": self._door("list_export") + (f"?{query}" if query else ""),
            "save": self._door("list_view"),
            "columns": self._door("list_columns"),
        }

    def _door(self, name: str, **more: Any) -> str:
        return address(name, shop=self.request.shop.code, name=self.which.name, **more)


def _shown_count(number: int) -> str:
    return "" if not number else f"{lists.COUNT_CAP}+" if number > lists.COUNT_CAP else str(number)


@prepared
def _views_of(*, shop: int, user: int, name: str) -> QuerySet[SavedView]:
    return SavedView.objects.of_list(shop, user, name)[: saved_views.MOST]
