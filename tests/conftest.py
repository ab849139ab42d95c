"""What every test has: the database of `tests.database`, a fixed moment, and the owner's cursor."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import TransactionTestCase

from seller_center.embedded import SUPERUSER
from tests import database, plugin


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker) -> Iterator[None]:
    """Instead of pytest-django's: migrated by the owner, used as the application's role, one per worker."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    TransactionTestCase._fixture_teardown = lambda self: database.empty_tables()  # a TRUNCATE would be refused
    with django_db_blocker.unblock():
        database.make_database(worker)
    yield
    with django_db_blocker.unblock():
        database.drop_database(worker)


@pytest.fixture(autouse=True)
def _nothing_remembered(monkeypatch) -> None:
    """What a process remembers for seconds is forgotten between tests, and kept within one however slow the machine is.

    A test that was rolled back may have written a policy version or moved the clock; and a test that counts queries must
    not find one more because five seconds have passed.
    """
    from seller_center.kernel import clock
    from shops import policy_book

    policy_book.forget_versions()
    clock.forget()
    monkeypatch.setattr(policy_book, "_KEEP_SECONDS", 1e9)
    monkeypatch.setattr(clock, "CACHE_SECONDS", 1e9)


@pytest.fixture
def at() -> datetime:
    """The moment at which tests act: a Wednesday noon in New York, far from month ends and clock changes."""
    return datetime(2026, 10, 14, 16, 0, tzinfo=UTC)


@pytest.fixture
def owner_cursor(django_db_blocker, django_db_setup: None) -> Iterator:
    """A cursor of the superuser in autocommit, beside Django's connection: may do anything, sees what is committed."""
    from django.db import connection

    with (
        django_db_blocker.unblock(),
        database.as_user(SUPERUSER, connection.settings_dict["NAME"]) as boss,
        boss.cursor() as cursor,
    ):
        yield cursor


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict) -> dict:
    """pytest-playwright on the system's Chromium. Without its sandbox as root, where Chromium refuses it."""
    rootless = [] if os.geteuid() else ["--no-sandbox"]
    args = [*browser_type_launch_args.get("args", []), *rootless, "--disable-dev-shm-usage"]
    return {**browser_type_launch_args, "executable_path": plugin.chromium(), "args": args}


# -- the cast ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def shop(db):
    """An active shop in the US market."""
    from tests.factories.shops import make_shop

    return make_shop("ACME")


@pytest.fixture
def other_shop(db):
    """A shop that the people of ``shop`` have nothing to do with."""
    from tests.factories.shops import make_shop

    return make_shop("ZEBR")


@pytest.fixture
def owner(shop):
    """The owner of ``shop``."""
    from tests.factories.shops import make_member

    return make_member(shop, "owner")


@pytest.fixture
def packer(shop):
    """A member of ``shop`` who may change orders and little else."""
    from tests.factories.shops import make_member

    return make_member(shop, "packing")


@pytest.fixture
def analyst(shop):
    """A member of ``shop`` who may look at most things and change nothing."""
    from tests.factories.shops import make_member

    return make_member(shop, "analyst")


@pytest.fixture
def stranger(other_shop):
    """The owner of another shop: every address of ``shop`` is 404 to them."""
    from tests.factories.shops import make_member

    return make_member(other_shop, "owner")


@pytest.fixture
def reviewer(db):
    """A member of staff who reviews applications."""
    from tests.factories.shops import make_staff

    return make_staff("reviewer")


# -- the browser ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _no_connection_of_before() -> None:
    """Before a browser's driver begins: from then on a loop runs here, and Django keeps other connections under it.

    A process that is forked later has no loop, would find the ones of before again, and speak into its parent's sockets.
    """
    from django.db import connections

    connections.close_all()


@pytest.fixture(scope="session")
def playwright(_no_connection_of_before, playwright):
    """pytest-playwright's driver, started with no connection open."""
    return playwright


@pytest.fixture(scope="session")
def chromium(playwright):
    """The system's Chromium, one per worker: a second driver in one process is refused. None is downloaded."""
    browser = playwright.chromium.launch(executable_path=plugin.chromium(), args=["--no-sandbox", "--disable-gpu"])
    yield browser
    browser.close()


@pytest.fixture
def sit_down(chromium, live_server):
    """A window in which somebody is logged in; what its console complains about fails the test."""
    from django.test import Client

    complaints: list[str] = []
    contexts = []

    def open_for(user, *, told: str = "", **options):
        """``told``: what the browser is bound to complain about, since the test has something refused."""
        client = Client()
        client.force_login(user)
        cookie = next(one for name, one in client.cookies.items() if "session" in name)
        context = chromium.new_context(viewport={"width": 1280, "height": 900}, **options)
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": live_server.url}])
        contexts.append(context)
        page = context.new_page()
        grave = ("error", "warning")
        known = lambda line: bool(told) and told in line.text  # noqa: E731
        page.on(
            "console", lambda line: complaints.append(line.text) if line.type in grave and not known(line) else None
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert complaints == []
