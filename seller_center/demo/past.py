"""What the verbs would have written: the trade of a shop as rows in memory, deed by deed, in order of time.

Every function here stands for a verb of the house (named in its first line) and leaves the same rows, events, clocks and
postings, reactions included; ``tests/demo`` replays orders through the verbs themselves and compares. Prices, discounts,
fees and clocks are computed by the house's own arithmetic.
"""

import datetime as dt

from django.utils.translation import ngettext

from analytics.models import Visit
from seller_center.demo.buying import Buying
from seller_center.demo.calling_off import CallingOff
from seller_center.demo.shipping import Shipping
from seller_center.demo.trade import Story
from seller_center.kernel.codes import ALPHABET, new_code
from support.models import Review
from support.reviewing import shown_name
from support.telling import review_words

#: Of a hundred visits that end without an order, so many leave with something in the basket, and of these at the checkout.
LEFT_WITH_A_BASKET, LEFT_AT_THE_CHECKOUT = 13, 5


class Past(Buying, Shipping, CallingOff):
    """The trade of one shop. Its products, coupons and team are there already; nothing else trades meanwhile."""

    def review(self, story: Story, *, stars: int, body: str, at: dt.datetime) -> None:
        """``reviewing.write`` about the first line."""
        line, order = story.lines[0], story.order
        sku = next(sku for sku in self.skus if sku.pk == line["sku_id"])
        story.review = self.rows.add(
            Review,
            shop_id=self.shop.pk,
            code=new_code(8),
            order_id=order.id,
            line_id=line.id,
            product_id=sku.product_id,
            buyer_id=story.buyer.id,
            author=shown_name(order["contact_name"]),
            stars=stars,
            first_stars=stars,
            body=body,
            at=at,
        )
        event = self._record("review.written", "review", story.review["code"], at, stars=stars)
        title = ngettext("New review: %(stars)d star", "New review: %(stars)d stars", stars) % {"stars": stars}
        key = f"event:{event.id}"
        words = review_words(line["title"], body)
        self._notify("review.written", title, "support/reviews", at, area="support", once_key=key, body=words)

    def reply(self, story: Story, *, body: str, by, at: dt.datetime) -> None:
        """``reviewing.reply``."""
        assert story.review is not None
        self.rows.change(story.review, at=at, reply=body, replied_by_id=by.pk, replied_at=at)
        self._record("review.replied", "review", story.review["code"], at, by=by, stars=story.review["stars"])

    def receive(self, sku, quantity: int, *, by, at: dt.datetime) -> None:
        """``stock.receive``: units came in from a supplier."""
        item = self.items[sku.pk]
        before = item["on_hand"]
        self.rows.change(item, at=at, on_hand=before + quantity)
        self._move_stock(sku.pk, quantity, "received", self.place[sku.pk], by, at)
        self._record(
            "stock.changed",
            "product",
            sku.product.code,
            at,
            by=by,
            sku_code=sku.code,
            before=before,
            after=before + quantity,
            why="received",
        )

    def see(self, *, source: str, product, at: dt.datetime, pages: int, order_code: str = "", until=None) -> str:
        """``tracking.see_page`` and ``reach``: one visit, as its steps left it."""
        code = "".join(self.chance.choice(ALPHABET) for _sign in range(20))
        path = f"/shop/{self.shop.slug}/" + (f"p/{product.slug}/" if product is not None else "")
        until = until or at + dt.timedelta(minutes=pages)
        reached = {"basket_at": until, "checkout_at": until} if order_code else _left_at(code, until)
        self.rows.add(
            Visit,
            shop_id=self.shop.pk,
            code=code,
            source=source,
            landing=path[:200],
            product_id=product.pk if product is not None else None,
            at=at,
            last_at=until,
            page_count=pages,
            order_code=order_code,
            **reached,
        )
        self._count(at, visit_count=1)
        return code


def _left_at(code: str, at: dt.datetime) -> dict[str, dt.datetime]:
    """How far somebody came who bought nothing, told from the visit's own code."""
    number = sum(map(ord, code)) % 100
    steps = {}
    if number < LEFT_WITH_A_BASKET:
        steps["basket_at"] = at
    if number < LEFT_AT_THE_CHECKOUT:
        steps["checkout_at"] = at
    return steps
