"""What the groups of staff may see and do in the admin: permission patterns, one table for all floors.

``app.view_*`` is every noun of a floor to read; ``change`` opens the desk of a noun (its deeds are verbs, not fields).
"""

from fnmatch import fnmatchcase

from django.contrib.auth.models import Group, Permission

READ_ALL = ("shops.view_*", "catalog.view_*", "orders.view_*", "marketing.view_*", "support.view_*", "payouts.view_*")

RIGHTS: dict[str, tuple[str, ...]] = {
    "reviewer": (
        "shops.view_application",
        "shops.change_application",
        "shops.view_document",
        "shops.view_submission",
        "shops.view_shop",
        "shops.view_storedfile",
        "shops.view_shopevent",
        "shops.view_deadline",
        "shops.view_as_seller",
    ),
    "support": (
        "shops.view_user",
        "shops.restore_access",
        "shops.view_as_seller",
        "shops.view_violation",
        "shops.view_shop",
        "shops.view_membership",
        "shops.view_shopevent",
        "shops.view_deadline",
        "shops.view_job",
        "shops.view_notice",
        "catalog.view_*",
        "orders.view_*",
        "orders.change_order",
        "orders.change_package",
        "orders.change_returnrequest",
        "marketing.view_*",
        "support.view_*",
        "support.change_*",
    ),
    "finance": (
        "payouts.view_*",
        "payouts.change_*",
        "orders.view_*",
        "orders.change_refund",
        "orders.change_returnrequest",
        "shops.view_shop",
        "shops.view_bankaccount",
        "shops.view_shopevent",
        "shops.view_batchrun",
    ),
    "moderator": (
        "catalog.view_*",
        "catalog.change_product",
        "support.view_*",
        "support.change_review",
        "shops.view_shop",
        "shops.view_violation",
        "shops.change_violation",
        "shops.view_appeal",
        "shops.change_appeal",
        "shops.view_restriction",
        "shops.view_shopevent",
        "shops.view_as_seller",
    ),
    "policy": ("shops.view_policyversion", "shops.add_policyversion", "shops.view_market", "shops.view_tradeclass"),
    "admin": (*READ_ALL, "*.change_*", "shops.restore_access", "shops.add_policyversion", "analytics.view_*"),
}


def grant() -> None:
    """Give every group its rights, whatever it had before. Rights of floors that do not exist are left out."""
    known = {
        f"{app}.{codename}": pk
        for pk, app, codename in Permission.objects.values_list("pk", "content_type__app_label", "codename")
    }
    for name, patterns in RIGHTS.items():
        group, _made = Group.objects.get_or_create(name=name)
        wanted = {pk for key, pk in known.items() if any(fnmatchcase(key, pattern) for pattern in patterns)}
        if wanted != set(group.permissions.values_list("pk", flat=True)):
            group.permissions.set(wanted)
