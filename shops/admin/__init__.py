"""The staff admin of floor 1: the review desk, the policy, and what staff may read."""

from shops.admin import applications, people, policy, records, standing

__all__ = ["applications", "people", "policy", "records", "standing"]
