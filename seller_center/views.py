"""Pages of the roof itself: appearance, the installable app, the style guide. (Errors: ``error_pages``.)"""

import hashlib

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from seller_center.frame import THEME_COOKIE, THEMES
from seller_center.kernel import clock
from seller_center.styleguide import specimens, storefront_specimens

YEAR = 365 * 24 * 3600


@login_not_required
@csrf_exempt
@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie, anything else forgets it; then back to where one was.

    Without a token: a forged post can change nothing but the colours, and every public page is free of a token cookie.
    """
    target = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(
        target, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        target = "/"
    answer = HttpResponseRedirect(target)
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        # Read by the script that switches without a reload, so not HttpOnly; it holds nothing but the word.
        answer.set_cookie(THEME_COOKIE, theme, max_age=YEAR, secure=settings.SESSION_COOKIE_SECURE, samesite="Lax")
    else:
        answer.delete_cookie(THEME_COOKIE, samesite="Lax")
    return answer


@login_not_required
@require_GET
@cache_control(max_age=3600)
def manifest(request: HttpRequest) -> HttpResponse:
    """What a device needs to install the site as an app."""
    return render(request, "app/manifest.webmanifest", content_type="application/manifest+json")


@login_not_required
@require_GET
@cache_control(max_age=24 * 3600)
def favicon(request: HttpRequest) -> HttpResponse:
    """Where browsers look for an icon on pages that name none (the admin)."""
    return HttpResponseRedirect(static("icons/favicon.ico"))


@login_not_required
@require_GET
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker that shows the offline page; served from the root, since its path is its scope.

    Its cache is named after the words of that page, so that a changed page is fetched anew.
    """
    page = render_to_string("offline.html", {"frame": None})
    context = {"version": hashlib.sha256(page.encode()).hexdigest()[:12]}
    return render(request, "app/service-worker.js", context, content_type="text/javascript")


@login_not_required
@require_GET
@cache_control(max_age=3600)
def offline(request: HttpRequest) -> HttpResponse:
    """What the worker shows when the server cannot be reached. The same for everybody: it lies in a cache."""
    return render(request, "offline.html", {"frame": None})


@login_not_required
@require_GET
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component on one page: for staff, and for everybody on installations for development and demonstration."""
    _for_staff_or_local(request)
    return render(request, "styleguide/index.html", specimens(request, clock.now()))


@login_not_required
@require_GET
def styleguide_storefront(request: HttpRequest) -> HttpResponse:
    """The buyer's half of the style guide."""
    _for_staff_or_local(request)
    return render(request, "styleguide/storefront.html", storefront_specimens(request, clock.now()))


def _for_staff_or_local(request: HttpRequest) -> None:
    if not (settings.DEBUG or settings.LOCAL or request.user.is_staff):
        raise Http404
