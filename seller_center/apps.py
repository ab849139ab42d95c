"""The roof as an installed app (without models), and the staff admin behind a second factor."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created


def _guard_isolation(sender: object, connection: BaseDatabaseWrapper, **_more: object) -> None:
    """Each new connection refuses isolation levels (DEC1)."""
    from seller_center.kernel import isolation

    isolation.guard(connection)


class SellerCenterConfig(AppConfig):
    name = "seller_center"
    default = True

    def ready(self) -> None:
        from seller_center import checks  # noqa: F401  (registers them)
        from seller_center.celery import app  # noqa: F401  (so that tasks find their broker)
        from seller_center.frame import counts_event
        from seller_center.kernel import deeds
        from seller_center.reactions import REACTIONS
        from shops.reacting import use_table

        use_table(REACTIONS)
        deeds.TOLD_BESIDES[:] = [counts_event]
        connection_created.connect(_guard_isolation, dispatch_uid="isolation")


class StaffAdminConfig(admin_apps.AdminConfig):
    """Django's admin on a site that demands a verified second factor."""

    default = False
    default_site = "seller_center.admin_site.StaffAdminSite"
