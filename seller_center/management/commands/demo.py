"""``demo``: load the demo marketplace into an empty database, or anew with ``--fresh``."""

import datetime as dt
import shutil
import time

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from seller_center import demo, roles
from seller_center.kernel import clock
from shops.models import Shop

#: What is said of a part.
LOADED = {"shop": "The demo's shop is loaded", "applicants": "The demo's applicants are loaded"}


class Command(BaseCommand):
    help = "Load the demo marketplace: a shop with a month of trade, applicants, staff and buyers."

    def add_arguments(self, parser):
        parser.add_argument("--fresh", action="store_true", help="Throw all data away first (never in production).")
        parser.add_argument(
            "--part",
            choices=("shop", "applicants", "all"),
            default="all",
            help="The shop with its trade, the applicants after it, or (default) both.",
        )
        parser.add_argument("--seed", type=int, default=demo.SEED)
        parser.add_argument(
            "--now", default="", help="The demo's present, e.g. 2026-11-20T15:00; default: the clock's."
        )

    def handle(self, *, fresh: bool, part: str, seed: int, now: str, **options):
        if not settings.LOCAL:
            raise CommandError("The demo is for LOCAL=1 only: it makes people whose passwords everybody knows.")
        if fresh:
            self._empty()
        at = dt.datetime.fromisoformat(now).replace(tzinfo=dt.UTC) if now else clock.now()
        began = time.monotonic()
        with demo_mails():
            if part != "applicants":
                if Shop.objects.filter(is_platform=False).exists():
                    raise CommandError("There is data already. `demo --fresh` throws it away and loads the demo anew.")
                demo.load(at, seed=seed, say=self.stdout.write)
            if part != "shop":
                demo.load_applicants(at, seed=seed)
        self.stdout.write(f"{LOADED.get(part, 'The demo marketplace is loaded')} ({time.monotonic() - began:.1f} s).")
        if part not in LOADED:  # else `make run` prints them, once
            for line in demo.logins():
                self.stdout.write(f"  {line}")

    def _empty(self) -> None:
        """Delete every row but those of migrations and permissions, as the superuser of the embedded server."""
        with roles.superuser() as boss, boss.cursor() as cursor:
            cursor.execute(
                "SELECT c.oid::regclass::text FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
                " AND c.relkind = 'r' AND c.relname <> ALL (ARRAY['django_migrations','django_content_type','auth_permission'])"
            )
            names = [name for (name,) in cursor.fetchall()]
            cursor.execute("SET session_replication_role = replica")
            cursor.execute("TRUNCATE " + ", ".join(names) + " RESTART IDENTITY CASCADE")
            cursor.execute("SET session_replication_role = origin")
        for folder in ("private", "media", "sandbox", "mails"):
            shutil.rmtree(settings.DATA_DIR / folder, ignore_errors=True)


def demo_mails():
    """Mails of the demo's past are not sent: hundreds of files would hide the first real one."""
    from django.test.utils import override_settings

    return override_settings(MAILERS={"default": {"BACKEND": "django.core.mail.backends.dummy.EmailBackend"}})
