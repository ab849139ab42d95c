"""Reference data that every installation has: markets, first policies, trade classes, roles, staff groups.

``load`` may run at any time and changes nothing that is there already.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.db import transaction

from shops import staff_rights
from shops.models import AREAS, Market, PolicyVersion, Role, Shop, TradeClass
from shops.policy import shipped_document

MARKETS = (
    ("US", "United States", "USD", "America/New_York", False),
    ("GB", "United Kingdom", "GBP", "Europe/London", True),
)

TRADE_CLASSES = (
    ("home", "Home and living", False),
    ("sports", "Sports and outdoor", False),
    ("fashion", "Fashion and accessories", False),
    ("electronics", "Electronics", False),
    ("toys", "Toys and hobbies", False),
    ("books", "Books and media", False),
    ("jewellery", "Jewellery and watches", True),
    ("beauty", "Beauty and care", True),
    ("food", "Food and drink", True),
    ("supplements", "Health supplements", True),
)

_EDIT_ALL = dict.fromkeys(AREAS, "edit")
_NONE = dict.fromkeys(AREAS, "none")

#: The preset roles (rulebook §2, "Team"): code, name, areas, owner.
ROLES = (
    ("owner", "Owner", _EDIT_ALL, True),
    ("manager", "Manager", {**_EDIT_ALL, "team": "view"}, False),
    (
        "catalog",
        "Catalog",
        {**_NONE, "home": "edit", "products": "edit", "marketing": "view", "storefront": "edit", "analytics": "view"},
        False,
    ),
    ("packing", "Packing", {**_NONE, "home": "edit", "orders": "edit", "products": "view"}, False),
    ("finance", "Finance", {**_NONE, "home": "edit", "finance": "edit", "orders": "view", "analytics": "view"}, False),
    ("service", "Service", {**_NONE, "home": "edit", "support": "edit", "orders": "edit", "products": "view"}, False),
    ("analyst", "Analyst", {**dict.fromkeys(AREAS, "view"), "team": "none", "settings": "none"}, False),
)

#: Groups of staff (model.md §3).
STAFF_GROUPS = tuple(staff_rights.RIGHTS)

#: The shipped policies hold from before the first order of any market.
FIRST_POLICY_FROM = dt.datetime(2020, 1, 1, tzinfo=ZoneInfo("UTC"))


def load(at: dt.datetime) -> None:
    """Write what is missing of the reference data, in one transaction."""
    with transaction.atomic():
        for code, name, currency, zone, tax_included in MARKETS:
            Market.objects.get_or_create(
                code=code,
                defaults={"name": name, "currency": currency, "zone": zone, "prices_include_tax": tax_included},
            )
            Shop.objects.get_or_create(
                market_id=code,
                is_platform=True,
                defaults={
                    "code": f"PF{code}",
                    "name": f"Marketplace {code}",
                    "slug": f"marketplace-{code.lower()}",
                    "currency": currency,
                    "zone": zone,
                    "status": Shop.Status.ACTIVE,
                    "created_at": at,
                },
            )
            if not PolicyVersion.objects.filter(market_id=code).exists():
                PolicyVersion.objects.create(
                    market_id=code,
                    effective_from=FIRST_POLICY_FROM,
                    document=shipped_document(code),
                    note="The shipped policy",
                    written_at=at,
                )
        for code, name, restricted in TRADE_CLASSES:
            TradeClass.objects.get_or_create(code=code, defaults={"name": name, "restricted": restricted})
        for code, name, areas, is_owner in ROLES:
            Role.objects.get_or_create(
                shop=None, code=code, defaults={"name": name, "areas": areas, "is_owner": is_owner}
            )
        staff_rights.grant()


def preset_role(code: str) -> Role:
    """The shipped role with this code."""
    return Role.objects.get(shop=None, code=code)
