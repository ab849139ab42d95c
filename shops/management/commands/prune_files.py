"""``prune_files``: take away private files that no row names, left by deeds that were undone."""

from django.core.management.base import BaseCommand

from shops import files


class Command(BaseCommand):
    help = "Delete encrypted files under PRIVATE_ROOT that no row names and that are older than a day. Repeatable."

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="Only list them.")

    def handle(self, *, dry_run: bool, **options):
        paths = files.orphans(older_than=files.LEFT_ALONE) if dry_run else files.prune(older_than=files.LEFT_ALONE)
        for path in paths:
            self.stdout.write(path)
        self.stdout.write(f"{len(paths)} files {'would be' if dry_run else 'were'} deleted.")
