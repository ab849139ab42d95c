"""How large a generated market is."""

import dataclasses


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scale:
    """The size of a market. The first shop is the *measured shop*: a known part of everything belongs to it.

    ``unpaid_weeks``: for so long before the end nothing was settled or paid out, so that batches find work.
    """

    shops: int
    products: int
    orders: int
    months: int = 12
    measured_products: int
    measured_every: int = 10
    unpaid_weeks: int = 0

    def __post_init__(self) -> None:
        if self.shops < 2 or self.shops > 200_000:
            raise ValueError("A market has 2 to 200,000 shops.")
        if self.measured_products < 1 or self.products - self.measured_products < self.shops - 1:
            raise ValueError("Every shop needs a product: give more products or fewer shops.")
        if not 1 <= self.orders <= 10_000_000 or not 1 <= self.months <= 60:
            raise ValueError("A market has 1 to 10,000,000 orders in 1 to 60 months.")

    @property
    def other_products(self) -> int:
        return self.products - self.measured_products


#: Two SKUs a product. Small: the measured shop has 10,000 orders and 5,000 SKUs; full: 40,000 and 20,000.
SCALES = {
    "tiny": Scale(shops=20, products=300, orders=1_000, months=3, measured_products=60),
    "small": Scale(shops=1_000, products=20_000, orders=100_000, measured_products=2_500),
    "full": Scale(shops=10_000, products=200_000, orders=1_000_000, measured_products=10_000, measured_every=25),
}
