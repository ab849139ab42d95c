"""``rotate_keys``: bring every secret under the current keys, so that an old one can be taken away."""

from django.core.management.base import BaseCommand

from shops import files, keyring
from shops.models import DataKey, StoredFile


class Command(BaseCommand):
    help = (
        "Wrap all data keys under the first of ENCRYPTION_KEYS; seal rows and files under each shop's newest data key."
        " Repeatable, may be stopped anywhere, runs beside traffic."
    )

    def add_arguments(self, parser):
        parser.add_argument("--new-data-keys", action="store_true", help="Give every shop a new data key first.")
        parser.add_argument("--dry-run", action="store_true", help="Only say what would be done.")

    def handle(self, *, new_data_keys: bool, dry_run: bool, **options):
        living = DataKey.objects.exclude(wrapped="").order_by("pk")
        if dry_run:
            self.stdout.write(f"{keyring.to_rewrap()} of {living.count()} data keys are under an older master key.")
            self.stdout.write(f"{StoredFile.objects.count()} private files would be looked at. Nothing was changed.")
            return
        self.stdout.write(f"Wrapped {keyring.rewrap()} data keys under the current master key.")
        if new_data_keys:
            shops = list(living.filter(retired_at__isnull=True).values_list("shop_id", flat=True))
            for shop_id in shops:
                keyring.renew(shop_id)
            self.stdout.write(f"Made {len(shops)} new data keys.")
        for table, changed in keyring.rotate_all_rows().items():
            self.stdout.write(f"{table}: {changed} rows sealed anew.")
        self._files()

    def _files(self) -> None:
        changed, failed = 0, 0
        for file in StoredFile.objects.order_by("pk").iterator(chunk_size=200):
            try:
                changed += files.seal_anew(file)
            except (files.Unreadable, OSError) as error:
                failed += 1
                self.stderr.write(f"File {file.code} of shop {file.shop_id}: {error}")
        self.stdout.write(f"{changed} private files sealed anew.")
        if failed:
            raise SystemExit(f"{failed} private files could not be opened; they stay as they are.")
