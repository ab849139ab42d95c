"""The bank file: the same bytes each time, read to the cent by readers that share no code with its writer (D10)."""

import datetime as dt
import random
from zoneinfo import ZoneInfo

import pytest

from payouts import bank_file
from payouts.models import Payout
from sandbox import nacha as banks_reader
from tests.factories.payouts import PAYDAY_AT, ROUTING, Sold, make_available, make_bank_account, make_batch, make_payout
from tests.factories.shops import make_shop
from tests.payouts import nacha_reader

OURS = {"routing": ROUTING, "company_id": "1234567890", "name": "Marketplace", "bank": "Sandbox Bank"}
MOMENT = dt.datetime(2026, 10, 26, 9, 30, tzinfo=ZoneInfo("America/New_York"))
NAMES = ("Owner One", "Łukasz Müßig GmbH", "Ñandú & Cía", "李雷", "O’Neill – Sons", "", "x" * 60, "Ærø Ø")


def some_credits(chance: random.Random, most: int = 40) -> list[bank_file.Credit]:
    return [
        bank_file.Credit(
            key=f"payout:{number}",
            name=chance.choice(NAMES),
            routing=chance.choice((ROUTING, "011000015", "121000358")),
            account=str(chance.randint(1, 10**17 - 1)),
            account_type=chance.choice(("checking", "savings")),
            amount_minor=chance.randint(1, 10**9),
        )
        for number in range(1, chance.randint(1, most) + 1)
    ]


def test_a_thousand_random_batches_are_read_back_to_the_cent():
    for seed in range(1_000):
        credits = some_credits(random.Random(seed))
        content = bank_file.nacha(OURS, credits, moment=MOMENT, modifier="A")
        assert content == bank_file.nacha(OURS, credits, moment=MOMENT, modifier="A")
        file = nacha_reader.read(content)
        assert [(entry.account, entry.amount, entry.identification.lower()) for entry in file.entries] == [
            (credit.account, credit.amount_minor, credit.key) for credit in credits
        ]
        assert [entry.code for entry in file.entries] == [
            "22" if credit.account_type == "checking" else "32" for credit in credits
        ]
        taken = banks_reader.read(content.decode())
        assert sum(entry.amount_minor for entry in taken) == sum(credit.amount_minor for credit in credits)


def test_a_reader_that_believes_anything_would_not_notice():
    """The control: one changed digit is found by both readers."""
    content = bank_file.nacha(OURS, some_credits(random.Random(1)), moment=MOMENT, modifier="A")
    lines = content.decode().split("\n")
    entry = next(number for number, line in enumerate(lines) if line.startswith("6"))
    lines[entry] = lines[entry][:38] + str((int(lines[entry][38]) + 1) % 10) + lines[entry][39:]
    forged = "\n".join(lines)
    with pytest.raises(AssertionError):
        nacha_reader.read(forged.encode())
    with pytest.raises(banks_reader.NachaFault):
        banks_reader.read(forged)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Łukasz Müßig", "Lukasz Mussig"),
        ("Ñandú & Cía", "Nandu & Cia"),
        ("O’Neill – Sons", "O'Neill - Sons"),
        ("李雷", ".."),
        ("Ærø", "AEro"),
        ("tab\tand\nline", "tab.and.line"),
    ],
)
def test_it_writes_names_in_the_files_alphabet(name, expected):
    assert bank_file.plain(name) == expected


def test_it_dates_the_money_on_the_next_bank_day():
    assert bank_file.effective_on(MOMENT) == dt.date(2026, 10, 27)
    friday = dt.datetime(2026, 10, 9, 18, 0, tzinfo=ZoneInfo("America/New_York"))
    assert bank_file.effective_on(friday) == dt.date(2026, 10, 13)  # Columbus Day is a Monday


def test_it_gives_banks_the_origin_they_want():
    content = bank_file.nacha(
        {**OURS, "immediate_origin": "1123456789"}, some_credits(random.Random(2)), moment=MOMENT, modifier="B"
    )
    file = nacha_reader.read(content)
    assert (file.origin, file.modifier, file.created, file.effective) == ("1123456789", "B", "2610260930", "261027")


@pytest.mark.django_db
class TestOfABatch:
    """The file of a real batch."""

    def test_it_is_the_same_for_ever_and_its_digest_is_kept(self, shop):
        payout = make_payout(shop, Sold(unit_minor=10_000))
        batch = payout.batch
        first = bank_file.render(batch)
        assert bank_file.digest(batch) == batch.file_sha256
        assert bank_file.render(batch) == first
        [entry] = nacha_reader.read(first).entries
        assert (entry.amount, entry.identification) == (9_700, f"PAYOUT:{payout.pk}")
        assert entry.account == payout.bank_account.number.reveal()

    def test_it_totals_what_the_batch_and_the_ledger_say(self, db):
        shops = [make_shop(f"F{number:03d}") for number in range(4)]
        for number, shop in enumerate(shops):
            make_bank_account(shop)
            make_available(shop, Sold(unit_minor=1_000 + number))
        batch = make_batch(*shops)
        file = nacha_reader.read(bank_file.render(batch))
        assert sum(entry.amount for entry in file.entries) == batch.total_minor
        assert len(file.entries) == batch.payout_count == Payout.objects.count()

    def test_it_has_none_in_pounds(self, db):
        shop = make_shop("BRIT", market="GB")
        make_bank_account(shop)
        make_available(shop)
        batch = make_batch(shop)
        assert batch.file_sha256 == ""
        with pytest.raises(bank_file.NoBankFile, match="GBP"):
            bank_file.render(batch)

    def test_it_wants_to_know_our_bank(self, shop, settings):
        batch = make_payout(shop).batch
        settings.BANK_ORIGINATOR = {}
        with pytest.raises(bank_file.NoBankFile, match="BANK_ORIGINATOR"):
            bank_file.render(batch)

    def test_it_is_made_at_the_moment_of_the_release(self, shop):
        batch = make_payout(shop).batch
        assert batch.released_at == PAYDAY_AT
        assert nacha_reader.read(bank_file.render(batch)).created == "2610260800"
