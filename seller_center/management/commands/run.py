"""`run`: the same as `make run`."""

from typing import Any

from django.core.management.base import BaseCommand

from seller_center import running


class Command(BaseCommand):
    help = "Run everything on this machine: embedded servers, demo data, web, workers, beat. Ctrl-C ends it."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(running.main())
