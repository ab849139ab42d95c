import django.db.models.deletion
from django.db import migrations, models

from seller_center.kernel.operations import DropForeignKeyIndex


class Migration(migrations.Migration):
    dependencies = [
        ("shops", "0006_no_index_on_the_shop_alone"),
        ("support", "0001_initial"),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="buyermessage",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="conversation",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="review",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="ticket",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="ticketmessage",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
    ]
