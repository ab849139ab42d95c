"""``demo``: load the demo marketplace into an empty database, or anew with ``--fresh``."""

import datetime as dt
import os
import shutil
import time
from pathlib import Path

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from seller_center import demo, embedded, roles
from seller_center.kernel import clock
from shops.models import Shop

#: What is said of a part.
LOADED = {
    "shop": "The demo's shop is loaded",
    "rest": "The rest of the demo is loaded",
    "all": "The demo marketplace is loaded",
}


class Command(BaseCommand):
    help = "Load the demo marketplace: a shop with three months of trade, 25 further shops, staff and buyers."

    def add_arguments(self, parser):
        parser.add_argument("--fresh", action="store_true", help="Throw all data away first (never in production).")
        parser.add_argument(
            "--part",
            choices=("shop", "rest", "all"),
            default="all",
            help="The shop with its trade, what follows it (returns, questions, further shops), or (default) both.",
        )
        parser.add_argument(
            "--rest-by-worker", action="store_true", help="Leave what follows to a worker, who tells when it is there."
        )
        parser.add_argument("--seed", type=int, default=demo.SEED)
        parser.add_argument("--orders", type=int, default=demo.WHOLE.orders, help="Orders of the shop in three months.")
        parser.add_argument(
            "--now", default="", help="The demo's present, e.g. 2026-11-20T15:00; default: the clock's."
        )

    def handle(self, *, fresh: bool, part: str, rest_by_worker: bool, seed: int, orders: int, now: str, **options):
        if not settings.LOCAL:
            raise CommandError("The demo is for LOCAL=1 only: it makes people whose passwords everybody knows.")
        at = self._moment(now)
        if fresh:
            self._begin()
            self._empty()
        began = time.monotonic()
        size = demo.sized(orders)
        if part != "rest":
            if Shop.objects.filter(is_platform=False).exists():
                raise CommandError("There is data already. `demo --fresh` throws it away and loads the demo anew.")
            self._begin()
            demo.load(at, seed=seed, size=size, say=self.stdout.write)
            self._mark.unlink(missing_ok=True)
        elif not Shop.objects.filter(code=demo.SHOP_CODE).exists():
            raise CommandError("The demo's shop is not there; load it first with `demo --part shop`.")
        if rest_by_worker:
            demo.ask_for_rest(at, seed, size)
        elif part != "shop":
            for sentence in demo.load_rest(at, seed=seed, size=size):
                if options["verbosity"] > 1:
                    self.stdout.write(sentence)
        self.stdout.write(f"{LOADED[part]} ({time.monotonic() - began:.1f} s).")
        if rest_by_worker:
            self.stdout.write("Returns, questions, pictures and 25 further shops follow; a notice says when.")
        if part == "all":  # else `make run` prints them, once
            for line in demo.logins():
                self.stdout.write(f"  {line}")

    @property
    def _mark(self) -> Path:
        return settings.DATA_DIR / embedded.UNFINISHED_DEMO

    def _begin(self) -> None:
        """From here to the end the database holds half a demo, which `make run` throws away if we get no further."""
        if os.environ.get("SUPERUSER_DATABASE_URL"):  # the embedded server's; on others nothing is thrown away
            self._mark.touch()

    def _moment(self, now: str) -> dt.datetime:
        if not now:
            return clock.now()
        try:
            at = dt.datetime.fromisoformat(now)
        except ValueError as error:
            raise CommandError(f"“{now}” is no moment. Write for example 2026-11-20T15:00.") from error
        return at if at.tzinfo else at.replace(tzinfo=dt.UTC)

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
