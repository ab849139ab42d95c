"""The test database itself: the application's role owns nothing and cannot do what it may not."""

import pytest
from django.db import ProgrammingError, connection, transaction

pytestmark = pytest.mark.django_db


def test_it_acts_as_the_application_role():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user)")
        assert cursor.fetchone() == ("seller_app", False)


def test_it_may_not_change_the_schema():
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE public.mine (id int)")


def test_it_may_not_touch_the_list_of_migrations():
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM django_migrations")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", [1, 2])
def test_it_forgets_a_transactional_test(turn):
    from django.contrib.sessions.models import Session
    from django.utils import timezone

    assert not Session.objects.exists()
    Session.objects.create(session_key="x", session_data="", expire_date=timezone.now())


def test_the_superuser_is_beside(owner_cursor):
    owner_cursor.execute("SELECT current_user")
    assert owner_cursor.fetchone() == ("postgres",)


def test_its_connection_notices_a_network_that_swallows_packets():
    """libpq has these in effect; without them a dead peer is noticed after two hours."""
    with connection.cursor():
        given = connection.connection.info.dsn_parameters
    assert 0 < int(given["tcp_user_timeout"]) <= 30_000
    assert int(given["keepalives_idle"]) + int(given["keepalives_interval"]) * int(given["keepalives_count"]) <= 60
