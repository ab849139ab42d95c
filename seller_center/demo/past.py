"""What the verbs would have written: the trade of a shop as rows in memory, deed by deed, in order of time.

Every function here stands for a verb of the house (named in its first line) and leaves the same rows, events, clocks and
postings, reactions included; ``tests/demo`` replays orders through the verbs themselves and compares. Prices, discounts,
fees and clocks are computed by the house's own arithmetic.
"""

import dataclasses
import datetime as dt
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext, ngettext

from analytics import figures
from analytics.models import HourlyFigure, Visit
from catalog.models import Reservation, StockItem, StockMovement
from marketing.discounts import QuoteLine, Terms, discount_of, share_by_line
from marketing.models import BuyerUse, Coupon, Redemption
from orders import pricing, sla
from orders.buyers import person_code
from orders.intake import Address, Contact
from orders.models import Buyer, Order, OrderLine, Package, PackageLine, Payment, Refund, TrackingEvent
from orders.reasons import CANCELLING, words
from orders.shown import shown_status
from payouts import ledger
from payouts.earning import _delivery_lines
from payouts.ledger import Line
from payouts.models import (
    Account,
    AccountKind,
    Earning,
    EarningLine,
    Entry,
    FeeLine,
    Part,
    Reversal,
    Transaction,
    TransactionKind,
)
from payouts.settlement import terms_of
from payouts.shares import Amounts
from seller_center import reactions
from seller_center.demo.rows import Row, Rows
from seller_center.kernel.calendar import day_of
from seller_center.kernel.codes import ALPHABET, new_code
from seller_center.kernel.money import format_money
from shops import event_kinds, fees, notifying, telling
from shops.deadline_kinds import KINDS
from shops.models import Deadline, EventHandled, Notice, ShopEvent
from shops.policy_book import policy_for
from shops.reacting import LEASE
from support.models import Review
from support.reviewing import shown_name

#: How long after a clock's moment the sweep comes by.
SWEEP = dt.timedelta(seconds=7)
HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@dataclasses.dataclass
class Story:
    """One order as it stands: its rows, and what the next deed needs of them."""

    order: Row
    payment: Row
    buyer: Row
    lines: list[Row]
    claims: list[Row]
    redemption: Row | None = None
    package: Row | None = None
    packed: list[Row] = dataclasses.field(default_factory=list)
    clocks: dict[str, Row] = dataclasses.field(default_factory=dict)
    earning: Row | None = None
    review: Row | None = None

    @property
    def code(self) -> str:
        return self.order["code"]


