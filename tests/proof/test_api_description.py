"""J1: the partner API keeps its own description, whatever is asked of it, and answers nobody with another shop's rows.

Requests are made from the description by schemathesis: such as it allows, such as it forbids, and chains along its
links. Among them stand real codes of this shop and of another.
"""

import logging
import random
import traceback
from collections.abc import Iterator

import hypothesis
import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.http import Http404
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from schemathesis import GenerationMode

from orders import api as orders_api
from orders.models import Order
from seller_center.wsgi import application
from tests.dice import SEED
from tests.figures import at_figures
from tests.proof.probing import checksums, undone
from tests.proof.twins import Twin

pytestmark = [pytest.mark.slow]

LEAST_OPERATIONS = 8
#: A right shape may still be refused: the SKU is unknown, the order shipped, the key used for something else. And every
#: request here carries a key, whatever was made up for it; that none gets in without one is asked in F1.
JUDGED = [schemathesis.checks.positive_data_acceptance, schemathesis.checks.ignored_auth]


@pytest.fixture(autouse=True)
def quiet(settings) -> Iterator[None]:
    """No limits, which J5 asks about, and no line for each refusal."""
    settings.API_RATE_LIMITS = dict.fromkeys(settings.API_RATE_LIMITS, (10**9, 60))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.fixture(scope="module")
def description(twins) -> Iterator:
    """The description as a program gets it; words in the address that nobody knows are left unread, as anywhere.

    The twins' connection is in a transaction: a request must not close it.
    """
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    config = schemathesis.config.SchemathesisConfig.from_dict({"generation": {"allow-extra-parameters": False}})
    yield schemathesis.openapi.from_wsgi("/api/v1/openapi.json", application, config=config)
    for signal in signals:
        signal.connect(close_old_connections)


def rules(examples: int) -> hypothesis.settings:
    """No clock, no memory: what is asked follows from the seed alone."""
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate],
    )


class Asking:
    """Sends what was made, counts it, and looks at the answer with every check there is."""

    def __init__(self, own: Twin, other: Twin) -> None:
        self.own, self.other, self.dice = own, other, random.Random(SEED)
        self.probes, self.found, self.leaks = 0, 0, []

    def send(self, case) -> None:
        """Of four requests one is for a real row of this shop, one for one of the other, if it names any."""
        twin = self.dice.choice((self.own, self.other, None, None))
        if twin is not None and case.path_parameters and case.meta.generation.mode.is_positive:
            rows = {"/products": twin.rows.product.code}
            code = next((code for start, code in rows.items() if start in case.path), twin.rows.order.code)
            case.path_parameters["code"] = code
            if "package" in case.path_parameters:
                case.path_parameters["package"] = twin.rows.package.code
        with undone():
            answer = case.call_and_validate(headers={"Authorization": f"Bearer {self.own.key}"}, excluded_checks=JUDGED)
        self.probes += 1
        self.found += answer.status_code < 300
        if self.other.canary.encode() in answer.content:
            self.leaks.append((case.method, case.path, answer.status_code))


def ask_everything(description, asking: Asking, examples: int, only: str = "") -> int:
    """Every operation, right and wrong. Returns how many operations there are."""
    operations = [one.ok() for one in description.get_all_operations()]
    for operation in operations:
        if only not in f"{operation.method.upper()} {operation.path}":
            continue
        modes = [operation.as_strategy(generation_mode=mode) for mode in GenerationMode]

        @hypothesis.seed(SEED)
        @rules(examples)
        @hypothesis.given(case=st.one_of(modes))
        def ask(case) -> None:
            asking.send(case)

        ask()
    return len(operations)


@at_figures("examples", 20, deep=200)
def test_it_keeps_its_description_whatever_is_asked(twins, description, figure, examples):
    own, other = twins
    asking = Asking(own, other)
    before = checksums()
    operations = ask_everything(description, asking, examples)
    assert asking.leaks == []
    assert checksums() == before
    assert operations >= LEAST_OPERATIONS
    assert asking.probes >= operations * examples // 2
    assert asking.found >= asking.probes // 10
    figure("J1", "requests from the description", asking.probes)


@at_figures("examples", 5, deep=100)
def test_it_keeps_its_description_along_its_links(twins, description, figure, examples):
    own, other = twins
    asking = Asking(own, other)

    class Machine(description.as_state_machine()):  # type: ignore[misc]
        def call(self, case, **_):
            asking.probes += 1
            return case.call(headers={"Authorization": f"Bearer {own.key}"})

        def validate_response(self, response, case, **_):
            case.validate_response(response, excluded_checks=JUDGED)
            if other.canary.encode() in response.content:
                asking.leaks.append((case.method, case.path))

    with undone():
        Machine.run(settings=hypothesis.settings(rules(examples), stateful_step_count=6, derandomize=True))
    assert asking.leaks == []
    figure("J1", "requests in chains", asking.probes)
    assert asking.probes >= examples * 2


def test_control_a_view_that_breaks_would_be_seen(twins, description, monkeypatch):
    monkeypatch.setattr(orders_api.listing, "rows", lambda *_: 1 / 0)
    assert "Server error" in complaint(description, Asking(*twins), "GET /api/v1/orders")


def test_control_an_answer_without_a_promised_word_would_be_seen(twins, description, monkeypatch):
    monkeypatch.setattr(orders_api, "_answer", lambda key, one: {"status": 422})
    assert "Response violates schema" in complaint(description, Asking(*twins), "/orders/batch")


def complaint(description, asking: Asking, only: str) -> str:
    """What is found fault with, in whole."""
    with pytest.raises(BaseException) as caught:
        ask_everything(description, asking, 20, only=only)
    return "".join(traceback.format_exception(caught.value))


def test_control_without_the_shop_in_the_question_the_other_shop_would_answer(twins, description, monkeypatch):
    def anybodys(_request, code: str) -> Order:
        found = Order.objects.filter(code=code.upper()).select_related("shop").first()
        if found is None:
            raise Http404
        return found

    monkeypatch.setattr(orders_api, "_order", anybodys)
    asking = Asking(*twins)
    ask_everything(description, asking, 40, only="GET /api/v1/orders/{code}")
    assert asking.leaks
