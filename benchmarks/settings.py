"""The product's settings with one empty page more, and with limits of the API that no measure meets."""

from seller_center.settings import *  # noqa: F403
from seller_center.settings import CACHES, env

ROOT_URLCONF = "benchmarks.urls"
API_RATE_LIMITS = dict.fromkeys(("key", "shop", "wrong"), (1_000_000, 60))
# two markets that are measured beside one another have shops with the same keys
CACHES["default"]["KEY_PREFIX"] = env.str("BENCH_MARKET", default="")
