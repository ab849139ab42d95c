"""One door for what every list has: its file, its saved views, its columns, and deeds on many rows with a preview."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, QueryDict, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from seller_center import lists as files_of_lists
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError
from shops import jobs, lists, saved_views
from shops.access import ShopRequest, for_shop
from shops.lists import List
from shops.models import SavedView
from shops.views.lists import asked


def _list(request: ShopRequest, name: str, may: str = "view") -> List:
    """The list, for members who may see its area; for the others there is none."""
    which = files_of_lists.find(name)
    if which is None or not request.membership.may(which.area, "view"):
        raise Http404(_("There is no such list."))
    if not request.membership.may(which.area, may):
        raise PermissionDenied(_("Your role in this shop does not allow this."))
    return which


@for_shop(area="home", may="view", post="view")
def list_export(request: ShopRequest, shop, name: str) -> HttpResponseBase:
    """Exactly what the list shows, as CSV: at once, or, where it is much, prepared by a worker after a word."""
    which = _list(request, name)
    question, _form = asked(request, which, request.GET)
    if lists.more_than(which, question, files_of_lists.MOST_AT_ONCE):
        if request.method != "POST":
            here = f"{which.place(shop)}?{request.GET.urlencode()}"
            context = {"shop": shop, "which": which, "here": here, "most": files_of_lists.MOST_AT_ONCE}
            return render(request, "lists/export.html", context)
        payload = {"list": name, "query": request.GET.urlencode(), "columns": list(question.keys)}
        job = jobs.start_job(shop=shop, kind="lists.export", by=request.user, at=clock.now(), payload=payload)
        return redirect("shops:job", shop=shop.code, code=job.code)
    content = files_of_lists.csv_file(which, question)
    answer = StreamingHttpResponse(content, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{files_of_lists.file_name(which, question)}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _back(which: List, shop, query: str) -> HttpResponse:
    here = which.place(shop)
    return redirect(f"{here}?{query}" if query else here)


@require_POST
@for_shop(area="home", may="view", post="view")
def list_view(request: ShopRequest, shop, name: str) -> HttpResponse:
    """Keep the list as it is under a name; columns that were chosen go with it."""
    which = _list(request, name)
    query = lists.canonical(which, request.POST.get("query", "")[:4000])
    try:
        view = saved_views.save(
            shop=shop,
            list_name=which.name,
            name=request.POST.get("name", ""),
            query=_with_columns(request, which, query),
            shared="shared" in request.POST,
            by=request.user,
            at=clock.now(),
        )
    except DomainError as error:
        messages.error(request, str(error))
        return _back(which, shop, query)
    messages.success(request, _("The view is saved."))
    return _back(which, shop, view.query)


def _with_columns(request: ShopRequest, which: List, query: str) -> str:
    """The query with the columns that this member sees, where they are not the usual ones."""
    question, _form = asked(request, which, QueryDict(query))
    if question.keys == which.usual:
        return query
    given = QueryDict(query, mutable=True)
    given[lists.COLUMNS] = ",".join(question.keys)
    return lists.canonical(which, given.urlencode())


@require_POST
@for_shop(area="home", may="view", post="view")
def list_view_removal(request: ShopRequest, shop, name: str, number: int) -> HttpResponse:
    """Forget a view: one's own, or a shared one by those who run the shop."""
    which = _list(request, name)
    seen = SavedView.objects.in_shop(shop).of_list(shop, request.user, which.name)
    view = get_object_or_404(seen.select_related("shop"), pk=number)
    try:
        saved_views.remove(view=view, member=request.membership)
    except DomainError as error:
        messages.error(request, str(error))
        return _back(which, shop, view.query)
    messages.success(request, _("The view is removed."))
    return _back(which, shop, "")


@require_POST
@for_shop(area="home", may="view", post="view")
def list_columns(request: ShopRequest, shop, name: str) -> HttpResponse:
    """Which columns this member sees in this list, from now on."""
    which = _list(request, name)
    keys = [] if "usual" in request.POST else [one.key for one in which.choose(request.POST.getlist("column"))]
    saved_views.choose_columns(member=request.membership, list_name=which.name, keys=keys)
    given = QueryDict(lists.canonical(which, request.POST.get("query", "")[:4000]), mutable=True)
    given.pop(lists.COLUMNS, None)
    return _back(which, shop, given.urlencode())


_EFFECT_COLUMNS = (
    {"label": gettext_lazy("What"), "as": "main"},
    {"label": gettext_lazy("Before")},
    {"label": gettext_lazy("After")},
)


@require_POST
@for_shop(area="home", may="view", post="view")
def list_deed(request: ShopRequest, shop, name: str, key: str) -> HttpResponse:
    """A deed on the picked rows: first what it would do, then, confirmed, what it did; each row by itself."""
    which = _list(request, name)
    deed = which.deed(key)
    if deed is None:
        raise Http404(_("There is no such deed."))
    _list(request, name, may=deed.may)
    codes = list(dict.fromkeys(request.POST.getlist("pick")))
    confirmed = "confirmed" in request.POST
    act = lists.do if confirmed else lists.rehearse
    outcomes = act(which, deed, request.membership, codes[: lists.MOST_PICKED], at=clock.now())
    done = [one for one in outcomes if one.done]
    context: dict[str, Any] = {
        "shop": shop,
        "which": which,
        "deed": deed,
        "confirmed": confirmed,
        "done": done,
        "columns": _EFFECT_COLUMNS,
        "rows": [
            {"url": one.url, "id": f"effect-{one.code}", "cells": (("two", one.title, one.code), one.before, one.after)}
            for one in done
        ],
        "refused": [one for one in outcomes if not one.done],
        "left_out": max(0, len(codes) - lists.MOST_PICKED),
        "here": which.place(shop),
    }
    return render(request, "lists/deed.html", context, status=200 if done or not confirmed or not outcomes else 409)
