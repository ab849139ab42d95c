"""What must come out, worked out a second time: an order and the shop's accounts in plain integers, without a database.

Written from the rulebook and model.md, not from the code it judges: totals by largest remainder, refunds by cumulative
target, the referral fee with what goes back of it, debt, reserve and payouts. Nothing here is imported from the product.
"""

import dataclasses
from collections import Counter

BP = 10_000
TAX_BP, SHIPPING, FREE_OVER = 625, 599, 5_000
ADMIN_SHARE_BP, ADMIN_MOST = 2_000, 500
RESERVE_BP, LEAST_PAYOUT = 1_000, 100


def rounded(numerator: int, denominator: int) -> int:
    """Half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def upto(whole: int, done: int, of: int) -> int:
    """What of the whole has fallen on the first ``done`` of ``of``."""
    return rounded(whole * done, of) if of else 0


def spread(total: int, weights: list[int]) -> list[int]:
    """By largest remainder; ties go to the larger weight, then to the first."""
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    order = sorted(range(len(weights)), key=lambda i: (-(total * weights[i] % whole), -weights[i], i))
    for place in order[: total - sum(parts)]:
        parts[place] += 1
    return parts


@dataclasses.dataclass
class Sums:
    """Money of a line or a part of it: goods as paid, the two discounts, shipping, tax on top."""

    goods: int = 0
    own: int = 0
    gift: int = 0
    shipping: int = 0
    tax: int = 0

    @property
    def payment(self) -> int:
        return self.goods + self.shipping + self.tax

    def less(self, other: "Sums") -> "Sums":
        return Sums(*(a - b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))

    def more(self, other: "Sums") -> "Sums":
        return Sums(*(a + b for a, b in zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)))


@dataclasses.dataclass
class Line:
    """A line of an order, and how far it has come."""

    sku: str
    units: int
    total: Sums
    cancelled: int = 0
    refunded: int = 0
    back: Sums = dataclasses.field(default_factory=Sums)  # goods, shipping and tax that went back
    unearned: Sums = dataclasses.field(default_factory=Sums)
    earned: Sums | None = None
    earned_back: Sums = dataclasses.field(default_factory=Sums)
    fee: int = 0
    fee_back: int = 0

    @property
    def live(self) -> int:
        return self.units - self.cancelled

    def share(self, units: int, *, with_shipping: bool) -> Sums:
        """What so many more units bring back."""

        def step(whole: int, back: int) -> int:
            fallen = upto(whole, self.refunded + units, self.units) - upto(whole, self.refunded, self.units)
            return max(0, min(fallen, whole - back))

        return Sums(
            goods=step(self.total.goods, self.back.goods),
            shipping=step(self.total.shipping, self.back.shipping) if with_shipping else 0,
            tax=step(self.total.tax, self.back.tax),
        )


@dataclasses.dataclass
class Sale:
    """An order."""

    number: str
    buyer: str
    lines: list[Line]
    coupon: str = ""
    discount: int = 0
    status: str = "unpaid"
    paid: int = 0
    refunded: int = 0
    lapsed: bool = False  # the units set aside for it went back because nobody paid in time
    shipped: bool = False
    delivered: bool = False
    rate_bp: int = 600
    returning: dict[int, int] | None = None  # the open case: line → units
    return_pays_shipping: bool = False
    rejected: Counter = dataclasses.field(default_factory=Counter)
    settled: bool = False
    net: int = 0
    taken: int = 0
    due_from: object = None
    delivered_at: object = None

    @property
    def total(self) -> int:
        return sum(line.total.payment for line in self.lines)

    @property
    def ended(self) -> bool:
        return self.status in ("completed", "cancelled")

    def returnable(self, place: int) -> int:
        line = self.lines[place]
        if not self.delivered:
            return 0
        asked = (self.returning or {}).get(place, 0) + self.rejected[place]
        return max(0, line.live - max(0, line.refunded - line.cancelled) - asked)


def priced(
    number: str, buyer: str, wanted: list[tuple[str, int, int]], coupon: str, discount: int, funded: str
) -> Sale:
    """An order over (SKU, units, price) with a coupon that takes off ``discount``."""
    goods = [units * price for _sku, units, price in wanted]
    off = spread(discount, goods) if discount else [0] * len(goods)
    own = off if funded == "seller" else [0] * len(goods)
    gift = off if funded == "platform" else [0] * len(goods)
    shipping = spread(0 if sum(goods) - sum(own) >= FREE_OVER else SHIPPING, goods)
    lines = []
    for (sku, units, _price), whole, mine, theirs, freight in zip(wanted, goods, own, gift, shipping, strict=True):
        total = Sums(whole - mine - theirs, mine, theirs, freight, rounded((whole - mine) * TAX_BP, BP))
        lines.append(Line(sku, units, total, unearned=total))
    return Sale(number, buyer, lines, coupon, discount)


class Accounts:
    """The shop's accounts, moved by what happens to its sales."""

    def __init__(self) -> None:
        self.of: Counter = Counter()

    def move(self, **amounts: int) -> None:
        assert sum(amounts.values()) == 0, amounts
        for kind, amount in amounts.items():
            self.of[kind] += amount

    def to_seller(self, *, pending: int = 0, available: int = 0) -> None:
        """Money to (or, below zero, from) the seller: what pending lacks comes from available, what that lacks is owed;
        what arrives pays what is owed first."""
        if (lack := -(self.of["pending"] + pending)) > 0:
            pending, available = pending + lack, available - lack
        debt, lack = 0, -(self.of["available"] + available)
        if lack > 0:
            available, debt = available + lack, -lack
        back = min(available, -(self.of["debt"] + debt), self.of["available"] + available)
        if back > 0:
            available, debt = available - back, debt + back
        for kind, amount in (("pending", pending), ("available", available), ("debt", debt)):
            self.of[kind] += amount

    # -- sales --------------------------------------------------------------------------------------------------------

    def capture(self, sale: Sale) -> None:
        gift = sum(line.total.gift for line in sale.lines)
        self.move(bank_clearing=-sale.total, buyer_payments=sale.total + gift, promotions=-gift)

    def deliver(self, sale: Sale) -> None:
        """All that is left of the lines in the parcel is earned, less the referral fee; tax is the platform's."""
        for line in sale.lines:
            if not line.live:
                continue
            part, line.unearned = line.unearned, Sums()
            line.earned = part
            base = part.goods + part.gift + part.shipping
            line.fee = rounded(base * sale.rate_bp, BP)
            sale.net += base - line.fee
            self.move(
                buyer_payments=-(part.payment + part.gift), pending=base - line.fee, commission=line.fee, tax=part.tax
            )

    def refund(self, sale: Sale, line: Line, wish: Sums) -> None:
        """Money goes back: of what was earned first, at the seller's cost; else of what lies there for nobody yet."""
        if not wish.payment:
            return
        if line.earned is not None:
            wish = wish.less(self._refund_earned(sale, line, wish))
        rest = line.unearned
        goods = min(wish.goods, rest.goods)
        taken = Sums(
            goods,
            rest.own * goods // rest.goods if rest.goods else 0,
            rest.gift * goods // rest.goods if rest.goods else 0,
            min(wish.shipping, rest.shipping),
            min(wish.tax, rest.tax),
        )
        if taken.payment:
            line.unearned = rest.less(taken)
            self.move(bank_clearing=taken.payment, promotions=taken.gift, buyer_payments=-(taken.payment + taken.gift))

    def _refund_earned(self, sale: Sale, line: Line, wish: Sums) -> Sums:
        whole, back = line.earned, line.earned_back
        assert whole is not None
        goods = min(wish.goods, whole.goods - back.goods)

        def follows(discount: int) -> int:
            return upto(discount, back.goods + goods, whole.goods) - upto(discount, back.goods, whole.goods)

        taken = Sums(
            goods,
            follows(whole.own),
            follows(whole.gift),
            min(wish.shipping, whole.shipping - back.shipping),
            min(wish.tax, whole.tax - back.tax),
        )
        if not taken.payment:
            return taken
        of = whole.goods + whole.shipping + whole.gift
        before = back.goods + back.shipping + back.gift
        after = before + taken.goods + taken.shipping + taken.gift
        referral = upto(line.fee, after, of) - upto(line.fee, before, of)
        admin = self._admin(line.fee_back + referral) - self._admin(line.fee_back)
        line.fee_back += referral
        line.earned_back = back.more(taken)
        seller = taken.goods + taken.shipping + taken.gift - referral
        self.of["bank_clearing"] += taken.payment
        self.of["promotions"] += taken.gift
        self.of["tax"] -= taken.tax
        self.of["commission"] -= referral
        self.of["fees"] += admin
        if sale.settled:
            self.to_seller(available=-seller)
            self.to_seller(available=-admin)
        else:
            lack = max(0, seller - (sale.net - sale.taken))  # earlier fees took it
            here = min(admin, sale.net - sale.taken - seller + lack)
            sale.taken += seller - lack + here
            self.to_seller(pending=lack - seller, available=-lack)
            self.to_seller(pending=-here, available=here - admin)
        return taken

    @staticmethod
    def _admin(referral_back: int) -> int:
        return min(ADMIN_MOST, rounded(referral_back * ADMIN_SHARE_BP, BP))

    def cancel(self, sale: Sale) -> None:
        """What the marketplace gave for lines that nothing was paid for goes back to it."""
        for line in sale.lines:
            if not line.unearned.payment and line.unearned.gift:
                self.move(buyer_payments=-line.unearned.gift, promotions=line.unearned.gift)
                line.unearned = dataclasses.replace(line.unearned, gift=0)

    # -- payouts ------------------------------------------------------------------------------------------------------

    def settle(self, sales: list[Sale], *, reserved_bp: int) -> None:
        owed, until_here = -self.of["debt"], 0
        for sale in sales:
            amount = sale.net - sale.taken
            kept = (amount * reserved_bp + 5_000) // BP
            free = amount - kept
            until_here += free
            back = min(until_here, owed) - min(until_here - free, owed)
            sale.settled = True
            self.move(pending=-amount, reserve=kept, available=free - back, debt=back)

    def release_reserve(self) -> None:
        self.move(reserve=-self.of["reserve"], available=self.of["reserve"])

    def payday(self) -> int:
        """Debt first; what is paid out of the rest."""
        back = max(0, min(self.of["available"], -self.of["debt"]))
        self.move(available=-back, debt=back)
        amount = self.of["available"] if self.of["available"] >= LEAST_PAYOUT else 0
        self.move(available=-amount, in_flight=amount)
        return amount

    def payout_paid(self, amount: int) -> None:
        self.move(in_flight=-amount, bank_clearing=amount)

    def payout_failed(self, amount: int) -> None:
        self.of["in_flight"] -= amount
        self.to_seller(available=amount)

    def payout_returned(self, amount: int) -> None:
        self.of["bank_clearing"] -= amount
        self.to_seller(available=amount)
