"""The nouns of floor 5, one file each."""

from payouts.models.earning import Earning, EarningLine, FeeLine, Reversal
from payouts.models.ledger import (
    NEVER_NEGATIVE,
    NEVER_POSITIVE,
    SELLER_KINDS,
    Account,
    AccountKind,
    Entry,
    Part,
    Transaction,
    TransactionKind,
)
from payouts.models.payout import BankFeed, BankMovement, Payout, PayoutBatch
from payouts.models.statement import Statement
from payouts.models.terms import SettlementTerms

__all__ = [
    "NEVER_NEGATIVE",
    "NEVER_POSITIVE",
    "SELLER_KINDS",
    "Account",
    "AccountKind",
    "BankFeed",
    "BankMovement",
    "Earning",
    "EarningLine",
    "Entry",
    "FeeLine",
    "Part",
    "Payout",
    "PayoutBatch",
    "Reversal",
    "SettlementTerms",
    "Statement",
    "Transaction",
    "TransactionKind",
]
