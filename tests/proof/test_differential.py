"""F4: what a shop does and sees is the same whether there is another shop beside it or not.

The same random deeds as the owner of shop A, once alone in the market and once with its twin B present and at work;
after each deed a page of A. Codes, numbers and moments are masked; everything else must be equal.
"""

import difflib
import functools
import itertools
import random
import re
from collections.abc import Callable, Iterator

import pytest
import time_machine
from django.db import connection, transaction

from orders.models import Order
from seller_center.kernel import codes
from tests.dice import SEED
from tests.factories import catalog, orders, payouts, shops
from tests.factories.catalog import sku_of
from tests.proof.probing import MASKS, hushed, unguarded
from tests.proof.test_tenants import client_of, hidden, shop_addresses
from tests.proof.twins import Twin, make_twin, pay_out

pytestmark = pytest.mark.slow

DEEDS = 500
NOW = "2026-10-14T16:00:00Z"
#: Of the pages of a run at least this share must have come (R4): refusals alone would be equal, too.
LEAST_SHOWN = 0.5


@pytest.fixture(autouse=True)
def quiet(settings) -> Iterator[None]:
    settings.CLOCK_MAY_MOVE = False
    with hushed(), time_machine.travel(NOW, tick=False):
        yield


class Drawn:
    """What is drawn by lot – codes, numbers of people – from a stream of its own for each shop."""

    def __init__(self) -> None:
        self.streams = {letter: random.Random(letter) for letter in "AB"}
        self.counts = {"A": itertools.count(1_001), "B": itertools.count(5_001)}
        self.letter = "A"

    def begin_the_day(self) -> None:
        """From here on both worlds draw the same again: the neighbour's payday has drawn as well."""
        for letter, stream in self.streams.items():
            stream.seed(f"{letter}, in the morning")
        self.counts = {"A": itertools.count(20_001), "B": itertools.count(50_001)}

    def __next__(self) -> int:
        return next(self.counts[self.letter])

    def __getattr__(self, name: str):
        return getattr(self.streams[self.letter], name)


def deeds(twin: Twin) -> list[tuple[str, dict]]:
    """What an owner does on a working day: address below the shop, and what is posted."""
    rows, sku = twin.rows, sku_of(twin.rows.product)
    return [
        ("stock/counts/", {"sku": sku.pk, "on_hand": 40}),
        ("stock/counts/", {"sku": sku.pk, "on_hand": 55}),
        (f"products/{rows.product.code}/pause/", {}),
        (f"products/{rows.product.code}/publication/", {}),
        ("lists/products/deeds/pause/", {"pick": rows.product.code, "confirmed": "1"}),
        ("lists/products/deeds/publish/", {"pick": rows.product.code, "confirmed": "1"}),
        ("lists/products/views/", {"name": "Mine", "query": "status=live", "shared": "1"}),
        ("lists/orders/columns/", {"column": ["placed", "total"]}),
        (f"marketing/coupons/{rows.coupon.code}/pause/", {}),
        (f"marketing/coupons/{rows.coupon.code}/start/", {}),
        (f"packages/{rows.package.code}/shipment/", {"carrier": "ups", "tracking_number": "1Z999AA10123456784"}),
        ("orders/slips/", {"pick": rows.order.code}),
        ("orders/shipping/", {"pick": [rows.order.code, rows.unpaid.code]}),
        (f"returns/{rows.asked.code}/approval/", {}),
        (f"support/messages/{rows.conversation.code}/answer/", {"body": "Tomorrow."}),
        (f"support/tickets/{rows.ticket.code}/reply/", {"body": "Any news?"}),
        ("support/tickets/new/", {"topic": "other", "subject": "A question", "body": "How?"}),
        (f"support/reviews/{rows.review.code}/reply/", {"reply": "Thank you."}),
        ("notices/read/", {}),
        (f"inbox/{rows.deadline.pk}/quiet/", {"hours": "3"}),
        ("settings/", {"name": f"{twin.canary}-Shop", "description": "Other words"}),
        (f"team/{rows.place.pk}/role/", {"role": "1"}),
        ("home/widgets/sales/removal/", {}),
        ("home/standard/", {}),
    ]


