from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('shops', '0006_no_index_on_the_shop_alone'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='fileaccess',
            options={'verbose_name_plural': 'file accesses'},
        ),
        migrations.AlterModelOptions(
            name='tradeclass',
            options={'verbose_name_plural': 'trade classes'},
        ),
    ]
