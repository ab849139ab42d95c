"""From the opening of an order to its money: what the sweeps, the carrier's scans and settlement would have written."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext

from orders.models import Package, PackageLine, TrackingEvent
from orders.shown import shown_status
from payouts.earning import _delivery_lines
from payouts.ledger import Line
from payouts.models import (
    AccountKind,
    Earning,
    EarningLine,
    FeeLine,
    Part,
    TransactionKind,
)
from payouts.settlement import terms_of
from payouts.shares import Amounts
from seller_center.demo.rows import Row
from seller_center.demo.trade import SWEEP, Story, Trade, amounts_of
from seller_center.kernel.calendar import day_of
from shops import fees, telling
from shops.policy_book import policy_for


class Shipping(Trade):
    """Orders open, are late, leave, arrive, are earned and settled."""

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
        parts = [(line, amounts_of(line)) for line in story.lines]
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
