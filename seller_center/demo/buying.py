"""An order comes in: what ``orders.intake`` would have written, with its payment and its reservations."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from catalog.models import Reservation
from marketing.discounts import QuoteLine, Terms, discount_of, share_by_line
from marketing.models import BuyerUse, Redemption
from orders import pricing, sla
from orders.buyers import person_code
from orders.intake import Address, Contact
from orders.models import Buyer, Order, OrderLine, Payment
from payouts.ledger import Line
from payouts.models import (
    AccountKind,
    Part,
    TransactionKind,
)
from seller_center.demo.rows import Row
from seller_center.demo.trade import Story, Trade
from seller_center.kernel.codes import new_code
from shops.policy_book import policy_for


class Buying(Trade):
    """Orders are placed and paid."""

    def place_order(
        self,
        *,
        channel: str,
        external_number: str,
        wanted: dict[int, int],
        contact: Contact,
        address: Address,
        coupon_code: str,
        at: dt.datetime,
        visit_code: str = "",
        source: str = "",
    ) -> Story:
        """``intake.place_order`` of an order whose money is there already (``sold``): paid at once, its units set aside.

        So are those of the storefront's checkout here, since the sandbox has never heard of payments of the past.
        """
        policy, shop = policy_for(self.shop, at), self.shop
        skus = [self.skus[number] for number in wanted]
        buyer, before = self._meet(contact, at)
        priced, discount = self._price(skus, list(wanted.values()), address, coupon_code, before, policy, at)
        code = f"{shop.code}{new_code(8)}"
        order = self._write_order(
            code, channel, external_number, buyer, skus, wanted, priced, contact, address, coupon_code, policy, at
        )
        order.values.update(visit_code=visit_code, source=source)
        redemption = self._redeem(code, coupon_code, discount, buyer, at) if discount else None
        if redemption is not None:
            order.values["redemption_id"] = redemption.id
        payment = self.rows.add(
            Payment,
            shop_id=shop.pk,
            order_id=order.id,
            provider="channel",
            currency=shop.currency,
            amount_minor=priced.total_minor,
        )
        self._record(
            "order.placed",
            "order",
            code,
            at,
            channel=channel,
            external_number=external_number,
            unit_count=order["unit_count"],
            total_minor=priced.total_minor,
            currency=shop.currency,
        )
        story = Story(order, payment, buyer, [], [], redemption)
        self._take(story, external_number, policy, at)
        claims = self._reserve(code, {sku.pk: wanted[number] for number, sku in zip(wanted, skus, strict=True)}, at)
        self._write_lines(story, skus, list(wanted.values()), priced, claims)
        self._after_payment(story, at)
        return story

    def _meet(self, contact: Contact, at: dt.datetime) -> tuple[Row, int]:
        key = person_code(email=contact.email, phone=contact.phone)
        row = self.buyers.get(key)
        values: dict[str, Any] = {"name": contact.name, "email": contact.email, "phone": contact.phone}
        if row is None:
            row = self.rows.add(Buyer, shop_id=self.shop.pk, person_code=key, order_count=1, first_seen_at=at, **values)
            self.buyers[key] = row
            return row, 0
        before = row["order_count"]
        self.rows.change(row, at=at, order_count=before + 1, **values)
        return row, before

    def _price(self, skus, quantities, address, coupon_code, before, policy, at):
        wants = [pricing.Wanted(sku.price_minor, quantity) for sku, quantity in zip(skus, quantities, strict=True)]
        shares: Sequence[int] = ()
        total, funded_by = 0, "seller"
        if coupon_code:
            coupon = self.coupons[coupon_code].values
            quoted = [
                QuoteLine(sku.pk, sku.product.category_id, want.goods_minor)
                for sku, want in zip(skus, wants, strict=True)
            ]
            total = discount_of(Terms(coupon["percent"], coupon["amount_minor"], coupon["least_spend_minor"]), quoted)
            shares, funded_by = share_by_line(total, quoted), coupon["funded_by"]
        region = address.region
        priced = pricing.price(
            wants,
            discounts=shares,
            funded_by=funded_by,
            flat_minor=policy.shipping.flat_minor,
            free_over_minor=policy.shipping.free_over_minor,
            tax=pricing.TaxRule(
                rate_bp=policy.tax.rate_of(region),
                jurisdiction=f"US-{region}" if region in policy.tax.regions_bp else "US",
                included=False,
            ),
        )
        return priced, total

    def may_redeem(self, coupon_code: str, email: str, goods_minor: int, at: dt.datetime) -> bool:
        """Would ``redemption.quote`` let this buyer use the coupon on a basket worth so much?"""
        row = self.coupons.get(coupon_code)
        if row is None or row["status"] != "live" or not row["starts_at"] <= at:
            return False
        if (row["ends_at"] is not None and row["ends_at"] <= at) or goods_minor < max(row["least_spend_minor"], 1):
            return False
        if row["limit_count"] is not None and row["redeemed_count"] >= row["limit_count"]:
            return False
        given = goods_minor * (row["percent"] or 0) // 100 + 1 + (row["amount_minor"] or 0)
        if row["budget_minor"] is not None and row["given_minor"] + given > row["budget_minor"]:
            return False
        use = self.uses.get((row.id, person_code(email=email)))
        limit = row["per_buyer_limit_count"]
        return limit is None or use is None or use["used_count"] < limit

    def _redeem(self, code: str, coupon_code: str, discount: int, buyer: Row, at: dt.datetime) -> Row:
        coupon = self.coupons[coupon_code]
        counted = {"redeemed_count": coupon["redeemed_count"] + 1, "given_minor": coupon["given_minor"] + discount}
        self.rows.change(coupon, at=at, who=self._who(), **counted)
        if coupon["per_buyer_limit_count"] is not None:
            key = coupon.id, buyer["person_code"]
            use = self.uses.get(key)
            if use is None:
                self.uses[key] = self.rows.add(
                    BuyerUse, shop_id=self.shop.pk, coupon_id=coupon.id, buyer_key=key[1], used_count=1
                )
            else:
                self.rows.change(use, at=at, used_count=use["used_count"] + 1)
        return self.rows.add(
            Redemption,
            shop_id=self.shop.pk,
            coupon_id=coupon.id,
            buyer_key=buyer["person_code"],
            subject_kind="order",
            subject_code=code,
            discount_minor=discount,
            currency=self.shop.currency,
            redeemed_at=at,
        )

    def _write_order(
        self, code, channel, number, buyer, skus, wanted, priced, contact, address, coupon_code, policy, at
    ) -> Row:
        title, more = skus[0].product.name, len(skus) - 1
        search = [code, number, contact.name, contact.email, contact.phone]
        return self.rows.add(
            Order,
            shop_id=self.shop.pk,
            code=code,
            channel=channel,
            external_number=number,
            buyer_id=buyer.id,
            status="unpaid",
            currency=self.shop.currency,
            placed_at=at,
            goods_minor=priced.goods_minor,
            seller_discount_minor=priced.seller_discount_minor,
            platform_discount_minor=priced.platform_discount_minor,
            shipping_minor=priced.shipping_minor,
            tax_minor=priced.tax_minor,
            tax_included=priced.tax.included,
            total_minor=priced.total_minor,
            coupon_code=coupon_code,
            policy_version_id=policy.version_id,
            contact_name=contact.name,
            contact_email=contact.email,
            contact_phone=contact.phone,
            address=address.as_dict(),
            unit_count=sum(wanted.values()),
            summary=f"{title[:120]} +{more}" if more else title[:160],
            search_text=" ".join([*filter(None, search), *(sku.code for sku in skus)]).upper(),
        )

    def _take(self, story: Story, reference: str, policy: Any, at: dt.datetime) -> None:
        """``payments.take``: the money is there, the clocks of dispatch begin."""
        payment, order = story.payment, story.order
        self.rows.change(
            payment,
            at=at,
            who=self._who(),
            status="captured",
            captured_minor=payment["amount_minor"],
            captured_at=at,
            provider_ref=reference,
        )
        clocks = sla.clocks(policy.sla, at, market=self.shop.market_id, zone=self.shop.zone)
        self.rows.change(
            order,
            at=at,
            who=self._who(),
            status="cooling_off",
            paid_at=at,
            cooling_off_until=clocks.cooling_off_until,
            ship_by=clocks.ship_by,
            auto_cancel_at=clocks.auto_cancel_at,
            fulfilment_status="cooling_off",
        )
        for kind, due, hours in (
            ("order.cooling_off", clocks.cooling_off_until, ()),
            ("order.ship_by", clocks.ship_by, policy.sla.warn_hours),
            ("order.auto_cancel", clocks.auto_cancel_at, policy.sla.warn_hours[:1]),
        ):
            self._start_clock(story, kind, due, at, policy.version_id, hours)

    def _after_payment(self, story: Story, at: dt.datetime) -> None:
        """What follows ``order.paid``: told, booked, counted."""
        order = story.order
        self._record(
            "order.paid",
            "order",
            story.code,
            at,
            captured_minor=order["total_minor"],
            currency=order["currency"],
            ship_by=order["ship_by"].isoformat(),
        )
        self._post(
            TransactionKind.CAPTURE,
            "order",
            story.code,
            order.id,
            at,
            [
                Line(AccountKind.BANK_CLEARING, -order["total_minor"], Part.PAYMENT),
                Line(AccountKind.BUYER_PAYMENTS, order["total_minor"], Part.PAYMENT),
                Line(AccountKind.PROMOTIONS, -order["platform_discount_minor"], Part.PLATFORM_DISCOUNT),
                Line(AccountKind.BUYER_PAYMENTS, order["platform_discount_minor"], Part.PLATFORM_DISCOUNT),
            ],
        )
        self._count(
            at,
            order_count=1,
            unit_count=order["unit_count"],
            gross_minor=order["goods_minor"],
            discount_minor=order["seller_discount_minor"] + order["platform_discount_minor"],
        )

    def _reserve(self, code: str, wants: dict[int, int], at: dt.datetime) -> dict[int, Row]:
        """``stock.reserve``, kept at once since the order is paid."""
        made = {}
        for sku_id in sorted(wants):
            item = self.items[sku_id]
            self.rows.change(item, at=at, reserved=item["reserved"] + wants[sku_id])
            made[sku_id] = self.rows.add(
                Reservation,
                shop_id=self.shop.pk,
                item_id=item.id,
                sku_id=sku_id,
                quantity=wants[sku_id],
                subject_kind="order",
                subject_code=code,
                made_at=at,
            )
        return made

    def _write_lines(self, story: Story, skus, quantities, priced, claims: dict[int, Row]) -> None:
        for sku, quantity, money in zip(skus, quantities, priced.lines, strict=True):
            claim = claims[sku.pk]
            story.claims.append(claim)
            story.lines.append(
                self.rows.add(
                    OrderLine,
                    shop_id=self.shop.pk,
                    order_id=story.order.id,
                    sku_id=sku.pk,
                    reservation_id=claim.id,
                    title=sku.product.name,
                    options_text=sku.choice,
                    sku_code=sku.code,
                    fee_class=sku.product.category.fee_class if sku.product.category else "standard",
                    quantity=quantity,
                    unit_price_minor=sku.price_minor,
                    goods_minor=money.goods_minor,
                    seller_discount_minor=money.seller_discount_minor,
                    platform_discount_minor=money.platform_discount_minor,
                    shipping_minor=money.shipping_minor,
                    tax_minor=money.tax_minor,
                    tax_included=priced.tax.included,
                    tax_rate_bp=priced.tax.rate_bp,
                    jurisdiction=priced.tax.jurisdiction,
                )
            )
