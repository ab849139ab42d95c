"""The deadline inbox: every clock of the shop that this member may see, soonest first."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied
from django.db import connection
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.addresses import address
from seller_center.kernel.calendar import month_period
from seller_center.kernel.deeds import deed_answer, is_htmx, refusal
from seller_center.kernel.errors import DomainError, Invalid
from seller_center.kernel.prepared import prepared
from shops import deadlines, lists
from shops.access import ShopRequest, for_shop
from shops.deadline_kinds import KINDS
from shops.forms.settings import DelegateForm, InboxFilter, QuietForm
from shops.models import Deadline
from shops.notifying import members, members_by_area
from shops.views.lists import areas_of, asked_from, show, shown

#: For how long the deed on many clocks quietens them.
QUIET = dt.timedelta(days=1)


class NotYourArea(DomainError):
    """A clock of an area that the member may look at and not change."""

    code, status = "not_your_area", 403


@dataclass(frozen=True, slots=True)
class Refused:
    """What was chosen in a row and refused: it stays chosen, with the sentence below it. ``words``: what it is called."""

    code: str
    name: str
    value: str
    error: str
    words: str = ""


class Beside:
    """What the cells need: who could be responsible, what the member may change, the moment, and what was refused."""

    def __init__(self, question: lists.Question, refused: Refused | None = None):
        self._refused = refused
        self.shop, self.at, self.edits = question.shop, question.at, question.edits
        self._people = {
            area: tuple((str(one.pk), str(one)) for one in people)
            for area, people in members_by_area(question.shop).items()
        }
        self.quiet = tuple((key, str(words)) for key, words in QuietForm.CHOICES)

    def people(self, row: Deadline) -> tuple[tuple[str, str], ...]:
        """Who may be made responsible: those who may see the area, and who is responsible now."""
        found = (("", _("Everybody")), *self._people.get(row.area, ()))
        now = (str(row.assigned_to_id), str(row.assigned_to)) if row.assigned_to_id else found[0]
        return found if now in found else (*found, now)

    def choice(self, row: Deadline, name: str, options: tuple, value: str) -> tuple[tuple, str, str]:
        """The options, the one that is chosen, and what is wrong with it."""
        refused = self._refused
        if refused is None or (refused.code, refused.name) != (str(row.pk), name):
            return options, value, ""
        if refused.words and refused.value not in dict(options):
            options = (*options, (refused.value, refused.words))
        return options, refused.value if refused.value in dict(options) else value, refused.error

    def door(self, name: str, row: Deadline) -> str:
        return address(f"shops:{name}", shop=self.shop.code, number=row.pk)


def _about(row: Deadline) -> str:
    return row.label or row.subject_code


def _kind(row: Deadline) -> str:
    return str(KINDS[row.kind].name) if row.kind in KINDS else row.kind


def _responsible(row: Deadline, beside: Beside):
    """Whose it is; who may change that, chooses."""
    if row.area not in beside.edits or row.ended_at is not None:
        return str(row.assigned_to) if row.assigned_to else _("Everybody")
    label = _("Responsible for %(what)s") % {"what": _about(row)}
    options, value, error = beside.choice(row, "to", beside.people(row), str(row.assigned_to_id or ""))
    return ("choose", beside.door("deadline_person", row), "to", options, value, label, _("Assign"), None, error)


def _reminders(row: Deadline, beside: Beside):
    """Quiet until when; who may, chooses for how long, or ends it."""
    if row.ended_at is not None:
        return None
    until = row.snoozed_until if row.snoozed_until is not None and row.snoozed_until > beside.at else None
    if row.area not in beside.edits:
        return ("until", _("quiet until"), until) if until else None
    door, about = beside.door("deadline_quiet", row), {"what": _about(row)}
    options, value, error = beside.choice(row, "hours", beside.quiet, "" if until else QuietForm.ON)
    if until:
        label = _("Reminders of %(what)s, quiet now") % about
        return ("choose", door, "hours", options, value, label, _("Change"), (_("quiet until"), until), error)
    label = _("Reminders of %(what)s") % about
    return ("choose", door, "hours", options, value, label, _("Set"), None, error)


def _days(at: dt.datetime, zone: str) -> tuple[dt.datetime, dt.datetime]:
    """The next midnight of the shop, and the one after six more days."""
    today = at.astimezone(ZoneInfo(zone)).replace(hour=0, minute=0, second=0, microsecond=0)
    return today + dt.timedelta(days=1), today + dt.timedelta(days=7)


def _changeable(row: Deadline) -> Deadline:
    if not getattr(row, "may_edit", False):
        raise NotYourArea(_("Your role in this shop does not allow this."))
    return row


_COUNT = (
    "(SELECT count(*) FROM (SELECT 1 FROM shops_deadline WHERE shop_id = %(shop)s AND ended_at IS NULL"
    " AND area = ANY(%(areas)s) AND due_at < %({until})s LIMIT %(most)s) AS counted)"
)
_COUNT_RUNNING = "SELECT " + ", ".join(_COUNT.format(until=name) for name in ("now", "midnight", "week"))


class Deadlines(lists.List):
    """Every promise with a time: shipping, answers, returns, documents."""

    name, area, url_name, title = "deadlines", "home", "shops:inbox", gettext_lazy("Deadlines")
    form_class = InboxFilter
    tabs = {
        "": gettext_lazy("All"),
        "overdue": gettext_lazy("Overdue"),
        "today": gettext_lazy("By tonight"),
        "week": gettext_lazy("In seven days"),
        "lost": gettext_lazy("Lost this month"),
    }
    sorts = {
        "due": lists.Sort(gettext_lazy("Due first"), ("due_at", "id")),
        "-due": lists.Sort(gettext_lazy("Due last"), ("-due_at", "-id")),
    }
    columns = (
        lists.Column(
            "what",
            gettext_lazy("What"),
            lambda row, beside: ("two", _about(row), _kind(row)),
            "main",
            below=gettext_lazy("Kind"),
        ),
        lists.Column("left", gettext_lazy("Left"), lambda row, beside: ("deadline", row), "tag"),
        lists.Column("due", gettext_lazy("Due"), lambda row, beside: ("moment", row.due_at), sort="due"),
        lists.Column("person", gettext_lazy("Responsible"), _responsible),
        lists.Column("reminders", gettext_lazy("Reminders"), _reminders),
        lists.Column("since", gettext_lazy("Running since"), lambda row, beside: ("moment", row.set_at), shown=False),
    )
    deeds = (
        lists.Deed(
            "take",
            gettext_lazy("I take these"),
            "user",
            "primary",
            verb=lambda row, *, by, at: deadlines.delegate(deadline=_changeable(row), to=by, by=by, at=at),
            meaning=gettext_lazy("You become responsible; reminders go to you."),
        ),
        lists.Deed(
            "quiet",
            gettext_lazy("Quiet for a day"),
            "bell",
            verb=lambda row, *, by, at: deadlines.snooze(deadline=_changeable(row), until=at + QUIET, by=by, at=at),
            meaning=gettext_lazy("No reminders for a day. The clocks run on."),
        ),
    )

    def form(self, data, *, shop, user, areas: frozenset[str]):
        return InboxFilter(data, areas=set(areas), people=members(shop))

    def rows(self, question: lists.Question, *, similar: bool = False):
        rows = Deadline.objects.in_shop(question.shop).filter(area__in=question.areas).select_related("assigned_to")
        if question.tab == "lost":
            month = _month(question.shop, question.at)
            rows = rows.filter(
                ended_as=Deadline.Ended.LOST_BY_SILENCE, ended_at__gte=month.start, ended_at__lt=month.end
            )
        else:
            rows = rows.filter(ended_at__isnull=True)
            midnight, week = _days(question.at, question.shop.zone)
            until = {"overdue": question.at, "today": midnight, "week": week}.get(question.tab)
            rows = rows.filter(due_at__lt=until) if until else rows
        return self._chosen(rows, question)

    def _chosen(self, rows, question: lists.Question):
        kind, person = question.filters.get("kind"), question.filters.get("person")
        if kind:
            rows = rows.filter(kind=kind)
        if person == "me":
            return rows.filter(assigned_to=question.user)
        if person == "nobody":
            return rows.filter(assigned_to__isnull=True)
        return rows.filter(assigned_to=int(person)) if person else rows

    def __init__(self, refused: Refused | None = None):
        self.refused = refused

    def beside(self, question: lists.Question, rows: Sequence[Deadline]) -> Beside:
        return Beside(question, self.refused)

    def counts_for(self, question: lists.Question) -> dict[str, int]:
        midnight, week = _days(question.at, question.shop.zone)
        given = {"shop": question.shop.pk, "areas": list(question.areas), "most": lists.COUNT_CAP + 1}
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_RUNNING, {**given, "now": question.at, "midnight": midnight, "week": week})
            return dict(zip(("overdue", "today", "week"), cursor.fetchone(), strict=True))

    def code(self, row: Deadline) -> str:
        return str(row.pk)

    def url(self, shop, row: Deadline) -> str:
        return subject_url(shop, row)

    def title_of(self, row: Deadline) -> str:
        return f"{_kind(row)}: {_about(row)}"

    def standing(self, row: Deadline) -> Any:
        words = str(row.assigned_to) if row.assigned_to else _("Everybody")
        return f"{words} ({_('quiet')})" if row.snoozed_until else words

    def picked(self, member, codes: Sequence[str]) -> list[Deadline]:
        keys = [int(code) for code in codes if code.isascii() and code.isdigit() and len(code) < 19]
        rows = Deadline.objects.in_shop(member.shop).filter(pk__in=keys, area__in=areas_of(member))
        found = list(rows.select_related("assigned_to", "shop").order_by("pk"))
        for row in found:
            row.may_edit = member.may(row.area, "edit")
        return found

    def empty(self, question: lists.Question) -> dict:
        here = reverse("shops:inbox", kwargs={"shop": question.shop.code})
        if question.tab == "lost":
            text = _("No promise of this month ran out without an answer. That is how it should be.")
            return {"icon": "circle-check", "title": _("Nothing was lost"), "text": text}
        if question.tab:
            text = _("Nothing ends in this time.")
            return {"icon": "alarm", "title": _("Nothing is due"), "text": text, "url": here, "action": _("See all")}
        text = _("Every promise with a time stands here: shipping, answers, returns, documents.")
        return {"icon": "alarm", "title": _("Nothing is due"), "text": text}


DEADLINES = Deadlines()


@for_shop(area="home", may="view")
def inbox(request: ShopRequest, shop) -> HttpResponse:
    """All running clocks, with filters in the URL, and what was lost by silence this month on top."""
    return show(request, DEADLINES, "shops/inbox.html", _page(request, shop))


def _page(request: ShopRequest, shop) -> dict[str, Any]:
    """What stands around the list."""
    lost = _lost(shop, areas_of(request.membership), clock.now())
    return {"shop": shop, "lost": lost, "lost_is_good": lost == "0"}


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

    wanted = request.POST.get("to", "")
    return _answer(request, shop, deed, row, "to", wanted, str(form.people.get(wanted, "")))


@require_POST
@for_shop(area="home", may="view", post="view")
def deadline_quiet(request: ShopRequest, shop, number: int) -> HttpResponse:
    """No reminders for a while, or again; the clock runs on."""
    row = _deadline(request, shop, number)
    form = QuietForm(request.POST)

    def deed() -> str:
        if not form.is_valid():
            raise Invalid(_("Choose for how long."))
        at = clock.now()
        until = form.until(at)
        if until is None:
            deadlines.wake(deadline=row, by=request.user)
            return _("Reminders are on.")
        deadlines.snooze(deadline=row, until=until, by=request.user, at=at)
        if row.due_at < until:
            return _("No reminders until this ends, which is sooner than that. The clock runs on.")
        return _("No reminders for a while. The clock runs on.")

    return _answer(request, shop, deed, row, "hours", request.POST.get("hours", ""))


def _answer(request: ShopRequest, shop, deed, row: Deadline, name: str, value: str, words: str = "") -> HttpResponse:
    """The list after a deed in a row of it. ``name`` and ``value``: what was chosen there."""
    here = reverse("shops:inbox", kwargs={"shop": shop.code})

    def context(refused: Refused | None = None) -> dict[str, Any]:
        found = shown(request, Deadlines(refused), asked_from(request))
        told = refused is not None and any(one["code"] == refused.code for one in found.rows)
        return {**_page(request, shop), "list": found, "told_in_row": told}

    try:
        message = deed()
    except DomainError as error:
        template = "components/list_body.html" if is_htmx(request) else "shops/inbox.html"
        refused = Refused(str(row.pk), name, value, str(error), words)
        return refusal(request, error, template, lambda: context(refused))
    return deed_answer(
        request, template="components/list_body.html", context=context, redirect_to=here, message=message
    )


def _deadline(request: ShopRequest, shop, number: int) -> Deadline:
    """The clock, if this member may see its area (else 404) and change it (else 403)."""
    row = get_object_or_404(Deadline.objects.in_shop(shop).select_related("shop"), pk=number)
    if row.area not in areas_of(request.membership):
        raise Http404(_("There is no such deadline."))
    if not request.membership.may(row.area, "edit"):
        raise PermissionDenied(_("Your role in this shop does not allow this."))
    return row


def subject_url(shop, row: Deadline) -> str:
    """The page of what the clock is about, empty where it has none."""
    name = KINDS[row.kind].url_name if row.kind in KINDS else ""
    named = _names_of(name) if name else ()
    given = {"shop": shop.code, "code": row.subject_code}
    try:
        return address(name, **{key: given[key] for key in named}) if named else ""
    except NoReverseMatch:
        return ""


@lru_cache(maxsize=256)
def _names_of(name: str) -> tuple[str, ...]:
    """What the address of a place asks for: the shop and a code, or the shop alone; nothing where it is no place."""
    for names in (("shop", "code"), ("shop",)):
        try:
            reverse(name, kwargs=dict.fromkeys(names, "X"))
        except NoReverseMatch:
            continue
        return names
    return ()


def _month(shop, at: dt.datetime):
    today = at.astimezone(ZoneInfo(shop.zone))
    return month_period(today.year, today.month, shop.zone)


def _lost(shop, areas: frozenset[str], at: dt.datetime) -> str:
    """How many clocks ran out unanswered this month; capped, since nobody reads a larger number."""
    month = _month(shop, at)
    asked = {"shop": shop.pk, "areas": sorted(areas), "start": month.start, "end": month.end}
    number = len(_lost_within(**asked)) if areas else 0
    return f"{lists.COUNT_CAP}+" if number > lists.COUNT_CAP else str(number)


@prepared
def _lost_within(*, shop: int, areas: list[str], start: dt.datetime, end: dt.datetime) -> QuerySet:
    rows = Deadline.objects.in_shop(shop).filter(
        area__in=areas, ended_as=Deadline.Ended.LOST_BY_SILENCE, ended_at__gte=start, ended_at__lt=end
    )
    return rows.order_by("id").values_list("id", flat=True)[: lists.COUNT_CAP + 1]
