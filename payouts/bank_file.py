"""The bank's file of a batch: NACHA for dollars, through achkit behind this seam. The same batch gives the same bytes.

Names are brought into the file's alphabet before (achkit would blank what it does not know), each entry's
identification is the payout's key, so that file and transfer can never pay twice, and the date is that of the release.
The file is made when it is asked for and never stored: it holds account numbers (INV21). Its digest is kept at the
release.
"""

import dataclasses
import datetime as dt
import hashlib
import string
import unicodedata
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from achkit import AchFile, validate
from django.conf import settings
from django.utils.translation import gettext as _

from payouts import payday
from payouts.models import Payout, PayoutBatch
from seller_center.kernel.calendar import holidays_of
from seller_center.kernel.errors import DomainError

#: Currencies that go by NACHA file. Others are sent one by one through the bank's own door.
CURRENCIES = ("USD",)
#: Runs of a day are told apart by a letter or digit (NACHA's file id modifier).
MODIFIERS = string.ascii_uppercase + string.digits

#: Letters that have no accent to take off.
_SPELLED = str.maketrans(
    {
        "ß": "ss",
        "Æ": "AE",
        "æ": "ae",
        "Ø": "O",
        "ø": "o",
        "Œ": "OE",
        "œ": "oe",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Þ": "TH",
        "þ": "th",
        "’": "'",
        "‘": "'",
        "–": "-",
        "—": "-",
        "“": '"',
        "”": '"',
    }
)


class NoBankFile(DomainError):
    """This batch has no file: its currency has none, or the marketplace's bank is not set."""

    code = "no_bank_file"


@dataclasses.dataclass(frozen=True)
class Credit:
    """One entry: money to an account, under the key by which the bank knows the payout."""

    key: str
    name: str
    routing: str
    account: str
    account_type: str
    amount_minor: int


def render(batch: PayoutBatch) -> bytes:
    """The file of the batch as it stands; after the release always the same bytes. Raises ``NoBankFile``."""
    if batch.currency not in CURRENCIES:
        raise NoBankFile(_("Payouts in %(currency)s have no bank file.") % {"currency": batch.currency})
    if not settings.BANK_ORIGINATOR.get("routing"):
        raise NoBankFile(_("The marketplace's own bank is not set (BANK_ORIGINATOR)."))
    credits = [
        Credit(
            key=payout.key,
            name=payout.bank_account.holder,
            routing=payout.bank_account.routing_number,
            account=payout.bank_account.number.reveal(),
            account_type=payout.bank_account.account_type,
            amount_minor=payout.amount_minor,
        )
        for payout in entries_of(batch)
    ]
    moment = (batch.released_at or batch.drafted_at).astimezone(ZoneInfo(batch.market.zone))
    modifier = MODIFIERS[(batch.run_no - 1) % len(MODIFIERS)]
    return nacha(settings.BANK_ORIGINATOR, credits, moment=moment, modifier=modifier)


def nacha(ours: Mapping[str, str], credits: Sequence[Credit], *, moment: dt.datetime, modifier: str) -> bytes:
    """The file of these credits, released at ``moment`` of the bank's zone; checked against itself before it leaves."""
    file = AchFile.create(
        origin_dfi=ours["routing"],
        company_id=ours["company_id"],
        destination_routing=ours.get("destination", ours["routing"]),
        destination_name=plain(ours["bank"]),
        origin_name=plain(ours["name"]),
        file_id_modifier=modifier,
        creation_date=moment,
    )
    entries = file.batch(sec="PPD", description="PAYOUT", effective_date=effective_on(moment).isoformat())
    for credit in credits:
        entries.credit(
            name=plain(credit.name),
            routing=credit.routing,
            account=credit.account,
            amount_cents=credit.amount_minor,
            account_type=credit.account_type,
            id_number=credit.key,
        )
    content = _with_origin(file.render(), ours.get("immediate_origin", ""))
    found = validate(content)
    if not found["ok"]:
        raise AssertionError(f"the bank file does not agree with itself: {found['errors'][:3]}")
    return content.encode("ascii")


def digest(batch: PayoutBatch) -> str:
    """The digest of the batch's file; empty where there is none."""
    try:
        return hashlib.sha256(render(batch)).hexdigest()
    except NoBankFile:
        return ""


def name_of(batch: PayoutBatch) -> str:
    """What the downloaded file is called."""
    return f"payouts-{batch.code}.ach"


def entries_of(batch: PayoutBatch):
    """The batch's payouts in the order of the file."""
    return Payout.objects.filter(batch=batch).exclude(status="held").select_related("bank_account").order_by("pk")


def effective_on(moment: dt.datetime) -> dt.date:
    """The day on which the money is to arrive: the first bank day after the release."""
    day = moment.date()
    holidays = holidays_of("US-FED", [day.year, day.year + 1])
    return payday.bank_day_from(day + dt.timedelta(days=1), holidays=holidays)


def plain(text: str) -> str:
    """The text in the file's alphabet: accents taken off, special letters spelled out, anything else a dot.

    >>> plain("Łukasz Müßig Ñandú")
    'Lukasz Mussig Nandu'
    """
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED))
    kept = "".join(sign for sign in spelled if not unicodedata.combining(sign))
    return "".join(sign if " " <= sign <= "~" else "." for sign in kept)


def _with_origin(content: str, origin: str) -> str:
    """Some banks want 1 + EIN as immediate origin (columns 14–23), where achkit writes the bank's number."""
    return content[:13] + origin.rjust(10)[:10] + content[23:] if origin else content
