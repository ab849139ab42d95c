import django.db.models.deletion
from django.db import migrations, models

from seller_center.kernel.operations import DropForeignKeyIndex


class Migration(migrations.Migration):
    dependencies = [
        ("shops", "0006_no_index_on_the_shop_alone"),
        ("storefront", "0001_initial"),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="basket",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="basketline",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
    ]
