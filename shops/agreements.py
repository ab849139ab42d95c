"""A new version of the seller agreement: each member reads it on their next visit, and that is written down.

The version of the day stands in the policy. The first version a shop accepted stands on its application and on the
shop; whoever joins later joins under what the shop accepted.
"""

import datetime as dt

from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from seller_center.kernel.errors import DomainError
from shops import events
from shops.models import AgreementAcceptance, Membership, Shop
from shops.policy_book import policy_for
from shops.scope import scope

#: In the session: shop → the version of which we know that this person has read it, to spare the question.
SESSION_KEY = "agreements_read"


class AgreementChanged(DomainError):
    """Another version came out while the page was open."""


def version_of(shop: Shop, at: dt.datetime) -> str:
    """The version that holds for a shop."""
    return policy_for(shop, at).onboarding.agreement_version


def is_missing(request: HttpRequest, membership: Membership, at: dt.datetime) -> bool:
    """Has this member still to read the version of the day? Asked of whole pages only; deeds are never held up."""
    shop = membership.shop
    if request.method != "GET" or membership.pk is None or not shop.opened or not shop.agreement_version:
        return False
    version = version_of(shop, at)
    if shop.agreement_version == version or getattr(request, "htmx", False):
        return False
    known = request.session.get(SESSION_KEY, {})
    if known.get(shop.code) == version:
        return False
    if not has_read(shop, membership.user_id, version):
        return True
    request.session[SESSION_KEY] = {**known, shop.code: version}
    return False


def has_read(shop: Shop, user_id: int, version: str) -> bool:
    """Is it written down that this person has read this version for this shop?"""
    return AgreementAcceptance.objects.in_shop(shop).filter(user_id=user_id, version=version).exists()


def page_for(request: HttpRequest, shop: Shop) -> str:
    """The page on which it is read, which leads back to where the member wanted to go."""
    return (
        f"{reverse('shops:shop_agreement', kwargs={'shop': shop.code})}?{urlencode({'next': request.get_full_path()})}"
    )


def accept(*, shop: Shop, version: str, address: str | None, by, at: dt.datetime) -> None:
    """The member has read ``version``, from a network address. A repeated click is fine."""
    if version != version_of(shop, at):
        raise AgreementChanged(_("Another version came out just now. Please read this one."))
    with scope(shop, by=by):
        try:
            with transaction.atomic():
                AgreementAcceptance.objects.create(shop=shop, user=by, version=version, at=at, address=address)
        except IntegrityError as error:
            if "agreement_once_per_member" not in str(error):
                raise
            return
        events.record(
            "agreement.accepted",
            shop=shop,
            subject_kind="shop",
            subject_code=shop.code,
            by=by,
            at=at,
            user_id=by.pk,
            name=str(by),
            version=version,
        )
