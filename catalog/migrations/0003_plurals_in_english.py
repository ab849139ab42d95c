from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('catalog', '0002_no_index_on_the_shop_alone'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='pricehistory',
            options={'verbose_name_plural': 'price histories'},
        ),
        migrations.AlterModelOptions(
            name='sku',
            options={'verbose_name': 'SKU', 'verbose_name_plural': 'SKUs'},
        ),
    ]
