"""The bank: transfers, files, returns, statements, and its hostile moods."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import holidays
import pytest

from sandbox import bank_days
from sandbox.bank import MAGIC, scenario_of_account
from tests.sandbox import asking
from tests.sandbox.nacha_files import nacha

NEW_YORK = ZoneInfo("America/New_York")


def send(sandbox, key: str, **changes: object) -> dict:
    status, answer = sandbox.post("/bank/transfers", asking.transfer(**changes), key)
    assert status == 201, answer
    return answer


def statement_of(sandbox, key: str) -> list[tuple[str, int]]:
    """All movements with this key over the next weeks, as (kind, amount)."""
    today = datetime.fromisoformat(sandbox.get("/clock")[1]["now"]).date()
    days = [today + timedelta(days=number) for number in range(-60, 2)]
    pages = [sandbox.get(f"/bank/statement?day={day}")[1] for day in days]
    return [(move["kind"], move["amount_minor"]) for page in pages for move in page["movements"] if move["key"] == key]


def test_it_settles_on_the_next_bank_day_and_says_which(own_sandbox):
    transfer = send(own_sandbox, "payout:1")
    settles_on = date.fromisoformat(transfer["settles_on"])
    today = datetime.fromisoformat(transfer["created_at"]).astimezone(NEW_YORK).date()
    assert settles_on == bank_days.bank_day_after(today, "USD")
    assert transfer["state"] == "accepted"
    assert transfer["account_last4"] == "2345"
    assert "00012345" not in (own_sandbox.data / "journal.jsonl").read_text()
    own_sandbox.pass_time(days=5)
    assert own_sandbox.get("/bank/transfers/payout:1")[1]["state"] == "settled"
    statement = own_sandbox.get(f"/bank/statement?day={settles_on}")[1]
    assert [(move["kind"], move["key"], move["amount_minor"]) for move in statement["movements"]] == [
        ("transfer", "payout:1", -10_000)
    ]
    assert statement["totals"] == {"USD": {"count": 1, "in_minor": 0, "out_minor": 10_000}}


def test_it_returns_by_the_accounts_last_digits(own_sandbox):
    for number in range(1, 30):
        send(own_sandbox, f"payout:{number}", account=f"000199{number:02}")
    own_sandbox.pass_time(days=14)
    returns = own_sandbox.get("/bank/returns")[1]["events"]
    codes = {event["data"]["key"]: event["data"]["return_code"] for event in returns}
    assert codes == {f"payout:{number}": f"R{number:02}" for number in range(1, 30)}
    assert all(event["data"]["reason"] for event in returns)


def test_it_returns_the_money_two_bank_days_after_it_settled(own_sandbox):
    send(own_sandbox, "payout:1", account="00019916")
    send(own_sandbox, "payout:2")
    own_sandbox.pass_time(days=14)
    returned = own_sandbox.get("/bank/transfers/payout:1")[1]
    assert (returned["state"], returned["return_code"]) == ("returned", "R16")
    back_on = datetime.fromisoformat(returned["changed_at"]).astimezone(NEW_YORK).date()
    assert back_on == bank_days.bank_day_after(date.fromisoformat(returned["settles_on"]), "USD", 2)
    assert statement_of(own_sandbox, "payout:1") == [("transfer", -10_000), ("return", 10_000)]
    assert statement_of(own_sandbox, "payout:2") == [("transfer", -10_000)]
    returns = own_sandbox.get("/bank/returns")[1]["events"]
    assert [event["data"]["key"] for event in returns] == ["payout:1"]


@pytest.mark.parametrize(
    "changes",
    [
        {"routing": "021000022"},
        {"routing": "000000000"},
        {"account": "12"},
        {"account": "0001;DROP"},
        {"currency": "GBP", "routing": "1234"},
        {"account": "00019930"},
    ],
)
def test_it_rejects_what_it_cannot_send_and_never_moves_it(own_sandbox, changes):
    transfer = send(own_sandbox, "payout:1", **changes)
    assert transfer["state"] == "rejected"
    assert transfer["reason"].endswith(".")
    own_sandbox.pass_time(days=7)
    assert own_sandbox.get("/bank/transfers/payout:1")[1]["state"] == "rejected"
    assert statement_of(own_sandbox, "payout:1") == []


def test_it_can_fall_silent(own_sandbox):
    send(own_sandbox, "payout:1", account="00019931")
    own_sandbox.pass_time(days=20)
    assert own_sandbox.get("/bank/transfers/payout:1")[1]["state"] == "accepted"
    assert own_sandbox.get("/bank/events")[1]["events"] == []


def test_it_can_do_the_work_and_hide_it(own_sandbox):
    """500-but-done, timeout-but-done, 200-late: the key tells, and the same key never pays twice."""
    own_sandbox.choose("bank", "payout:500", "error_done")
    own_sandbox.choose("bank", "payout:hang", "timeout_done")
    own_sandbox.choose("bank", "payout:late", "late")
    assert own_sandbox.post("/bank/transfers", asking.transfer(), "payout:500")[0] == 500
    with pytest.raises(OSError):
        own_sandbox.post("/bank/transfers", asking.transfer(), "payout:hang")
    assert own_sandbox.post("/bank/transfers", asking.transfer(), "payout:late")[0] == 201
    own_sandbox.pass_time(days=5)
    for key in ("payout:500", "payout:hang", "payout:late"):
        assert own_sandbox.get(f"/bank/transfers/{key}")[1]["state"] == "settled"
        send(own_sandbox, key)
        assert statement_of(own_sandbox, key) == [("transfer", -10_000)]


def test_it_can_forget_a_key_after_a_day_and_then_pays_it_again(own_sandbox):
    """Why an unknown payout is never sent again: only the statement still knows it."""
    first = send(own_sandbox, "payout:1", account="00019938")
    own_sandbox.pass_time(hours=23)
    assert send(own_sandbox, "payout:1", account="00019938") == first
    own_sandbox.pass_time(hours=2)
    assert own_sandbox.get("/bank/transfers/payout:1")[0] == 404
    second = send(own_sandbox, "payout:1", account="00019938")
    assert second["id"] != first["id"]
    own_sandbox.restart()
    own_sandbox.pass_time(days=7)
    assert statement_of(own_sandbox, "payout:1") == [("transfer", -10_000)] * 2


def test_it_reads_each_magic_account():
    assert len(MAGIC) == 9
    for number, name in enumerate(MAGIC, start=30):
        assert scenario_of_account(f"000199{number}") == (name,)
    for harmless in ("00019900", "00019939", "00019999", "00000001", "0001"):
        assert scenario_of_account(harmless) == ()


# -- files


def test_it_takes_a_nacha_file_and_answers_entry_by_entry(own_sandbox):
    content = nacha(
        ("payout:1", "00012345", 10_000), ("payout:2", "00019930", 20_000), ("payout:3", "00019903", 30_000)
    )
    status, answer = own_sandbox.post("/bank/files", {"content": content}, "batch:1")
    assert status == 201
    assert (answer["entry_count"], answer["accepted_count"], answer["accepted_minor"]) == (3, 2, 40_000)
    assert [(entry["key"], entry["line"], entry["state"]) for entry in answer["entries"]] == [
        ("payout:1", 3, "accepted"),
        ("payout:2", 4, "rejected"),
        ("payout:3", 5, "accepted"),
    ]
    own_sandbox.pass_time(days=10)
    states = [own_sandbox.get(f"/bank/transfers/payout:{number}")[1]["state"] for number in (1, 2, 3)]
    assert states == ["settled", "rejected", "returned"]
    assert own_sandbox.get("/bank/files/batch:1")[1]["entries"] == answer["entries"]
    assert own_sandbox.post("/bank/files", {"content": content}, "batch:1") == (201, answer)


def test_it_never_pays_the_same_identification_twice(own_sandbox):
    send(own_sandbox, "payout:2")
    content = nacha(("payout:1", "00012345", 100), ("payout:1", "00012345", 100), ("payout:2", "00012345", 10_000))
    first = own_sandbox.post("/bank/files", {"content": content}, "batch:1")[1]
    again = own_sandbox.post("/bank/files", {"content": content}, "batch:2")[1]
    assert [entry["state"] for entry in first["entries"]] == ["accepted", "rejected", "rejected"]
    assert again["accepted_count"] == 0
    own_sandbox.pass_time(days=7)
    assert statement_of(own_sandbox, "payout:1") == [("transfer", -100)]
    assert statement_of(own_sandbox, "payout:2") == [("transfer", -10_000)]


def test_it_waits_for_the_files_effective_date(own_sandbox):
    day = (datetime.fromisoformat(own_sandbox.get("/clock")[1]["now"]) + timedelta(days=20)).date()
    content = nacha(("payout:1", "00012345", 100), effective=day.isoformat())
    entry = own_sandbox.post("/bank/files", {"content": content}, "batch:1")[1]["entries"][0]
    assert date.fromisoformat(entry["settles_on"]) == bank_days.bank_day_from(day, "USD")


def test_it_answers_for_a_long_file_in_pages(own_sandbox):
    content = nacha(*((f"payout:{number}", "00012345", 100 + number) for number in range(150)))
    page = own_sandbox.post("/bank/files", {"content": content}, "batch:1")[1]
    entries = page["entries"]
    while page["more"]:
        page = own_sandbox.get(f"/bank/files/batch:1?after={page['next']}")[1]
        entries += page["entries"]
    assert [entry["key"] for entry in entries] == [f"payout:{number}" for number in range(150)]
    own_sandbox.pass_time(days=7)
    day = entries[0]["settles_on"]
    statement = own_sandbox.get(f"/bank/statement?day={day}")[1]
    assert statement["totals"]["USD"] == {"count": 150, "in_minor": 0, "out_minor": sum(range(100, 250))}
    moves = statement["movements"]
    while statement["more"]:
        statement = own_sandbox.get(f"/bank/statement?day={day}&after={statement['next']}")[1]
        moves += statement["movements"]
    assert Counter(move["key"] for move in moves) == Counter(entry["key"] for entry in entries)


def test_it_refuses_a_faulty_file_whole_and_names_the_line(own_sandbox):
    content = nacha(("payout:1", "00012345", 100)).replace("0000000100", "0000000101", 1)
    status, answer = own_sandbox.post("/bank/files", {"content": content}, "batch:1")
    assert (status, answer["error"], answer["line"]) == (422, "file_refused", 4)
    assert own_sandbox.get("/bank/transfers/payout:1")[0] == 404
    assert own_sandbox.get("/bank/files/batch:1")[0] == 404


# -- its calendar


def test_it_keeps_the_days_of_the_federal_reserve():
    """Against the `holidays` library, which was written from another source."""
    library = holidays.financial_holidays("FED")
    for year in range(2022, 2041):
        day = date(year, 1, 1)
        while day.year == year:
            expected = day.weekday() < 5 and day not in library
            assert bank_days.is_bank_day(day, "USD") == expected, day
            day += timedelta(days=1)


def test_it_knows_weekends_only_for_other_currencies():
    assert bank_days.bank_day_after(date(2026, 7, 2), "USD") == date(2026, 7, 3), "the 4th is a Saturday: open"
    assert bank_days.bank_day_after(date(2026, 11, 25), "USD") == date(2026, 11, 27)
    assert bank_days.bank_day_after(date(2026, 11, 25), "GBP") == date(2026, 11, 26)
    assert bank_days.bank_day_after(date(2026, 11, 27), "GBP") == date(2026, 11, 30)