def masked(answer) -> str:
    """A page without tokens, and without the numbers inside its tags: keys of rows stand there and nowhere else.

    The token of the next page holds such a key as well, spelled so that it cannot be seen.
    """
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if not answer.headers.get("Content-Type", "").startswith("text/"):
        return f"{answer.headers.get('Content-Type')}"
    for pattern, word in MASKS:
        body = pattern.sub(word, body)
    text = re.sub(r"(?<=[?&;]page=)[\w~-]+", "TOKEN", body.decode())
    return re.sub(r"<[^>]*>", lambda tag: re.sub(r"\d+", "N", tag[0]), text)


def world(letters: str, count: int, drawn: Drawn, spoil: Callable[[], None], routes: str) -> list[tuple[str, int, str]]:
    """Every deed and page of A's day, in a market of these shops: (what was asked, status, what was shown)."""
    twins = {}
    for letter in letters:
        drawn.letter = letter
        twins[letter] = make_twin(letter)
    drawn.letter = "A"
    pay_out(*twins.values())
    drawn.begin_the_day()
    own, chance, shown = twins["A"], random.Random(SEED), []
    client = client_of(own.people["owner"])
    neighbour = client_of(twins["B"].people["owner"]) if "B" in twins else None
    pages = [one for one in shop_addresses() if not hidden(one) and re.search(routes, one.route)]
    spoil()
    for number in range(count):
        tail, data = chance.choice(deeds(own))
        page = chance.choice(pages)
        if neighbour is not None and number % 2 == 0:
            drawn.letter = "B"
            theirs, given = random.Random(number).choice(deeds(twins["B"]))
            neighbour.post(f"/s/{twins['B'].shop.code}/{theirs}", given)
            drawn.letter = "A"
        answer = client.post(f"/s/{own.shop.code}/{tail}", data)
        shown.append((f"POST {tail}", answer.status_code, masked(answer)))
        answer = client.get(page.path(page.of(own)))
        shown.append((f"GET {page.route}", answer.status_code, masked(answer)))
    return shown


def undone_world(
    monkeypatch, letters: str, count: int, *, spoil: Callable[[], None] = lambda: None, routes: str = ""
) -> list[tuple[str, int, str]]:
    """A world of which nothing is left. ``spoil``: what takes a guard away once the shops stand; ``routes``: which pages."""
    drawn = Drawn()
    for factory in (catalog, orders, payouts, shops):
        monkeypatch.setattr(factory, "_numbers", drawn)
    with codes.use_source(drawn), transaction.atomic():  # type: ignore[arg-type]
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        found = world(letters, count, drawn, spoil, routes)
        transaction.set_rollback(True)
    return found


def differences(alone: list, beside: list) -> list[tuple]:
    """Where the two runs part, with the lines that differ."""
    found = []
    for (asked, status, page), (_asked, other_status, other_page) in zip(alone, beside, strict=True):
        if (status, page) != (other_status, other_page):
            lines = difflib.unified_diff(page.splitlines(), other_page.splitlines(), lineterm="", n=0)
            found.append((re.sub(r"\d+", "N", asked), status, other_status, list(lines)[2:8]))
    return found


@pytest.mark.django_db
def test_a_shop_is_the_same_whether_there_is_another_beside_it_or_not(monkeypatch, figure):
    print(f"SEED={SEED}")
    alone, beside = undone_world(monkeypatch, "A", DEEDS), undone_world(monkeypatch, "AB", DEEDS)
    parted = differences(alone, beside)
    for one in parted:
        print(*one, sep="\n    ")
    assert [one[0] for one in parted] == []
    good = sum(status in (200, 302) for _asked, status, _page in alone)
    figure("F4", "answers compared", len(alone))
    figure("F4", "of them pages and deeds", good)
    assert len(alone) == 2 * DEEDS
    assert good >= LEAST_SHOWN * len(alone)


@pytest.mark.django_db
def test_control_queries_without_the_shop_make_a_difference(monkeypatch):
    """Control: with ``in_shop`` that asks for no shop, the neighbour's orders are seen on most pages of orders."""
    found = []
    for letters in ("A", "AB"):
        with monkeypatch.context() as patch:
            spoil = functools.partial(unguarded, patch, type(Order.objects.all()))
            found.append(undone_world(monkeypatch, letters, 12, spoil=spoil, routes=r"/(orders|search|returns)/$"))
    assert len(differences(*found)) >= 4
