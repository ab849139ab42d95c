"""What staff change of the category tree: what a category is called, its fee class and its restrictions, never its place."""

import datetime as dt
from collections.abc import Iterable

from catalog.models import Category
from catalog.models.category import BELOW
from seller_center.kernel.errors import Invalid
from shops import account_trail, events
from shops.models import Market, User
from shops.policy_book import policy_for
from shops.scope import scope

#: The fee class of a category without a rate of its own.
STANDARD = "standard"


def fee_classes(at: dt.datetime) -> list[str]:
    """The fee classes that the policy of some market knows: the standard one, and those with a rate of their own."""
    markets = Market.objects.order_by("code").values_list("code", flat=True)
    special = {one for market in markets for one in policy_for(market, at).fees.referral_by_class_bp}
    return [STANDARD, *sorted(special - {STANDARD})]


def change(category: Category, fields: Iterable[str], *, by: User, at: dt.datetime) -> list[str]:
    """Keep what was changed of these fields, and say so. Returns the fields that are different now.

    A new name is also part of what everything below it is called. The tree belongs to no shop, so it stands in the
    marketplace's own record. Raises ``Invalid`` for a fee class without a rate.
    """
    home = account_trail.home_of([])
    with scope(home, by=by):
        before = Category.objects.select_for_update(of=("self",)).get(pk=category.pk)
        changed = [name for name in fields if getattr(before, name) != getattr(category, name)]
        if "fee_class" in changed and category.fee_class not in fee_classes(at):
            raise Invalid(f"No policy has a rate for the fee class “{category.fee_class}”.", field="fee_class")
        if changed:
            category.save(update_fields=changed)
            if "name" in changed:
                _call_anew(category)
            events.record(
                "category.changed",
                shop=home,
                subject_kind="category",
                subject_code=category.code,
                by=by,
                at=at,
                name=category.full_name,
                fields=changed,
            )
    return changed


def _call_anew(category: Category) -> None:
    """The full names of a category and of all below it, from the names on the way down."""
    above = [one.name for one in Category.objects.get_ancestors(category)]
    called: dict[str, list[str]] = {}
    for one in (
        Category.objects.filter(path__descendants=category.path).select_for_update(of=("self",)).order_by("path")
    ):
        names = called.get(str(one.path).rpartition(".")[0], above)
        called[str(one.path)] = [*names, one.name]
        one.full_name = BELOW.join(called[str(one.path)])
        one.save(update_fields=["full_name"])
    category.refresh_from_db(fields=["full_name"])
