import django.db.models.deletion
from django.db import migrations, models

from seller_center.kernel.operations import DropForeignKeyIndex


class Migration(migrations.Migration):
    dependencies = [
        ("marketing", "0002_coupon_value_never_missing"),
        ("shops", "0006_no_index_on_the_shop_alone"),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="buyeruse",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="coupon",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="redemption",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
    ]
