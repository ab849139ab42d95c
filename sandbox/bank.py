"""The bank: transfers out of the marketplace's account, one by one or as a NACHA file.

A transfer goes `accepted → settled → returned`, or is `rejected` at once. It settles at 8:30 of the next bank day and,
if it comes back, does so two bank days later. The key is the transfer's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import partial

from sandbox import nacha, scenarios
from sandbox.bank_days import bank_day_after, bank_day_from, local_day, opening
from sandbox.desk import Call, Done, Route
from sandbox.statement import Movement, statement
from sandbox.web import Refused
from sandbox.world import World, iso

PRUNED_AFTER = 24 * 3600
RETURN_DAYS = 2
RETURN_HOUR = 90 * 60
"""Returns arrive this long after the opening."""

MAGIC = ("rejected", "silent", "late", "error_done", "timeout_done", "duplicate", "reorder", "wrong_amount", "pruned")
"""An account ending in 9901 to 9929 is returned with that code; 9930, 9931 … are these, in order."""

RETURNS = {
    "R01": "Insufficient funds",
    "R02": "Account closed",
    "R03": "No account, or the account cannot be found",
    "R04": "The account number is not valid",
    "R06": "Returned at the sender's request",
    "R14": "The account holder's representative is deceased or cannot act",
    "R15": "The account holder is deceased",
    "R16": "The account is frozen",
    "R17": "The record does not pass the edit criteria",
    "R20": "The account takes no transfers",
    "R23": "The receiver refused the credit",
    "R24": "Duplicate entry",
    "R29": "The receiving company did not authorise it",
}


def scenario_of_account(account: str) -> tuple[str, ...]:
    found = re.search(r"99(\d\d)$", account)
    number = int(found[1]) if found else 0
    if 1 <= number <= 29:
        return (f"R{number:02}",)
    if 0 <= number - 30 < len(MAGIC):
        return (MAGIC[number - 30],)
    return ()


@dataclass
class Transfer:
    id: str
    key: str
    file_key: str
    trace: str
    amount_minor: int
    currency: str
    routing: str
    account_last4: str
    name: str
    scenario: tuple[str, ...]
    state: str
    reason: str
    settles_on: str
    created_at: float
    return_code: str = ""
    changed_at: float = 0.0

    def as_json(self) -> dict:
        shown = {name: value for name, value in vars(self).items() if name != "scenario"}
        return shown | {"created_at": iso(self.created_at), "changed_at": iso(self.changed_at)}


@dataclass(frozen=True)
class SentFile:
    id: str
    key: str
    entries: list[dict]

    def as_json(self, call: Call) -> dict:
        """The file's counts, and its entries from the line after `after` on, a page at a time."""
        after = call.number("after", 0)
        accepted = [entry for entry in self.entries if entry["state"] == "accepted"]
        rest = [entry for entry in self.entries if entry["line"] > after]
        page = rest[: call.limit()]
        return {
            "id": self.id,
            "key": self.key,
            "entry_count": len(self.entries),
            "accepted_count": len(accepted),
            "rejected_count": len(self.entries) - len(accepted),
            "accepted_minor": sum(entry["amount_minor"] for entry in accepted),
            "entries": page,
            "next": page[-1]["line"] if page else after,
            "more": len(rest) > len(page),
        }


