"""The rows that were there are checked after the table is free again: nobody waits for the reading."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("payouts", "0005_what_a_refund_lacks")]

    operations = [ValidateConstraint(model_name="reversal", name="reversal_lacks_of_its_share")]
