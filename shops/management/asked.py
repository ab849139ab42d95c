"""What a command was asked for, in words that say what is wrong with it."""

import argparse
import datetime as dt
from collections.abc import Iterable

from django.core.management.base import CommandError

from shops.models import Market, Shop


def day(written: str) -> dt.date:
    """For ``type=``: a day as it is written."""
    try:
        return dt.date.fromisoformat(written)
    except ValueError:
        raise argparse.ArgumentTypeError(f"“{written}” is no day. Write for example 2026-10-31.") from None


def markets(code: str | None = "", *, of_shop: str = "") -> list[Market]:
    """All markets, or the one that is named or that the named shop belongs to; a name that nobody has is refused."""
    found = list(Market.objects.order_by("code"))
    if code and code.upper() not in {one.code for one in found}:
        known = ", ".join(one.code for one in found) or "none"
        raise CommandError(f"There is no market {code}. There are: {known}.")
    shop = Shop.objects.filter(code=of_shop.upper()).first() if of_shop else None
    if of_shop and shop is None:
        raise CommandError(f"There is no shop with the code {of_shop}.")
    if code and shop is not None and shop.market_id != code.upper():
        raise CommandError(f"The shop {shop.code} belongs to the market {shop.market_id}, not to {code}.")
    wanted = code.upper() if code else shop.market_id if shop is not None else ""
    return [one for one in found if wanted in ("", one.code)]


def or_nothing(lines: Iterable[str], nothing: str) -> str:
    """The lines of a list, or the sentence for an empty one: a command never ends without a word."""
    return "\n".join(lines) or nothing
