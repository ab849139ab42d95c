"""What a carrier's tracking number looks like, with its check digit where the carrier has one. Pure.

A number that passes is plausible, not true: only a scan proves it. Sources: the carriers' published number formats, and
UPU standard S10 for the thirteen-character postal numbers.
"""

import re
from collections.abc import Callable

S10_WEIGHTS = (8, 6, 4, 2, 3, 5, 9, 7)


def normalized(number: str) -> str:
    """Capitals without the blanks and dashes that people type."""
    return re.sub(r"[\s-]", "", number).upper()


def is_plausible(carrier: str, number: str) -> bool:
    """Whether a normalized number could be one of this carrier's; KeyError for a carrier without a shape."""
    return any(check(number) for check in SHAPES[carrier])


def _ups(number: str) -> bool:
    """1Z, then fifteen signs and a check digit: letters count as (code − 63) mod 10, even places double."""
    if not re.fullmatch(r"1Z[0-9A-Z]{15}\d", number):
        return False
    values = [int(sign) if sign.isdigit() else (ord(sign) - 63) % 10 for sign in number[2:17]]
    total = sum(value * (1 + place % 2) for place, value in enumerate(values))
    return -total % 10 == int(number[17])


def _s10(countries: str) -> Callable[[str], bool]:
    """Two letters, eight digits, a check digit, the country."""

    def check(number: str) -> bool:
        if not re.fullmatch(rf"[A-Z]{{2}}\d{{9}}(?:{countries})", number):
            return False
        total = sum(int(digit) * weight for digit, weight in zip(number[2:10], S10_WEIGHTS, strict=True))
        return {10: 0, 11: 5}.get(11 - total % 11, 11 - total % 11) == int(number[10])

    return check


def _mod10(digits: str) -> bool:
    """The last digit makes the sum a multiple of ten; from the right, every second digit counts three times."""
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(reversed(digits)))
    return total % 10 == 0


def _usps(number: str) -> bool:
    """20 digits, or 22 or 26 from 91 to 95; a label may carry 420 and the ZIP code (5 or 9 digits) in front of them."""
    if not (number.isascii() and number.isdecimal()):
        return False
    if number.startswith("420") and len(number) > 26:
        return _usps(number[8:]) or _usps(number[12:])
    if len(number) == 20:
        return _mod10(number) or _mod10(f"91{number}")
    return len(number) in (22, 26) and number[:2] in {"91", "92", "93", "94", "95"} and _mod10(number)


def _fedex_express(number: str) -> bool:
    """Twelve digits: the weights 3, 1, 7 repeated, modulo eleven, modulo ten."""
    if not re.fullmatch(r"\d{12}", number, re.ASCII):
        return False
    total = sum(int(digit) * (3, 1, 7)[place % 3] for place, digit in enumerate(number[:11]))
    return total % 11 % 10 == int(number[11])


def _fedex_ground(number: str) -> bool:
    """Fifteen digits, or 96 and twenty more of which the last fifteen count."""
    found = re.fullmatch(r"(?:96\d{5})?(\d{15})", number, re.ASCII)
    return bool(found) and _mod10(found[1])


def _fedex_economy(number: str) -> bool:
    """Parcels that the post delivers: 20 digits, with or without 92 in front."""
    return bool(re.fullmatch(r"(?:92)?\d{20}", number, re.ASCII)) and _mod10(f"92{number[-20:]}")


def _dhl_express(number: str) -> bool:
    """Ten or eleven digits, the last being the others modulo seven."""
    return bool(re.fullmatch(r"\d{10,11}", number, re.ASCII)) and int(number[:-1]) % 7 == int(number[-1])


def _dhl_parcel(number: str) -> bool:
    """The licence plates of pieces and of the parcel network; they have no check digit."""
    return bool(re.fullmatch(r"J[A-Z]{1,3}\d{9,20}|GM\d{10,20}", number, re.ASCII))


def _sandbox(number: str) -> bool:
    """SBX, twelve digits, and a check digit by Luhn's rule."""
    found = re.fullmatch(r"SBX(\d{13})", number, re.ASCII)
    if not found:
        return False
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(found[1]))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


SHAPES: dict[str, tuple[Callable[[str], bool], ...]] = {
    "ups": (_ups,),
    "usps": (_usps, _s10("US")),
    "fedex": (_fedex_express, _fedex_ground, _fedex_economy),
    "dhl": (_dhl_express, _dhl_parcel),
    "royal_mail": (_s10("GB"),),
    "sandbox": (_sandbox,),
}
