"""The product's settings with two pages more: the floors that everything is measured against."""

from seller_center.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.urls"
