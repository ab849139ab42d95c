"""What the style guide shows: every component with made-up values, on no database at all."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest

from seller_center.display import money
from seller_center.frame import COUNT_CAP, THEME_COOKIE, THEMES, Item, ShopLink
from seller_center.states import STATES

HOUR = dt.timedelta(hours=1)
TONES = ("neutral", "info", "good", "warn", "bad")


class SpecimenShop(SimpleNamespace):
    """A shop without a row."""

    def __str__(self) -> str:
        return self.name


class SpecimenForm(forms.Form):
    """One field of every sort, some of them wrong."""

    name = forms.CharField(
        label="Product name", max_length=120, help_text="What buyers read first. Up to 120 characters."
    )
    price = forms.DecimalField(label="Price", min_value=0, decimal_places=2)
    category = forms.ChoiceField(label="Category", choices=[("", "Choose one"), ("b", "Bicycles"), ("c", "Clothing")])
    description = forms.CharField(label="Description", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    picture = forms.FileField(label="Picture", required=False, help_text="JPEG, PNG or WebP, at most 10 MB.")
    gift = forms.BooleanField(label="Can be wrapped as a gift", required=False)
    condition = forms.ChoiceField(
        label="Condition",
        choices=[("new", "New"), ("used", "Used"), ("made", "Made to order")],
        widget=forms.RadioSelect,
    )
    channels = forms.MultipleChoiceField(
        label="Sold on",
        choices=[("s", "Storefront"), ("t", "Marketplace"), ("a", "Partner API")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )


class SpecimenFilter(forms.Form):
    """The filters of a list."""

    q = forms.CharField(
        label="Search orders", required=False, widget=forms.TextInput(attrs={"placeholder": "Number, name, SKU"})
    )
    carrier = forms.ChoiceField(
        label="Carrier", required=False, choices=[("", "All"), ("a", "Parcel One"), ("b", "Parcel Two")]
    )
    since = forms.ChoiceField(
        label="Placed", required=False, choices=[("", "Any time"), ("1", "Today"), ("7", "Last 7 days")]
    )


class ShipForm(forms.Form):
    """A short deed."""

    carrier = forms.ChoiceField(label="Carrier", choices=[("a", "Parcel One"), ("b", "Parcel Two")])
    tracking_number = forms.CharField(label="Tracking number", max_length=40)


def _frame(request: HttpRequest) -> SimpleNamespace:
    """A frame as a member of a shop sees it, without a shop."""
    names = (
        (
            ("home", "Home", "home", ""),
            ("products", "Products", "tag", ""),
            ("orders", "Orders", "package", "12"),
            ("marketing", "Marketing", "speakerphone", ""),
            ("storefront", "Storefront", "building-store", ""),
            ("analytics", "Analytics", "chart-bar", ""),
            ("support", "Support", "headset", "3"),
        ),
        (
            ("finance", "Finance", "wallet", ""),
            ("health", "Health", "heartbeat", ""),
            ("settings", "Settings", "settings", ""),
            ("team", "Team", "users", ""),
        ),
    )
    menu = [
        [
            Item(key, label, icon, f"#{key}", count, "waiting", key == "orders", key in ("home", "orders", "products"))
            for key, label, icon, count in group
        ]
        for group in names
    ]
    bottom = [item for group in menu for item in group if item.on_phone]
    theme = request.COOKIES.get(THEME_COOKIE, "")
    shop = SpecimenShop(code="BRTS", name="Bright Street Bicycles", slug="bright-street")
    return SimpleNamespace(
        shop=shop,
        user=None,
        membership=None,
        theme=theme if theme in THEMES else "",
        section="orders",
        menu=menu,
        bottom=[*bottom, Item("messages", "Messages", "messages", "#messages", "3", "to answer", False, True)],
        shops=[
            ShopLink("BRTS", "Bright Street Bicycles", "#1", True),
            ShopLink("HLWD", "Hollow Wood Kitchen and Home Goods of Every Kind", "#2", False),
        ],
        more_shops=False,
        due_today="4",
        unread=f"{COUNT_CAP}+",
        places=SimpleNamespace(search="#search", deadlines="#deadlines", notices="#notices", help="#help"),
    )


COLUMNS = (
    {"label": "Order", "as": "main"},
    {"label": "State", "as": "tag"},
    {"label": "Ship by", "as": "tag"},
    {"label": "Placed"},
    {"label": "Items", "as": "extra", "right": True},
    {"label": "Total", "as": "end"},
)
LONG_NAME = "A buyer whose name is so long that it has to be cut or wrapped somewhere sensible"


def _rows(now: dt.datetime) -> list[dict[str, Any]]:
    """Rows as an order list has them."""
    orders = [
        ("BRTS7K2MWQ9P", "Buyer One", "awaiting_shipment", 12900, -3, 1),
        ("BRTS4HX8ZT2C", "Buyer Two", "awaiting_shipment", 248900, 5, 3),
        ("BRTS9QW3ERTY", LONG_NAME, "on_hold", 4550, 27, 1),
        ("BRTS2VB6NMKL", "Buyer Four", "in_transit", 7825, None, 2),
        ("BRTS8PL5KJHG", "Buyer Five", "delivered", 99999999, None, 12),
        ("BRTS3DF7GHJK", "Buyer Six", "cancelled", 1500, None, 1),
    ]
    return [
        {
            "code": code,
            "id": f"order-{code}",
            "url": f"#{code}",
            "cells": (
                ("two", code, buyer),
                ("state", status),
                ("due", None if hours is None else now + hours * HOUR),
                ("moment", now - (index * 7 + 1) * HOUR),
                items,
                ("money", total, "USD"),
            ),
        }
        for index, (code, buyer, status, total, hours, items) in enumerate(orders)
    ]


def _chart(now: dt.datetime) -> dict[str, Any]:
    """Sales by hour against yesterday."""
    hours = [f"{hour}:00" for hour in range(0, 24, 2)]
    today = [1200, 0, 0, 4300, 15900, 28800, 41200, 38700, 52100, None, None, None]
    yesterday = [0, 900, 0, 2100, 12700, 30100, 33500, 40200, 36600, 44100, 21300, 8800]
    return {
        "id": "chart-sales",
        "title": "Sales today by hour",
        "kind": "line",
        "labels": hours,
        "unit": "USD",
        "series": [{"name": "Today", "values": today}, {"name": "Yesterday", "values": yesterday, "compare": True}],
        "columns": ["Hour", "Today", "Yesterday"],
        "rows": [[h, money(a, "USD"), money(b, "USD")] for h, a, b in zip(hours, today, yesterday, strict=True)],
        "note": "Paid orders by the hour in which they were paid, before returns.",
    }


def specimens(request: HttpRequest, now: dt.datetime) -> dict[str, Any]:
    """The whole context of the style guide."""
    wrong = SpecimenForm({"name": "", "price": "-1", "category": "b", "condition": "new"})
    return {
        "frame": _frame(request),
        "now": now,
        "states": [
            (
                tone,
                [
                    name.partition(".")[2] or name
                    for name, state in STATES.items()
                    if state.tone == tone and "." not in name
                ],
            )
            for tone in TONES
        ],
        "columns": COLUMNS,
        "rows": _rows(now),
        "tabs": [
            {"label": "All", "url": "#", "here": True},
            {"label": "To ship", "url": "#", "count": "12"},
            {"label": "On the way", "url": "#", "count": "99+"},
            {"label": "Delivered", "url": "#"},
            {"label": "On hold", "url": "#", "count": "1"},
            {"label": "Cancelled", "url": "#"},
        ],
        "filter_form": SpecimenFilter(request.GET or None),
        "page": {"next_token": "next", "previous_token": ""},
        "bulk_actions": [
            {"label": "Print labels", "url": "#labels", "icon": "printer"},
            {"label": "Mark as shipped", "url": "#shipment", "icon": "truck"},
        ],
        "deadlines": [
            SimpleNamespace(label="Ship by", due_at=now + 50 * HOUR, ended_at=None, ended_as=""),
            SimpleNamespace(label="Answer by", due_at=now + 5 * HOUR, ended_at=None, ended_as=""),
            SimpleNamespace(label="Decide by", due_at=now - 3 * HOUR, ended_at=None, ended_as=""),
            SimpleNamespace(label="Ship by", due_at=now, ended_at=now, ended_as="met"),
            SimpleNamespace(label="Answer by", due_at=now, ended_at=now, ended_as="lost_by_silence"),
        ],
        "form": SpecimenForm(initial={"name": "City bicycle", "price": "489.00"}),
        "wrong_form": wrong,
        "ship_form": ShipForm(),
        "refused_form": ShipForm({"carrier": "a", "tracking_number": "1Z"}),
        "refusal": SimpleNamespace(message="This package is on hold since this morning: the address is being checked."),
        "events": [
            SimpleNamespace(sentence="Payment of $129.00 was captured.", at=now - HOUR, by=None),
            SimpleNamespace(
                sentence="The order was placed on the storefront with coupon SPRING10.", at=now - 2 * HOUR, by=None
            ),
            SimpleNamespace(sentence="2 units were reserved.", at=now - 30 * HOUR, by="Owner One"),
        ],
        "facts": [
            {"label": "Goods", "value": "$120.00"},
            {"label": "Coupon SPRING10", "value": money(-1200, "USD"), "note": "paid by the shop"},
            {"label": "Shipping", "value": "$21.00"},
            {"label": "Total", "value": "$129.00", "total": True},
        ],
        "effects": [
            {"label": "Back to the buyer", "value": "$60.00"},
            {"label": "Referral fee returned", "value": "$3.60", "note": "6% of the refunded goods"},
            {"label": "Your balance afterwards", "value": money(-1240, "USD"), "tone": "bad"},
        ],
        "steps": [
            {"label": "About you", "url": "#", "done": True},
            {"label": "Documents", "url": "#", "problem": "The identity document is missing"},
            {"label": "Bank account", "url": "#", "here": True},
            {"label": "Review", "url": ""},
        ],
        "todo": [
            {"title": "Add a product", "done": True, "url": "#"},
            {"title": "Set your return address", "done": False, "url": "#", "hint": "Labels need it.", "action": "Set"},
            {"title": "Choose a shipping profile", "done": False, "url": "#"},
        ],
        "running_job": SimpleNamespace(
            status="running",
            ended=False,
            done_count=412,
            total_count=1200,
            started_at=now - dt.timedelta(minutes=2),
            finished_at=None,
            asked_at=now,
            error="",
            log=[["14:02:11", "Read 1,200 rows."], ["14:02:40", "Row 17: price is missing."]],
            result_url="",
        ),
        "done_job": SimpleNamespace(
            status="succeeded",
            ended=True,
            done_count=1200,
            total_count=1200,
            started_at=now,
            finished_at=now - HOUR,
            asked_at=now,
            error="",
            log=[],
            result_url="#result",
        ),
        "job_rows": [
            {"label": "Created", "value": "1,146"},
            {"label": "Unchanged", "value": "41"},
            {"label": "Failed", "value": "13"},
        ],
        "downloads": [{"label": "Failed rows", "url": "#"}],
        "chart": _chart(now),
        "bar_chart": {
            "id": "chart-states",
            "title": "Orders by state",
            "kind": "bar",
            "labels": ["Mon", "Tue", "Wed", "Thu", "Fri"],
            "unit": "",
            "height": "small",
            "series": [{"name": "Shipped", "values": [12, 19, 8, 22, 17]}, {"name": "Late", "values": [1, 0, 2, 1, 0]}],
            "columns": ["Day", "Shipped", "Late"],
            "rows": [["Mon", 12, 1], ["Tue", 19, 0], ["Wed", 8, 2], ["Thu", 22, 1], ["Fri", 17, 0]],
        },
        "funnel_chart": {
            "id": "chart-funnel",
            "title": "From visit to order",
            "kind": "funnel",
            "labels": ["Visits", "Basket", "Checkout", "Paid order"],
            "unit": "",
            "series": [
                {"name": "Visits", "values": [940, 212, 96, 71]},
                {"name": "The period before", "values": [810, 190, 90, 60], "compare": True},
            ],
            "columns": ["Step", "Visits", "The period before"],
            "rows": [["Visits", 940, 810], ["Basket", 212, 190], ["Checkout", 96, 90], ["Paid order", 71, 60]],
            "note": "Visits begun in the period, and how many of them came how far.",
            "csv_url": "#csv",
        },
        "heat_chart": {
            "id": "chart-heat",
            "title": "Buyers who came back",
            "kind": "heat",
            "columns": ["First order in", "Buyers", "Same month", *(f"{n} months after" for n in range(2, 7))],
            "cells": [
                _heat_row("May 2026", 120, (120, 96, 74, 52, 24, 9)),
                _heat_row("June 2026", 84, (84, 40, 21, 12, 2)),
                _heat_row("July 2026", 97, (97, 33, 18, 0)),
            ],
            "note": "Buyers by the month of their first paid order, and the share that paid one in each month since.",
            "csv_url": "#csv",
        },
        "row_links": [{"label": "Packing slip", "url": "#", "icon": "file-text"}],
        "widget_deeds": [
            {"label": "Move down", "url": "#down", "icon": "arrow-down"},
            {"label": "Remove from Home", "url": "#removal", "icon": "x"},
        ],
        "notices": [("Order BRTS7K2MWQ9P was paid", "One unit, $129.00.", True), ("Statement is ready", "", False)],
    }


def _heat_row(name: str, count: int, values: tuple[int, ...]) -> dict[str, Any]:
    tones = [
        {
            "words": f"{value * 100 / count:.1f}%",
            "count": value,
            "tone": min(6, 1 + value * 6 // count) if value else 0,
        }
        for value in values
    ]
    return {"name": name, "count": count, "tones": tones, "rest": range(6 - len(values))}


def storefront_specimens(request: HttpRequest, now: dt.datetime) -> dict[str, Any]:
    """What the buyer's half of the style guide shows."""
    return {
        "shop": SpecimenShop(
            code="BRTS", name="Bright Street Bicycles", contact_email="hello@example.com", logo_url=""
        ),
        "basket_count": 2,
        "places": dict.fromkeys(("shop", "basket", "orders", "search", "about", "returns", "message", "privacy"), "#"),
        "names": ["Bell", "A basket for the front, woven by hand from willow", "Lights, front and rear", "Lock"],
        "facts": specimens(request, now)["facts"],
    }
