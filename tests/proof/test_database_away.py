"""E4, E5: PostgreSQL crashes under load, is slow, lets nobody in, or holds a row: nothing that was said is lost.

Partners push orders through the web server all the while. What was answered with 201 is there afterwards, once; whoever
got no answer sends the same again. The controls: a database that may forget what it has acknowledged, and a client that
waits for a row without a limit.
"""

import contextlib
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from django.db import connection, transaction

from catalog.models import StockItem
from orders.models import Order, Payment
from seller_center.embedded import SUPERUSER
from tests import database
from tests.factories.catalog import item_of
from tests.faultkit.pgctl import Cluster
from tests.faultkit.stage import Stage
from tests.ground.processes import eventually
from tests.proof.lives import World
from tests.proof.test_lost_answers import order_body
from tests.storm import HANG_SECONDS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("stage")]

WRITERS, CRASHES = 8, 8
_runs = itertools.count(1)


class Load:
    """Partners that push orders, one after the other, and repeat what was not answered; ``said`` was."""

    def __init__(self, world: World, *, repeats: bool = True) -> None:
        self.world, self.repeats = world, repeats
        self.said: list[str] = []
        self.troubles = 0
        self.strange: list[str] = []
        self.ending = threading.Event()
        run = next(_runs)
        self.threads = [threading.Thread(target=self._push, args=(f"L{run}-{number}",)) for number in range(WRITERS)]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.ending.set()
        for thread in self.threads:
            thread.join(HANG_SECONDS)

    def _push(self, name: str) -> None:
        partner = self.world.partner()
        for turn in itertools.count():
            number = f"{name}-{turn}"
            while not self._sent(partner, number):
                if self.ending.wait(0.2) or not self.repeats:  # a client that is asked to come back later does so
                    break
            if self.ending.is_set():
                return

    def _sent(self, partner, number: str) -> bool:
        headers = {"Idempotency-Key": number}
        try:
            answer = partner.post("/api/v1/orders", json=order_body(self.world, number), headers=headers)
        except requests.RequestException:
            self.troubles += 1
            return False
        if answer.status_code in (200, 201):
            self.said.append(number)
            return True
        self.troubles += 1
        if answer.status_code != 503 or not answer.headers.get("Retry-After"):
            self.strange.append(f"{answer.status_code} {answer.text[:300]}")
        return False

    def goes_on(self, more: int = 8) -> bool:
        """Whether so many further orders are taken."""
        wanted = len(self.said) + more
        return eventually(lambda: len(self.said) >= wanted, within=120)


@contextlib.contextmanager
def own_cluster(stage: Stage, *, forgetful: bool = False) -> Iterator[Cluster]:
    """The web server works on a private copy of the database."""
    cluster = Cluster(forgetful=forgetful)
    stage.database.switch(cluster.socket)
    try:
        yield cluster
    finally:
        stage.database.switch(stage.upstream)
        cluster.close()


def kept(cluster: Cluster) -> list[str]:
    """The numbers of the orders that are in that database."""
    other = connection.copy()
    other.settings_dict = {**connection.settings_dict, "HOST": str(Path(cluster.socket).parent)}
    try:
        with other.cursor() as cursor:
            cursor.execute(f"SELECT external_number FROM {Order._meta.db_table} WHERE channel = 'api'")
            return [number for (number,) in cursor.fetchall()]
    finally:
        other.close()


def healthy(stage: Stage) -> bool:
    with contextlib.suppress(requests.RequestException):
        return stage.visitor().get("/readyz").status_code == 200
    return False


def test_no_order_that_was_acknowledged_is_lost_in_a_crash(stage, world, figure):
    with own_cluster(stage) as cluster:
        with Load(world) as load:
            for _number in range(CRASHES):
                assert load.goes_on(), stage.chaos.said("web")
                cluster.crash()
                before = load.troubles
                assert eventually(lambda: load.troubles > before)  # noqa: B023 (asked at once)
                cluster.start()
            assert load.goes_on(), stage.chaos.said("web")
        assert eventually(lambda: healthy(stage), within=60)
        numbers = kept(cluster)
        assert len(numbers) == len(set(numbers))
        assert set(load.said) <= set(numbers)
        assert load.strange == [], stage.chaos.said("web")
        assert len(load.said) >= 8 * (CRASHES + 1)
        assert load.troubles >= CRASHES
        assert not stage.chaos.is_dead("web")
        figure("E4", "crashes", CRASHES)
        figure("E4", "orders acknowledged", len(load.said))
        figure("E4", "refused or broken off", load.troubles)


