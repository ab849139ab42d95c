"""The bank of the demo's past: takes every transfer, has paid it two days later, and says so on its statement.

Only while the history is loaded; from then on the sandbox is the bank. Its transfers lie in memory.
"""

import datetime as dt
from typing import ClassVar

from payouts.bank import Movement, Transfer, TransferEvent, TransferEvents

#: The statement's numbers of this bank, far above those that the sandbox will give.
NUMBERS_FROM = 9_000_000


class PromptBank:
    """A bank as the seam of ``payouts.bank`` wants it."""

    _transfers: ClassVar[dict[str, Transfer]] = {}

    def submit(self, *, key: str, amount_minor: int, currency: str, routing: str, account: str, name: str) -> Transfer:
        reference = f"DEMO{len(self._transfers) + 1:06d}"
        transfer = Transfer(key, reference, "accepted", amount_minor, currency, "", "", None)
        self._transfers[key] = transfer
        return transfer

    def status(self, key: str) -> Transfer | None:
        return self._transfers.get(key)

    def events(self, since: int) -> TransferEvents:
        """Everything that was taken is settled by now: nobody asks earlier."""
        found = [
            TransferEvent(
                id=f"demo-{number}",
                number=number,
                type="transfer.settled",
                at=dt.datetime.now(dt.UTC),
                transfer=_settled(transfer),
            )
            for number, transfer in enumerate(self._transfers.values(), 1)
            if number > since
        ]
        return TransferEvents(found, found[-1].number if found else since, more=False)

    def statement(self, day: dt.date) -> list[Movement]:
        """The movements of a day: those that were told and not shown yet, on the first day that asks."""
        found = []
        for number, (key, transfer) in enumerate(self._transfers.items(), 1):
            shown = self._shown.setdefault(key, day)
            if shown == day:
                at = dt.datetime(day.year, day.month, day.day, 14, tzinfo=dt.UTC)
                found.append(
                    Movement(
                        NUMBERS_FROM + number,
                        day,
                        at,
                        "transfer",
                        key,
                        transfer.reference,
                        -transfer.amount_minor,
                        transfer.currency,
                    )
                )
        return found

    _shown: ClassVar[dict[str, dt.date]] = {}

    @classmethod
    def forget(cls) -> None:
        """A new history begins."""
        cls._transfers.clear()
        cls._shown.clear()


def _settled(transfer: Transfer) -> Transfer:
    return Transfer(
        transfer.key,
        transfer.reference,
        "settled",
        transfer.amount_minor,
        transfer.currency,
        "",
        "",
        None,
    )
