"""The seam to the marketplace's bank: send a transfer or a file of them by key, ask by key, read statements.

DEC14: a transfer is sent once with the key `payout:{id}`. `HttpRefused` means the bank did nothing; `Unreachable` means
unknown, and only `status` (or the statement) tells what became of it: never send an unknown transfer again. A bank may
forget keys after a day, so None from `status` proves nothing about an old transfer: its `key` on the statement does.
A real bank is a class with these methods, named in `settings.BANK`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from orders import sandbox
from seller_center.kernel.http import Unreachable


@dataclass(frozen=True)
class Transfer:
    """`state`: accepted, rejected (nothing was or will be sent), settled, returned (with `return_code` R01–R29)."""

    key: str
    reference: str
    state: str
    amount_minor: int
    currency: str
    reason: str
    return_code: str
    settles_on: date | None


@dataclass(frozen=True)
class FileEntry:
    """One entry of a sent file; `key` is its identification number in small letters, `line` its line in the file."""

    line: int
    key: str
    trace: str
    amount_minor: int
    state: str
    reason: str


@dataclass(frozen=True)
class SentFile:
    key: str
    reference: str
    accepted_minor: int
    entries: list[FileEntry]


@dataclass(frozen=True)
class TransferEvent:
    """`type`: transfer.accepted, .rejected, .settled, .returned. `number` is the cursor for polling."""

    id: str
    number: int
    type: str
    at: datetime
    transfer: Transfer


@dataclass(frozen=True)
class TransferEvents:
    events: list[TransferEvent]
    next: int
    more: bool


#: What moves money on the marketplace's account, by the bank's word for it.
MOVEMENTS = {"transfer": _("Transfer"), "return": _("Return")}


@dataclass(frozen=True)
class Movement:
    """`amount_minor` is negative where money left the marketplace's account. `kind`: one of `MOVEMENTS`."""

    number: int
    day: date
    at: datetime
    kind: str
    key: str
    reference: str
    amount_minor: int
    currency: str


class Bank(Protocol):
    def submit(
        self, *, key: str, amount_minor: int, currency: str, routing: str, account: str, name: str
    ) -> Transfer: ...

    def submit_file(self, *, key: str, content: str) -> SentFile:
        """Send a NACHA file. A fault of the file itself is `HttpRefused` (422, body `sentence` and `line`)."""

    def file(self, key: str) -> SentFile | None:
        """What became of a file, to ask after `Unreachable`."""

    def status(self, key: str) -> Transfer | None: ...

    def returns(self, since: int) -> TransferEvents: ...

    def events(self, since: int) -> TransferEvents: ...

    def statement(self, day: date) -> list[Movement]: ...

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> TransferEvent:
        """Raises `CallbackRefused`. What it says is a hint: money moves by `status`."""


class SandboxBank:
    def submit(self, *, key: str, amount_minor: int, currency: str, routing: str, account: str, name: str) -> Transfer:
        body = {
            "amount_minor": amount_minor,
            "currency": currency,
            "routing": routing,
            "account": account,
            "name": name,
        }
        transfer = _transfer(sandbox.post("/bank/transfers", body, key=key))
        if (transfer.key, transfer.amount_minor, transfer.currency) != (key, amount_minor, currency):
            raise Unreachable("answered about another transfer", sent=True)
        return transfer

    def submit_file(self, *, key: str, content: str) -> SentFile:
        sandbox.post("/bank/files", {"content": content}, key=key)
        file = self.file(key)
        if file is None:
            raise Unreachable("took the file and does not know it", sent=True)
        return file

    def file(self, key: str) -> SentFile | None:
        path = f"/bank/files/{sandbox.segment(key)}"
        if (first := sandbox.find(path)) is None:
            return None
        with sandbox.readable():
            entries, page = [_entry(entry) for entry in first["entries"]], first
            while page["more"]:
                page = sandbox.get(path, after=page["next"])
                entries += [_entry(entry) for entry in page["entries"]]
            return SentFile(first["key"], first["id"], first["accepted_minor"], entries)

    def status(self, key: str) -> Transfer | None:
        found = sandbox.find(f"/bank/transfers/{sandbox.segment(key)}")
        return _transfer(found) if found else None

    def returns(self, since: int) -> TransferEvents:
        return _events(sandbox.get("/bank/returns", since=since))

    def events(self, since: int) -> TransferEvents:
        return _events(sandbox.get("/bank/events", since=since))

    def statement(self, day: date) -> list[Movement]:
        movements: list[Movement] = []
        after, more = 0, True
        with sandbox.readable():
            while more:
                page = sandbox.get("/bank/statement", day=day.isoformat(), after=after)
                movements += [_movement(movement) for movement in page["movements"]]
                after, more = page["next"], page["more"]
        return movements

    def read_callback(self, body: bytes, headers: Mapping[str, str]) -> TransferEvent:
        return _event(sandbox.verified(body, headers))


def bank() -> Bank:
    """The bank of this installation."""
    return import_string(getattr(settings, "BANK", "payouts.bank.SandboxBank"))()


def _transfer(answer: dict) -> Transfer:
    with sandbox.readable():
        return Transfer(
            key=answer["key"],
            reference=answer["id"],
            state=answer["state"],
            amount_minor=answer["amount_minor"],
            currency=answer["currency"],
            reason=answer["reason"],
            return_code=answer["return_code"],
            settles_on=date.fromisoformat(answer["settles_on"]) if answer["settles_on"] else None,
        )


def _entry(answer: dict) -> FileEntry:
    return FileEntry(
        line=answer["line"],
        key=answer["key"],
        trace=answer["trace"],
        amount_minor=answer["amount_minor"],
        state=answer["state"],
        reason=answer["reason"],
    )


def _event(event: dict) -> TransferEvent:
    with sandbox.readable():
        return TransferEvent(
            id=event["id"],
            number=event["number"],
            type=event["type"],
            at=datetime.fromisoformat(event["timestamp"]),
            transfer=_transfer(event["data"]),
        )


def _events(answer: dict) -> TransferEvents:
    with sandbox.readable():
        return TransferEvents([_event(event) for event in answer["events"]], answer["next"], answer["more"])


def _movement(answer: dict) -> Movement:
    return Movement(
        number=answer["number"],
        day=date.fromisoformat(answer["day"]),
        at=datetime.fromisoformat(answer["at"]),
        kind=answer["kind"],
        key=answer["key"],
        reference=answer["reference"],
        amount_minor=answer["amount_minor"],
        currency=answer["currency"],
    )
