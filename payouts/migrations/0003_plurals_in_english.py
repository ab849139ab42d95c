from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('payouts', '0002_no_index_on_the_shop_alone'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='entry',
            options={'verbose_name_plural': 'entries'},
        ),
    ]
