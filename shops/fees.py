"""What the marketplace charges for a sale: pure arithmetic, with rates handed in from the policy (rulebook §5).

Everything in minor units of one currency; rates in basis points (600 = 6 %). A fee is rounded once, half up, where it
is taken; what is given back of it follows the cumulative target, so that a sale refunded in any steps gives back
exactly what was taken (INV13). The catalogue (margin), promotions and payouts ask the same functions.
"""

import dataclasses

from seller_center.kernel.money import basis_points, cumulative_share

WHOLE = 10_000
#: The rule for all goods without a rate of their own.
REFERRAL = "referral"


@dataclasses.dataclass(frozen=True, kw_only=True)
class ReferralRate:
    """The referral fee's rate for one sale: ``rate_bp`` of the base, of which ``share_bp`` is charged (an offer)."""

    rule: str
    rate_bp: int
    share_bp: int = WHOLE

    def fee_of(self, base_minor: int) -> int:
        """The fee on this base, rounded once."""
        return _half_up(base_minor * self.rate_bp * self.share_bp, WHOLE * WHOLE)


def referral_rules(fees) -> list[str]:
    """Every rule that ``referral_rate`` may name under ``policy.fees``."""
    return [REFERRAL, *map(_special, fees.referral_by_class_bp)]


def _special(fee_class: str) -> str:
    return f"{REFERRAL}.{fee_class}"


def referral_rate(fees, *, fee_class: str, offer_share_bp: int | None = None) -> ReferralRate:
    """The rate for a category's fee class under ``policy.fees``; ``offer_share_bp`` while the new-seller offer runs."""
    special = fee_class in fees.referral_by_class_bp
    return ReferralRate(
        rule=_special(fee_class) if special else REFERRAL,
        rate_bp=fees.referral_of(fee_class),
        share_bp=WHOLE if offer_share_bp is None else offer_share_bp,
    )


def fee_base(
    *,
    goods_minor: int,
    seller_discount_minor: int,
    shipping_minor: int,
    tax_minor: int,
    tax_included: bool,
) -> int:
    """Customer payment + platform discount − tax (rulebook §5), said from the goods' full price.

    The platform discount is not subtracted, because what the platform gives counts as paid; tax added on top is not in
    these amounts, tax that prices include is taken out.
    """
    return goods_minor - seller_discount_minor + shipping_minor - (tax_minor if tax_included else 0)


def given_back(fee_minor: int, *, refunded_minor: int, paid_minor: int, before_minor: int = 0) -> int:
    """What of a fee is given back when ``refunded_minor`` more of ``paid_minor`` goes back to the buyer.

    ``before_minor`` went back earlier. All refunded gives back the whole fee, in whatever steps.
    """
    if paid_minor == 0:
        return 0
    until_now = cumulative_share(fee_minor, before_minor, paid_minor)
    return cumulative_share(fee_minor, before_minor + refunded_minor, paid_minor) - until_now


def refund_admin_fee(referral_back_minor: int, *, before_minor: int, share_bp: int, at_most_minor: int) -> int:
    """The refund administration fee for referral fees given back: a share of them, capped per order line.

    ``before_minor`` is the referral fee given back on this line earlier: the cap and the rounding hold for the sum.
    """
    until_now = min(at_most_minor, basis_points(before_minor, share_bp))
    return min(at_most_minor, basis_points(before_minor + referral_back_minor, share_bp)) - until_now


def _half_up(numerator: int, denominator: int) -> int:
    return (2 * numerator + denominator) // (2 * denominator)
