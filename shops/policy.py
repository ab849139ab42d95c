"""The policy: every number of the rules, typed, dated and versioned per market (model.md §8). Pure arithmetic.

``parse`` turns a document (a mapping, from TOML or a ``PolicyVersion`` row) into a frozen ``Policy``. A key that an
older document lacks takes the shipped default; an unknown key refuses the whole document and names the key.
"""

import dataclasses
import functools
import tomllib
import types
import typing
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parent / "policies"


class PolicyError(ValueError):
    """The document cannot be a policy; the message names the key."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Onboarding:
    least_age_years: int
    document_bytes_at_most: int
    proof_of_address_days: int
    review_due_hours: int
    review_overdue_hours: int
    document_reminder_days: tuple[int, ...]
    least_image_pixels: int
    agreement_version: str
    documents_individual: tuple[str, ...]
    documents_business: tuple[str, ...]


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewSellerOffer:
    referral_fee_share_bp: int
    days: int
    coupon_budget_minor: int
    coupon_percent: int
    coupon_per_buyer: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Team:
    invitation_hours: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Security:
    fresh_factor_minutes: int
    staff_view_minutes: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tier:
    """Limits of a tier, and what it takes to reach it; None: no limit, or not asked."""

    orders_per_day: int | None = None
    live_products: int | None = None
    least_days: int | None = None
    least_live_listings: int | None = None
    least_delivered_orders: int | None = None
    least_buyers: int | None = None
    violations_30d_below: int | None = None
    least_sps_tenths: int | None = None
    unscored_counts: bool | None = None
    late_dispatch_at_most_bp: int | None = None
    seller_cancel_at_most_bp: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probation:
    order: tuple[str, ...]
    violation_window_days: int
    beginner: Tier
    standard: Tier
    premium: Tier
    pro: Tier

    def tier(self, name: str) -> Tier:
        """The limits of the tier with this name."""
        return getattr(self, name)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of the score: window in days, weight, and the values that give 5.0 and 0.0 (linear between)."""

    days: int
    weight_bp: int
    best_bp: int | None = None
    worst_bp: int | None = None
    best_hours: int | None = None
    worst_hours: int | None = None


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpsMetrics:
    negative_reviews: Metric
    returns: Metric
    seller_cancellations: Metric
    late_dispatch: Metric
    messages_answered: Metric
    after_sales_hours: Metric


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sps:
    window_days: int
    least_delivered_orders: int
    least_metrics: int
    metrics: SpsMetrics


