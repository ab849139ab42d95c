"""A site with two entries of the menu and nothing else, for tests of the frame."""

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.http import require_POST

from seller_center.frame import Frame
from seller_center.kernel import deeds
from seller_center.kernel.errors import DomainError


@login_not_required
def page(request, shop: str = "") -> HttpResponse:
    """Any page."""
    return HttpResponse("ok")


@login_not_required
def fails(request) -> HttpResponse:
    """A page that breaks, with something in its message that nobody may read."""
    raise ValueError("secret of the house")


@login_not_required
def database_gone(request) -> HttpResponse:
    """A page whose database does not answer."""
    raise OperationalError("server closed the connection")


@login_not_required
def reads_body(request) -> HttpResponse:
    """A page that reads what was posted."""
    return HttpResponse(str(len(request.POST)))


class TrackingForm(forms.Form):
    """A deed with one field."""

    number = forms.CharField()


class OnHold(DomainError):
    """Refused."""


class Silent(DomainError):
    """Somebody else does not answer."""

    status = 503


POSTED: list[str] = []
"""What reached the deed, in the order of arrival."""


@login_not_required
def shipping(request) -> HttpResponse:
    """A page with a deed: 'hold' is refused, 'away' too (503), 'crash' crashes, an empty number is wrong, all else is done."""
    form = TrackingForm(request.POST or None)
    context = {"form": form, "frame": Frame(request), "posted": POSTED, "slip": {"number": "slip"}}
    if request.method == "GET":
        return render(request, "shipping.html", context)
    POSTED.append(request.POST.get("number", ""))
    if not form.is_valid():
        return render(request, "shipping.html#package", context, status=422)
    if form.cleaned_data["number"] == "crash":
        raise ValueError("crash")
    if form.cleaned_data["number"] == "hold":
        return deeds.refusal(request, OnHold("The package is on hold."), "shipping.html#package", context)
    if form.cleaned_data["number"] == "away":
        return deeds.refusal(request, Silent("The carrier does not answer."), "shipping.html#package", context)
    return deeds.deed_answer(
        request,
        template="shipping.html#package",
        context={**context, "form": TrackingForm()},
        redirect_to="/shipping/",
        message="Marked as shipped.",
    )


urlpatterns = [
    path("shipping/", shipping),
    path("accounts/", include("allauth.urls")),
    path("", include("seller_center.frame_urls")),
    path("s/<str:shop>/orders/", page, name="orders"),
    path("s/<str:shop>/settings/", page, name="settings"),
    path("s/<str:shop>/finance/", page, name="finance"),
    path("s/<str:shop>/notices/", page, name="notices"),
    path("s/<str:shop>/search/", page, name="search"),
    path("deed/", login_not_required(require_POST(page)), name="deed"),
    path("fails/", fails),
    path("api/fails/", fails),
    path("database-gone/", database_gone),
    path("reads-body/", reads_body),
]

handler400 = "seller_center.error_pages.bad_request"
handler403 = "seller_center.error_pages.forbidden"
handler404 = "seller_center.error_pages.not_found"
handler429 = "seller_center.error_pages.too_many"
handler500 = "seller_center.error_pages.broken"
