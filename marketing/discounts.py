"""What a coupon takes off a basket. Pure arithmetic, all amounts in minor units of one currency."""

import dataclasses
from collections.abc import Sequence

from seller_center.kernel.money import allocate, basis_points


@dataclasses.dataclass(frozen=True)
class QuoteLine:
    """One line of a basket as pricing sees it: the goods at list price, before any discount."""

    sku_id: int
    category_id: int | None
    gross_minor: int


@dataclasses.dataclass(frozen=True)
class Terms:
    """The numbers of a coupon that decide the discount."""

    percent: int | None
    amount_minor: int | None
    least_spend_minor: int


def discount_of(terms: Terms, lines: Sequence[QuoteLine]) -> int:
    """The whole discount on these lines; never more than the goods cost, zero below the minimum spend."""
    goods = sum(line.gross_minor for line in lines)
    if goods < terms.least_spend_minor or goods <= 0:
        return 0
    if terms.percent is not None:
        return min(goods, basis_points(goods, terms.percent * 100))
    return min(goods, terms.amount_minor or 0)


def share_by_line(discount_minor: int, lines: Sequence[QuoteLine]) -> list[int]:
    """The discount laid on the lines by their price (largest remainder), summing exactly to the whole."""
    return allocate(discount_minor, [line.gross_minor for line in lines])
