# ruff: noqa: DJ008 - nobody reads these rows
"""Tables of the scratch app. It is not installed: the kernel's test database makes its tables and triggers."""

from django.apps import AppConfig, apps
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

import tests.kernel.scratch
from seller_center.kernel.fields import EncryptedTextField, new_seal
from seller_center.kernel.history import history
from seller_center.kernel.tenancy import TenantFK, tenant_key
from seller_center.kernel.transitions import Moves, moves_check, moves_trigger

# pghistory looks the app up while the model is decorated; afterwards it is gone again.
_config = AppConfig("tests.kernel.scratch", tests.kernel.scratch)
_config.apps, _config.models = apps, apps.all_models["scratch"]
apps.app_configs["scratch"] = _config


class Shop(models.Model):
    name = models.CharField(max_length=40)

    class Meta:
        app_label = "scratch"


ORDER_MOVES = Moves({"open": ("shipped", "cancelled"), "shipped": ("delivered", "open")}, start=("open",))
DISPUTE_MOVES = Moves({"none": ("raised",), "raised": ("settled",)}, start=("none",))


class Order(models.Model):
    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SHIPPED = "shipped", _("Shipped")
        DELIVERED = "delivered", _("Delivered")
        CANCELLED = "cancelled", _("Cancelled")

    MOVES = ORDER_MOVES
    DISPUTE_MOVES = DISPUTE_MOVES

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=20, default="")
    status = models.CharField(max_length=20, choices=Status, default=Status.OPEN)
    dispute = models.CharField(max_length=20, default="none")
    placed_at = models.DateTimeField(db_default=Now())
    note = models.CharField(max_length=40, default="")
    total_minor = models.BigIntegerField(default=0)
    doubled = models.GeneratedField(
        expression=models.F("total_minor") * 2, output_field=models.BigIntegerField(), db_persist=True
    )
    tracking = models.CharField(max_length=20, null=True)

    class Meta:
        app_label = "scratch"
        constraints = [tenant_key(), moves_check("scratch_order_state", "status", ORDER_MOVES)]
        triggers = [
            moves_trigger("order_moves", "status", ORDER_MOVES),
            moves_trigger("dispute_moves", "dispute", DISPUTE_MOVES),
        ]


class Line(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    gift_of = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="+", db_constraint=False
    )

    class Meta:
        app_label = "scratch"
        constraints = [TenantFK("order"), TenantFK("gift_of"), tenant_key()]


class Account(models.Model):
    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="+")
    holder = models.CharField(max_length=40, default="")
    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    number = EncryptedTextField()
    tax_id = EncryptedTextField(null=True, blank=True)

    class Meta:
        app_label = "scratch"


class PlatformSecret(models.Model):
    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    token = EncryptedTextField()

    class Meta:
        app_label = "scratch"


@history()
class Tracked(models.Model):
    name = models.CharField(max_length=40)
    amount_minor = models.BigIntegerField(default=0)
    doubled = models.GeneratedField(
        expression=models.F("amount_minor") * 2, output_field=models.BigIntegerField(), db_persist=True
    )
    seal = models.CharField(max_length=32, default=new_seal, editable=False)
    number = EncryptedTextField(null=True)

    class Meta:
        app_label = "scratch"


del apps.app_configs["scratch"]
apps.clear_cache()

TABLES = [Shop, Order, Line, Account, PlatformSecret, Tracked, Tracked.pgh_event_model]