@dataclasses.dataclass(frozen=True, kw_only=True)
class Eligibility:
    least_sps_tenths: int
    violation_points_at_most: int
    fraud_violations_at_most: int
    least_completed_orders: int
    window_days: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class ViolationKind:
    """A rule that can be broken: its text, and the least and the most points of a case."""

    points: tuple[int, ...]
    fraud: bool
    rule: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Violations:
    pending_days: int
    lapse_days: int
    appeal_days: int
    second_appeal_days: int
    appeals_at_most: int
    appeal_answer_days: int
    second_person_points: int
    ladder_points: tuple[int, ...]
    ladder_days: tuple[int, ...]
    rates_need_orders: int
    late_dispatch_at_most_bp: int
    seller_cancel_at_most_bp: int
    kinds: dict[str, ViolationKind]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Sla:
    reading: str
    ship_hours: int
    ship_business_days: int
    ship_cut_off: str
    collect_hours: int
    deliver_days: int
    deliver_days_least: int
    auto_cancel_days: int
    warn_hours: tuple[int, ...]
    cooling_off_minutes: int
    unpaid_minutes: int
    complete_days: int
    tracking_edit_hours: int
    lost_after_days: int
    cancel_answer_hours: int
    least_daily_cap: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fees:
    referral_bp: int
    refund_admin_share_bp: int
    refund_admin_at_most_minor: int
    campaign_bp: int
    referral_by_class_bp: dict[str, int]

    def referral_of(self, fee_class: str) -> int:
        """The referral rate of a category's fee class, in basis points."""
        return self.referral_by_class_bp.get(fee_class, self.referral_bp)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Payouts:
    available_after_days: int
    available_after_days_introductory: int
    available_after_days_eligible: int
    available_after_days_express: int
    express_least_sps_tenths: int
    least_minor: int
    weekday: int
    bank_change_hold_hours: int
    claim_debt_above_minor: int
    two_person_refund_above_minor: int
    reserve_bp: tuple[int, ...]
    release_hours: int
    bank_answer_hours: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Returns:
    days: int
    decide_hours: int
    inspect_business_days: int
    inspect_business_days_dear: int
    dear_above_minor: int
    ship_back_days: int
    returnless_below_minor: int
    trusted_least_orders: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Coupons:
    most_percent: int
    code_at_most: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Support:
    first_answer_hours: int
    urgent_answer_hours: int
    buyer_message_hours: int
    chat_opens: str
    chat_closes: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class Catalog:
    name_at_most: int
    description_at_most: int
    images_at_most: int
    image_bytes_at_most: int
    least_image_pixels: int
    option_axes_at_most: int
    skus_at_most: int
    seller_code_at_most: int
    price_least_minor: int
    price_at_most_minor: int
    name_advised: int
    description_advised_least: int
    description_advised: int
    images_advised: int
    picture_addresses_suffice: bool
    stock_advised: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stock:
    low_quantity: int
    velocity_days: tuple[int, ...]
    low_days_of_supply: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shipping:
    flat_minor: int
    free_over_minor: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Tax:
    default_bp: int
    regions_bp: dict[str, int]

    def rate_of(self, region: str) -> int:
        """The rate at a delivery address' region (state code), in basis points."""
        return self.regions_bp.get(region, self.default_bp)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Reviews:
    reply_at_most: int
    window_days: int


@dataclasses.dataclass(frozen=True, kw_only=True)
class Policy:
    """All numbers of a market's rules from a moment on."""

    onboarding: Onboarding
    new_seller_offer: NewSellerOffer
    team: Team
    security: Security
    probation: Probation
    sps: Sps
    eligibility: Eligibility
    violations: Violations
    sla: Sla
    fees: Fees
    payouts: Payouts
    returns: Returns
    coupons: Coupons
    support: Support
    catalog: Catalog
    stock: Stock
    shipping: Shipping
    tax: Tax
    reviews: Reviews
    version_id: int | None = None


@functools.cache
def shipped_document(market: str) -> dict[str, Any]:
    """The document shipped for a market: its own file over the US one."""
    base = tomllib.loads((SHIPPED / "us.toml").read_text())
    if market == "US":
        return base
    return overlay(base, tomllib.loads((SHIPPED / f"{market.lower()}.toml").read_text()))


#: Tables whose keys are data (fee classes, regions): a document that names one replaces it whole.
OPEN_TABLES = frozenset({"fees.referral_by_class_bp", "tax.regions_bp"})


def overlay(base: dict[str, Any], over: dict[str, Any], path: str = "") -> dict[str, Any]:
    """``over`` laid on ``base``; a key unknown to the base refuses."""
    result = dict(base)
    for key, value in over.items():
        here = f"{path}{key}"
        if key not in base:
            raise PolicyError(f"The policy has no key “{here}”.")
        if isinstance(base[key], dict) and here not in OPEN_TABLES:
            if not isinstance(value, dict):
                raise PolicyError(f"“{here}” must be a table.")
            result[key] = overlay(base[key], value, f"{here}.")
        else:
            result[key] = value
    return result


def parse(document: dict[str, Any], *, market: str, version_id: int | None = None) -> Policy:
    """The policy that a document means in a market. Raises ``PolicyError`` naming the key that is wrong."""
    whole = overlay(shipped_document(market), document)
    policy = _build(Policy, whole, "")
    _check(policy)
    return dataclasses.replace(policy, version_id=version_id)


def _build(kind: type, table: dict[str, Any], path: str) -> Any:
    hints = typing.get_type_hints(kind)
    values = {}
    for field in dataclasses.fields(kind):
        if field.name == "version_id":
            continue
        if field.name in table:
            values[field.name] = _value(hints[field.name], table[field.name], f"{path}{field.name}")
        elif field.default is dataclasses.MISSING:
            raise PolicyError(f"The policy lacks “{path}{field.name}”.")
    unknown = set(table) - {field.name for field in dataclasses.fields(kind)}
    if unknown:
        raise PolicyError(f"The policy has no key “{path}{min(unknown)}”.")
    return kind(**values)


