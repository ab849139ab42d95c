"""`demo_code [email]`: the code that an authenticator of the demo shows now. Only on a machine of one's own."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django_otp.oath import TOTP
from django_otp.plugins.otp_totp.models import TOTPDevice

from shops import second_factor


class Command(BaseCommand):
    help = "Print the current code of the demo's authenticators (of one person, or of all staff)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", nargs="?", default="", help="whose code; without it those of all staff")

    def handle(self, *args: Any, email: str = "", **options: Any) -> None:
        if not settings.LOCAL:
            raise CommandError("Codes are printed in the demo only (LOCAL=1): here everybody has an authenticator.")
        devices = second_factor.demo_devices(email)
        if not devices:
            raise CommandError(
                f"{email} has no authenticator." if email else "Nobody on the staff has an authenticator."
            )
        for device in devices:
            code, seconds = self.code_of(device)
            self.stdout.write(f"{code}  {device.user.email}  (good for {seconds} s, once)")

    @staticmethod
    def code_of(device: TOTPDevice) -> tuple[str, int]:
        """The next code that will be accepted, and for how long: one that was used already is passed over.

        A code is taken for as many further steps as the device tolerates clocks that go wrong.
        """
        now = time.time()
        totp = TOTP(device.bin_key, device.step, device.t0, device.digits, device.drift)
        totp.time = now
        steps = max(0, device.last_t + 1 - totp.t())
        totp.time = now + steps * device.step
        return f"{totp.token():0{device.digits}d}", int(
            device.step * (steps + 1 + device.tolerance) - now % device.step
        )
