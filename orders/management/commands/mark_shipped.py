"""``manage.py mark_shipped PACKAGE CARRIER NUMBER``: the same verb as the button."""

from django.core.management.base import BaseCommand, CommandError

from orders import fulfilment
from orders.carriers import carrier
from orders.models import Package
from seller_center.kernel import clock
from seller_center.kernel.errors import DomainError


class Command(BaseCommand):
    help = "Mark a package as shipped. The same number again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("package", help="the package's code, as printed on its slip")
        parser.add_argument("carrier")
        parser.add_argument("tracking_number")
        parser.add_argument("--dry-run", action="store_true", help="check package, carrier and number only")

    def handle(self, *args, package: str, carrier: str, tracking_number: str, dry_run: bool, **options):
        rows = Package.objects.filter(shop__code=package[:4].upper()).of_code(package.upper())
        found = rows.select_related("shop").first()
        if found is None:
            raise CommandError(f"There is no package {package}.")
        try:
            if dry_run:
                self.stdout.write(_check(found, carrier, tracking_number))
                return
            found = fulfilment.mark_shipped(
                package=found, carrier=carrier, tracking_number=tracking_number, by=None, at=clock.now()
            )
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{found.code} is shipped with {found.carrier}, number {found.tracking_number}")


def _check(package: Package, carrier_code: str, number: str) -> str:
    number = carrier(carrier_code).check_number(number)
    return f"{package.code} is {package.status}; {number} is plausible"
