"""The deadline inbox: every clock of the shop that this member may see, soonest first."""

from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.calendar import month_period
from seller_center.kernel.deeds import deed_answer, refusal
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.paging import keyset_page
from shops import deadlines
from shops.access import ShopRequest, for_shop
from shops.deadline_kinds import KINDS
from shops.forms.settings import DelegateForm, InboxFilter, QuietForm
from shops.models import AREAS, Deadline
from shops.notifying import members

COUNT_CAP = 99


@for_shop(area="home", may="view")
def inbox(request: ShopRequest, shop) -> HttpResponse:
    """All running clocks, with filters in the URL, and what was lost by silence this month on top."""
    return render(request, "shops/inbox.html", _page(request, shop))


@require_POST
@for_shop(area="home", may="view", post="view")
def deadline_person(request: ShopRequest, shop, number: int) -> HttpResponse:
    """Make somebody responsible. Asks for the right to change in the clock's own area."""
    row = _deadline(request, shop, number)
    form = DelegateForm(request.POST, people=members(shop))

    def deed() -> str:
        if not form.is_valid():
            raise Invalid(_("Choose a member of the team."))
        deadlines.delegate(deadline=row, to=form.person(), by=request.user, at=clock.now())
        return _("Saved.")

    return _answer(request, shop, deed)


@require_POST
@for_shop(area="home", may="view", post="view")
def deadline_quiet(request: ShopRequest, shop, number: int) -> HttpResponse:
    """No reminders for a while; the clock runs on."""
    row = _deadline(request, shop, number)
    form = QuietForm(request.POST)

    def deed() -> str:
        if not form.is_valid():
            raise Invalid(_("Choose for how long."))
        at = clock.now()
        deadlines.snooze(deadline=row, until=form.until(at), by=request.user, at=at)
        return _("No reminders for a while. The clock runs on.")

    return _answer(request, shop, deed)


def _answer(request: ShopRequest, shop, deed) -> HttpResponse:
    here = reverse("shops:inbox", kwargs={"shop": shop.code})
    try:
        message = deed()
    except DomainError as error:
        return refusal(request, error, "shops/inbox.html#rows", lambda: _page(request, shop))
    return deed_answer(
        request,
        template="shops/inbox.html#rows",
        context=lambda: _page(request, shop),
        redirect_to=here,
        message=message,
    )


def _deadline(request: ShopRequest, shop, number: int) -> Deadline:
    """The clock, if this member may see its area (else 404) and change it (else 403)."""
    row = get_object_or_404(Deadline.objects.in_shop(shop).select_related("shop"), pk=number)
    if row.area not in _areas(request):
        raise Http404(_("There is no such deadline."))
    if not request.membership.may(row.area, "edit"):
        raise PermissionDenied(_("Your role in this shop does not allow this."))
    return row


def _areas(request: ShopRequest) -> set[str]:
    return {area for area in AREAS if request.membership.may(area, "view")}


def _page(request: ShopRequest, shop) -> dict[str, Any]:
    at, areas = clock.now(), _areas(request)
    people = members(shop)
    form = InboxFilter(request.GET or None, areas=areas, people=people)
    rows = Deadline.objects.in_shop(shop).filter(area__in=areas, ended_at__isnull=True)
    chosen = form.cleaned_data if form.is_valid() else {}
    rows = _filtered(rows.select_related("assigned_to"), chosen, request.user)
    page = keyset_page(rows, order=("due_at", "id"), token=request.GET.get("page", ""))
    return {
        "shop": shop,
        "form": form,
        "filtered": any(chosen.values()),
        "page": page,
        "lines": [_line(request, shop, row, at) for row in page.rows],
        "people": people,
        "quiet": QuietForm.CHOICES,
        "lost": _lost(shop, areas, at),
        "at": at,
    }


def _filtered(rows: QuerySet, chosen: dict[str, str], user) -> QuerySet:
    if chosen.get("kind"):
        rows = rows.filter(kind=chosen["kind"])
    person = chosen.get("person", "")
    if person == "me":
        rows = rows.filter(assigned_to=user)
    elif person == "nobody":
        rows = rows.filter(assigned_to__isnull=True)
    elif person:
        rows = rows.filter(assigned_to=int(person))
    return rows


def _line(request: ShopRequest, shop, row: Deadline, at) -> dict[str, Any]:
    kind = KINDS.get(row.kind)
    return {
        "row": row,
        "kind": kind.name if kind else row.kind,
        "label": row.label or row.subject_code,
        "url": subject_url(shop, row),
        "may_edit": request.membership.may(row.area, "edit"),
        "quiet": row.snoozed_until is not None and row.snoozed_until > at,
    }


def subject_url(shop, row: Deadline) -> str:
    """The page of what the clock is about, empty where it has none."""
    name = KINDS[row.kind].url_name if row.kind in KINDS else ""
    for arguments in ({"shop": shop.code, "code": row.subject_code}, {"shop": shop.code}):
        try:
            return reverse(name, kwargs=arguments) if name else ""
        except NoReverseMatch:
            continue
    return ""


def _lost(shop, areas: set[str], at) -> str:
    """How many clocks ran out unanswered this month; capped, since nobody reads a larger number."""
    today = at.astimezone(ZoneInfo(shop.zone))
    month = month_period(today.year, today.month, shop.zone)
    rows = Deadline.objects.in_shop(shop).filter(
        area__in=areas, ended_as=Deadline.Ended.LOST_BY_SILENCE, ended_at__gte=month.start, ended_at__lt=month.end
    )
    number = len(rows.order_by("id").values_list("id", flat=True)[: COUNT_CAP + 1])
    return f"{COUNT_CAP}+" if number > COUNT_CAP else str(number)
