"""Floor 5 in the staff admin: the desk that releases payouts, the ledger to read, settlement terms to decide."""

from payouts.admin import desk, ledger, records, terms

__all__ = ["desk", "ledger", "records", "terms"]
