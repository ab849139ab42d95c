"""What the frame leads to: the menu, its sub-entries, and the other places, as tables.

A menu entry is one line of ``MENU``. It appears when one of its URL names exists and the member may see its area, so
that a floor that is not built yet leaves no dead link.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from django.urls import NoReverseMatch, get_urlconf, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Sub:
    """A line below a menu entry, shown while one is in its section."""

    label: str | Promise
    url_names: tuple[str, ...]
    count: str = ""
    count_word: str | Promise = ""


@dataclass(frozen=True)
class Entry:
    """A line of the main navigation."""

    key: str
    label: str | Promise
    icon: str
    url_names: tuple[str, ...]
    area: str = ""
    count: str = ""
    count_word: str | Promise = ""
    on_phone: bool = False
    paths: tuple[str, ...] = field(default=())
    """First words after ``/s/<shop>/`` that belong to this entry, beside its key."""
    subs: tuple[Sub, ...] = ()


MENU: tuple[tuple[Entry, ...], ...] = (
    (
        Entry("home", _("Home"), "home", ("analytics:home", "home"), "home", on_phone=True, paths=("setup", "tour")),
        Entry(
            "products",
            _("Products"),
            "tag",
            ("catalog:product_list", "catalog:products", "products"),
            "products",
            on_phone=True,
            paths=("product", "stock", "imports", "import", "skus", "warehouses"),
            subs=(
                Sub(_("Stock"), ("catalog:stock", "catalog:stock_list")),
                Sub(_("Imports"), ("catalog:import_list", "catalog:imports")),
            ),
        ),
        Entry(
            "orders",
            _("Orders"),
            "package",
            ("orders:order_list", "orders:orders", "orders:list", "orders"),
            "orders",
            count="to_ship",
            count_word=_("to ship"),
            on_phone=True,
            paths=("order", "packages", "returns", "refunds", "cancellations", "labels"),
            subs=(Sub(_("Returns"), ("orders:return_list", "orders:returns"), "to_decide", _("to decide")),),
        ),
        Entry(
            "marketing",
            _("Marketing"),
            "speakerphone",
            ("marketing:coupon_list", "marketing"),
            "marketing",
            paths=("coupons", "promotions", "campaigns"),
        ),
        Entry("storefront", _("Storefront"), "building-store", ("storefront:editor", "shops:storefront"), "storefront"),
        Entry("analytics", _("Analytics"), "chart-bar", ("analytics:reports",), "analytics", paths=("reports",)),
        Entry(
            "support",
            _("Support"),
            "headset",
            ("support:support",),
            "support",
            count="to_answer",
            count_word=_("to answer"),
            paths=("tickets", "messages", "conversations", "reviews", "help", "community"),
        ),
    ),
    (
        Entry(
            "finance",
            _("Finance"),
            "wallet",
            ("payouts:finance", "payouts:balance", "payouts:statement_list", "payouts:statements", "finance"),
            "finance",
            paths=("statements", "payouts", "ledger", "balance"),
            subs=(
                Sub(_("Statements"), ("payouts:statement_list", "payouts:statements")),
                Sub(_("Payouts"), ("payouts:payout_list", "payouts:payouts")),
                Sub(_("Ledger"), ("payouts:ledger",)),
            ),
        ),
        Entry("health", _("Health"), "heartbeat", ("analytics:health",), "health", paths=("violations",)),
        Entry(
            "settings",
            _("Settings"),
            "settings",
            ("shops:settings", "settings"),
            "settings",
            paths=("api-keys", "files", "bank-account"),
            subs=(Sub(_("Documents"), ("shops:files",)), Sub(_("API keys"), ("shops:api_keys",))),
        ),
        Entry("team", _("Team"), "users", ("shops:team",), "team", paths=("members", "invitations")),
    ),
)

BEFORE_OPENING = (Entry("application", _("Application"), "clipboard-list", ("shops:application",), on_phone=True),)
"""What a shop that was never opened has: its application (every other page leads there)."""

PLACES: dict[str, tuple[str, ...]] = {
    "home": ("analytics:home", "home"),
    "search": ("search",),
    "notices": ("shops:notices", "notices"),
    "deadlines": ("shops:inbox",),
    "messages": ("support:messages",),
    "help": ("help", "support:help", "support:articles"),
    "tour": ("analytics:tour",),
    "shops": ("shops:mine",),
    "apply": ("shops:apply",),
    "account_email": ("account_email",),
    "account_password": ("account_change_password",),
    "account_sessions": ("usersessions_list",),
    "account_second_factor": ("second_factor", "shops:second_factor"),
    "logout": ("account_logout",),
    "admin": ("admin:index",),
    "public_shop": ("storefront:shop",),
}
"""Places the frame links to, each by the first of its URL names that exists."""


@lru_cache(maxsize=4096)
def _place(urlconf: str | None, names: tuple[str, ...], shop: str) -> str:
    for name in names:
        for arguments in ({"shop": shop}, {}) if shop else ({},):
            try:
                return reverse(name, kwargs=arguments, urlconf=urlconf)
            except NoReverseMatch:
                continue
    return ""


def place(names: tuple[str, ...], shop: str = "") -> str:
    """The path of the first of these URL names that exists, with or without a shop; nothing if none does."""
    return _place(get_urlconf(), names, shop)


class Places:
    """The paths of ``PLACES`` as attributes."""

    def __init__(self, shop: str, slug: str):
        self._shop, self._slug = shop, slug

    def __getattr__(self, name: str) -> str:
        if name not in PLACES:
            raise AttributeError(name)
        if name == "public_shop":
            return _public_shop(get_urlconf(), self._slug)
        return place(PLACES[name], self._shop)


@lru_cache(maxsize=1024)
def _public_shop(urlconf: str | None, slug: str) -> str:
    for name in PLACES["public_shop"]:
        try:
            return reverse(name, kwargs={"slug": slug}, urlconf=urlconf) if slug else ""
        except NoReverseMatch:
            continue
    return ""
