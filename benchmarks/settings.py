"""The product's settings with one empty page more."""

from seller_center.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