class Bank:
    name = "bank"

    def __init__(self, world: World) -> None:
        self.world = world
        self.by_key: dict[str, Transfer] = {}
        self.by_id: dict[str, Transfer] = {}
        self.files: dict[str, SentFile] = {}
        self.movements: list[Movement] = []
        world.add(self, {"transfer.taken": self._fold_transfer, "file.taken": self._fold_file})

    def routes(self) -> list[Route]:
        def feed(only: str) -> Callable[[Call], dict]:
            return lambda call: self.world.feed(self.name, call.number("since", 0), call.limit(), only)

        return [
            Route("POST", "/bank/transfers", self.transfer),
            Route("GET", "/bank/transfers/{key}", lambda call: self._find(call.args["key"]).as_json()),
            Route("POST", "/bank/files", self.take_file),
            Route("GET", "/bank/files/{key}", self.show_file),
            Route("GET", "/bank/returns", feed("transfer.returned")),
            Route("GET", "/bank/events", feed("")),
            Route("GET", "/bank/statement", lambda call: statement(self.movements, call)),
        ]

    # -- deeds

    def transfer(self, call: Call) -> Done:
        if self._remembered(call.key):
            raise Refused(422, "key_reused", "There is a transfer with this key.")
        account = call.text("account")
        fact = self._fact(
            key=call.key,
            amount_minor=call.amount(),
            currency=call.currency(),
            routing=call.text("routing"),
            account=account,
            name=call.text("name"),
        )
        done = partial(Done, 201, lambda: self.by_key[call.key].as_json(), [fact], fact["scenario"])
        return done(forget_after=PRUNED_AFTER if "pruned" in fact["scenario"] else None)

    def take_file(self, call: Call) -> Done:
        content = call.body.get("content")
        if not isinstance(content, str):
            raise Refused(422, "wrong_field", "“content” must be the file's text.", field="content")
        try:
            entries = nacha.read(content)
        except nacha.NachaFault as fault:
            raise Refused(422, "file_refused", str(fault), line=fault.line) from fault
        taken: dict[str, dict] = {}
        results = [self._take_entry(entry, call.key, taken) for entry in entries]
        file = {"kind": "file.taken", "id": self.world.new_id("fil", call.key), "key": call.key, "entries": results}
        scenario = self.world.chosen.get((self.name, call.key), ())
        return Done(201, lambda: self.files[call.key].as_json(call), [*taken.values(), file], scenario)

    def _take_entry(self, entry: nacha.Entry, file_key: str, taken: dict[str, dict]) -> dict:
        """The entry's key is its identification number, in small letters since the file knows capitals only.

        Returns the entry's result; its transfer, accepted or rejected, goes to `taken` unless its key is taken already.
        """
        key = entry.identification.lower() or f"{file_key}/{entry.trace}"
        fact = self._fact(
            key=key,
            amount_minor=entry.amount_minor,
            currency="USD",
            routing=entry.routing,
            account=entry.account,
            name=entry.name,
            effective_on=entry.effective_on,
            file_key=file_key,
            trace=entry.trace,
            fault=_entry_fault(entry),
        )
        if self._remembered(key) or key in taken:
            fact |= {"state": "rejected", "reason": "There is a transfer with this identification number."}
        else:
            taken[key] = fact
        shown = ("key", "trace", "amount_minor", "routing", "account_last4", "name", "state", "reason", "settles_on")
        return {"line": entry.line} | {name: fact[name] for name in shown}

    def _fact(
        self,
        *,
        key: str,
        amount_minor: int,
        currency: str,
        routing: str,
        account: str,
        name: str,
        effective_on: date = date.min,
        file_key: str = "",
        trace: str = "",
        fault: str = "",
    ) -> dict:
        scenario = self.world.chosen.get((self.name, key)) or scenario_of_account(account)
        reason = fault or _account_fault(currency, routing, account)
        if not reason and "rejected" in scenario:
            reason = "The bank does not send to this account."
        return {
            "kind": "transfer.taken",
            "id": self._new_id(key),
            "key": key,
            "file_key": file_key,
            "trace": trace,
            "amount_minor": amount_minor,
            "currency": currency,
            "routing": routing,
            "account_last4": account[-4:],
            "name": name,
            "scenario": scenario,
            "state": "rejected" if reason else "accepted",
            "reason": reason,
            "settles_on": "" if reason else self._settlement_day(currency, effective_on).isoformat(),
        }

    def _settlement_day(self, currency: str, effective_on: date) -> date:
        after_today = bank_day_after(local_day(self.world.now(), currency), currency)
        return bank_day_from(max(after_today, effective_on), currency)

    def _new_id(self, key: str) -> str:
        """A forgotten key can come again, as another transfer."""
        before = sum(transfer.key == key for transfer in self.by_id.values()) if key in self.by_key else 0
        return self.world.new_id("trf", key, before)

    # -- questions

    def _remembered(self, key: str) -> Transfer | None:
        transfer = self.by_key.get(key)
        if transfer and "pruned" in transfer.scenario and self.world.now() >= transfer.created_at + PRUNED_AFTER:
            return None
        return transfer

    def _find(self, key: str) -> Transfer:
        transfer = self._remembered(key)
        if not transfer:
            raise Refused(404, "no_such_transfer", "The bank knows no transfer with this key.")
        return transfer

    def show_file(self, call: Call) -> dict:
        file = self.files.get(call.args["key"])
        if not file:
            raise Refused(404, "no_such_file", "The bank knows no file with this key.")
        return file.as_json(call)

    # -- what the facts mean

    def _fold_transfer(self, fact: dict, at: float) -> None:
        fields = {name: value for name, value in fact.items() if name != "kind"}
        transfer = Transfer(**fields | {"scenario": tuple(fact["scenario"])}, created_at=at, changed_at=at)
        self.by_key[transfer.key] = self.by_id[transfer.id] = transfer
        if "silent" in transfer.scenario:
            return
        self.world.plan(at, self.name, f"transfer.{transfer.state}", transfer.id)
        if transfer.state == "accepted":
            settles_at = opening(date.fromisoformat(transfer.settles_on), transfer.currency)
            self.world.plan(settles_at, self.name, "transfer.settled", transfer.id)

    def _fold_file(self, fact: dict, at: float) -> None:
        self.files[fact["key"]] = SentFile(fact["id"], fact["key"], fact["entries"])

    def happen(self, type: str, subject: str, at: float, extra: dict) -> tuple[dict, tuple[str, ...]]:
        transfer = self.by_id[subject]
        transfer.changed_at = at
        if type == "transfer.settled":
            self._settle(transfer, at)
        elif type == "transfer.returned":
            transfer.state = "returned"
            transfer.return_code = scenarios.outcome(transfer.scenario, self.name)
            transfer.reason = RETURNS.get(transfer.return_code, "Returned by the receiving bank")
            self._move("return", transfer, transfer.amount_minor, at)
        return transfer.as_json(), transfer.scenario

    def _settle(self, transfer: Transfer, at: float) -> None:
        transfer.state = "settled"
        self._move("transfer", transfer, -transfer.amount_minor, at)
        if scenarios.outcome(transfer.scenario, self.name).startswith("R"):
            day = bank_day_after(local_day(at, transfer.currency), transfer.currency, RETURN_DAYS)
            due_at = opening(day, transfer.currency) + RETURN_HOUR
            self.world.plan(due_at, self.name, "transfer.returned", transfer.id)

    def _move(self, kind: str, transfer: Transfer, amount: int, at: float) -> None:
        if amount:
            day = local_day(at, transfer.currency).isoformat()
            number = len(self.movements) + 1
            self.movements.append(Movement(number, day, at, kind, transfer.key, transfer.id, amount, transfer.currency))


def _account_fault(currency: str, routing: str, account: str) -> str:
    if currency == "USD" and not nacha.routing_is_valid(routing):
        return "The routing number is not valid."
    if currency == "GBP" and not re.fullmatch(r"\d{2}-?\d{2}-?\d{2}", routing):
        return "The sort code is not valid."
    if not re.fullmatch(r"[0-9A-Za-z -]{4,34}", account):
        return "The account number is not valid."
    return ""


def _entry_fault(entry: nacha.Entry) -> str:
    if entry.is_debit:
        return "The marketplace may not draw from this account."
    if entry.is_prenote != (entry.amount_minor == 0):
        return "The amount does not fit the transaction code."
    return ""
