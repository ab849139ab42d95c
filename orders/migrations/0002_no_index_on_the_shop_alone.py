import django.db.models.deletion
from django.db import migrations, models

from seller_center.kernel.operations import DropForeignKeyIndex


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("shops", "0006_no_index_on_the_shop_alone"),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="buyer",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="hold",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="label",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="order",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="orderline",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="package",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="packageline",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="payment",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="refund",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="returnline",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="returnrequest",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="trackingevent",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
    ]
