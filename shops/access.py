"""The one gate to a shop's pages: who is a member, and what the member's role allows (DEC15, DEC16)."""

import functools
from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from seller_center.kernel import clock
from seller_center.kernel.prepared import prepared
from shops import agreements, staff_views
from shops.models import AREAS, Membership, Shop


class ShopRequest(HttpRequest):
    """What a view under ``for_shop`` gets: the request with the shop it is about and the member who asks."""

    shop: Shop
    membership: Membership


SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


def membership_of(user, shop_code: str) -> Membership:
    """The person's membership in the shop with this code; 404 for a stranger and for a shop that does not exist.

    Both answers are the same on purpose: a stranger must not learn which shops exist.
    """
    if user.pk is None or "\x00" in shop_code:
        raise Http404("No such shop.")
    rows = list(_places_in(user=user.pk, code=shop_code.upper()))
    if not rows or not user.is_active:
        raise Http404("No such shop.")
    return rows[0]


@prepared
def _places_in(*, user: int, code: str) -> QuerySet[Membership]:
    """The membership with its shop and role, or nothing."""
    rows = Membership.objects.filter(user_id=user, shop__code=code, shop__is_platform=False)
    return rows.select_related("shop", "role").order_by("pk")[:1]


def for_shop(
    *,
    area: str,
    may: str = "view",
    post: str | None = None,
    owner_only: bool = False,
    fresh_factor: bool = False,
    while_applying: bool = False,
    before_agreeing: bool = False,
) -> Callable:
    """Wrap a view of ``/s/<shop>/…``: the URL's code becomes the ``Shop``, after asking for membership and rights.

    ``may`` is what every method needs; ``post`` what unsafe methods need (default: ``edit`` is needed to change, so a
    view declared with ``may="view"`` and no ``post`` refuses unsafe methods with 403 to everybody).
    ``owner_only``: bank, ownership, closing the shop. ``fresh_factor``: sensitive deeds ask for a recent second factor.
    A shop that was never opened shows its application only, and the pages declared ``while_applying``. A new version of
    the seller agreement is read first (``before_agreeing``: not on this page). Staff who look on change nothing.
    """
    if area not in AREAS:
        raise ValueError(f"There is no area {area!r}.")

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, shop: str, **kwargs: Any) -> HttpResponse:
            membership = staff_views.membership(request, shop, clock.now()) or membership_of(request.user, shop)
            needed = may if request.method in SAFE_METHODS else (post or ("edit" if may == "edit" else "none"))
            if not membership.may(area, may) or needed == "none" or not membership.may(area, needed):
                raise PermissionDenied("Your role in this shop does not allow this.")
            if membership.pk is None and request.method not in SAFE_METHODS:
                raise PermissionDenied("You look at this shop as staff: nothing can be changed.")
            if owner_only and not membership.role.is_owner:
                raise PermissionDenied("Only the owner of the shop may do this.")
            if not membership.shop.opened and not while_applying:
                return _to_application(request, membership.shop)
            request.membership, request.shop = membership, membership.shop  # type: ignore[attr-defined]
            if fresh_factor:
                from shops.second_factor import ask_for_fresh_factor

                answer = ask_for_fresh_factor(request)
                if answer is not None:
                    return answer
            if not before_agreeing and agreements.is_missing(request, membership, clock.now()):
                return redirect(agreements.page_for(request, membership.shop))
            return view(request, shop=membership.shop, **kwargs)

        guarded.declared = {  # type: ignore[attr-defined]
            "area": area,
            "may": may,
            "post": post or ("edit" if may == "edit" else None),
            "owner_only": owner_only,
            "fresh_factor": fresh_factor,
            "while_applying": while_applying,
            "before_agreeing": before_agreeing,
        }
        return guarded

    return wrap


def _to_application(request: HttpRequest, shop: Shop) -> HttpResponse:
    """Where somebody goes who opens a page of a shop that is not open: the application; a deed is refused."""
    if request.method not in SAFE_METHODS:
        raise PermissionDenied("This shop is not open yet.")
    return redirect("shops:application", shop=shop.code)


def shops_of(user) -> list[Shop]:
    """The shops this person may switch to."""
    return list(Shop.objects.of_member(user)[:100])
