"""What a refund lacks of an earning's share, since earlier fees used it up, is written where it was taken."""

from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0004_orders_are_found_by_their_numbers"),
        ("payouts", "0004_the_calendar_is_read_from_its_index"),
        ("shops", "0007_plurals_in_english"),
    ]

    operations = [
        migrations.AddField(
            model_name="reversal",
            name="lack_minor",
            field=models.BigIntegerField(
                db_default=0,
                default=0,
                help_text=(
                    "Of the seller's share of what was not settled yet: used up by earlier fees, so taken from available."
                ),
            ),
        ),
        AddConstraintNotValid(
            model_name="reversal",
            constraint=models.CheckConstraint(
                condition=models.Q(("lack_minor__gte", 0), ("lack_minor__lte", models.F("seller_minor"))),
                name="reversal_lacks_of_its_share",
            ),
        ),
    ]
