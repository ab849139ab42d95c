"""Money: integers in minor units with a currency, and the only arithmetic that splits or rounds amounts.

Floats and mixed currencies raise. Every split goes through `allocate` (largest remainder) or `cumulative_share`
(cumulative target), so that parts always add up to the whole, in any order and at any moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from babel import Locale
from babel.numbers import format_currency, get_decimal_symbol, get_group_symbol

# ISO 4217: currencies whose minor unit is not the hundredth.
_MINOR_DIGITS = {
    0: {"BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF", "XOF"}
    | {"XPF"},
    3: {"BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"},
    4: {"CLF", "UYW"},
}
MINUS = "−"
"""The sign before what is taken away: as wide as a plus and never broken from its amount, unlike a hyphen."""
_EXPONENTS = {currency: digits for digits, currencies in _MINOR_DIGITS.items() for currency in currencies}


class CurrencyMismatch(TypeError):
    """Two currencies met in one operation: a bug, not a refusal."""


def exponent(currency: str) -> int:
    """How many decimal digits the minor unit of a currency stands for (ISO 4217): USD 2, JPY 0, KWD 3."""
    if len(currency) != 3 or not currency.isascii() or not currency.isalpha() or not currency.isupper():
        raise ValueError(f"not a currency code: {currency!r}")
    return _EXPONENTS.get(currency, 2)


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency: `Money(1999, "USD")` is $19.99.

    Adding, subtracting and comparing want the same currency; multiplying wants an integer; dividing is not possible
    (use `allocate`). Zero of any currency is still of that currency.
    """

    minor: int
    currency: str

    def __post_init__(self) -> None:
        _whole(self.minor)
        exponent(self.currency)

    def __add__(self, other: Any) -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __radd__(self, other: Any) -> "Money":
        # sum() starts with the integer 0; nothing else may be added to money.
        if type(other) is int and other == 0:
            return self
        return NotImplemented

    def __sub__(self, other: Any) -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __mul__(self, times: int) -> "Money":
        return Money(self.minor * _whole(times), self.currency)

    __rmul__ = __mul__

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: Any) -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: Any) -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: Any) -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: Any) -> bool:
        return self.minor >= self._same(other)

    def __str__(self) -> str:
        return format_money(self.minor, self.currency)

    def _same(self, other: Any) -> int:
        if not isinstance(other, Money):
            raise TypeError(f"money and {type(other).__name__} do not mix")
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} do not mix")
        return other.minor

    def allocate(self, weights: Sequence[int]) -> "list[Money]":
        """`allocate()` in this currency."""
        return [Money(part, self.currency) for part in allocate(self.minor, weights)]

    @property
    def decimal(self) -> Decimal:
        """The amount in major units, exact."""
        return Decimal(self.minor).scaleb(-exponent(self.currency))


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` by largest remainder; the parts add up to it exactly.

    Permutation-stable: which weight gets which part does not depend on the order (ties go to the larger weight;
    only between equal weights does the position decide). With 0 ≤ total ≤ Σ weights each part is between 0 and its
    weight, so that a discount never exceeds its line. A negative total is split as the positive one, negated.
    Raises `ValueError` for a negative weight, or where there is something to split and nothing to split it by.
    """
    _whole(total)
    if any(_whole(weight) < 0 for weight in weights):
        raise ValueError("weights are not negative")
    if total < 0:
        return [-part for part in allocate(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("nothing to split by: all weights are zero")
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    missing = total - sum(parts)
    by_remainder = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), -weights[i], i))
    for index in by_remainder[:missing]:
        parts[index] += 1
    return parts


def cumulative_share(whole: int, done: int, of: int) -> int:
    """What of `whole` falls on the first `done` of `of` equal units, half up.

    The next n units get `cumulative_share(whole, done + n, of) - cumulative_share(whole, done, of)`: whatever the
    order and size of the steps, no prefix exceeds its share by a rounding and all steps together are the whole.
    """
    _whole(whole), _whole(done), _whole(of)
    if of <= 0 or not 0 <= done <= of:
        raise ValueError(f"{done} of {of} units")
    return _half_up(whole * done, of)


def basis_points(minor: int, bp: int) -> int:
    """`bp` hundredths of a percent of an amount, rounded half away from zero: 600 of 1999 is 120."""
    return _half_up(_whole(minor) * _whole(bp), 10_000)


def _half_up(numerator: int, denominator: int) -> int:
    if numerator < 0:
        return -_half_up(-numerator, denominator)
    return (2 * numerator + denominator) // (2 * denominator)


def _whole(number: Any) -> int:
    if type(number) is not int:
        raise TypeError(f"money is counted in whole minor units, not {type(number).__name__}")
    return number


@dataclass(frozen=True, slots=True)
class _Style:
    """How a locale writes a currency, worked out once: what stands around the digits and how they are grouped."""

    digits: int
    plus: tuple[str, str]
    minus: tuple[str, str]
    group: str
    decimal: str
    grouping: tuple[int, int]
    min_grouped: int

    def write(self, minor: int) -> str:
        before, after = self.minus if minor < 0 else self.plus
        digits = str(abs(minor)).rjust(self.digits + 1, "0")
        whole, cents = (digits[: -self.digits], digits[-self.digits :]) if self.digits else (digits, "")
        return before + self._grouped(whole) + (self.decimal + cents if cents else "") + after

    def _grouped(self, whole: str) -> str:
        first, further = self.grouping
        if len(whole) < self.min_grouped:
            return whole
        groups, rest = [whole[-first:]], whole[:-first]
        while rest:
            groups.append(rest[-further:])
            rest = rest[:-further]
        return self.group.join(reversed(groups))


@lru_cache(maxsize=512)
def _style(currency: str, locale: str) -> _Style:
    parsed = Locale.parse(locale)
    grouping = parsed.currency_formats["standard"].grouping
    return _Style(
        digits=exponent(currency),
        plus=_around(format_currency(Decimal(7), currency, locale=parsed, currency_digits=True)),
        minus=_around(format_currency(Decimal(-7), currency, locale=parsed, currency_digits=True).replace("-", MINUS)),
        group=get_group_symbol(parsed),
        decimal=get_decimal_symbol(parsed),
        grouping=grouping,
        min_grouped=grouping[0] + 1,
    )


def _around(sample: str) -> tuple[str, str]:
    """What a locale puts before and after the digits of a sample amount of seven."""
    before, __, rest = sample.partition("7")
    return before, rest.lstrip("0123456789.,٫،")


def format_money(minor: int, currency: str, locale: str = "en_US") -> str:
    """An amount as people of a locale write it: `format_money(-123456, "USD")` is `−$1,234.56`.

    The only writer of money for people; files for programs take `Money.decimal`, with a hyphen.
    """
    return _style(currency, locale.replace("-", "_")).write(_whole(minor))
