"""API keys: the list, a new one (shown once), revoking one."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from seller_center.kernel import clock
from seller_center.kernel.deeds import explain
from seller_center.kernel.errors import DomainError
from shops import api_keys
from shops.access import ShopRequest, for_shop
from shops.forms.settings import ApiKeyForm
from shops.models import ApiKey


@for_shop(area="settings", may="view")
def keys(request: ShopRequest, shop) -> HttpResponse:
    """All keys, those in use first."""
    rows = ApiKey.objects.filter(shop=shop).select_related("created_by").order_by("-created_at", "-id")[:100]
    used = sorted(rows, key=lambda row: row.revoked_at is not None)
    context = {"shop": shop, "keys": used, "may_edit": request.membership.may("settings", "edit")}
    return render(request, "shops/api_keys.html", context)


@never_cache
@for_shop(area="settings", may="edit", fresh_factor=True)
def key_new(request: ShopRequest, shop) -> HttpResponse:
    """Make a key. The answer to the post is the only page that ever shows it."""
    form = ApiKeyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            key, text = api_keys.create(shop=shop, by=request.user, at=clock.now(), **form.cleaned_data)
        except DomainError as error:
            explain(form, error)
        else:
            return render(request, "shops/api_key_shown.html", {"shop": shop, "key": key, "text": text})
    status = 422 if form.is_bound else 200
    return render(request, "shops/api_key_new.html", {"shop": shop, "form": form}, status=status)


@require_POST
@for_shop(area="settings", may="edit")
def key_revocation(request: ShopRequest, shop, prefix: str) -> HttpResponse:
    """End a key. No second factor is asked: closing a door must never wait."""
    key = get_object_or_404(ApiKey.objects.in_shop(shop).select_related("shop"), prefix=prefix)
    try:
        api_keys.revoke(key=key, by=request.user, at=clock.now())
    except DomainError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("“%(name)s” is revoked.") % {"name": key.name})
    return redirect("shops:api_keys", shop=shop.code)
