"""Notices: what this member was told in this shop."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from seller_center.kernel import clock
from seller_center.kernel.paging import keyset_page
from shops import notifying
from shops.access import ShopRequest, for_shop
from shops.models import Notice


@for_shop(area="home", may="view", while_applying=True)
def notices(request: ShopRequest, shop) -> HttpResponse:
    """All notices of this person in this shop, newest first."""
    rows = Notice.objects.in_shop(shop).of(request.user)
    unread = request.GET.get("show") == "unread"
    if unread:
        rows = rows.unread()
    page = keyset_page(rows, order=("-at", "-id"), token=request.GET.get("page", ""))
    context = {"shop": shop, "page": page, "unread": unread, "any_unread": any(not row.read_at for row in page.rows)}
    return render(request, "shops/notices.html", context)


@require_safe
@for_shop(area="home", may="view", while_applying=True)
def notice(request: ShopRequest, shop, number: int) -> HttpResponse:
    """Open a notice: it counts as read, and its place opens."""
    row = get_object_or_404(Notice.objects.in_shop(shop).of(request.user), pk=number)
    notifying.mark_read(user=request.user, shop=shop, notice_id=row.pk, at=clock.now())
    safe = row.url.startswith("/") and url_has_allowed_host_and_scheme(row.url, allowed_hosts=None)
    return redirect(row.url if safe else "shops:notices", **({} if safe else {"shop": shop.code}))


@require_POST
@for_shop(area="home", may="view", post="view", while_applying=True)
def notices_read(request: ShopRequest, shop) -> HttpResponse:
    """All of this person's notices in this shop count as read."""
    notifying.mark_read(user=request.user, shop=shop, at=clock.now())
    return redirect("shops:notices", shop=shop.code)
