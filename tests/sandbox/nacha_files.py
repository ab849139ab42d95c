"""NACHA files for the tests, made by the library that the product uses (the sandbox reads with a parser of its own)."""

from datetime import datetime

from achkit import AchFile

from tests.sandbox.asking import ROUTING


def nacha(*entries: tuple[str, str, int], routing: str = ROUTING, effective: str = "2026-01-05") -> str:
    """A file of credits `(identification, account, cents)`."""
    file = AchFile.create(
        origin_dfi=ROUTING,
        company_id="1234567890",
        destination_name="SANDBOX BANK",
        origin_name="MARKETPLACE",
        creation_date=datetime(2026, 1, 2, 12, 0),
    )
    batch = file.batch(sec="PPD", description="PAYOUT", effective_date=effective)
    for identification, account, cents in entries:
        batch.credit("SHOP ONE", routing, account, cents, id_number=identification)
    return file.render()
