"""``manage.py send_refunds``: have the payment provider carry out what is owed to buyers."""

from django.core.management.base import BaseCommand

from orders import refunds
from orders.models import Refund
from seller_center.kernel import clock
from seller_center.kernel.money import format_money
from shops.management import asked


class Command(BaseCommand):
    help = "Have the payment provider carry out owed refunds. The same refund is carried out once."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="list them and send nothing")

    def handle(self, *args, dry_run: bool, **options):
        if dry_run:
            found = Refund.objects.to_send()[:200]
            lines = (f"{one.code}: {format_money(one.total_minor, one.currency)}, {one.status}" for one in found)
            self.stdout.write(asked.or_nothing(lines, "No refund is owed; nothing would be sent."))
            return
        self.stdout.write(f"{refunds.send_all(clock.now())} refunds carried out.")
