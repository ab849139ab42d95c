"""C10: the answer to a post that moves money is lost on its way; whoever sent it sends it again: once done, never twice.

The line between client and web server is cut while the request goes in or while the answer comes back. The client knows
nothing then, and repeats exactly what it has sent, with the key that it had. The control repeats without the key.
"""

import dataclasses
import itertools
import random
from collections.abc import Callable

import pytest
import requests

from orders import buyer_links
from orders.models import Order, Payment, Refund
from seller_center.kernel import clock
from tests.dice import SEED
from tests.factories import orders as trade
from tests.proof.lives import ADDRESS, World
from tests.sandbox.fixtures import SECRET

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stage")]

#: Where the line is cut: (what is counted, after how many bytes).
PLACES = (
    ("cut_answer_after", 0),
    ("cut_answer_after", 15),
    ("cut_answer_after", 300),
    ("cut_asked_after", 0),
    ("cut_asked_after", 150),
)
CUTS = 200
_numbers = itertools.count(1)


@dataclasses.dataclass
class Post:
    """A post that moves money, ready to be sent as often as it takes."""

    send: Callable[[], requests.Response]
    effects: Callable[[], int]


def order_body(world: World, number: str) -> dict:
    return {
        "external_number": number,
        "lines": [{"sku": world.sku, "quantity": 1}],
        "contact": {"name": "Buyer"},
        "address": {
            "line1": "1 Main Street",
            "city": "Austin",
            "region": "TX",
            "postal_code": "73301",
            "country": "US",
        },
    }


def push(world: World) -> Post:
    number, partner = f"LOST-{next(_numbers)}", world.partner()
    headers = {"Idempotency-Key": number}
    return Post(
        lambda: partner.post("/api/v1/orders", json=order_body(world, number), headers=headers),
        Order.objects.filter(external_number=number).count,
    )


def push_two(world: World) -> Post:
    numbers, partner = [f"LOST-{next(_numbers)}" for _one in range(2)], world.partner()
    body = {"orders": [{**order_body(world, number), "key": number} for number in numbers]}
    found = Order.objects.filter(external_number__in=numbers)
    return Post(lambda: partner.post("/api/v1/orders/batch", json=body), lambda: found.count() / 2)


def check_out(world: World) -> Post:
    visitor = world.stage.visitor()
    visitor.post(f"{world.front}/basket/lines/", {"sku": world.sku, "quantity": "1"})
    shown = visitor.post(f"{world.front}/checkout/", ADDRESS).text
    total = shown.split('name="shown_total"')[1].split('value="')[1].split('"')[0]
    before = Order.objects.count()
    given = {**ADDRESS, "shown_total": total, "place": "1"}
    return Post(lambda: visitor.post(f"{world.front}/checkout/", given), lambda: Order.objects.count() - before)


def pay(world: World) -> Post:
    order = trade.make_order(world.shop, product=world.product, at=clock.real_now())
    path = f"{world.front}/orders/{buyer_links.token_of(order)}/payment/"
    visitor = world.stage.visitor()

    def taken() -> int:
        """How often the provider has taken the money, by its own word."""
        payment = Payment.objects.get(order=order)
        told = world.stage.sandbox.get(f"/payment/payments/{payment.key}")[1]
        return round(told.get("captured_minor", 0) / payment.amount_minor)

    return Post(lambda: visitor.post(path, {"card": "tok_ok"}), taken)


def call_off(world: World) -> Post:
    order = trade.pay(trade.make_order(world.shop, product=world.product, at=clock.real_now(), quantity=2))
    path = f"{world.front}/orders/{buyer_links.token_of(order)}/cancellation/"
    visitor = world.stage.visitor()
    return Post(
        lambda: visitor.post(path, {"reason": "changed_mind"}),
        Refund.objects.filter(order=order).values("line").distinct().count,
    )


def confirmed(world: World, order: Order, deed: str, reason: str) -> Post:
    """One unit of two, by the seller, behind the preview that gives the key."""
    path = f"{world.place}/orders/{order.code}/{deed}/"
    given = {f"units-{trade.line_of(order).pk}": "1", "reason": reason}
    shown = world.seller.post(path, given).text
    key = shown.split('name="key"')[1].split('value="')[1].split('"')[0]
    given |= {"confirm": "1", "key": key}
    return Post(
        lambda: world.seller.post(path, given),
        lambda: sum(Refund.objects.filter(order=order).values_list("quantity", flat=True)),
    )


def refund(world: World) -> Post:
    return confirmed(world, world.delivered_order(quantity=2), "refund", "does_not_fit")


def cancel(world: World) -> Post:
    return confirmed(world, world.open_order(quantity=2), "cancellation", "out_of_stock")


POSTS = (push, push_two, check_out, pay, call_off, refund, cancel)


def send_into_a_cut(world: World, post: Post, place: tuple[str, int]) -> bool:
    """Whether the answer was lost."""
    name, after = place
    with world.stage.front.broken(**{name: after}):
        try:
            post.send()
        except requests.RequestException:
            return True
    return False


@pytest.fixture
def connected(world, settings):
    settings.SANDBOX_URL, settings.SANDBOX_SECRET = world.stage.environment["SANDBOX_URL"], SECRET


def test_a_lost_answer_and_a_second_try_do_it_once(world: World, connected, figure):
    print(f"SEED={SEED}")
    chance = random.Random(SEED)
    plan = list(itertools.islice(itertools.cycle(itertools.product(POSTS, PLACES)), CUTS))
    chance.shuffle(plan)
    lost = committed = 0
    for make_post, place in plan:
        post = make_post(world)
        assert post.effects() == 0
        lost += send_into_a_cut(world, post, place)
        committed += post.effects() > 0
        answer = post.send()
        # 409: it says that it is done already
        assert answer.status_code in (200, 201, 302, 409), (
            make_post.__name__,
            place,
            answer.status_code,
            answer.text[:500],
        )
        assert post.effects() == 1, (make_post.__name__, place)
    figure("C10", "answers lost", lost)
    figure("C10", "of them to deeds that were done", committed)
    assert lost >= CUTS * 0.9
    assert committed >= CUTS * 0.3


def test_control_whoever_repeats_without_the_key_does_it_twice(world: World, connected, monkeypatch):
    post = refund(world)
    order = Order.objects.filter(shop=world.shop).order_by("-id").first()
    path = f"{world.place}/orders/{order.code}/refund/"
    given = {f"units-{trade.line_of(order).pk}": "1", "reason": "does_not_fit", "confirm": "1"}
    keyless = Post(lambda: world.seller.post(path, given), post.effects)
    assert send_into_a_cut(world, keyless, PLACES[0])
    assert keyless.effects() == 1
    assert keyless.send().status_code == 302
    assert keyless.effects() == 2
