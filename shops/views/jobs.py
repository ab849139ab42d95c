"""The page of long work: how far it is, its log, its result, and taking it back."""

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from seller_center.kernel import clock
from seller_center.kernel.deeds import deed_answer, is_htmx, refusal
from seller_center.kernel.errors import DomainError
from seller_center.kernel.text import number
from shops import jobs
from shops.access import ShopRequest, for_shop
from shops.models import Job


@require_safe
@for_shop(area="home", may="view")
def job(request: ShopRequest, shop, code: str) -> HttpResponse:
    """The job; htmx asks for it again every two seconds until it has ended."""
    row = _job(request, shop, code)
    if not is_htmx(request):
        return render(request, "shops/job.html", _page(shop, row))
    answer = render(request, "shops/job.html#job", _page(shop, row))
    if row.ended and _stands_elsewhere(request):
        answer["HX-Refresh"] = "true"  # the page around it knows what became of the work, and what can be done now
    return answer


def _stands_elsewhere(request: ShopRequest) -> bool:
    """Is the job shown on the page of what it works on, not on its own?"""
    here = urlsplit(request.headers.get("HX-Current-URL", "")).path
    return bool(here) and here != request.path


@require_POST
@for_shop(area="home", may="view", post="view")
def job_cancellation(request: ShopRequest, shop, code: str) -> HttpResponse:
    """Take a job back: whoever asked for it, or may change its area."""
    row = _job(request, shop, code)
    if row.by_id != request.user.pk and not request.membership.may(jobs.area_of(row.kind), "edit"):
        raise PermissionDenied(_("Your role in this shop does not allow this."))
    try:
        jobs.ask_to_cancel(job=row, by=request.user, at=clock.now())
    except DomainError as error:
        return refusal(request, error, "shops/job.html#job", lambda: _page(shop, _job(request, shop, code)))
    return deed_answer(
        request,
        template="shops/job.html#job",
        context=lambda: _page(shop, _job(request, shop, code)),
        redirect_to=reverse("shops:job", kwargs={"shop": shop.code, "code": row.code}),
        message=_("It will stop after the piece it is at."),
    )


def _job(request: ShopRequest, shop, code: str) -> Job:
    """The job, for whoever asked for it and whoever may see its area."""
    row = get_object_or_404(Job.objects.in_shop(shop).of_code(code.upper()).select_related("shop", "by"))
    if row.by_id != request.user.pk and not request.membership.may(jobs.area_of(row.kind), "view"):
        raise Http404(_("There is no such job."))
    return row


def _page(shop, row: Job) -> dict[str, Any]:
    place = {"shop": shop.code, "code": row.code}
    return {
        "shop": shop,
        "job": row,
        "title": jobs.title_of(row.kind),
        "poll_url": reverse("shops:job", kwargs=place),
        "cancel_url": "" if row.cancel_asked_at else reverse("shops:job_cancellation", kwargs=place),
        "rows": [
            {"label": jobs.RESULTS[name], "value": number(value) if type(value) is int else value}
            for name, value in row.result.items()
            if name in jobs.RESULTS and value is not None
        ],
    }
