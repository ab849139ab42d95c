"""The bench's settings, with the shop named to the database around each request."""

from benchmarks.settings import *  # noqa: F403
from benchmarks.settings import MIDDLEWARE as PRODUCTS

MIDDLEWARE = [*PRODUCTS, "benchmarks.row_security.scoped"]