def test_control_a_database_that_may_forget_loses_what_it_acknowledged(stage, world):
    with own_cluster(stage, forgetful=True) as cluster:
        with Load(world) as load:
            assert load.goes_on()
        cluster.crash()
        cluster.start()
        assert set(load.said) - set(kept(cluster))


# -- E5 -----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def nobody_gets_in() -> Iterator[None]:
    """Every connection of the pool is taken: the web server has none and gets none."""
    name = connection.settings_dict["NAME"]
    connection.ensure_connection()  # ours stays
    with database.as_user(SUPERUSER, "postgres") as boss, boss.cursor() as cursor:
        cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT 0')
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = 'stage'",
            [name],
        )
        try:
            yield
        finally:
            cursor.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')


def no_half_orders(world: World) -> None:
    """Every order has its lines, its payment and its units."""
    rows = Order.objects.filter(shop=world.shop)
    assert not rows.filter(lines=None).exists()
    assert not rows.exclude(pk__in=Payment.objects.values("order")).exists()


def test_a_dry_pool_is_said_to_be_dry_and_recovers(stage, world):
    with nobody_gets_in(), Load(world) as load:
        assert eventually(lambda: load.troubles >= 3 * WRITERS)
        assert load.said == []
        page = world.seller.get(f"{world.place}/orders/")
        assert page.status_code == 503
        assert page.headers["Retry-After"]
        assert "try again" in page.text
    with Load(world) as after:
        assert after.goes_on()
    assert load.strange == after.strange == []
    numbers = list(Order.objects.filter(channel="api").values_list("external_number", flat=True))
    assert set(load.said + after.said) <= set(numbers)
    assert len(numbers) == len(set(numbers))
    no_half_orders(world)


@pytest.mark.parametrize("latency", [0.03, pytest.param(0.3, marks=pytest.mark.deep)])
def test_a_slow_database_makes_slow_pages_and_whole_orders(stage, world, latency):
    with stage.database.broken(latency=latency), Load(world) as load:
        assert load.goes_on(WRITERS)
        assert world.seller.get(f"{world.place}/orders/").status_code == 200
    assert load.strange == []
    no_half_orders(world)


def waits_for_a_row() -> bool:
    with (
        database.as_user(SUPERUSER, "postgres") as boss,
        boss.cursor() as cursor,
    ):  # what a transaction sees stands still
        cursor.execute("SELECT 1 FROM pg_stat_activity WHERE application_name = 'patient' AND wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def test_a_row_that_somebody_holds_is_given_up_in_words_where_the_control_waits_on(stage, world):
    """A busy row costs a 503. The control has no limit on its wait and still stands there when ours has answered."""
    item = item_of(world.product)

    def wait() -> None:
        patient = connection.copy()
        patient.settings_dict = {**connection.settings_dict, "OPTIONS": {"application_name": "patient"}}
        with contextlib.closing(patient), patient.cursor() as cursor:
            cursor.execute("SET lock_timeout = 0")
            cursor.execute("SELECT 1 FROM catalog_stockitem WHERE id = %s FOR UPDATE", [item.pk])

    waiting = threading.Thread(target=wait)
    with transaction.atomic():
        StockItem.objects.select_for_update().get(pk=item.pk)
        waiting.start()
        assert eventually(waits_for_a_row)
        with Load(world, repeats=False) as load:
            assert eventually(lambda: load.troubles >= 2)
            assert load.said == []
        assert waits_for_a_row()
    waiting.join(HANG_SECONDS)
    assert load.strange == []
    with Load(world) as after:
        assert after.goes_on(2)
    no_half_orders(world)
