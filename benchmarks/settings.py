"""The product's settings with one empty page more, and with limits of the API that no measure meets."""

from seller_center.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
API_RATE_LIMITS = dict.fromkeys(("key", "shop", "wrong"), (1_000_000, 60))
