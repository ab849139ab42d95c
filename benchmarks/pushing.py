"""Orders that a channel pushes through the partner API: a hundred in one request beside one in each."""

import itertools
import json
from collections.abc import Iterator

from benchmarks.figures import ROUNDS, Figure, absent, median, ratio_of
from benchmarks.ground import Ground
from benchmarks.machine import Meter
from benchmarks.placement import _plenty
from benchmarks.web import Browser, gunicorn
from catalog.models import Sku
from seller_center.kernel.clock import real_now
from seller_center.seeding.cast import MEASURED_CODE
from shops import api_keys
from shops.models import Shop

BATCH = 100
_numbers = itertools.count(1)


def measure(ground: Ground) -> Iterator[Figure]:
    """Processor time of web process and database for a hundred orders, either way."""
    shop = Shop.objects.select_related("market").get(code=MEASURED_CODE)
    scopes = ["orders:read", "orders:write"]
    _key, text = api_keys.create(shop=shop, name="Bench", scopes=scopes, by=None, at=real_now())
    skus = _plenty(shop)
    rates: dict[str, list[float]] = {"single": [], "batch": []}
    with gunicorn(ground) as (port, pid):
        browser = Browser(port, Authorization=f"Bearer {text}")
        for round_no in range(ROUNDS + 1):
            for name, push in (("single", _singly), ("batch", _together)):
                orders = [_order(skus) for _number in range(BATCH)]
                with Meter([pid, *ground.server_pids]) as meter:
                    refusal = push(browser, orders)
                if refusal:
                    yield absent("API intake", f"{name}: {refusal[:120]}")
                    return
                if round_no:
                    rates[name].append(BATCH / meter.cpu)
    value = f"{median(rates['batch']):.0f} orders/s CPU"
    reference = f"one by one {median(rates['single']):.0f}/s"
    ratio = ratio_of(rates["batch"], rates["single"])
    yield Figure("API intake, batches of 100", value, reference, ratio, least=3, aim=6)


def _order(skus: list[Sku]) -> dict:
    number = next(_numbers)
    return {
        "external_number": f"push-{number}",
        "lines": [{"sku": skus[number % len(skus)].code, "quantity": 1}],
        "contact": {"name": "Buyer Bench", "email": f"push-{number}@example.com"},
        "address": {
            "line1": "1 Main Street",
            "city": "Austin",
            "region": "TX",
            "country": "US",
            "postal_code": "73301",
        },
    }


def _singly(browser: Browser, orders: list[dict]) -> str:
    for order in orders:
        headers = {"Idempotency-Key": order["external_number"]}
        status, body = browser.post("/api/v1/orders", json.dumps(order).encode(), headers)
        if status != 201:
            return f"HTTP {status} {body.decode()}"
    return ""


def _together(browser: Browser, orders: list[dict]) -> str:
    body = {"orders": [{"key": order["external_number"], **order} for order in orders]}
    status, answer = browser.post("/api/v1/orders/batch", json.dumps(body).encode(), {})
    if status != 200:
        return f"HTTP {status} {answer.decode()}"
    answers = json.loads(answer)["answers"]
    return "" if all(one["status"] == 201 for one in answers) else str(answers[0])
