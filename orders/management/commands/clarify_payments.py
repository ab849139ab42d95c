"""``manage.py clarify_payments``: ask the provider about payments that are not clear."""

from django.core.management.base import BaseCommand

from orders import payments
from orders.models import Payment
from seller_center.kernel import clock
from shops.management import asked


class Command(BaseCommand):
    help = "Ask the payment provider how unclear payments stand. Never sends money a second time."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="list them and ask nobody")

    def handle(self, *args, dry_run: bool, **options):
        at = clock.now()
        if dry_run:
            found = Payment.objects.unclear().select_related("order")[:200]
            lines = (f"{one.order.code}: {one.status} since {one.asked_at:%Y-%m-%d %H:%M} UTC" for one in found)
            self.stdout.write(asked.or_nothing(lines, "Every payment is clear; nobody would be asked."))
            return
        self.stdout.write(f"{payments.clarify_all(at)} payments are clear now.")
