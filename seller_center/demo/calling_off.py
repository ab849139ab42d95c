"""An order is called off: what ``orders.cancellation`` would have written, with refund, postings and coupon."""

import datetime as dt
from typing import Any

from orders.models import Refund
from orders.reasons import CANCELLING, words
from payouts.ledger import Line
from payouts.models import (
    AccountKind,
    Part,
    Reversal,
    TransactionKind,
)
from seller_center.demo.rows import Row
from seller_center.demo.trade import Story, Trade, amounts_of
from seller_center.kernel.money import format_money


class CallingOff(Trade):
    """Orders are cancelled, and what was paid goes back."""

    def cancel(self, story: Story, *, reason: str, by, at: dt.datetime) -> None:
        """``cancellation.cancel`` (or ``cancel_by_buyer``) of a whole order that has not left the house."""
        order, who, fault = story.order, self._who(by), CANCELLING[reason].fault
        self.rows.change(
            order,
            at=at,
            who=who,
            status="cancelled",
            fulfilment_status="cancelled",
            cancelled_at=at,
            cancel_reason=reason,
            cancel_fault=fault,
        )
        if story.package is not None:
            self.rows.change(story.package, at=at, who=who, status="cancelled")
        refunds = [
            self._refund(story, number, line, reason, fault, by, at) for number, line in enumerate(story.lines, 1)
        ]
        total = sum(refund["total_minor"] for refund in refunds)
        self.rows.change(story.payment, at=at, who=who, refunded_minor=total)
        self._end_clocks(story, (), "void", at)
        self.rows.change(story.buyer, at=at, order_count=max(story.buyer["order_count"] - 1, 0))
        self._give_coupon_back(story, who, at)
        for line, claim in zip(story.lines, story.claims, strict=True):
            item = self.items[line["sku_id"]]
            self.rows.change(item, at=at, reserved=item["reserved"] - line["quantity"])
            self.rows.change(claim, at=at, ended_at=at, ended_as="released", ended_why=reason)
        for refund in refunds:
            self._post_refund(story, refund, at)
        self._record(
            "order.cancelled",
            "order",
            story.code,
            at,
            by=by,
            reason=reason,
            reason_words=words(reason),
            fault=fault,
            was_paid=True,
            refunded_minor=total,
            currency=order["currency"],
        )
        discount = order["seller_discount_minor"] + order["platform_discount_minor"]
        self._count(at, cancelled_count=1, cancelled_minor=order["goods_minor"] - discount)

    def _refund(self, story: Story, number: int, line: Row, reason: str, fault: str, by, at: dt.datetime) -> Row:
        goods = line["goods_minor"] - line["seller_discount_minor"] - line["platform_discount_minor"]
        total = goods + line["shipping_minor"] + line["tax_minor"]
        self.rows.change(
            line,
            at=at,
            cancelled_quantity=line["quantity"],
            refunded_quantity=line["quantity"],
            refunded_goods_minor=goods,
            refunded_shipping_minor=line["shipping_minor"],
            refunded_tax_minor=line["tax_minor"],
            refunded_minor=total,
        )
        refund = self.rows.add(
            Refund,
            shop_id=self.shop.pk,
            order_id=story.order.id,
            line_id=line.id,
            code=f"{story.code}-F{number}",
            status="sent",
            sent_at=at,
            provider_ref="channel",
            currency=story.order["currency"],
            quantity=line["quantity"],
            goods_minor=goods,
            shipping_minor=line["shipping_minor"],
            tax_minor=line["tax_minor"],
            tax_included=line["tax_included"],
            total_minor=total,
            reason=reason,
            fault=fault,
            made_at=at,
            by_id=getattr(by, "pk", None),
        )
        self._record(
            "refund.made",
            "refund",
            refund["code"],
            at,
            by=by,
            order_code=story.code,
            sku_code=line["sku_code"],
            quantity=line["quantity"],
            total_minor=total,
            amount=format_money(total, story.order["currency"]),
            currency=story.order["currency"],
            reason=reason,
            fault=fault,
        )
        return refund

    def _post_refund(self, story: Story, refund: Row, at: dt.datetime) -> None:
        """``earning.keep_books`` of a refund that nobody had earned: back from the buyers' payments."""
        line = next(one for one in story.lines if one.id == refund["line_id"])
        part = amounts_of(line)
        self.rows.add(
            Reversal,
            shop_id=self.shop.pk,
            refund_id=refund.id,
            order_id=story.order.id,
            line_id=line.id,
            earning_line_id=None,
            goods_minor=part.goods,
            seller_discount_minor=part.seller_discount,
            platform_discount_minor=part.platform_discount,
            shipping_minor=part.shipping,
            tax_minor=part.tax,
            referral_minor=0,
            refund_fee_minor=0,
            seller_minor=0,
            from_pending_minor=0,
            reversed_at=at,
        )
        self._post(
            TransactionKind.REFUND,
            "refund",
            refund["code"],
            story.order.id,
            at,
            [
                Line(AccountKind.BANK_CLEARING, part.payment, Part.REFUND),
                Line(AccountKind.PROMOTIONS, part.platform_discount, Part.PLATFORM_DISCOUNT),
                Line(AccountKind.BUYER_PAYMENTS, -part.value, Part.REFUND),
            ],
        )
        self._record(
            "earning.reversed",
            "order",
            story.code,
            at,
            refund_code=refund["code"],
            buyer_minor=refund["total_minor"],
            seller_minor=0,
            fee_minor=0,
            currency=story.order["currency"],
        )

    def _give_coupon_back(self, story: Story, who: dict[str, Any], at: dt.datetime) -> None:
        redemption = story.redemption
        if redemption is None:
            return
        self.rows.change(redemption, at=at, given_back_at=at)
        coupon = next(row for row in self.coupons.values() if row.id == redemption["coupon_id"])
        given = coupon["given_minor"] - redemption["discount_minor"]
        self.rows.change(coupon, at=at, who=who, redeemed_count=coupon["redeemed_count"] - 1, given_minor=given)
        use = self.uses.get((coupon.id, redemption["buyer_key"]))
        if use is not None:
            self.rows.change(use, at=at, used_count=use["used_count"] - 1)
