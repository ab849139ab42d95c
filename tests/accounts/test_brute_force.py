"""G1: guessing passwords. The limits hold exactly, whoever guesses, from wherever, however the name is spelled, at once.

1,024 tries of one account; over accounts a few before a merge, 10,240 in the deep run.
Time stands still meanwhile, so that all of them fall into one window; passwords are hashed by a quick digest, because
not the hash is asked about but how often it is asked.
"""

from collections import Counter

import pytest
import structlog
import time_machine
from django.test import Client

from seller_center.kernel.steady_cache import SteadyCache
from tests.accounts.test_logging_in import PHONE, is_in, log_in, wrong
from tests.factories.shops import make_user
from tests.figures import at_figures
from tests.proof.probing import hushed
from tests.storm import storm

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

#: Tries of each of the 32 threads at one account.
TRIES = 32
SPELLINGS = (
    "owner@example.com",
    "OWNER@EXAMPLE.COM",
    "  owner@example.com ",
    "Owner@Example.com\t",
    "ｏwner@example.com",
    PHONE,
    "212-555-0123",
    "(212) 555 0123",
    "+1 212 5550123",
    "1 212 555 0123",
)
WINDOW = "2026-10-14T16:00:10Z"


@pytest.fixture(autouse=True)
def quick_and_still(settings, monkeypatch):
    # Valkey's own clock goes on: what is counted would be forgotten during thousands of tries.
    monkeypatch.setattr(SteadyCache, "get_backend_timeout", lambda *_timeout, **_named: None)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with hushed(), time_machine.travel(WINDOW, tick=False):
        yield


@pytest.fixture
def person():
    return make_user("owner@example.com", phone=PHONE, phone_verified=True)


def forged(number: int) -> dict:
    """Where a try says it comes from: another address each time, by every header that somebody might believe."""
    told = f"198.51.{number // 250}.{number % 250}"
    return {"HTTP_X_FORWARDED_FOR": told, "HTTP_X_REAL_IP": told, "HTTP_FORWARDED": f"for={told}"}


def tries(each: int, name, address) -> Counter:
    """How the tries of 32 threads ended: ``name`` and ``address`` of the number of a try."""

    def guess(thread: int) -> Counter:
        ends: Counter = Counter()
        for number in range(thread * each, (thread + 1) * each):
            ends[wrong(Client(REMOTE_ADDR=address(number)), name(number), **forged(number))] += 1
        return ends

    outcomes = storm(guess, processes=4, threads=8)
    assert [one.message for one in outcomes if one.error] == []
    return sum((one.value for one in outcomes), Counter())


def test_of_many_tries_at_once_five_are_evaluated_and_the_owner_still_gets_in(person, figure):
    """From as many addresses as there are tries, under every spelling; the owner's own browser goes in afterwards."""
    owner = Client()
    log_in(owner, "owner@example.com")
    owner.post("/account/logout/")
    ends = tries(TRIES, lambda n: SPELLINGS[n % len(SPELLINGS)], lambda n: f"10.{n // 250}.{n % 250}.9")
    assert ends["evaluated"] <= 5 + unlike_names(32 * TRIES)
    assert ends["limited"] == 32 * TRIES - ends["evaluated"]
    figure("G1", "tries of one account", ends.total())
    stranger = Client(REMOTE_ADDR="203.0.113.77")
    log_in(stranger, "owner@example.com")
    assert not is_in(stranger), "the right password does not open from elsewhere while others guess"
    log_in(owner, "owner@example.com")
    assert is_in(owner)


def unlike_names(count: int) -> int:
    """Full-width letters are another name: of nobody, with a count of its own."""
    return min(5, count // len(SPELLINGS))


@at_figures("each", 4, deep=320)
def test_one_address_tries_few_names_whatever_it_says_of_itself(person, each, figure):
    """Thousands of names from one address: twenty are looked at in a minute, though each try claims another origin."""
    ends = tries(each, lambda n: f"person{n}@example.com", lambda n: "203.0.113.5")
    assert ends == {"evaluated": 20, "limited": 32 * each - 20}
    figure("G1", "tries over accounts", ends.total())
    other = Client(REMOTE_ADDR="203.0.113.6")
    log_in(other, "owner@example.com")
    assert is_in(other), "nobody else is kept out by it"


def test_control_without_limits_every_try_is_evaluated(person, settings):
    settings.ACCOUNT_RATE_LIMITS = False
    ends = tries(3, lambda n: "owner@example.com", lambda n: f"10.0.{n}.9")
    assert ends == {"evaluated": 96}


def test_the_log_names_the_address_that_was_seen_and_not_the_one_that_was_told(settings):
    """Whoever looks for the guesser afterwards finds the right one."""
    told = "198.51.100.7"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 0
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        Client(REMOTE_ADDR="203.0.113.5").get("/account/login/", **forged(7), HTTP_X_CLIENT_IP=told)
    ends = [line for line in lines if line["event"] == "request_finished"]
    assert [line["ip"] for line in ends] == ["203.0.113.5"]
    assert told not in str(lines)
    assert "198.51." not in str(lines)