class Past:
    """The trade of one shop. Its products, coupons and team are there already; nothing else trades meanwhile."""

    def __init__(self, shop, skus: Sequence[Any], *, chance: random.Random) -> None:
        self.shop, self.skus, self.chance = shop, skus, chance
        self.rows = Rows()
        self.items: dict[int, Row] = {}
        self.buyers: dict[str, Row] = {}
        self.uses: dict[tuple[int, str], Row] = {}
        self.hours: dict[dt.datetime, dict[str, int]] = defaultdict(lambda: dict.fromkeys(figures.COLUMNS, 0))
        self.unsettled: list[tuple[Row, Row]] = []
        self.members = {area: notifying.members(shop, area=area) for area in ("orders", "support", "staff")}
        self.take_up()

    def take_up(self) -> None:
        """Take over what is there: accounts, stock, coupons."""
        ledger.open_accounts(self.shop, self.shop.currency)
        self.take_up_accounts()
        items = StockItem.objects.in_shop(self.shop).filter(warehouse__is_default=True).select_related("warehouse")
        self.place = {}
        for item in items:
            self.items[item.sku_id] = self.rows.adopt(item)
            self.place[item.sku_id] = item.warehouse.code
        self.coupons = {row.code: self.rows.adopt(row) for row in Coupon.objects.in_shop(self.shop)}

    def take_up_accounts(self) -> None:
        """Verbs have moved money meanwhile."""
        accounts = Account.objects.in_shop(self.shop).filter(currency=self.shop.currency).order_by("pk")
        self.accounts = {row.kind: self.rows.adopt(row) for row in accounts}

    def write_money(self) -> None:
        """Write the books up to here, for verbs that go on with them."""
        self.rows.flush(Account, Transaction, Entry)

    def write(self) -> None:
        """The trade is over: write everything, the figures by the hour, too."""
        for hour, amounts in sorted(self.hours.items()):
            self.rows.add(HourlyFigure, shop_id=self.shop.pk, hour=hour, **amounts)
        self.hours.clear()
        self.rows.flush()

    # -- intake -------------------------------------------------------------------------------------------------------

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

    # -- the sweep ----------------------------------------------------------------------------------------------------

    def sweep(self, story: Story, at: dt.datetime) -> None:
        """``inbox.sweep``: the clocks of this order whose moment has come."""
        for clock in sorted(story.clocks.values(), key=lambda row: (row["next_check_at"], row.id)):
            if clock["ended_at"] is not None or clock["next_check_at"] > at:
                continue
            if clock["due_at"] > at:
                self._warn(clock, at)
            elif clock["kind"] == "order.cooling_off":
                self._open(story, at)
            elif clock["kind"] == "order.ship_by":
                self._mark_late(story, at)
            elif clock["kind"] == "order.complete":
                self._complete(story, at)
            else:
                raise NotImplementedError(f"The demo's past does not know what follows {clock['kind']}.")

    def next_look(self, story: Story) -> dt.datetime | None:
        """When the sweep will have something to do with this order; None: never, as things stand."""
        running = [row["next_check_at"] for row in story.clocks.values() if row["ended_at"] is None]
        return min(running) + SWEEP if running else None

    def _open(self, story: Story, at: dt.datetime) -> None:
        """``opening.open_orders``: the free hour is over."""
        self.rows.change(story.order, at=at, status="open", fulfilment_status="awaiting_shipment")
        story.package = self.rows.add(
            Package, shop_id=self.shop.pk, order_id=story.order.id, code=f"{story.code}-1", opened_at=at
        )
        story.packed = [
            self.rows.add(
                PackageLine,
                shop_id=self.shop.pk,
                package_id=story.package.id,
                line_id=line.id,
                quantity=line["quantity"],
            )
            for line in story.lines
        ]
        self._record("order.opened", "order", story.code, at, package_codes=[story.package["code"]])
        self._end_clocks(story, ("order.cooling_off",), "met", at)

    def _warn(self, clock: Row, at: dt.datetime) -> None:
        """``deadlines.warn``: a rung of the ladder."""
        passed = [hours for hours in clock["warn_hours"] if clock["due_at"] - dt.timedelta(hours=hours) <= at]
        left = [hours for hours in clock["warn_hours"] if hours not in passed]
        check = clock["due_at"] - dt.timedelta(hours=left[0]) if left else clock["due_at"]
        self.rows.change(clock, at=at, warn_hours=left, next_check_at=check)
        hours = min(passed)
        self._record(
            "deadline.approaching",
            clock["subject_kind"],
            clock["subject_code"],
            at,
            deadline_kind=clock["kind"],
            label=clock["label"],
            hours=hours,
            due_at=clock["due_at"].isoformat(),
        )
        self._notify(
            "deadline.approaching",
            telling.hours_left(clock["kind"], clock["label"], hours),
            "inbox",
            at,
            area=clock["area"],
            once_key=f"{clock['kind']}:{clock['subject_code']}:{hours}",
        )

    def _mark_late(self, story: Story, at: dt.datetime) -> None:
        """``lateness.mark_late``: what should have left is late, and that is counted."""
        package = story.package
        assert package is not None
        self.rows.change(package, at=at, late_at=at)
        event = self._record(
            "package.late",
            "package",
            package["code"],
            at,
            order_code=story.code,
            ship_by=story.order["ship_by"].isoformat(),
        )
        self._end_clocks(story, ("order.ship_by",), "missed", at)
        title = gettext("Package %(code)s is late: it was not shipped in time") % {"code": package["code"]}
        key = f"event-{event.id}"
        self._notify("package.late", title, f"packages/{package['code']}", at, area="orders", once_key=key)

    def _complete(self, story: Story, at: dt.datetime) -> None:
        """``completing.complete``."""
        self.rows.change(story.order, at=at, status="completed", completed_at=at, fulfilment_status="completed")
        delivered_at = story.order["delivered_at"].isoformat()
        self._record("order.completed", "order", story.code, at, delivered_at=delivered_at)
        self._end_clocks(story, ("order.complete",), "met", at)

    # -- leaving and arriving -----------------------------------------------------------------------------------------

    def mark_shipped(self, story: Story, *, carrier: str, tracking_number: str, by, at: dt.datetime) -> None:
        """``fulfilment.mark_shipped`` with a carrier that tells no scans by itself."""
        package, order = story.package, story.order
        assert package is not None
        who = self._who(by)
        self.rows.change(
            package,
            at=at,
            who=who,
            status="awaiting_collection",
            carrier=carrier,
            tracking_number=tracking_number,
            shipped_at=at,
            shipped_by_id=by.pk,
        )
        self.rows.change(order, at=at, who=who, search_text=f"{order['search_text']} {tracking_number.upper()}")
        self._refresh(story, at, who)
        self._end_clocks(story, ("order.ship_by", "order.auto_cancel"), "met", at)
        self._record(
            "package.shipped",
            "package",
            package["code"],
            at,
            by=by,
            order_code=story.code,
            carrier=carrier,
            tracking_number=tracking_number,
            in_time=at <= order["ship_by"],
        )
        for line, claim in zip(story.lines, story.claims, strict=True):
            item, quantity = self.items[line["sku_id"]], line["quantity"]
            self.rows.change(item, at=at, on_hand=item["on_hand"] - quantity, reserved=item["reserved"] - quantity)
            self.rows.change(claim, at=at, ended_at=at, ended_as="sold")
            self._move_stock(line["sku_id"], -quantity, "sold", "buyer", by, at, reference=story.code)

    def record_scan(self, story: Story, *, status: str, sentence: str, place: str, id: str, at: dt.datetime) -> None:
        """``tracking.record_scan``: collected, under way, delivered."""
        package, who = story.package, self._who()
        assert package is not None
        self.rows.add(
            TrackingEvent,
            shop_id=self.shop.pk,
            package_id=package.id,
            carrier_event_id=id,
            status=status,
            sentence=sentence,
            place=place,
            at=at,
            received_at=at,
        )
        first = package["collected_at"] is None
        self.rows.change(package, at=at, who=who, last_scan_at=at, **({"collected_at": at} if first else {}))
        told = {"order_code": story.code, "carrier": package["carrier"], "place": place}
        if first:
            self._record("package.collected", "package", package["code"], at, **told)
        if status != "delivered":
            self.rows.change(package, at=at, who=who, status="in_transit")
            self._refresh(story, at, who)
            return
        self.rows.change(package, at=at, who=who, status="delivered", delivered_at=at)
        self._refresh(story, at, who)
        self._record("package.delivered", "package", package["code"], at, **told)
        self.rows.change(story.order, at=at, who=who, delivered_at=at)
        policy = policy_for(self.shop, at)
        due = at + dt.timedelta(days=policy.sla.complete_days)
        self._start_clock(story, "order.complete", due, at, policy.version_id)
        self._earn(story, at)

    def _refresh(self, story: Story, at: dt.datetime, who: dict[str, Any] | None) -> None:
        packages = [story.package["status"]] if story.package else []
        shown = str(shown_status(story.order["status"], packages))
        self.rows.change(story.order, at=at, who=who, fulfilment_status=shown)

    def _earn(self, story: Story, at: dt.datetime) -> None:
        """``earning.keep_books`` of a delivery: the whole order is earned, fees and tax taken."""
        order, package, shop = story.order, story.package, self.shop
        assert package is not None
        policy = policy_for(shop, order["paid_at"])
        offer = policy.new_seller_offer.referral_fee_share_bp if shop.offer_runs(order["paid_at"]) else None
        parts = [(line, _amounts(line)) for line in story.lines]
        rates = [
            fees.referral_rate(policy.fees, fee_class=line["fee_class"], offer_share_bp=offer) for line, _p in parts
        ]
        charged = [rate.fee_of(part.fee_base) for rate, (_line, part) in zip(rates, parts, strict=True)]
        whole = Amounts(tax_included=order["tax_included"])
        for _line, part in parts:
            whole = whole.plus(part)
        terms, referral = self._terms(at), sum(charged)
        earning = self.rows.add(
            Earning,
            shop_id=shop.pk,
            order_id=order.id,
            package_id=package.id,
            package_code=package["code"],
            currency=order["currency"],
            net_minor=whole.value - whole.tax - referral,
            earned_at=at,
            available_from=at + dt.timedelta(days=terms.days),
            terms=terms.name,
        )
        for (line, part), rate, fee in zip(parts, rates, charged, strict=True):
            row = self.rows.add(
                EarningLine,
                shop_id=shop.pk,
                earning_id=earning.id,
                line_id=line.id,
                quantity=line["quantity"],
                goods_minor=part.goods,
                seller_discount_minor=part.seller_discount,
                platform_discount_minor=part.platform_discount,
                shipping_minor=part.shipping,
                tax_minor=part.tax,
                tax_included=part.tax_included,
                net_minor=part.value - part.tax - fee,
            )
            self.rows.add(
                FeeLine,
                shop_id=shop.pk,
                earning_line_id=row.id,
                kind=FeeLine.Kind.REFERRAL.value,
                rule=rate.rule,
                base_minor=part.fee_base,
                rate_bp=rate.rate_bp,
                share_bp=rate.share_bp,
                amount_minor=fee,
                decided_at=order["paid_at"],
                policy_version_id=policy.version_id,
            )
        self._post(TransactionKind.DELIVERY, "package", package["code"], order.id, at, _delivery_lines(whole, referral))
        self._record(
            "earning.booked",
            "order",
            story.code,
            at,
            package_code=package["code"],
            net_minor=earning["net_minor"],
            currency=order["currency"],
            available_on=f"{day_of(earning['available_from'], shop.zone)}",
        )
        story.earning = earning
        self.unsettled.append((earning, order))

    def _terms(self, at: dt.datetime):
        if not hasattr(self, "_known_terms"):
            self._known_terms = terms_of(self.shop, policy_for(self.shop, at))
        return self._known_terms

    def settle(self, at: dt.datetime) -> None:
        """``settlement.settle`` for this shop: what is due becomes available."""
        due = [(e, o) for e, o in self.unsettled if e["available_from"] <= at]
        if not due:
            return
        self.unsettled = [(e, o) for e, o in self.unsettled if e["available_from"] > at]
        for earning, order in sorted(due, key=lambda pair: pair[0]["package_code"]):
            self.rows.change(earning, at=at, status="available", settled_at=at)
            amount = earning["net_minor"] - earning["taken_minor"]
            self._post(
                TransactionKind.SETTLEMENT,
                "package",
                earning["package_code"],
                order.id,
                at,
                [
                    Line(AccountKind.PENDING, -amount, Part.SETTLEMENT),
                    Line(AccountKind.AVAILABLE, amount, Part.SETTLEMENT),
                ],
            )
        total = sum(earning["net_minor"] - earning["taken_minor"] for earning, _order in due)
        self._record(
            "earning.settled",
            "shop",
            self.shop.code,
            at,
            earning_count=len(due),
            total_minor=total,
            currency=self.shop.currency,
        )

    # -- calling off --------------------------------------------------------------------------------------------------

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
        part = _amounts(line)
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

    # -- afterwards ---------------------------------------------------------------------------------------------------

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
        self._notify("review.written", title, "support/reviews", at, area="support", once_key=key)

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
        path = f"/shop/{self.shop.slug}/" + (f"{product.slug}/" if product is not None else "")
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

    # -- what all of them need ----------------------------------------------------------------------------------------

    def _who(self, by=None) -> dict[str, Any]:
        return {"user": getattr(by, "pk", None), "shop": self.shop.pk, "request_id": None}

    def _count(self, at: dt.datetime, **amounts: int) -> None:
        hour = self.hours[figures.hour_of(at)]
        for name, amount in amounts.items():
            hour[name] += amount

    def _record(self, kind: str, subject_kind: str, code: str, at: dt.datetime, *, by=None, **facts: Any) -> Row:
        """``events.record`` and the delivery of the event to its reactions."""
        handlers = reactions.REACTIONS[kind]
        definition = event_kinds.KINDS[kind]
        more = {"attempts": 1, "next_attempt_at": at + LEASE} if handlers else {}
        event = self.rows.add(
            ShopEvent,
            shop_id=self.shop.pk,
            kind=kind,
            subject_kind=subject_kind,
            subject_code=code,
            by_id=getattr(by, "pk", None),
            at=at,
            facts=dataclasses.asdict(definition.facts(**facts)),
            audience=definition.audience,
            delivered_at=at,
            **more,
        )
        for handler in handlers:
            self.rows.add(EventHandled, shop_id=self.shop.pk, event_id=event.id, handler=handler, handled_at=at)
        return event

    def _notify(self, kind: str, title: str, path: str, at: dt.datetime, *, area: str, once_key: str) -> None:
        for person in self.members[area]:
            self.rows.add(
                Notice,
                shop_id=self.shop.pk,
                to_id=person.pk,
                kind=kind,
                title=title[:160],
                url=f"/s/{self.shop.code}/{path}/",
                at=at,
                once_key=once_key[:100],
            )

    def _start_clock(
        self, story: Story, kind: str, due: dt.datetime, at: dt.datetime, policy: int | None, hours: Iterable[int] = ()
    ) -> None:
        ahead = sorted((rung for rung in hours if due - dt.timedelta(hours=rung) > at), reverse=True)
        story.clocks[kind] = self.rows.add(
            Deadline,
            shop_id=self.shop.pk,
            kind=kind,
            subject_kind="order",
            subject_code=story.code,
            label=story.code,
            area=KINDS[kind].area,
            due_at=due,
            next_check_at=due - dt.timedelta(hours=ahead[0]) if ahead else due,
            warn_hours=ahead,
            policy_version_id=policy,
            set_at=at,
        )

    def _end_clocks(self, story: Story, kinds: Sequence[str], outcome: str, at: dt.datetime) -> None:
        for kind, clock in story.clocks.items():
            if (not kinds or kind in kinds) and clock["ended_at"] is None:
                self.rows.change(clock, at=at, ended_at=at, ended_as=outcome)

    def _move_stock(self, sku_id: int, quantity: int, why: str, to: str, by, at: dt.datetime, reference="") -> None:
        item = self.items[sku_id]
        self.rows.add(
            StockMovement,
            shop_id=self.shop.pk,
            item_id=item.id,
            sku_id=sku_id,
            quantity=quantity,
            on_hand_after=item["on_hand"],
            why=why,
            came_from="supplier" if quantity > 0 else self.place[sku_id],
            went_to=to,
            reference=reference,
            by_id=getattr(by, "pk", None),
            at=at,
        )

    def _post(
        self, kind: TransactionKind, source: str, code: str, order_id: int, at: dt.datetime, lines: Sequence[Line]
    ) -> None:
        """``ledger.post``: a transaction with its entries, each with the balance after it."""
        given = [line for line in lines if line.amount_minor]
        if sum(line.amount_minor for line in given):
            raise ledger.Unbalanced(f"{kind} of {code} does not sum to zero: {given}")
        if not given:
            return
        row = self.rows.add(
            Transaction,
            shop_id=self.shop.pk,
            kind=kind.value,
            source_kind=source,
            source_code=code,
            order_id=order_id,
            at=at,
        )
        for line in given:
            account = self.accounts[line.account.value]
            balance, count = account["balance_minor"] + line.amount_minor, account["entry_count"] + 1
            self.rows.change(account, at=at, balance_minor=balance, entry_count=count)
            self.rows.add(
                Entry,
                shop_id=self.shop.pk,
                transaction_id=row.id,
                account_id=account.id,
                currency=account["currency"],
                amount_minor=line.amount_minor,
                part=line.part.value,
                position=count,
                balance_after_minor=balance,
            )


def _amounts(line: Row) -> Amounts:
    """The money of a whole line."""
    return Amounts(
        paid_goods=line["goods_minor"] - line["seller_discount_minor"] - line["platform_discount_minor"],
        seller_discount=line["seller_discount_minor"],
        platform_discount=line["platform_discount_minor"],
        shipping=line["shipping_minor"],
        tax=line["tax_minor"],
        tax_included=line["tax_included"],
    )


#: Of a hundred visits that end without an order, so many leave with something in the basket, and of these at the checkout.
LEFT_WITH_A_BASKET, LEFT_AT_THE_CHECKOUT = 13, 5


def _left_at(code: str, at: dt.datetime) -> dict[str, dt.datetime]:
    """How far somebody came who bought nothing, told from the visit's own code."""
    number = sum(map(ord, code)) % 100
    steps = {}
    if number < LEFT_WITH_A_BASKET:
        steps["basket_at"] = at
    if number < LEFT_AT_THE_CHECKOUT:
        steps["checkout_at"] = at
    return steps