def _value(hint: Any, value: Any, path: str) -> Any:
    if dataclasses.is_dataclass(hint):
        if not isinstance(value, dict):
            raise PolicyError(f"“{path}” must be a table.")
        return _build(typing.cast(type, hint), value, f"{path}.")
    origin = typing.get_origin(hint)
    if origin is tuple:
        if not isinstance(value, (list, tuple)):
            raise PolicyError(f"“{path}” must be a list.")
        return tuple(_value(typing.get_args(hint)[0], item, f"{path}[{place}]") for place, item in enumerate(value))
    if origin is dict:
        return {str(key): _value(typing.get_args(hint)[1], item, f"{path}.{key}") for key, item in value.items()}
    if origin in (types.UnionType, typing.Union):
        return None if value is None else _value(typing.get_args(hint)[0], value, path)
    if hint is int and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise PolicyError(f"“{path}” must be a whole number that is not negative, not {value!r}.")
    if hint is bool and not isinstance(value, bool):
        raise PolicyError(f"“{path}” must be true or false, not {value!r}.")
    if hint is str and not isinstance(value, str):
        raise PolicyError(f"“{path}” must be a text, not {value!r}.")
    return value


def _check(policy: Policy) -> None:
    """What no single type says: rates within a whole, ladders that rise, readings that exist."""
    if policy.sla.reading not in ("hours", "business_days"):
        raise PolicyError("“sla.reading” must be “hours” or “business_days”.")
    if policy.new_seller_offer.referral_fee_share_bp > 10_000:
        raise PolicyError("“new_seller_offer.referral_fee_share_bp” must be at most 10000 (100%).")
    if not 1 <= policy.new_seller_offer.coupon_percent <= policy.coupons.most_percent:
        raise PolicyError("“new_seller_offer.coupon_percent” must be 1 to “coupons.most_percent”.")
    rates = {"referral_bp": policy.fees.referral_bp, **policy.fees.referral_by_class_bp}
    for name, rate in rates.items():
        if rate > 10_000:
            raise PolicyError(f"The referral rate “{name}” must be at most 10000 (100%).")
    weights = sum(getattr(policy.sps.metrics, field.name).weight_bp for field in dataclasses.fields(SpsMetrics))
    if weights != 10_000:
        raise PolicyError(f"The weights of “sps.metrics” must sum to 10000 (100%), not {weights}.")
    if sorted(policy.violations.ladder_points) != list(policy.violations.ladder_points):
        raise PolicyError("“violations.ladder_points” must rise.")
    if len(policy.violations.ladder_points) != len(policy.violations.ladder_days):
        raise PolicyError("“violations.ladder_days” must have a number for each of “violations.ladder_points”.")
    for name, kind in policy.violations.kinds.items():
        if len(kind.points) != 2 or not 1 <= kind.points[0] <= kind.points[1]:
            raise PolicyError(f"“violations.kinds.{name}.points” must be two numbers, the least and the most.")
        if not kind.rule.strip():
            raise PolicyError(f"“violations.kinds.{name}.rule” must say the rule.")
    if not 0 <= policy.payouts.weekday <= 6:
        raise PolicyError("“payouts.weekday” must be 0 (Monday) to 6 (Sunday).")


def difference(old: dict[str, Any], new: dict[str, Any], path: str = "") -> list[tuple[str, Any, Any]]:
    """The keys in which two whole documents differ: (dotted key, old value, new value), in order of the keys."""
    found: list[tuple[str, Any, Any]] = []
    for key in sorted(set(old) | set(new)):
        here, was, becomes = f"{path}{key}", old.get(key), new.get(key)
        if isinstance(was, dict) and isinstance(becomes, dict):
            found += difference(was, becomes, f"{here}.")
        elif was != becomes:
            found.append((here, was, becomes))
    return found
