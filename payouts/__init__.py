"""Floor 5: whose money it is. Fees, the ledger, settlement, payouts, statements."""
