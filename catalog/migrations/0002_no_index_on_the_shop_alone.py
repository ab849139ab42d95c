import django.db.models.deletion
from django.db import migrations, models

from seller_center.kernel.operations import DropForeignKeyIndex


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("shops", "0006_no_index_on_the_shop_alone"),
    ]

    operations = [
        DropForeignKeyIndex(
            model_name="importchunk",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="importrow",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="importrun",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="lowstockalert",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="media",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="pictureaddress",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="pricehistory",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="product",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="productoption",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="reservation",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="sku",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="stockitem",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="stockmovement",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
        DropForeignKeyIndex(
            model_name="warehouse",
            name="shop",
            field=models.ForeignKey(
                db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="shops.shop"
            ),
        ),
    ]
