"""What falls on which part of an order line: delivered parts, refunded parts. Pure arithmetic in minor units.

Amounts are kept as what the buyer paid for goods, who gave which discount, shipping and tax; the full price is their
sum. So every part is a whole number that is never below zero, and the parts of a line add up to the line (INV5, INV13,
C7, C8).
"""

import dataclasses
from typing import Self

from seller_center.kernel.money import cumulative_share
from shops import fees


@dataclasses.dataclass(frozen=True, kw_only=True)
class Amounts:
    """The money of an order line or a part of it; ``tax`` is in ``paid_goods`` where prices include it, else on top."""

    paid_goods: int = 0
    seller_discount: int = 0
    platform_discount: int = 0
    shipping: int = 0
    tax: int = 0
    tax_included: bool = False

    @property
    def goods(self) -> int:
        """At full price."""
        return self.paid_goods + self.seller_discount + self.platform_discount

    @property
    def paid(self) -> int:
        """By the buyer, without tax on top."""
        return self.paid_goods + self.shipping

    @property
    def tax_on_top(self) -> int:
        return 0 if self.tax_included else self.tax

    @property
    def payment(self) -> int:
        """What left the buyer's card for it."""
        return self.paid + self.tax_on_top

    @property
    def value(self) -> int:
        """What lies on the buyers' payments for it: the payment and the platform's share of the discount."""
        return self.payment + self.platform_discount

    @property
    def fee_base(self) -> int:
        """Customer payment + platform discount − tax."""
        return fees.fee_base(
            goods_minor=self.goods,
            seller_discount_minor=self.seller_discount,
            shipping_minor=self.shipping,
            tax_minor=self.tax,
            tax_included=self.tax_included,
        )

    def plus(self, other: Self) -> Self:
        return self._each(lambda name: getattr(self, name) + getattr(other, name))

    def minus(self, other: Self) -> Self:
        return self._each(lambda name: getattr(self, name) - getattr(other, name))

    def at_most(self, other: Self) -> Self:
        """The smaller of each part."""
        return self._each(lambda name: min(getattr(self, name), getattr(other, name)))

    def share(self, done: int, of: int) -> Self:
        """What falls on the first ``done`` of ``of`` units."""
        return self._each(lambda name: cumulative_share(getattr(self, name), done, of))

    def _each(self, value) -> Self:
        return dataclasses.replace(self, **{name: value(name) for name in PARTS})


PARTS = ("paid_goods", "seller_discount", "platform_discount", "shipping", "tax")


def delivered(total: Amounts, *, gone: Amounts, before: int, quantity: int, of: int, last: bool) -> Amounts:
    """What ``quantity`` more units bring when ``before`` of ``of`` came earlier and ``gone`` was earned or given back.

    The last units bring all that is left, so that nothing stays behind whatever was refunded in between.
    """
    rest = total.minus(gone)
    if last:
        return rest
    fresh = total.share(min(before + quantity, of), of).minus(total.share(min(before, of), of))
    return fresh.at_most(rest)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Wish:
    """What of a refund is still to be found: goods and shipping as the buyer paid them, and tax."""

    goods: int
    shipping: int
    tax: int

    def __bool__(self) -> bool:
        return bool(self.goods or self.shipping or self.tax)

    def less(self, taken: "Taken") -> "Wish":
        back = taken.amounts
        return Wish(goods=self.goods - back.paid_goods, shipping=self.shipping - back.shipping, tax=self.tax - back.tax)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taken:
    """What a refund takes from one part: the amounts that go back, and the referral fee given back to the seller."""

    amounts: Amounts
    referral: int = 0

    @property
    def seller(self) -> int:
        """What the seller bears: the sale less its tax, with the platform's discount, less the fee given back."""
        back = self.amounts
        return back.value - back.tax - self.referral


def taken_from_earned(whole: Amounts, *, back: Amounts, wish: Wish, fee: int) -> Taken:
    """What a refund takes from an earned part of which ``back`` went back earlier; ``fee`` was charged for the whole.

    Discounts and fee follow the cumulative target: in whatever steps it goes, all refunded gives back exactly all.
    """
    goods = min(wish.goods, whole.paid_goods - back.paid_goods)
    shipping = min(wish.shipping, whole.shipping - back.shipping)
    taken = Amounts(
        paid_goods=goods,
        seller_discount=_step(whole.seller_discount, back.paid_goods, goods, whole.paid_goods),
        platform_discount=_step(whole.platform_discount, back.paid_goods, goods, whole.paid_goods),
        shipping=shipping,
        tax=min(wish.tax, whole.tax - back.tax),
        tax_included=whole.tax_included,
    )
    # What the platform gave counts as paid in the fee's base, so it counts in what goes back of the fee.
    referral = fees.given_back(
        fee,
        refunded_minor=taken.paid + taken.platform_discount,
        paid_minor=whole.paid + whole.platform_discount,
        before_minor=back.paid + back.platform_discount,
    )
    return Taken(amounts=taken, referral=referral)


def taken_from_unearned(rest: Amounts, *, wish: Wish) -> Taken:
    """What a refund takes from what nobody has earned yet; the last of the goods takes the last of the discounts."""
    goods = min(wish.goods, rest.paid_goods)
    return Taken(
        amounts=Amounts(
            paid_goods=goods,
            seller_discount=_part_of_rest(rest.seller_discount, goods, rest.paid_goods),
            platform_discount=_part_of_rest(rest.platform_discount, goods, rest.paid_goods),
            shipping=min(wish.shipping, rest.shipping),
            tax=min(wish.tax, rest.tax),
            tax_included=rest.tax_included,
        )
    )


def _step(whole: int, before: int, more: int, of: int) -> int:
    if of == 0:
        return 0
    return cumulative_share(whole, before + more, of) - cumulative_share(whole, before, of)


def _part_of_rest(rest: int, done: int, of: int) -> int:
    return rest * done // of if of else 0
