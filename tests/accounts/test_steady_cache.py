"""The cache goes on without Valkey; the counters of limits go on in PostgreSQL (reliability.md E6)."""

import pytest
from django.core.cache import caches

from seller_center.kernel.steady_cache import SteadyCache
from shops.models import GuardedCount

pytestmark = pytest.mark.django_db

GUARDED, PLAIN = "allauth:rl:something", "page:something"


@pytest.fixture
def cache():
    SteadyCache.down_until = 0.0
    yield caches["default"]
    SteadyCache.down_until = 0.0


@pytest.fixture
def dead(settings):
    """The cache while Valkey is away."""
    SteadyCache.down_until = 0.0
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/1"}}
    caches.close_all()
    yield caches["default"]
    SteadyCache.down_until = 0.0


def test_it_is_the_shared_cache_while_valkey_is_there(cache):
    cache.set(GUARDED, [1.5], 60)
    assert cache.get(GUARDED) == [1.5]
    assert cache.add(GUARDED, 1) is False
    assert not GuardedCount.objects.exists()
    cache.ping()


def test_it_is_empty_but_harmless_without(dead):
    assert dead.get(PLAIN, "nothing") == "nothing"
    dead.set(PLAIN, 1)
    assert dead.add(PLAIN, 1) is True
    assert dead.delete(PLAIN) is False
    assert PLAIN not in dead
    assert dead.get_many([PLAIN]) == {}
    assert dead.get_or_set(PLAIN, 5) == 5
    with pytest.raises(ValueError, match="not found"):
        dead.incr(PLAIN)
    with pytest.raises(Exception, match="refused"):
        dead.ping()


def test_it_keeps_counting_in_the_database(dead):
    assert dead.add(GUARDED, True, 60) is True
    assert dead.add(GUARDED, True, 60) is False
    dead.set(GUARDED, [1.0, 2.0], 60)
    assert dead.get(GUARDED) == [1.0, 2.0]
    assert GuardedCount.objects.count() == 1
    dead.delete(GUARDED)
    assert dead.get(GUARDED) is None


def test_it_asks_a_dead_server_once_in_a_while(dead, monkeypatch):
    from django.core.cache.backends.redis import RedisCache

    asked = []
    monkeypatch.setattr(RedisCache, "get", lambda self, *rest: asked.append(1) or (_ for _ in ()).throw(OSError))
    for _number in range(20):
        dead.get(PLAIN)
    assert len(asked) == 1
